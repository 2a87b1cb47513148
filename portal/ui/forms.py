"""A register's form: the fields of its fieldsets, pickers for relations, and the version its editor saw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.db import models
from django.forms.models import modelform_factory
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.records import customfields
from portal.records.models import Record
from portal.records.register import Register, register_of
from portal.ui.templatetags.muster import icon


class RecordInput(forms.TextInput):
    """A relation as text: a name or a reference, with suggestions while one types. Works without JavaScript."""

    template_name = "portal/widgets/record_input.html"

    def __init__(self, slug: str) -> None:
        super().__init__(attrs={"class": "form-control", "autocomplete": "off"})
        self.slug = slug

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["pick_url"] = reverse("register-pick", args=[self.slug])
        return context


# Widgets short enough to stand beside another.
SHORT = (forms.Select, forms.DateInput, forms.NumberInput, RecordInput)


class RecordChoiceField(forms.CharField):
    """Text that names a record; ingest resolves it among the records its user may see."""

    def __init__(self, slug: str, **kwargs: Any) -> None:
        kwargs.setdefault("widget", RecordInput(slug))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value.reference} · {value}" if isinstance(value, Record) else value


class RecordForm(forms.ModelForm[Any]):
    """Parses what was typed. Whether it may stand is for `ingest` to say, so that every door says the same."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=_("Why?"),
        required=False,
        max_length=500,
        help_text=_("Kept with the change, for whoever reads the history."),
    )

    def __init__(self, *args: Any, register: Register, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register = register
        record = self.instance
        if record.version and not record._state.adding:
            self.fields["seen_version"].initial = record.version
        for name in register.relations:
            if name in self.fields and not record._state.adding:
                self.initial[name] = getattr(record, name)
        self.custom = customfields.definitions(register.slug)
        for key, definition in self.custom.items():
            field = customfields.form_field(definition)
            field.initial = record.custom.get(key)
            self.fields[f"custom.{key}"] = field
        shut = set(register.gated_fields) if register.gated_fields and register.gate_is_shut() else set()
        for name, field in self.fields.items():
            # The browser must not judge: the server's words stand at the field and in the summary.
            field.widget.use_required_attribute = lambda _initial: False
            if name in shut:
                field.disabled = True
                field.help_text = _("Changes only through a gate, by a request.")
        if not record._state.adding:
            self._mark_material()

    def _mark_material(self) -> None:
        """Of a record that is there: which fields nobody changes without a word, at them and beside the reason."""
        marked = [self.fields[name] for name in self.register.material if name in self.fields]
        for field in (one for one in marked if not one.disabled):
            field.needs_reason = True  # type: ignore[attr-defined]  # read by templates/bootstrap5/field.html
        labels = [str(field.label) for field in marked if not field.disabled]
        if labels:
            words = gettext("Needed when a field marked {mark} changes: {fields}. Kept for whoever reads the history.")
            mark = format_html('<span class="why">{}</span>', icon("message"))
            self.fields["reason"].help_text = format_html(words, mark=mark, fields=", ".join(labels))

    def _post_clean(self) -> None:
        """Not Django's model validation: ingest does it, for every door."""

    def values(self) -> dict[str, object]:
        """What was typed, by field, as `RowInput.values` wants it."""
        own = {"seen_version", "reason"}
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in own and not self.fields[name].disabled
        }

    def sections(self) -> list[tuple[str, str, list[list[forms.BoundField]]]]:
        """(title, description, rows of bound fields) for each fieldset, and one for the organization's own fields."""
        made = []
        for title, options in self.register.fieldsets:
            made.append((str(title), str(options.get("description", "")), self._rows(options["fields"])))
        if self.custom:
            made.append((str(_("Fields of your own")), "", self._rows([f"custom.{key}" for key in self.custom])))
        return made

    def _rows(self, names: Iterable[str]) -> list[list[forms.BoundField]]:
        """The fields in their order: short ones that follow each other share a row, long ones stand alone."""
        rows: list[list[forms.BoundField]] = []
        after_short = False
        for name in names:
            is_short = isinstance(self.fields[name].widget, SHORT)
            if is_short and after_short:
                rows[-1].append(self[name])
            else:
                rows.append([self[name]])
            after_short = is_short
        return rows


def _form_field(field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """The form field of a model field: pickers for relations, date inputs, plain text areas."""
    if isinstance(field, models.ForeignKey):
        target = register_of(field.related_model)
        if target is not None:
            return RecordChoiceField(
                target.slug,
                label=_sentence(field.verbose_name),
                help_text=field.help_text,
                required=not field.blank,
            )
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        kwargs["widget"] = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    elif isinstance(field, models.URLField):
        kwargs["assume_scheme"] = "https"
    elif isinstance(field, models.TextField):
        kwargs["widget"] = forms.Textarea(attrs={"rows": 4, "class": "form-control"})
    made = field.formfield(**kwargs)
    if made is not None and not isinstance(field, models.DateField | models.TextField):
        css = "form-select" if isinstance(made.widget, forms.Select) else "form-control"
        made.widget.attrs.setdefault("class", css)
    if isinstance(made, SimpleArrayField):
        made.max_length = None
    if made is not None:
        made.label = _sentence(made.label)
        # What starts with an answer needs no asking, so the page does not call it required.
        made.has_default = field.has_default()  # type: ignore[attr-defined]  # read by templates/bootstrap5/field.html
    if isinstance(made, forms.TypedChoiceField) and made.choices and not made.choices[0][0]:  # type: ignore[index]  # a list
        made.choices = [("", _("Not stated")), *list(made.choices)[1:]]  # type: ignore[arg-type]  # flat choices
    return made


def _sentence(label: Any) -> str:
    """A label in sentence case, whatever else it holds: "Unit", "EU role"."""
    text = str(label or "")
    return text[:1].upper() + text[1:]


def form_for(register: Register) -> type[RecordForm]:
    """The register's form class."""
    base: Any = register.form or RecordForm
    made = modelform_factory(register.model, form=base, fields=list(register.fields), formfield_callback=_form_field)
    return cast("type[RecordForm]", made)
