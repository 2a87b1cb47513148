"""The pages of evidence: packs that were asked for, a new one, one with its progress, and the frameworks' duties."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.jobs.models import FINISHED
from portal.ui.access import require
from reports import pdf
from reports.actions.request_pack import request_pack
from reports.catalog import load_catalog
from reports.catalogs import CATALOGS, CONFIDENCES, PORTALS
from reports.forms import PackForm
from reports.models import EvidencePack

SHOWN = 50


def pack_list(request: HttpRequest) -> HttpResponse:
    """Every pack, the newest first."""
    user = require(request, Action.PACK)
    packs = EvidencePack.objects.restrict(user, Action.PACK).select_related("job").order_by("-requested_at", "id")
    page = Paginator(packs, SHOWN).get_page(request.GET.get("page"))
    return render(request, "reports/pack_list.html", {"page": page})


def pack_create(request: HttpRequest) -> HttpResponse:
    """Ask for a pack; a worker makes it."""
    user = require(request, Action.PACK)
    problem = pdf.why_not()
    if request.method != "POST":
        named = ("framework", "scope", "unit", "system", "period_from", "period_to")
        initial = {name: request.GET[name] for name in named if name in request.GET}
        return render(request, "reports/pack_form.html", {"form": PackForm(initial=initial), "problem": problem})
    form = PackForm(request.POST)
    if form.is_valid() and not problem:
        try:
            pack = request_pack(form.request(), user=user)
        except ValidationError as error:
            form.tell(error.message_dict)
        else:
            messages.success(request, _("%(reference)s is on its way.") % {"reference": pack.reference})
            return redirect("pack-detail", reference=pack.reference)
    return render(request, "reports/pack_form.html", {"form": form, "problem": problem}, status=422)


def pack_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """What a pack pins, its file, and how far its job is."""
    user = require(request, Action.PACK)
    pack = _pack(user, reference)
    job = pack.job if pack.job and (pack.job.requested_by_id == user.pk or user.can(Action.ADMINISTER)) else None
    context = {
        "pack": pack,
        "catalog": load_catalog(pack.framework),
        # Its own panel polls; a finished pack needs none.
        "job": job if job and (job.state not in FINISHED or not pack.pdf_sha256) else None,
        "lines": list(job.lines.all()[:500]) if job else [],
        "has_file": False,
    }
    return render(request, "reports/pack_detail.html", context)


def pack_file(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The PDF."""
    pack = _pack(require(request, Action.PACK), reference)
    path = (Path(settings.MEDIA_ROOT) / pack.pdf).resolve()
    if not pack.pdf or not path.is_relative_to(Path(settings.MEDIA_ROOT).resolve()) or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=pack.file_name, content_type="application/pdf")


def _pack(user: User, reference: str) -> EvidencePack:
    packs = EvidencePack.objects.restrict(user, Action.PACK).select_related("job")
    pack: EvidencePack | None = packs.filter(reference=reference).first()
    if pack is None:
        raise Http404
    return pack


def framework_list(request: HttpRequest) -> HttpResponse:
    """The frameworks that packs can be made for."""
    user = require(request, Action.VIEW)
    catalogs = [load_catalog(slug) for slug in CATALOGS]
    return render(request, "reports/framework_list.html", {"catalogs": catalogs, "can_pack": user.can(Action.PACK)})


def framework_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One framework, requirement by requirement, in our own words."""
    user = require(request, Action.VIEW)
    if slug not in CATALOGS:
        raise Http404
    catalog = load_catalog(slug)
    groups = [(group, [one for one in catalog.requirements if one.group == group.id]) for group in catalog.groups]
    context = {
        "catalog": catalog,
        "groups": groups,
        "portals": [(name.capitalize(), words) for name, words in PORTALS.items()],
        "confidences": CONFIDENCES,
        "can_pack": user.can(Action.PACK),
    }
    return render(request, "reports/framework_detail.html", context)
