"""What the log shows to anybody: checkpoints, keys and hashes. To who may see a change, the proof that it is logged.

Tiles and checkpoints say how many changes there are and nothing of what they are: each hash is salted.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.ledger.models import Anchor, AnchorKind, Checkpoint, LedgerEntry, LedgerKey, LedgerLeaf
from portal.ledger.proofs import is_visible, proof_of
from portal.ledger.tiles import TileMissingError, read_tile
from portal.ledger.tree import HEIGHT, WIDTH, tile_path
from portal.ui.access import reader

TEXT = "text/plain; charset=utf-8"
NO_STORE = "no-store"
FOR_EVER = "public, max-age=31536000, immutable"
_LISTED = 1000  # time stamps, newest first
_LEVELS = 64
_PLACE = re.compile(r"(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?", re.ASCII)


def _text(text: str) -> HttpResponse:
    return HttpResponse(text, content_type=TEXT, headers={"Cache-Control": NO_STORE})


def _checkpoint(**where: Any) -> Checkpoint:
    """The newest checkpoint, or the newest of a size: a new key signs the same size again. Raises Http404."""
    found = Checkpoint.objects.filter(**where).order_by("-id").first()
    if found is None:
        raise Http404
    return found


@login_not_required
@require_safe
def latest_checkpoint(_request: HttpRequest) -> HttpResponse:
    """The signed note of the log as it stands."""
    return _text(_checkpoint().note)


@login_not_required
@require_safe
def checkpoint_at(_request: HttpRequest, size: int) -> HttpResponse:
    """The signed note of the log as it stood at `size` entries."""
    return _text(_checkpoint(size=size).note)


@login_not_required
@require_safe
def time_stamps(_request: HttpRequest) -> HttpResponse:
    """Which checkpoints a time-stamp authority has attested: a line for each with its size and when it was asked."""
    found = Anchor.objects.filter(kind=AnchorKind.TIMESTAMP, error="").order_by("-id")[:_LISTED]
    rows = found.values_list("checkpoint__size", "at")
    return _text("".join(f"{size} {at.isoformat(timespec='seconds')}\n" for size, at in rows))


@login_not_required
@require_safe
def time_stamp(_request: HttpRequest, size: int) -> HttpResponse:
    """The authority's answer (RFC 3161, DER) for the bytes of `checkpoint/<size>`."""
    anchors = Anchor.objects.filter(kind=AnchorKind.TIMESTAMP, error="", checkpoint=_checkpoint(size=size))
    first = anchors.order_by("id").first()
    if first is None:
        raise Http404
    return HttpResponse(bytes(first.receipt), content_type="application/timestamp-reply")


@login_not_required
@require_safe
def keys(_request: HttpRequest) -> HttpResponse:
    """Every key that ever signed, oldest first: their verifier keys a line each, then the notes that introduce them."""
    rows = list(LedgerKey.objects.order_by("id"))
    return _text("\n".join(["".join(f"{row.verifier}\n" for row in rows), *(row.statement for row in rows)]))


@login_not_required
@require_safe
def tile(_request: HttpRequest, level: str, place: str) -> HttpResponse:
    """A tile of hashes, full or partial, as far as a checkpoint vouches for it."""
    match = _PLACE.fullmatch(place)
    if match is None or not (level.isascii() and level.isdigit()) or int(level) >= _LEVELS:
        raise Http404
    number = int(match["number"].replace("x", "").replace("/", ""))
    width = int(match["width"] or WIDTH)
    # One address for each tile: no zeros in front, and the full width is not written.
    if f"tile/{level}/{place}" != tile_path(int(level), number, width) or not 1 <= width <= WIDTH:
        raise Http404
    if number * WIDTH + width > _checkpoint().size >> HEIGHT * int(level):
        raise Http404
    try:
        hashes = read_tile(int(level), number, width)
    except TileMissingError as error:
        raise Http404 from error
    return HttpResponse(hashes, content_type="application/octet-stream", headers={"Cache-Control": FOR_EVER})


@require_safe
def proof(request: HttpRequest, entry: int) -> HttpResponse:
    """The proof that a change is in the log, in the newest checkpoint or that of `?size=`.

    404 where the reader may not see what was changed, 409 where the log has not come to it yet.
    """
    user = reader(request)
    found = LedgerEntry.objects.filter(pk=entry).first()
    if found is None or not is_visible(found, user):
        raise Http404
    leaf = LedgerLeaf.objects.filter(entry=found).first()
    size = request.GET.get("size", "")
    if size and not (size.isascii() and size.isdigit()):
        raise Http404
    at = _checkpoint(size=int(size)) if size else Checkpoint.objects.order_by("-id").first()
    if leaf is None or at is None or at.size <= leaf.index:
        if size and leaf is not None:
            return _not_in_it(_("That checkpoint is older than this change."))
        return _not_in_it(_("This change gets its place in the signed log within a minute. Try again then."), retry=10)
    answer = JsonResponse(proof_of(found, leaf.index, at), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="muster-proof-{entry}.json"'
    answer["Cache-Control"] = NO_STORE
    return answer


def _not_in_it(sentence: str, *, retry: int = 0) -> HttpResponse:
    """409 and why; `retry` is in seconds."""
    answer = HttpResponse(f"{sentence}\n", content_type=TEXT, status=HTTPStatus.CONFLICT)
    answer["Cache-Control"] = NO_STORE
    if retry:
        answer["Retry-After"] = str(retry)
    return answer
