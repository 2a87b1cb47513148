"""The Celery task of the packs; on a queue of its own, so that nobody waits behind one."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from portal.jobs.lease import Lease
from portal.jobs.tasks import job_task
from reports.build import build
from reports.models import EvidencePack

KIND = "pack"


@job_task(KIND)
def make_pack(lease: Lease) -> dict[str, Any]:
    """Make the pack that the job's parameters name. A worker that takes over begins again and finds the same."""
    pack = EvidencePack.objects.get(pk=lease.job.params["pack"])
    if lease.job.attempts > 1:
        lease.say(f"Attempt {lease.job.attempts}: the worker before was lost, so this one begins again.")
    made = build(pack, lease)
    return {
        "file": made.pdf,
        "result_url": reverse("pack-detail", args=[made.reference]),
        "counts": {"pages": made.pdf_pages, "rows attached": made.attached_rows},
    }
