"""Which fields hold personal data: declared on the model they belong to, in one word.

class RoleAssignment(Record):
    personal_fields = (PersonalData(names=("person_name",), about=("competence",), person="person"),)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.db import models

from portal.database import add_only_models, append_only_models, governed_models

# What stands where something was erased; the SQL functions say the same.
ERASED: Final = "[erased]"


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Fields of one row that say something of one person.

    `names` hold what somebody is called and are found by exact text, `about` goes along with them, and in `texts` a
    name may stand among other words. `person` is the field that points at the account. `as_actor` is for names of who
    did something: like the actor's in history, they stay unless that is asked for. `also` is set with the live row.
    """

    names: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    person: str = ""
    as_actor: bool = False
    also: Mapping[str, Any] = field(default_factory=dict)


def declared(model: type[models.Model]) -> tuple[PersonalData, ...]:
    """What a model says of the personal data in it; nothing for most."""
    return tuple(getattr(model, "personal_fields", ()))


def searched_models() -> list[type[models.Model]]:
    """Every table of ours in which personal data may stand and that may be changed: governed ones and jobs."""
    closed = {*append_only_models(), *add_only_models()}
    ours = {model._meta.app_label for model in governed_models()}
    # Who erased what, and on what ground, is never erased itself.
    return [m for m in apps.get_models() if m._meta.app_label in ours and m not in closed and not _is_record_of(m)]


def _is_record_of(model: type[models.Model]) -> bool:
    return bool(getattr(model, "never_erased", False))


def text_columns(model: type[models.Model]) -> list[str]:
    """The columns in which a name may stand among other words: text, lists of it, JSON. No secrets, no choices."""
    found = []
    for one in model._meta.concrete_fields:
        plain = getattr(one, "base_field", one)
        is_text = isinstance(plain, models.CharField | models.TextField | models.JSONField)
        if is_text and not one.choices and not one.primary_key and one.name not in {"password", "digest", "reference"}:
            found.append(str(one.column))
    return found
