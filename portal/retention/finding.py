"""Where the personal data of one person stands: live rows and history, by table and column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import connection, models

from portal.access.models import User
from portal.database import governed_models
from portal.history.sql import GovernedTable
from portal.retention.personal import ERASED, PersonalData, declared, searched_models, text_columns

# A text that is looked for among other words: shorter ones would be found in half of them.
SHORTEST: Final = 4
ACTOR: Final = "history_user_name"
REASON: Final = "history_change_reason"
_USERNAME_GONE: Final = "erased-"


class SubjectError(ValueError):
    """Nobody, or more than one, is meant."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data: an account, texts, or both.

    `as_actor`: also where it says who did something. `in_text`: also among other words, in any text.
    """

    person: User | None = None
    texts: tuple[str, ...] = ()
    as_actor: bool = False
    in_text: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """Every text by which the person is found outside the account's own row."""
        return tuple(dict.fromkeys([*self.texts, *(_names_of(self.person) if self.person else ())]))


def _names_of(person: User) -> list[str]:
    """Names and addresses that the account has or ever had; not its user name, which may be any word."""
    history: Any = User.history
    rows = [(person.full_name, person.email), *history.filter(id=person.pk).values_list("full_name", "email")]
    return [text for text in dict.fromkeys(t for row in rows for t in row) if text and text != ERASED]


def check(subject: Subject) -> None:
    """Raise SubjectError where the search could mean somebody else."""
    if not subject.person and not subject.texts:
        raise SubjectError("Say whose data: a person with an account, or an exact text.")
    for text in subject.texts:
        if len(text.strip()) < SHORTEST:
            raise SubjectError(f"“{text}” is too short to be looked for: give at least {SHORTEST} characters.")
    lowered = [text.lower() for text in subject.texts]
    for one in User.objects.all():
        if subject.person is not None and one.pk == subject.person.pk:
            continue
        if {one.username.lower(), one.full_name.lower(), one.email.lower()} & set(lowered):
            raise SubjectError(f"“{one.full_name}” has an account, {one.username}. Erase that by its user name.")


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL over rows called `r`, with its parameters."""

    text: str
    params: tuple[Any, ...] = ()


@dataclass(slots=True)
class Portion:
    """One column of one table: the rows that hold the data, and how it goes. `entries` and `live` are keys."""

    model: type[models.Model]
    column: str
    where: Sql
    inside: bool = False
    also: dict[str, Any] = field(default_factory=dict)
    live: list[str] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    records: list[str] = field(default_factory=list)

    @property
    def of_history(self) -> bool:
        """Whether only history has the column: who did it, and why."""
        return self.column in {ACTOR, REASON}

    def find(self, *, live: bool) -> None:
        """Look for the rows: of the table, if `live`, and of its history."""
        model: Any = self.model
        with connection.cursor() as cursor:
            if live and not self.of_history:
                table, pk = _q(model._meta.db_table), _q(model._meta.pk.column)
                cursor.execute(f"SELECT r.{pk}::text FROM public.{table} r WHERE {self.where.text}", self.where.params)  # noqa: S608
                self.live = [key for (key,) in cursor.fetchall()]
            if hasattr(model, "history"):
                history, pk = _q(model.history.model._meta.db_table), _q(model._meta.pk.column)
                cursor.execute(
                    f"SELECT r.history_id, r.{pk}::text FROM public.{history} r WHERE {self.where.text}"  # noqa: S608
                    " ORDER BY r.history_id",
                    self.where.params,
                )
                rows = cursor.fetchall()
                self.entries = [entry for entry, _record in rows]
                self.records = list(dict.fromkeys(record for _entry, record in rows))


def portions(subject: Subject) -> list[Portion]:
    """Every column in which the data may stand, looked up."""
    found = list(_portions(subject))
    for one in found:
        one.find(live=True)
    return [one for one in found if one.live or one.entries]


def mentions(subject: Subject) -> list[Portion]:
    """Where the texts stand among other words that are not erased without `in_text`."""
    if subject.in_text or not subject.terms:
        return []
    narrow = {(one.model, one.column): one for one in portions(subject)}
    found = portions(replace(subject, in_text=True))
    for one in found:
        less = narrow.get((one.model, one.column))
        if less is not None:
            one.live = [key for key in one.live if key not in less.live]
            one.entries = [entry for entry in one.entries if entry not in less.entries]
    return [one for one in found if one.live or one.entries]


def _portions(subject: Subject) -> Iterator[Portion]:
    governed = set(governed_models())
    for model in searched_models():
        taken: set[str] = set()
        for data in declared(model):
            if data.as_actor and not subject.as_actor:
                taken |= {str(model._meta.get_field(name).column) for name in data.names}  # type: ignore[union-attr]  # a column
                continue
            for portion in _of_declaration(model, data, subject):
                taken.add(portion.column)
                yield portion
        if subject.in_text and subject.terms:
            for column in text_columns(model):
                if column not in taken and model is not User:
                    yield Portion(model, column, _inside(model, column, subject.terms), inside=True)
            if model in governed:
                yield Portion(model, REASON, _inside(model, REASON, subject.terms), inside=True)
        if subject.as_actor and model in governed:
            yield Portion(model, ACTOR, _as_actor(subject))


def _of_declaration(model: type[models.Model], data: PersonalData, subject: Subject) -> Iterator[Portion]:
    mine = _is_of_person(model, data, subject)
    # An account is found by its key alone: two people may have one name.
    names = () if model is User else tuple(n for n in data.names if subject.terms)
    # In a name's own field the whole of it goes, also where a title or a second name stands beside it.
    match = _inside_of(model) if subject.in_text else _is_called
    called = {name: match(_column(model, name), subject.terms) for name in names}
    for name in data.names:
        column = _column(model, name)
        own = [Sql(f"({mine.text} AND {_is_there(column)})", mine.params)] if mine else []
        matches = [*own, *([called[name]] if name in called else [])]
        if matches:
            yield Portion(model, column, _any(matches), also=dict(data.also))
    for name in data.about:
        column = _column(model, name)
        whose = [*([mine] if mine else []), *called.values()]
        if whose:
            one = _any(whose)
            yield Portion(model, column, Sql(f"({one.text} AND {_is_there(column)})", one.params))
    for name in data.texts:
        if subject.terms:
            column = _column(model, name)
            yield Portion(model, column, _inside(model, column, subject.terms), inside=True)


def _is_of_person(model: type[models.Model], data: PersonalData, subject: Subject) -> Sql | None:
    if subject.person is None or not data.person:
        return None
    return Sql(f"r.{_q(_column(model, data.person))} = %s", (subject.person.pk,))


def _is_there(column: str) -> str:
    name = f"r.{_q(column)}::text"
    return f"coalesce({name}, '') NOT IN ('', '{ERASED}') AND {name} NOT LIKE '{_USERNAME_GONE}%%'"


def _is_called(column: str, terms: Iterable[str]) -> Sql:
    return Sql(f"lower(r.{_q(column)}) = ANY(%s)", ([term.lower() for term in terms],))


def _inside(model: type[models.Model], column: str, terms: Iterable[str]) -> Sql:
    """Where one of the terms stands in the column, in the way its type writes it."""
    words = [term.lower() for term in terms]
    if column != REASON and _is_json(model, column):
        words = [json.dumps(word, ensure_ascii=False)[1:-1] for word in words]
        text = f"r.{_q(column)}::text"
    else:
        text = f"r.{_q(column)}::text" if not _is_list(model, column) else f"array_to_string(r.{_q(column)}, chr(10))"
    return Sql(f"EXISTS (SELECT FROM unnest(%s::text[]) w WHERE position(w IN lower({text})) > 0)", (words,))


def _inside_of(model: type[models.Model]) -> Callable[[str, Iterable[str]], Sql]:
    return lambda column, terms: _inside(model, column, terms)


def _as_actor(subject: Subject) -> Sql:
    matches = [_is_called(ACTOR, subject.terms)] if subject.texts else []
    if subject.person is not None:
        matches.append(Sql(f"(r.history_user_id = %s AND {_is_there(ACTOR)})", (str(subject.person.pk),)))
    return _any(matches)


def _any(conditions: list[Sql]) -> Sql:
    return Sql("(" + " OR ".join(c.text for c in conditions) + ")", tuple(p for c in conditions for p in c.params))


def _column(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]  # a column


def _field(model: type[models.Model], column: str) -> Any:
    return next((f for f in model._meta.concrete_fields if f.column == column), None)


def _is_json(model: type[models.Model], column: str) -> bool:
    return isinstance(_field(model, column), models.JSONField)


def _is_list(model: type[models.Model], column: str) -> bool:
    return hasattr(_field(model, column), "base_field")


def live_value(model: type[models.Model], column: str, *, inside: bool) -> str:
    """The SQL expression that stands in a live row's column afterwards; `%s` stands for the terms where `inside`."""
    one, name = _field(model, column), f"r.{_q(column)}"
    if inside:
        if _is_json(model, column):
            return f"muster.without({name}::text, %s, true)::jsonb"
        if _is_list(model, column):
            return f"ARRAY(SELECT muster.without(x, %s, false) FROM unnest({name}) x)::{one.db_type(connection)}"  # noqa: S608
        text = f"muster.without({name}, %s, false)"
        return f"left({text}, {one.max_length})" if one.max_length else text
    if one.unique:
        pk = _q(str(model._meta.pk.column))
        return f"'{_USERNAME_GONE}' || right(replace(r.{pk}::text, '-', ''), 12)"
    has_form = isinstance(one, models.EmailField | models.URLField | models.SlugField)
    fits = one.max_length is None or one.max_length >= len(ERASED)
    return "''" if (has_form and one.blank) or not fits else f"'{ERASED}'"


def work_for(found: Iterable[Portion]) -> list[dict[str, Any]]:
    """What muster.erase_entries is asked to do: columns with the same rows together."""
    grouped: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in found:
        if not one.entries:
            continue
        model: Any = one.model
        table = GovernedTable.of(model, model.history.model)
        item = grouped.setdefault(
            (table.table, one.inside, tuple(one.entries)),
            {
                "table": table.table,
                "history": table.history,
                "pk": table.pk,
                "columns": [],
                "inside": one.inside,
                "entries": one.entries,
            },
        )
        item["columns"].append(one.column)
    return list(grouped.values())


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
