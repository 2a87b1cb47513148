"""Administration: legal holds, retention rules, and what was erased. Auditors read; administrators change."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import acting
from portal.records.register import register_of, registers
from portal.retention.models import (
    AppliesTo,
    CountsFrom,
    Erasure,
    LegalHold,
    RetentionRule,
)
from portal.retention.pruning import fields_named
from portal.ui.access import require

FEW: Final = 5
PAGE: Final = 50


def _choices(blank: str = "") -> list[tuple[str, Any]]:
    return [*([("", blank)] if blank else []), *((one.slug, one.label_plural) for one in registers())]


class _AdministrationForm(forms.ModelForm[Any]):
    """The server's words stand at the field: no bubbles of the browser's."""

    # Fields that start with an answer, so that nobody has to be told to fill them in (bootstrap5/field.html).
    answered: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.use_required_attribute = lambda _initial: False
            field.has_default = name in self.answered  # type: ignore[attr-defined]  # see bootstrap5/field.html


class HoldForm(_AdministrationForm):
    """A new legal hold."""

    answered = ("scope", "since")

    class Meta:
        model = LegalHold
        fields = ["name", "reason", "since", "scope", "register", "reference", "person", "person_name"]
        labels = {
            "name": gettext_lazy("Name"),
            "reason": gettext_lazy("Reason"),
            "since": gettext_lazy("Since"),
            "scope": gettext_lazy("What it keeps"),
            "person": gettext_lazy("Person"),
            "person_name": gettext_lazy("Name of the person"),
        }
        help_texts = {
            "name": gettext_lazy("By which people will know it. It stands in the message that refuses an erasure."),
            "reason": gettext_lazy("The dispute, request or order that obliges you to keep things."),
            "since": gettext_lazy("When the duty arose. The hold itself begins at once."),
            "person": gettext_lazy("Somebody who can sign in here: everything that names them or that they did."),
            "person_name": gettext_lazy("Somebody else: everything in which this name stands."),
        }
        widgets = {
            "reason": forms.Textarea(attrs={"rows": 3}),
            "since": forms.DateInput(attrs={"type": "date"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["register"] = forms.ChoiceField(
            label=gettext_lazy("Register"),
            choices=_choices("—"),
            required=False,
            help_text=gettext_lazy("For one register, or the register of one record."),
        )
        self.fields["reference"] = forms.CharField(
            label=gettext_lazy("Reference"),
            max_length=20,
            required=False,
            help_text=gettext_lazy("For one record, for example SYS-000123. What points at it is kept as well."),
        )
        person: Any = self.fields["person"]
        person.queryset = User.objects.order_by("full_name")


class LiftForm(forms.Form):
    """Why a hold is lifted."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Who decided that nothing has to be kept for it any more. It stands in the history."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False


class RuleForm(_AdministrationForm):
    """A retention rule, new or changed."""

    answered = ("applies_to", "months", "counts_from", "confidence")
    registers = forms.MultipleChoiceField(
        label=gettext_lazy("Registers"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = RetentionRule
        fields = [
            "name", "ground", "citation", "months", "counts_from", "date_field", "applies_to", "registers",
            "confidence", "doubts", "is_active",
        ]  # fmt: skip
        labels = {
            "name": gettext_lazy("Name"),
            "ground": gettext_lazy("What it says"),
            "citation": gettext_lazy("Where it stands"),
            "months": gettext_lazy("Months"),
            "counts_from": gettext_lazy("Counted from"),
            "date_field": gettext_lazy("Date"),
            "applies_to": gettext_lazy("Applies to"),
            "confidence": gettext_lazy("How sure"),
            "doubts": gettext_lazy("Doubts"),
            "is_active": gettext_lazy("In force"),
        }
        help_texts = {
            "months": gettext_lazy("The least: nothing is pruned by itself when they are over."),
            "date_field": gettext_lazy(
                "For a date of the record: the field, “live_on”, or that of a record it points to, “system.live_on”."
                " Blank or unknown: the period has not begun, and nothing is pruned."
            ),
            "confidence": gettext_lazy("That the rule says this, and that it applies here."),
        }
        widgets = {
            "ground": forms.Textarea(attrs={"rows": 4}),
            "doubts": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        registers_field: Any = self.fields["registers"]
        registers_field.choices = _choices()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        path = data.get("date_field", "")
        if path and data.get("counts_from") == CountsFrom.FIELD:
            known = set(fields_named(registers(), path))
            lacking = [slug for slug in data.get("registers", []) if slug not in known]
            if data.get("applies_to") == AppliesTo.REGISTERS and lacking:
                text = _("There is no such date in: %s. Make a rule of its own for them.")
                self.add_error("date_field", text % ", ".join(lacking))
        return data


def overview(request: HttpRequest) -> HttpResponse:
    """Holds, rules, and the latest erasures."""
    user = require(request, Action.AUDIT)
    holds = list(LegalHold.objects.select_related("person", "placed_by", "lifted_by"))
    labels = dict(_choices())
    rules = [(rule, _where(rule, labels)) for rule in RetentionRule.objects.order_by("-is_active", "-months", "name")]
    context = {
        "holds": [one for one in holds if not one.is_lifted],
        "lifted": [one for one in holds if one.is_lifted],
        "rules": rules,
        "erasures": _listed()[:FEW],
        "can_change": user.can(Action.ADMINISTER),
    }
    return render(request, "portal/retention.html", context)


def _where(rule: RetentionRule, labels: dict[str, Any]) -> str:
    if rule.applies_to == AppliesTo.REGISTERS:
        return ", ".join(str(labels.get(slug, slug)) for slug in rule.registers)
    return str(rule.get_applies_to_display())


def _listed() -> Any:
    """Erasures for a list: without the numbers of what may be a great many entries."""
    counted = "cardinality(entries)"
    return Erasure.objects.select_related("by").defer("entries", "seals").extra(select={"count": counted})  # noqa: S610 - a constant


def hold_create(request: HttpRequest) -> HttpResponse:
    """Place a legal hold."""
    user = require(request, Action.ADMINISTER)
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        hold = form.save(commit=False)
        hold.placed_by = user
        with acting(reason=hold.reason):
            hold.save()
        messages.success(request, _("“%s” holds. Nothing under it is erased until it is lifted.") % hold.name)
        return redirect("retention")
    return _form(request, form, "portal/hold.html")


def hold_lift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lift a legal hold; it stays in the list."""
    user = require(request, Action.ADMINISTER)
    hold = get_object_or_404(LegalHold, pk=pk, lifted_at__isnull=True)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with acting(reason=form.cleaned_data["reason"]):
            LegalHold.objects.filter(pk=pk, lifted_at__isnull=True).update(lifted_at=timezone.now(), lifted_by=user)
        messages.success(request, _("“%s” is lifted.") % hold.name)
        return redirect("retention")
    return _form(request, form, "portal/hold_lift.html", hold=hold)


def rule_create(request: HttpRequest) -> HttpResponse:
    """Add a retention rule."""
    require(request, Action.ADMINISTER)
    form = RuleForm(request.POST or None)
    form.instance.key = f"rule-{form.instance.pk.hex[-12:]}"
    if request.method == "POST" and form.is_valid():
        with acting():
            form.save()
        messages.success(request, _("The rule is added."))
        return redirect("retention")
    return _form(request, form, "portal/retention_rule.html")


def rule_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a retention rule, or put it out of force."""
    require(request, Action.ADMINISTER)
    rule = get_object_or_404(RetentionRule, pk=pk)
    name = rule.name  # before the form writes on it
    form = RuleForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        with acting():
            form.save()
        messages.success(request, _("Saved."))
        return redirect("retention")
    return _form(request, form, "portal/retention_rule.html", rule=rule, name=name)


def erasures(request: HttpRequest) -> HttpResponse:
    """Every erasure, newest first."""
    require(request, Action.AUDIT)
    page = Paginator(_listed(), PAGE).get_page(request.GET.get("page"))
    return render(request, "portal/erasures.html", {"page": page, "erasures": page.object_list})


def erasure(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What one erasure took: which fields of which tables, how many entries. Never what they said."""
    require(request, Action.AUDIT)
    one = get_object_or_404(_listed(), pk=pk)
    models = {model._meta.db_table: model for model in apps.get_models()}
    lines = []
    for item in one.fields:
        model = models.get(item["table"])
        register = register_of(model) if model else None
        label = register.label_plural if register else str(model._meta.verbose_name_plural) if model else item["table"]
        lines.append({**item, "table": label[:1].upper() + label[1:], "field": _label(model, item["column"])})
    return render(request, "portal/erasure.html", {"erasure": one, "lines": lines})


def _label(model: Any, column: str) -> str:
    named = {"history_user_name": _("Who"), "history_change_reason": _("Why")}
    if column in named or model is None:
        return named.get(column, column)
    found = next((str(f.verbose_name) for f in model._meta.concrete_fields if f.column == column), column)
    return found[:1].upper() + found[1:]


def _form(request: HttpRequest, form: Any, template: str, **extra: Any) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **extra}, status=status)
