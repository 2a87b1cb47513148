"""The ledger's page: what was checked and found, how the log stands, where its checkpoints went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.access.models import User
from portal.access.roles import Action
from portal.ledger.anchors import Destination, destinations
from portal.ledger.checking import latest, request_check
from portal.ledger.models import Anchor, Checkpoint, LedgerKey, LedgerLeaf
from portal.ledger.sequencer import waiting
from portal.records.register import registers
from portal.ui.access import require

SHOWN = 100


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """One place that checkpoints go to: the last delivery that worked, and the trouble since."""

    destination: Destination
    last: Anchor | None
    error: str

    @property
    def kind(self) -> str:
        return str(self.destination.kind.label)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it leaves this machine by itself; a file may stand anywhere."""
        return self.destination.kind != "file"


def ledger(request: HttpRequest) -> HttpResponse:
    """Everything that the ledger says of itself, for whoever may read the register."""
    user = require(request, Action.VIEW)
    verification = latest()
    findings = verification.findings[:SHOWN] if verification else []
    context = {
        "verification": verification,
        "findings": list(_with_records(findings, user)),
        "more_findings": verification.findings_count - len(findings) if verification else 0,
        "checkpoint": Checkpoint.objects.order_by("-id").first(),
        "size": LedgerLeaf.objects.aggregate(size=Coalesce(Max("index"), -1))["size"] + 1,
        "waiting": waiting(),
        "anchors": [_line(one) for one in destinations()],
        "keys": LedgerKey.objects.order_by("-id"),
        "can_verify": user.can(Action.PACK),
        "key_file": settings.LEDGER_KEY_FILE if user.can(Action.ADMINISTER) else "",
    }
    return render(request, "portal/ledger.html", context)


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Have everything checked now, by a worker."""
    job = request_check(require(request, Action.PACK))
    return redirect("job", pk=job.pk)


def _line(destination: Destination) -> AnchorLine:
    newest = Anchor.objects.filter(kind=destination.kind, target=destination.target).order_by("-id").first()
    return AnchorLine(destination, destination.last(), newest.error if newest else "")


def _with_records(findings: list[dict[str, Any]], user: User) -> Iterable[dict[str, Any]]:
    """Each finding with the register's name and, where the reader may see it, the record that it is about."""
    by_table = {register.model._meta.db_table: register for register in registers()}
    for finding in findings:
        register = by_table.get(finding["table"])
        record = None
        if register is not None and finding["record"]:
            record = register.model.objects.restrict(user, Action.VIEW).filter(pk=finding["record"]).first()
        yield {
            **finding,
            "called": register.label if register else finding["table"],
            "shown": record,
            "url": register.url("detail", record) if register and record else "",
        }
