"""Import in the browser: upload, match columns, check everything, then write. Check and import are jobs."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import acting
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from portal.jobs.views import STOP_POLLING
from portal.records import customfields
from portal.records.columns import FieldInfo, mapping_from_columns, suggest
from portal.records.files import FileProblem, Limits, read_table
from portal.records.importing import known_mappings
from portal.records.mapping import Mapping, MappingProblem, to_yaml
from portal.records.models import SavedMapping
from portal.records.register import Register
from portal.records.tasks import import_file
from portal.ui.access import require

MATCH = "match"
SAMPLES = 3


class UploadForm(forms.Form):
    """The file and how to read it."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or XLSX, up to 50 MB. The first row holds the names of the columns."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx", "class": "form-control"}),
    )
    mapping = forms.ChoiceField(
        label=gettext_lazy("How to read it"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )

    def __init__(self, *args: Any, mappings: dict[str, Mapping], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(MATCH, _("Match the columns here")), *((m.name, m.title) for m in mappings.values())]
        self.fields["mapping"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        for field in self.fields.values():
            field.widget.use_required_attribute = lambda _initial: False


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _keep(upload: UploadedFile[bytes]) -> Path:
    """Store an upload under a name of ours: the sender's own is only ever shown."""
    path = _folder() / f"{uuid.uuid4().hex}{Path(upload.name or '').suffix.lower()[:6]}"
    with path.open("wb") as out:
        for chunk in upload.chunks():
            out.write(chunk)
    return path


def import_start(request: HttpRequest, register: Register) -> HttpResponse:
    """Take the file and look at it at once: what cannot be read is said here, not later."""
    require(request, Action.IMPORT)
    mappings = known_mappings(register.slug)
    form = UploadForm(request.POST or None, request.FILES or None, mappings=mappings)
    if request.method == "POST" and form.is_valid():
        upload: UploadedFile[bytes] = form.cleaned_data["file"]
        name = Path(upload.name or _("file")).name[:200]
        chosen = form.cleaned_data["mapping"]
        problem = _too_large(upload, name)
        if problem is None:
            path = _keep(upload)
            try:
                mapping = mappings.get(chosen)
                table = read_table(
                    path,
                    name=name,
                    encoding=mapping.encoding if mapping else None,
                    delimiter=mapping.delimiter if mapping else None,
                )
            except FileProblem as error:
                path.unlink()
                problem = str(error)
            else:
                if not table.rows:
                    path.unlink()
                    form.add_error("file", _("%s has names of columns and no rows.") % name)
                    return _start(request, register, form)
                if mapping is None:
                    return redirect("register-match", register.slug, path.name, name)
                return _check(request, register, path.name, name, mapping)
        form.add_error("file", problem)
    return _start(request, register, form)


def _start(request: HttpRequest, register: Register, form: UploadForm) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "portal/import.html", {"register": register, "form": form}, status=status)


def _too_large(upload: UploadedFile[bytes], name: str) -> str | None:
    limit = Limits().size
    if upload.size is not None and upload.size > limit:
        return _("%(name)s has %(size)d MB; the limit is %(limit)d MB.") % {
            "name": name,
            "size": upload.size // 1_000_000,
            "limit": limit // 1_000_000,
        }
    return None


def _stored(file: str) -> Path:
    path = _folder() / file
    if not path.is_file() or path.parent != _folder():
        raise Http404
    return path


def _fields(register: Register) -> list[FieldInfo]:
    own = [FieldInfo(f"custom.{key}", one.label) for key, one in customfields.definitions(register.slug).items()]
    return [*(FieldInfo(name, register.field_label(name)) for name in (*register.fields, "tags")), *own]


def import_match(request: HttpRequest, register: Register, file: str, name: str) -> HttpResponse:
    """Which column is which field: suggested, to be changed, and saved as a mapping if it has a name."""
    require(request, Action.IMPORT)
    table = read_table(_stored(file), name=name)
    fields = _fields(register)
    suggested = suggest(table.headers, fields)
    error = ""
    if request.method == "POST":
        chosen = {h: request.POST.get(f"column-{i}") or None for i, h in enumerate(table.headers)}
        key = request.POST.get("key") or None
        title = request.POST.get("title", "").strip()[:100]
        try:
            mapping = _mapping(register, name, chosen, key, title)
            if title:
                _save(register, mapping)
        except MappingProblem as problem:
            error, suggested = str(problem), chosen
        else:
            return _check(request, register, file, name, mapping)
    rows = [
        {
            "header": header,
            "field": suggested.get(header),
            "samples": [row.cells[i] for row in table.rows[:SAMPLES] if i < len(row.cells) and row.cells[i]],
        }
        for i, header in enumerate(table.headers)
    ]
    context = {"register": register, "table": table, "rows": rows, "fields": fields, "error": error, "name": name}
    return render(request, "portal/import_match.html", context, status=422 if error else 200)


def _mapping(register: Register, name: str, chosen: dict[str, str | None], key: str | None, title: str) -> Mapping:
    used = [field for field in chosen.values() if field]
    twice = {field for field in used if used.count(field) > 1}
    if twice:
        labels = ", ".join(register.field_label(field) for field in sorted(twice))
        raise MappingProblem(_("Two columns cannot become the same field: %s") % labels)
    if register.natural_key in register.fields and register.natural_key not in used:
        raise MappingProblem(_("Say which column is: %s") % register.field_label(register.natural_key))
    slug = slugify(title or Path(name).stem)[:80] or "file"
    return mapping_from_columns(
        chosen, name=slug, title=title or name, register=register.slug, source=slug, key=(key,) if key else ()
    )


def _save(register: Register, mapping: Mapping) -> None:
    """Keep the matching under its name; a name that another register uses is refused. Raises MappingProblem."""
    if SavedMapping.objects.filter(name=mapping.name).exclude(register=register.slug).exists():
        raise MappingProblem(_("Another register has a matching called “%s”. Give it another name.") % mapping.title)
    with acting():
        SavedMapping.objects.update_or_create(
            name=mapping.name, defaults={"register": register.slug, "yaml": to_yaml(mapping)}
        )


def _check(request: HttpRequest, register: Register, file: str, name: str, mapping: Mapping) -> HttpResponse:
    params = {
        "register": register.slug, "file": f"imports/{file}", "name": name, "mapping": to_yaml(mapping),
        "mapping_name": mapping.name, "dry_run": True, "partial": False,
    }  # fmt: skip
    job = _job(require(request, Action.IMPORT), _("Check of %s") % name, params)
    return redirect("register-import-job", register.slug, job.pk)


def _job(user: User, title: str, params: dict[str, Any]) -> Job:
    with transaction.atomic():
        return enqueue(import_file, kind="import", title=title, user=user, params=params)


def import_job(request: HttpRequest, register: Register, pk: UUID) -> HttpResponse:
    """A check or an import while it goes on, and what came of it."""
    user = require(request, Action.IMPORT)
    job = get_object_or_404(Job, pk=pk, kind="import", requested_by=user, params__register=register.slug)
    context = {"register": register, "job": job, "result": job.result, "is_check": job.params["dry_run"]}
    if getattr(request, "htmx", False):
        # A finished job needs its whole page: the buttons below depend on the outcome.
        response = render(request, "portal/partials/_import_job.html", context, status=200)
        if job.is_finished:
            response.status_code = STOP_POLLING
        return response
    return render(request, "portal/import_job.html", context)


@require_POST
def import_write(request: HttpRequest, register: Register, pk: UUID) -> HttpResponse:
    """Import the file that was checked."""
    user = require(request, Action.IMPORT)
    checks = Job.objects.filter(kind="import", requested_by=user, state=JobState.SUCCEEDED)
    check = get_object_or_404(checks, pk=pk, params__register=register.slug, params__dry_run=True)
    params = check.params | {"dry_run": False, "partial": "partial" in request.POST}
    job = _job(user, _("Import of %s") % params["name"], params)
    return redirect("register-import-job", register.slug, job.pk)
