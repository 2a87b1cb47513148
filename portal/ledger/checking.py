"""Verification as a job: every night and on demand, kept as a row, and an alarm where it finds something."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.jobs.lease import Lease
from portal.jobs.models import Job
from portal.jobs.queue import enqueue
from portal.jobs.tasks import job_task
from portal.ledger.anchors import read_notes
from portal.ledger.findings import Report
from portal.ledger.models import Verification
from portal.ledger.sequencer import sequence
from portal.ledger.verify import Progress, verify

log = logging.getLogger(__name__)

KIND = "verify-ledger"
SHOWN = 20  # findings in a mail; the page has them all


def kept_notes(*files: Path) -> list[str]:
    """The checkpoints in the anchor file, if there is one here, and in these files."""
    anchors = [Path(settings.ANCHOR_FILE)] if settings.ANCHOR_FILE and Path(settings.ANCHOR_FILE).is_file() else []
    return [note for path in (*anchors, *files) for note in read_notes(path)]


def check(*, since: int = 0, notes: list[str] | None = None, progress: Progress | None = None) -> Report:
    """Verify, keep the outcome, and raise the alarm where something was found."""
    report = verify(since=since, notes=kept_notes() if notes is None else notes, progress=progress)
    Verification.objects.create(
        started_at=report.started_at,
        since=report.since,
        size=report.size,
        root=report.root,
        erased=report.erased,
        waiting=report.waiting,
        findings=[asdict(finding) for finding in report.findings],
        findings_count=sum(report.counts.values()),
    )
    if not report.ok:
        _alarm(report)
    return report


def latest() -> Verification | None:
    """The last verification, if there ever was one."""
    return Verification.objects.order_by("-id").first()


def request_check(user: User | None) -> Job:
    """Have the ledger verified by a worker."""
    return enqueue(verify_ledger, kind=KIND, title=_("Verify the ledger"), user=user)


@job_task(KIND)
def verify_ledger(lease: Lease) -> dict[str, Any]:
    """Give what waits its place, then check the whole log."""
    lease.progress(_("Putting entries into the log"))
    sequence()
    report = check(progress=lambda done, total: lease.progress(_("Checking entries"), done, total))
    lease.say(
        ngettext("%(n)d entry checked", "%(n)d entries checked", report.entries) % {"n": report.entries}
        if report.ok
        else ngettext("%(n)d finding", "%(n)d findings", len(report.findings)) % {"n": len(report.findings)}
    )
    return {
        "ok": report.ok,
        "entries": report.entries,
        "findings": sum(report.counts.values()),
        "result_url": "/ledger/",
    }


@shared_task(name="portal.ledger.checking.nightly")
def nightly() -> None:
    """Ask for tonight's verification."""
    request_check(None)


def _alarm(report: Report) -> None:
    """Tell everybody who has to know. A mail that cannot be sent must not hide the finding."""
    lines = [str(finding) for finding in report.findings[:SHOWN]]
    log.error("the ledger's verification failed: %s", "; ".join(lines))
    grants = RoleGrant.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True).exclude(user__email="")
    people = {*settings.ANCHOR_EMAILS, *grants.values_list("user__email", flat=True)}
    if not people:
        return
    count = sum(report.counts.values())
    subject = _("The ledger's verification found something")
    body = "\n".join(
        [
            ngettext(
                "The verification of %(organization)s's register found %(n)d fault:",
                "The verification of %(organization)s's register found %(n)d faults:",
                count,
            )
            % {"organization": settings.ORGANIZATION_NAME, "n": count},
            "",
            *lines,
            *([_("… and %d more.") % (count - SHOWN)] if count > SHOWN else []),
            "",
            _("Somebody changed history, records or the log without the application. The ledger page shows it all."),
        ]
    )
    try:
        send_mail(subject, body, None, sorted(people))
    except OSError:
        log.exception("the alarm could not be mailed")
