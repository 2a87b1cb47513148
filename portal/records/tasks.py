"""The import job: the check before, and the import itself. Parameters: portal/ui/imports.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from portal.history.context import Source
from portal.jobs.lease import Lease
from portal.jobs.tasks import job_task
from portal.records.files import read_table
from portal.records.importing import ImportResult, report, run_import
from portal.records.mapping import load_mapping
from portal.records.register import get_register
from portal.records.rows import Problem

KEPT = 200  # problems kept with the job; all of them stand in its report


@job_task("import")
def import_file(lease: Lease) -> dict[str, Any]:
    """Check or import an uploaded file. All or nothing, so a second attempt after a crash starts clean."""
    params, job = lease.job.params, lease.job
    register = get_register(params["register"])
    mapping = load_mapping(params["mapping"], name=params["mapping_name"])
    path = Path(settings.MEDIA_ROOT) / params["file"]
    user = job.requested_by
    if user is None:
        raise RuntimeError(_("Nobody stands for this import any more."))
    lease.say(_("Reading %(file)s with mapping %(mapping)s") % {"file": params["name"], "mapping": mapping.name})
    table = read_table(path, name=params["name"], encoding=mapping.encoding, delimiter=mapping.delimiter)
    result = run_import(
        register,
        table,
        mapping,
        user=user,
        actor=user.actor(Source.IMPORT, request_id=f"job {job.pk}"),
        dry_run=params["dry_run"],
        partial=params["partial"],
        progress=lease.progress,
    )
    made = path.with_name(f"report-{job.pk}.csv")
    made.write_text(report(result), encoding="utf-8")
    lease.say(_("%(errors)d errors, %(warnings)d warnings") % {
        "errors": len(result.errors), "warnings": len(result.warnings),
    })  # fmt: skip
    return {
        "file": str(made.relative_to(settings.MEDIA_ROOT)),
        "written": result.written,
        "errors": len(result.errors),
        "warnings": len(result.warnings),
        "rows": len(table.rows),
        "outcomes": _outcomes(result),
        "problems": [_as_dict(one) for one in (*result.errors, *result.warnings)][:KEPT],
    }


def _outcomes(result: ImportResult) -> list[dict[str, Any]]:
    """For each register: its slug, its label, and how many rows were created, updated, unchanged, failed."""
    return [
        {"slug": slug, "label": get_register(slug).label_plural, **{s: counter[s] for s in _STATUSES}}
        for slug, counter in result.counts().items()
    ]


_STATUSES = ("created", "updated", "unchanged", "failed")


def _as_dict(one: Problem) -> dict[str, Any]:
    return {"severity": one.severity, "row": one.row, "column": one.column or one.field, "message": one.message}
