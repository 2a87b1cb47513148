"""Agents: what acts by itself, with which tools, and whom it may call."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import (
    CURRENCY,
    dates_in_order,
    facts_source,
    joined,
    must_differ,
    order_constraint,
    sortable,
)
from inventory.models.systems import AISystem
from inventory.models.tools import Tool
from inventory.models.units import OrganizationUnit
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record
from portal.retention.personal import PersonalData

_OWN_CALL = _("An agent cannot be registered as calling itself.")
_LIMIT = _("A spend limit needs an amount and a currency.")


class Agent(Record):
    """Software that plans and acts through tools on somebody's behalf, with a sponsor, bounds and a way to stop it."""

    personal_fields = (PersonalData(names=("sponsor_name",), person="sponsor", texts=("escalation_contact",)),)

    reference = ReferenceField("AGT")
    name = models.CharField(_("name"), max_length=300, help_text=_("What colleagues call it."))
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="agents",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("The system it is part of. Blank only as long as that is not known."),
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="agents",
        verbose_name=_("unit"),
        db_index=False,
        help_text=_("The unit it works for."),
    )
    task = models.TextField(_("task"), blank=True, help_text=_("What it is to achieve, and what it must not do."))
    sponsor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sponsored_agents",
        verbose_name=_("sponsor"),
        help_text=_("Who answers for what it does, where that person can sign in here."),
    )
    sponsor_name = models.CharField(
        _("sponsor's name"), max_length=200, blank=True, help_text=_("Who answers for what it does, otherwise.")
    )
    autonomy_level = models.CharField(
        _("autonomy level"),
        max_length=20,
        choices=choices.AgentAutonomy.choices,
        default=choices.AgentAutonomy.UNKNOWN,
        help_text=_("How far it goes before a person takes part."),
    )
    identity = models.CharField(
        _("acts as"), max_length=300, blank=True, help_text=_("The service account or key under which it acts.")
    )
    can_be_stopped = FactField(
        _("can be stopped at once"), help_text=_("Whether somebody on duty can stop it at any time, and has tried.")
    )
    is_logged = FactField(_("every action logged"), help_text=_("Whether each action and its reason are kept."))
    spend_limit = models.DecimalField(
        _("spend limit"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("How much it may spend."),
    )
    spend_currency = models.CharField(
        _("currency"), max_length=3, blank=True, validators=[CURRENCY], help_text=_("Three letters: USD, EUR.")
    )
    spend_period = models.CharField(
        _("limit holds"),
        max_length=10,
        choices=choices.SpendPeriod.choices,
        blank=True,
        help_text=_("For which time the limit holds."),
    )
    escalation_contact = models.CharField(
        _("escalation contact"),
        max_length=300,
        blank=True,
        help_text=_("Whom to reach when it goes wrong, at any hour."),
    )
    live_on = models.DateField(_("went live"), null=True, blank=True, help_text=_("The first day it acted for real."))
    retired_on = models.DateField(_("retired"), null=True, blank=True, help_text=_("The day it was switched off."))
    facts_source = facts_source()
    search = search_field("name", "task", "sponsor_name", "identity")

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            order_constraint("live_on", "retired_on"),
            models.CheckConstraint(
                condition=Q(spend_limit__isnull=True, spend_currency="")
                | (Q(spend_limit__isnull=False, spend_limit__gte=0) & ~Q(spend_currency="")),
                name="agent_spend_limit_with_currency",
                violation_error_message=_LIMIT,
            ),
        ]
        indexes = sortable("name", "system", "unit", "autonomy_level", "spend_limit", "live_on", search=True)

    def clean(self) -> None:
        if (self.spend_limit is None) != (not self.spend_currency):
            raise ValidationError({"spend_currency" if self.spend_limit is not None else "spend_limit": _LIMIT})
        dates_in_order(self, ("live_on", "retired_on"))


class AgentTool(Record):
    """An agent may use a tool, within named scopes."""

    reference = ReferenceField("AT")
    agent = models.ForeignKey(
        Agent,
        models.PROTECT,
        related_name="tools",
        verbose_name=_("agent"),
        db_index=False,
        help_text=_("Who may use it."),
    )
    tool = models.ForeignKey(
        Tool,
        models.PROTECT,
        related_name="agents",
        verbose_name=_("tool"),
        db_index=False,
        help_text=_("What it may use."),
    )
    scopes = models.TextField(
        _("scopes"), blank=True, help_text=_("What exactly it may do there: read calendar, send mail to colleagues.")
    )
    may_write = FactField(_("may change things"), help_text=_("Whether it may change or send anything, not only read."))
    needs_confirmation = FactField(
        _("a person confirms"), help_text=_("Whether a person confirms each change before it happens.")
    )
    valid_from = models.DateField(_("from"), null=True, blank=True, help_text=_("The first day."))
    valid_to = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The first day on which it no longer holds. Blank while it does.")
    )

    class Meta:
        verbose_name = _("tool of an agent")
        verbose_name_plural = _("tools of agents")
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "tool", "valid_from"],
                name="one_tool_per_agent_and_day",
                nulls_distinct=False,
                violation_error_message=_("This agent may use this tool from this day already."),
            ),
            order_constraint("valid_from", "valid_to", period=True),
        ]
        indexes = sortable("tool", "agent", "may_write", "valid_from", "valid_to")

    def __str__(self) -> str:
        return joined(self.agent, self.tool)

    def clean(self) -> None:
        dates_in_order(self, periods=(("valid_from", "valid_to"),))


class AgentCall(Record):
    """One agent may call another."""

    reference = ReferenceField("CALL")
    caller = models.ForeignKey(
        Agent,
        models.PROTECT,
        related_name="calls",
        verbose_name=_("agent that calls"),
        db_index=False,
        help_text=_("The agent that hands work on."),
    )
    callee = models.ForeignKey(
        Agent,
        models.PROTECT,
        related_name="called_by",
        verbose_name=_("agent that is called"),
        db_index=False,
        help_text=_("The agent that takes it."),
    )
    purpose = models.CharField(_("what for"), max_length=300, blank=True, help_text=_("Which work is handed on."))
    valid_from = models.DateField(_("from"), null=True, blank=True, help_text=_("The first day."))
    valid_to = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The first day on which it no longer holds. Blank while it does.")
    )

    class Meta:
        verbose_name = _("call between agents")
        verbose_name_plural = _("calls between agents")
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "callee", "valid_from"],
                name="one_call_per_pair_and_day",
                nulls_distinct=False,
                violation_error_message=_("That this agent may call the other from this day is registered already."),
            ),
            models.CheckConstraint(
                condition=~Q(caller=F("callee")), name="agentcall_between_two", violation_error_message=_OWN_CALL
            ),
            order_constraint("valid_from", "valid_to", period=True),
        ]
        indexes = sortable("callee", "caller", "valid_from", "valid_to")

    def __str__(self) -> str:
        return f"{self.caller} → {self.callee}"

    def clean(self) -> None:
        must_differ(self, "caller", "callee", _OWN_CALL)
        dates_in_order(self, periods=(("valid_from", "valid_to"),))
