"""Fields of one's own: administrators add facts to a register without code, and retire them again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.roles import Action
from portal.history.context import acting
from portal.records.models import CustomField, CustomFieldKind
from portal.records.register import get_register, registers
from portal.ui.access import require

LONGEST_CHOICE = 100
# What a field is cannot change once records may hold its values.
FIXED = ("register", "key", "kind")


class CustomFieldForm(forms.ModelForm[CustomField]):
    """One field of one's own. Its register, key and kind are given once; the rest may change."""

    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("For “one of a list”: one answer on each line."),
    )

    class Meta:
        model = CustomField
        fields = ["register", "label", "key", "kind", "choices", "help_text", "position", "is_active"]
        labels = {
            "register": gettext_lazy("Register"),
            "label": gettext_lazy("Label"),
            "key": gettext_lazy("Key"),
            "kind": gettext_lazy("Kind of answer"),
            "help_text": gettext_lazy("Help"),
            "position": gettext_lazy("Position"),
            "is_active": gettext_lazy("In use"),
        }
        help_texts = {
            "label": gettext_lazy("What it is called on pages and in files."),
            "key": gettext_lazy("Stands in files and the API, and cannot change later. Made from the label if blank."),
            "kind": gettext_lazy("Decides what may be entered. It cannot change later."),
            "help_text": gettext_lazy("One sentence under the label, for whoever fills it in."),
            "position": gettext_lazy("Lower numbers come first."),
            "is_active": gettext_lazy(
                "Take the tick away to retire it: forms, files and the API stop offering it. What was said is kept."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        self.fields["register"] = forms.ChoiceField(
            label=self.fields["register"].label,
            choices=[(register.slug, register.label_plural) for register in registers()],
        )
        self.fields["key"].required = False
        self.initial["choices"] = "\n".join(self.instance.choices)
        for name, field in self.fields.items():
            field.widget.use_required_attribute = lambda _initial: False
            field.has_default = name in {"register", "kind", "position"}  # type: ignore[attr-defined]  # see bootstrap5/field.html
            field.disabled = name in FIXED and not is_new
        if is_new:
            del self.fields["is_active"]

    def clean_choices(self) -> list[str]:
        """One answer a line. An answer that records have given cannot be taken away."""
        lines = (line.strip() for line in self.cleaned_data["choices"].splitlines())
        choices = list(dict.fromkeys(line for line in lines if line))
        for choice in choices:
            if len(choice) > LONGEST_CHOICE:
                raise forms.ValidationError(
                    _("“%(choice)s” is longer than %(limit)d characters."),
                    params={"choice": choice, "limit": LONGEST_CHOICE},
                )
        if not self.instance._state.adding:
            model: Any = get_register(self.instance.register).model
            for gone in set(self.instance.choices) - set(choices):
                used = model.objects.filter(custom__contains={self.instance.key: gone}).count()
                if used:
                    raise forms.ValidationError(
                        _("“%(choice)s” is the answer of %(count)d records. Change those first, or keep it."),
                        params={"choice": gone, "count": used},
                    )
        return choices

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("kind") == CustomFieldKind.CHOICE and "choices" not in self.errors and not data.get("choices"):
            self.add_error("choices", _("Give the answers to choose from, one on each line."))
        if self.instance._state.adding and "key" not in self.errors:
            data["key"] = data.get("key") or slugify(data.get("label", "")).replace("-", "_")[:60]
            if not data["key"] and data.get("label"):
                self.add_error("key", _("Give a key: letters, digits, hyphens or underscores."))
            elif CustomField.objects.filter(register=data.get("register"), key=data["key"]).exists():
                self.add_error("key", self.taken(data))
        return data

    def taken(self, data: dict[str, Any]) -> str:
        """What is said when the key is in use already."""
        return _("%(register)s have a field with the key “%(key)s” already, in use or retired.") % {
            "register": get_register(data["register"]).label_plural,
            "key": data["key"],
        }

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # the stubs leave it out
        if self.instance.kind != CustomFieldKind.CHOICE:
            self.instance.choices = []


def custom_fields(request: HttpRequest) -> HttpResponse:
    """The fields of each register."""
    require(request, Action.ADMINISTER)
    found: dict[str, list[CustomField]] = {}
    for field in CustomField.objects.order_by("-is_active", "position", "label"):
        found.setdefault(field.register, []).append(field)
    groups = [(register, found[register.slug]) for register in registers() if register.slug in found]
    return render(request, "portal/custom_fields.html", {"groups": groups})


def custom_field_create(request: HttpRequest) -> HttpResponse:
    """Add a field to a register (`?register=ai-systems` comes filled in)."""
    require(request, Action.ADMINISTER)
    initial = {"register": request.GET.get("register", "ai-systems")}
    form = CustomFieldForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with acting():
                field = form.save()
        except IntegrityError:  # somebody else was as quick
            form.add_error("key", form.taken(form.cleaned_data))
        else:
            messages.success(request, _("“%s” is added. It stands at the end of the form.") % field.label)
            return redirect("custom-fields")
    return _form(request, form)


def custom_field_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what a field is called, its help, choices and place, or retire it."""
    require(request, Action.ADMINISTER)
    field = get_object_or_404(CustomField, pk=pk)
    label = field.label  # before the form writes on it
    form = CustomFieldForm(request.POST or None, instance=field)
    if request.method == "POST" and form.is_valid():
        with acting():
            form.save()
        messages.success(request, _("Saved."))
        return redirect("custom-fields")
    return _form(request, form, field=field, label=label)


def _form(request: HttpRequest, form: CustomFieldForm, **extra: Any) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "portal/custom_field.html", {"form": form, **extra}, status=status)
