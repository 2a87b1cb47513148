"""The pages of one record: read it, register it, change it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from portal.access.roles import Action
from portal.records import customfields
from portal.records.ingest import ConflictError, IngestResult, ingest
from portal.records.models import ExternalId
from portal.records.register import Register, get_register
from portal.records.rows import RowInput
from portal.ui.access import reader, record_or_404, relations_shown, require
from portal.ui.display import cell, is_known, own_cell
from portal.ui.forms import RecordForm, form_for
from portal.ui.history import changes_of, conflict_of
from portal.ui.tables import head_column, table_for

RELATED_SHOWN = 8


def record_detail(request: HttpRequest, register: Register, reference: str) -> HttpResponse:
    """Everything the register knows of one record, with what belongs to it."""
    user = reader(request)
    record = record_or_404(request, register, reference)
    known = [(name, register.field_label(name), is_known(register, record, name)) for name in register.facts]
    lead, sections, unstated = _sections(register, record)
    rail, rail_unstated = _rail(register, record)
    related = [block for block in (_related(request, register, record, one) for one in register.related) if block]
    panels = register.panels(record, user)
    empty = [(block["label"], block["register"], block["query"]) for block in related if block["table"] is None]
    context = {
        "register": register,
        "record": record,
        "badge_fields": register.statuses,
        "lead": lead,
        "sections": sections,
        "unstated": unstated,
        "rail": rail,
        "rail_unstated": rail_unstated,
        "facts": known,
        "facts_known": sum(1 for _name, _label, is_there in known if is_there),
        "external_ids": ExternalId.objects.filter(register=register.slug, record_id=record.pk).select_related("batch"),
        "changes": changes_of(register, record, user, limit=5),
        "related": [block for block in related if block["table"] is not None],
        # What could belong here and does not yet: one line each, so that a new record is not a page of empty panels.
        "missing": [*(extra["missing"] for _template, extra in panels if extra.get("missing")), *empty],
        "panels": [(template, extra) for template, extra in panels if not extra.get("missing")],
        "can_change": user.can(Action.CHANGE),
        "can_add": user.can(Action.ADD),
    }
    return render(request, "portal/detail.html", context)


Shown = tuple[str, str, Any]  # name, label, value


def _sections(
    register: Register, record: Any
) -> tuple[Shown | None, list[tuple[str, list[Shown]]], list[tuple[str, str]]]:
    """What is known, by fieldset, without what the rail or the page's head shows; and what is not.

    The first long text of the first fieldset (an intended purpose) comes by itself: it is read, not looked up.
    """
    elsewhere = {*register.rail, *register.statuses, head_column(register)}
    lead: Shown | None = None
    made: list[tuple[str, list[Shown]]] = []
    unstated = []
    for number, (title, options) in enumerate(register.fieldsets):
        rows = []
        for name in options["fields"]:
            if name in elsewhere:
                continue
            label = register.field_label(name)
            if not is_known(register, record, name):
                unstated.append((name, label))
                continue
            shown = (name, label, cell(register, record, name, long=True))
            if number == 0 and lead is None and isinstance(register.model._meta.get_field(name), models.TextField):
                lead = shown
            else:
                rows.append(shown)
        if rows:
            made.append((str(title), rows))
    own: list[Shown] = []
    for key, definition in customfields.definitions(register.slug).items():
        value = record.custom.get(key)
        if value in (None, ""):
            unstated.append((f"custom.{key}", definition.label))
        else:
            own.append((f"custom.{key}", definition.label, own_cell(definition, value)))
    if own:
        made.append((_("Fields of your own"), own))
    return lead, made, unstated


def _rail(register: Register, record: Any) -> tuple[list[tuple[str, Any]], list[tuple[str, str]]]:
    """The short facts. "Unknown" is an answer and stays in its row; what is merely blank is named in one line."""
    rows, blank = [], []
    for name in register.rail:
        field: Any = register.model._meta.get_field(name)
        label = register.field_label(name)
        if getattr(record, field.attname) in (None, "", []):
            blank.append((name if name in register.fields else "", label))
        else:
            rows.append((label, cell(register, record, name)))
    return rows, blank


def _related(request: HttpRequest, register: Register, record: Any, one: Any) -> dict[str, Any] | None:
    """A panel with the first records of another register that point here."""
    other = get_register(one.register)
    columns = [name for name in other.list_display if name != one.field]
    query = other.model.objects.restrict(reader(request), Action.VIEW).filter(**{one.field: record.pk})
    rows = list(query.select_related(*relations_shown(other)).order_by(*other.ordering, "pk")[: RELATED_SHOWN + 1])
    return {
        "register": other,
        "label": one.label or other.label_plural,
        "table": table_for(other, rows[:RELATED_SHOWN], columns, orderable=False) if rows else None,
        "more": len(rows) > RELATED_SHOWN,
        "query": f"{one.field}={record.reference}",
    }


def record_create(request: HttpRequest, register: Register) -> HttpResponse:
    """Register a record. Values in the URL (`?system=SYS-000001`) come filled in."""
    user = require(request, Action.ADD)
    form_class = form_for(register)
    if request.method != "POST":
        initial = {name: value for name, value in request.GET.items() if name in register.fields}
        return _form(request, register, form_class(register=register, initial=initial))
    form = form_class(request.POST, register=register)
    if form.is_valid():
        row = RowInput(1, form.values())
        result = ingest(register, [row], user=user, reason=form.cleaned_data["reason"])
        if result.written:
            record: Any = result.rows[0].record
            messages.success(request, _("%(reference)s is registered.") % {"reference": record.reference})
            return redirect(register.url("detail", record))
        _tell(form, result)
    return _form(request, register, form)


def record_edit(request: HttpRequest, register: Register, reference: str) -> HttpResponse:
    """Change a record. If somebody else was faster, their change is shown and nothing is overwritten."""
    user = reader(request)
    record = record_or_404(request, register, reference, Action.CHANGE)
    form_class = form_for(register)
    if request.method != "POST":
        return _form(request, register, form_class(register=register, instance=record), record)
    form = form_class(request.POST, register=register, instance=record)
    if not form.is_valid():
        return _form(request, register, form, record_or_404(request, register, reference))
    row = RowInput(1, form.values(), record=reference, version=form.cleaned_data["seen_version"])
    try:
        result = ingest(register, [row], user=user, reason=form.cleaned_data["reason"])
    except ConflictError as conflict:
        theirs: Any = conflict.theirs
        context = {"conflict": conflict_of(register, theirs, row, user), "their_version": theirs.version}
        data = request.POST.copy()
        data["seen_version"] = str(theirs.version)
        again = form_class(data, register=register, instance=theirs)
        again.is_valid()
        return _form(request, register, again, theirs, status=409, **context)
    if result.written:
        if result.rows[0].status == "unchanged":
            messages.info(request, _("Nothing was different, so nothing was saved."))
        else:
            messages.success(request, _("Saved."))
        return redirect(register.url("detail", record))
    _tell(form, result)
    return _form(request, register, form, record_or_404(request, register, reference))


def _tell(form: RecordForm, result: IngestResult) -> None:
    """Put the engine's problems at their fields."""
    for problem in result.errors:
        form.add_error(problem.field if problem.field in form.fields else None, problem.message)


def _form(
    request: HttpRequest, register: Register, form: RecordForm, record: Any = None, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {"register": register, "form": form, "record": record, **extra}
    if form.is_bound and form.errors:
        status = max(status, 422)
    return render(request, "portal/form.html", context, status=status)
