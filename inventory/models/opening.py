"""The opening balance: what was live before this register began is declared once, then gates alone decide."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.history.tracking import TrackedHistory


class OpeningBalance(models.Model):
    """The one row that says when this register was opened, and when declaring ended.

    As long as it is not closed, stage and risk class of systems may be declared. Afterwards only gates and
    classification write them.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    opened_on = models.DateField(
        _("opened"), default=timezone.localdate, help_text=_("The first day of this register.")
    )
    closed_on = models.DateField(
        _("closed"), null=True, blank=True, help_text=_("The day on which declaring ended. Blank while it goes on.")
    )
    note = models.TextField(_("note"), blank=True, help_text=_("Who decided it, and on what grounds."))

    history = TrackedHistory()

    class Meta:
        verbose_name = _("opening balance")
        verbose_name_plural = _("opening balances")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1),
                name="one_opening_balance",
                violation_error_message=_("A register is opened once."),
            ),
            models.CheckConstraint(
                condition=models.Q(closed_on__gte=models.F("opened_on")),
                name="opening_closed_after_opened",
                violation_error_message=_("It cannot close before it opened."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opened_on:%Y-%m-%d}"

    @classmethod
    def is_closed(cls) -> bool:
        """Whether declaring has ended. A register that was never opened is not closed."""
        return cls.objects.filter(closed_on__isnull=False).exists()
