"""The jobs pages: they update themselves by htmx, and stop asking when there is nothing left to see."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import models
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access.models import User
from portal.access.roles import Action
from portal.jobs.models import FINISHED, Job, JobState
from portal.jobs.queue import send
from portal.jobs.tasks import task_of
from portal.ui.access import reader

SHOWN = 50
# htmx stops polling when it reads this status.
STOP_POLLING = 286


def visible(user: User) -> models.QuerySet[Job]:
    """One's own jobs; all of them for administrators. Housekeeping (pings) is nobody's to read."""
    jobs = Job.objects.exclude(kind="ping")
    return jobs if user.can(Action.ADMINISTER) else jobs.filter(requested_by=user)


def job_list(request: HttpRequest) -> HttpResponse:
    jobs = list(visible(reader(request)).order_by("-created_at", "id")[:SHOWN])
    alive = any(not job.is_finished for job in jobs)
    context = {"jobs": jobs, "alive": alive}
    if getattr(request, "htmx", False):
        return render(request, "portal/partials/_jobs.html", context, status=200 if alive else STOP_POLLING)
    return render(request, "portal/jobs.html", context)


def job_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = get_object_or_404(visible(reader(request)), pk=pk)
    context = {"job": job, "lines": job.lines.all()[:500], "has_file": bool(job.file)}
    if getattr(request, "htmx", False):
        status = STOP_POLLING if job.is_finished else 200
        return render(request, "portal/partials/_job.html", context, status=status)
    return render(request, "portal/job.html", context)


@require_POST
def job_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A waiting job ends now; a running one at its next step."""
    job = get_object_or_404(visible(reader(request)), pk=pk)
    if not visible(reader(request)).filter(pk=pk, state=JobState.QUEUED).update(state=JobState.CANCELED):
        Job.objects.filter(pk=pk).exclude(state__in=FINISHED).update(cancel_requested=True)
    messages.info(request, _("This work will stop."))
    return redirect("job", pk=job.pk)


@require_POST
def job_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a failed or canceled job run again, with the same parameters."""
    job = get_object_or_404(visible(reader(request)), pk=pk)
    again = visible(reader(request)).filter(Q(state=JobState.FAILED) | Q(state=JobState.CANCELED), pk=pk)
    if again.update(state=JobState.QUEUED, attempts=0, cancel_requested=False, error="", finished_at=None):
        send(task_of(job), job)
    return redirect("job", pk=job.pk)


def job_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file a job made."""
    job = get_object_or_404(visible(reader(request)), pk=pk)
    path = (Path(settings.MEDIA_ROOT) / job.file).resolve()
    if not job.file or not path.is_relative_to(Path(settings.MEDIA_ROOT).resolve()) or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
