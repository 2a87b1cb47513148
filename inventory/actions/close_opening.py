"""Close the opening balance: from then on only gates and classification write stage and risk class."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.models import OpeningBalance
from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import acting


def close_opening(*, user: User, note: str) -> OpeningBalance:
    """Close it, once and for good. Raises PermissionDenied, and ValidationError when it is closed already."""
    if not user.can(Action.ADMINISTER):
        raise PermissionDenied
    if not note.strip():
        raise ValidationError(_("Say who decided it, and on what grounds."))
    with acting(reason=note):
        opening = OpeningBalance.objects.select_for_update().first()
        if opening is None:
            opening = OpeningBalance(opened_on=timezone.localdate())
        if opening.closed_on is not None:
            raise ValidationError(_("The opening was closed on %s already.") % opening.closed_on)
        opening.closed_on, opening.note = timezone.localdate(), note
        opening.full_clean()
        opening.save()
    return opening
