"""The form that asks for a pack."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import RecordChoiceField
from reports.actions.request_pack import PackRequest
from reports.models import Framework, ScopeKind


class PackForm(forms.Form):
    """What was asked. Whether it can be answered is for the action to say."""

    framework = forms.ChoiceField(
        label=_("Framework"), choices=Framework.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    scope = forms.ChoiceField(
        label=_("Scope"),
        choices=ScopeKind.choices,
        initial=ScopeKind.ALL,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    unit = RecordChoiceField(
        "organization-units",
        label=_("Unit"),
        required=False,
        help_text=_("For a unit: its name with reference from the list, its reference or its code."),
    )
    system = RecordChoiceField(
        "ai-systems",
        label=_("AI system"),
        required=False,
        help_text=_("For one system: its name with reference from the list, or its reference, such as SYS-000123."),
    )
    period_from = forms.DateField(
        label=_("Period from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}),
        help_text=_("The first day. Leave both days blank for the register as it stands now."),
    )
    period_to = forms.DateField(
        label=_("Period up to, not including"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}),
        help_text=_("The first day that no longer belongs to the period; today at the latest."),
    )
    purpose = forms.CharField(
        label=_("What for"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control"}),
        help_text=_("Stands on the cover: “internal audit”, “Type II examination 2026”."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(data.get("period_from")) != bool(data.get("period_to")):
            empty = "period_to" if data.get("period_from") else "period_from"
            self.add_error(empty, _("A period needs both days."))
        return data

    def request(self) -> PackRequest:
        """What the valid form asks for."""
        data = self.cleaned_data
        scope = ScopeKind(data["scope"])
        named = {ScopeKind.UNIT: data["unit"], ScopeKind.SYSTEM: data["system"]}.get(scope, "")
        start, end = data["period_from"], data["period_to"]
        return PackRequest(
            framework=data["framework"],
            scope=scope,
            # A suggestion reads "UNIT-000007 · Radiology".
            reference=named.partition(" · ")[0],
            period=(start, end) if start and end else None,
            purpose=data["purpose"],
        )

    def tell(self, errors: dict[str, list[str]]) -> None:
        """Put the action's refusals at their fields."""
        scope: Any = self.cleaned_data.get("scope")
        by_scope = {ScopeKind.UNIT: "unit", ScopeKind.SYSTEM: "system"}
        for name, messages in errors.items():
            field = by_scope.get(scope) if name == "reference" else name
            for message in messages:
                self.add_error(field if field in self.fields else None, message)
