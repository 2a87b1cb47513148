"""The page on which an earlier version is restored: what would change, what stays, and why one does it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.roles import Action
from portal.history.entries import Entry
from portal.records.actions.restore import NoSuchVersionError, Restoration, plan, restore
from portal.records.ingest import ConflictError
from portal.records.register import Register
from portal.ui.access import reader, record_or_404
from portal.ui.differences import Change, Wording


class RestoreForm(forms.Form):
    """Why, and the version that was looked at."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=450,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Kept with the new version, for whoever reads the history."),
        error_messages={"required": gettext_lazy("Say why this version is restored.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The browser must not judge: the server's words stand at the field and in the summary.
        self.use_required_attribute = False


def record_restore(request: HttpRequest, register: Register, reference: str, version: int) -> HttpResponse:
    """Show the way back to a version; on POST, take it."""
    user = reader(request)
    record = record_or_404(request, register, reference, Action.CHANGE)
    try:
        made = plan(register, reference, version, user=user)
    except NoSuchVersionError as error:
        raise Http404 from error
    if request.method != "POST":
        form = RestoreForm(initial={"seen_version": made.record.version})
        return _page(request, made, record, form)
    form = RestoreForm(request.POST)
    if not form.is_valid():
        return _page(request, made, record, form, status=422)
    try:
        result = restore(
            register,
            reference,
            version,
            user=user,
            reason=form.cleaned_data["reason"],
            seen_version=form.cleaned_data["seen_version"],
        )
    except ConflictError as conflict:
        theirs: Any = conflict.theirs
        data = request.POST.copy()
        data["seen_version"] = str(theirs.version)
        made = plan(register, reference, version, user=user)
        return _page(request, made, record, RestoreForm(data), status=409)
    if result.written:
        if result.rows[0].status == "unchanged":
            messages.info(request, _("Nothing was different, so nothing was saved."))
        else:
            text = _("Version %(n)d is restored, as version %(new)d.")
            messages.success(request, text % {"n": version, "new": result.rows[0].record.version})  # type: ignore[union-attr]  # written, so there
        return redirect(register.url("history", record))
    for problem in result.errors:
        name = register.field_label(problem.field) if problem.field in register.fields else ""
        form.add_error(None, f"{name}: {problem.message}" if name else problem.message)
    return _page(request, made, record, form, status=422)


def _page(
    request: HttpRequest, made: Restoration, record: Any, form: RestoreForm, *, status: int = 200
) -> HttpResponse:
    register, row, user = made.register, made.row, reader(request)
    now = register.model.history.filter(id=record.pk).order_by("-history_id").first()
    # From now to then: the earlier row is what comes, named as of today.
    pair = Entry(register.slug, register.model, now, row)
    fields = Wording.of(pair, user).differences(now, row, at=now.history_id)
    why = {one.name: one.why for one in made.kept}
    context = {
        "register": register,
        "record": record,
        "version": row.version,
        "new_version": made.record.version + 1,
        "then": Change(row),
        "change": Change(now, [one for one in fields if one.name in made.values]),
        "kept": [(one, why[one.name]) for one in fields if one.name in why],
        "form": form,
        "is_conflict": status == 409,  # noqa: PLR2004 - HTTP's word for it
    }
    return render(request, "portal/restore.html", context, status=status)
