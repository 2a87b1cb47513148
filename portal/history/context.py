"""Who changes what, from where and why: `acting(...)`, without which the database refuses every change.

The facts travel as transaction-local settings, which the history triggers read. They die with the
transaction (or with the savepoint that set them), so they can never leak into somebody else's change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import connection, transaction


class Source(StrEnum):
    """The door a change came through."""

    UI = "ui"
    API = "api"
    IMPORT = "import"
    JOB = "job"
    CONNECTOR = "connector"
    SHELL = "shell"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `key` is a user's id or a service's name; `name` is text, so it outlives the account."""

    key: str
    name: str
    source: Source
    request_id: str = ""
    reason: str = ""


class NoActorError(RuntimeError):
    """A change was about to be written and nobody stands for it."""


_current: ContextVar[Actor | None] = ContextVar("muster_actor", default=None)

_SET = (
    "SELECT set_config('muster.actor', %s, true), set_config('muster.actor_name', %s, true),"
    " set_config('muster.source', %s, true), set_config('muster.request', %s, true),"
    " set_config('muster.reason', %s, true)"
)


def current_actor() -> Actor | None:
    """The actor of the request, task or command that is under way, if one was announced."""
    return _current.get()


@contextmanager
def announced(actor: Actor) -> Iterator[Actor]:
    """Name the actor for what follows, without touching the database (middleware, task base class)."""
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)


def _tell(actor: Actor | None) -> None:
    values = (actor.key, actor.name, actor.source, actor.request_id, actor.reason) if actor else ("",) * 5
    with connection.cursor() as cursor:
        cursor.execute(_SET, [str(value) for value in values])


@contextmanager
def acting(actor: Actor | None = None, *, reason: str | None = None) -> Iterator[Actor]:
    """One transaction (or savepoint) in which `actor` changes records.

    Without `actor` the announced one acts; `reason` replaces the actor's. Raises NoActorError when there is none.
    """
    outer = _current.get()
    actor = actor or outer
    if actor is None:
        raise NoActorError("Wrap the change in acting(Actor(...)): nothing is changed without somebody who did it.")
    if reason is not None:
        actor = replace(actor, reason=reason)
    with transaction.atomic():
        inherited = _inside.get()
        _tell(actor)
        token, inside = _current.set(actor), _inside.set(actor)
        try:
            yield actor
        finally:
            _current.reset(token)
            _inside.reset(inside)
        # Only reached without an error: a failed block is rolled back, and its settings with it.
        if connection.in_atomic_block and not connection.needs_rollback:
            _tell(inherited)


_inside: ContextVar[Actor | None] = ContextVar("muster_acting", default=None)
