"""The proof of one change as a small file of its own, for docs/check_proof.py; and who may have it."""

from __future__ import annotations

import base64
from typing import Any, Final

from django.db import connection, models

from portal.access.models import User
from portal.access.roles import Role
from portal.database import governed_models
from portal.history.feed import reach
from portal.ledger.models import Checkpoint, LedgerEntry, LedgerPayload
from portal.ledger.notes import CheckpointBody, split
from portal.ledger.tiles import Tiles
from portal.records.models import ExternalId
from portal.records.register import get_register, register_of

FORMAT: Final = "muster-proof"
VERSION: Final = 1
# Stands for the salt and the payload of an entry of which only the hash is left. It is not base64 by its length.
ERASED: Final = "erased"
# Who may see changes of what belongs to no register: people, roles, tokens, imports.
_SEES_ALL = {Role.ADMINISTRATOR, Role.AUDITOR}


def proof_of(entry: LedgerEntry, index: int, checkpoint: Checkpoint) -> dict[str, Any]:
    """The proof that the entry at `index` is in the log of that checkpoint, ready for JSON. Bytes are base64."""
    said = CheckpointBody.parse(split(checkpoint.note)[0])
    recorded = LedgerPayload.objects.filter(entry=entry).first()
    return {
        "format": FORMAT,
        "version": VERSION,
        "origin": said.origin,
        "checkpoint": checkpoint.note,
        "index": index,
        "size": said.size,
        "proof": [_b64(one) for one in Tiles(said.size).inclusion(index)],
        "header": _b64(entry.header),
        "salt": _b64(recorded.salt) if recorded else ERASED,
        "payload": _b64(recorded.payload) if recorded else ERASED,
        "leaf": _b64(entry.leaf),
    }


def is_visible(entry: LedgerEntry, user: User) -> bool:
    """Whether a person may see what the entry recorded: as far as today's rights on its record go."""
    if _SEES_ALL & user.roles:
        return True
    model = next((m for m in governed_models() if m._meta.db_table == entry.table_name), None)
    if model is None:
        return False
    if model is ExternalId:
        return _is_name_of_visible(entry, user)
    return register_of(model) is not None and _may_see(model, entry.record, user)


def _is_name_of_visible(entry: LedgerEntry, user: User) -> bool:
    """What another system calls a record is shown with that record."""
    row = ExternalId.history.filter(history_id=entry.pk).first()
    if row is None:
        return False
    try:
        model = get_register(row.register).model
    except KeyError:
        return False
    return _may_see(model, str(row.record_id), user)


def _may_see(model: type[models.Model], record: str, user: User) -> bool:
    """Whether the record is within reach, deleted or not: the rule of every timeline, for one key."""
    allowed = reach(model, user)
    if allowed is None or not allowed.sql:
        return allowed is not None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT FROM (SELECT %s::uuid AS id) h WHERE {allowed.sql}", [record, *allowed.params])
        return cursor.fetchone() is not None


def _b64(data: bytes | memoryview) -> str:
    return base64.b64encode(bytes(data)).decode()
