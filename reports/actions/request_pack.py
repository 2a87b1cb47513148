"""Ask for an evidence pack: pin the question, and hand the work to a worker in the same transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.models import AISystem, OrganizationUnit
from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import Source, acting, current_actor
from portal.jobs.models import Job
from portal.jobs.queue import enqueue
from portal.ledger.models import LedgerEntry
from portal.records.ids import uuid7
from reports import GENERATOR
from reports.asof import midnight, observation_start
from reports.catalog import FOLDER, load_catalog
from reports.models import EvidencePack, Framework, ScopeKind
from reports.tasks import KIND, make_pack


@dataclass(frozen=True, slots=True)
class PackRequest:
    """The question. `reference` names the system (SYS-000123) or the unit (UNIT-000007 or its code)."""

    framework: str
    scope: ScopeKind = ScopeKind.ALL
    reference: str = ""
    period: tuple[date, date] | None = None
    purpose: str = ""


def request_pack(request: PackRequest, *, user: User | None, background: bool = True) -> EvidencePack:
    """Record a pack and, in the background, the job that makes it. `user` is None for an operator at the shell.

    Raises PermissionDenied without the right to make packs, and ValidationError by field for a question that cannot be
    answered: an unknown framework or record, a period that has not ended.
    """
    if user is not None and not user.can(Action.PACK):
        raise PermissionDenied
    now = timezone.now()
    if request.framework not in Framework.values:
        raise ValidationError({"framework": _("There is no such framework.")})
    catalog = load_catalog(request.framework)
    target = _target(request, user)
    start, end = _period(request, now)
    actor = current_actor() or (user.actor(Source.UI) if user else None)
    key = uuid7()
    with acting(actor, reason=request.purpose or None):
        pack = EvidencePack(
            id=key,
            framework=request.framework,
            scope_kind=request.scope,
            scope_record=target.pk if target else None,
            scope_reference=target.reference if target else "",
            scope_name=target.name if target else "",
            period_from=start,
            period_to=end,
            purpose=request.purpose,
            requested_by=user,
            requested_name=str(user) if user else _("Command line"),
            requested_at=now,
            organization=settings.ORGANIZATION_NAME,
            as_of=midnight(end) if end else now,
            ledger_entry=LedgerEntry.objects.aggregate(last=Max("id"))["last"] or 0,
            observation_start=observation_start(),
            generator=GENERATOR,
            catalog_as_of=catalog.as_of,
            catalog_sha256=hashlib.sha256((FOLDER / f"{request.framework}.yaml").read_bytes()).hexdigest(),
        )
        pack.job = _job(pack, user) if background else None
        pack.save(force_insert=True)
        pack.refresh_from_db()
    return pack


def _job(pack: EvidencePack, user: User | None) -> Job:
    title = _("Evidence pack: %(what)s") % {"what": str(pack)}
    return enqueue(make_pack, kind=KIND, title=title[:300], user=user, params={"pack": str(pack.pk)})


def _target(request: PackRequest, user: User | None) -> Any:
    """The system or unit in scope, if the person may see it; None for the whole register."""
    if request.scope == ScopeKind.ALL:
        return None
    model: Any = AISystem if request.scope == ScopeKind.SYSTEM else OrganizationUnit
    rows = model.objects.restrict(user, Action.VIEW) if user else model.objects.all()
    reference = request.reference.strip()
    found = rows.filter(reference=reference.upper()).first()
    if found is None and request.scope == ScopeKind.UNIT and reference:
        found = rows.filter(code=reference).first()
    if found is None:
        raise ValidationError({"reference": _("“%(reference)s” is not in this register.") % {"reference": reference}})
    return found


def _period(request: PackRequest, now: datetime) -> tuple[date | None, date | None]:
    if request.period is None:
        return None, None
    start, end = request.period
    if end <= start:
        raise ValidationError({"period_to": _("The period must end after its first day.")})
    if end > now.astimezone(UTC).date():
        raise ValidationError(
            {"period_to": _("The period must be over: its end, which no longer belongs to it, is today at the latest.")}
        )
    return start, end
