"""The one vocabulary of states: which icon, word and tone each state has, on every page.

A state is always an icon and a word; the tone colors them. Floors above add kinds of their own with
``VOCABULARY.update(...)`` in ``AppConfig.ready``.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Tone: TypeAlias = Literal["", "ok", "warn", "bad", "acc"]
Word: TypeAlias = str | Promise


@dataclass(frozen=True, slots=True)
class Status:
    """How one state looks.

    ``icon`` is a symbol of static/muster/icons.svg. ``loud`` colors the word too, in tables: for what needs
    action. ``long`` is the word where no column head explains it: page heads and phones.
    """

    icon: str
    label: Word
    tone: Tone = ""
    loud: bool = False
    long: Word = ""


UNKNOWN = Status("circle-dashed", _("Unknown"))

VOCABULARY: dict[tuple[str, str], Status] = {
    # An answer is neither good nor bad; only the missing one looks different.
    ("tristate", "yes"): Status("check", _("Yes")),
    ("tristate", "no"): Status("minus", _("No")),
    ("tristate", "unknown"): UNKNOWN,
    ("job", "queued"): Status("clock", _("Queued")),
    ("job", "running"): Status("progress", _("Running"), "acc"),
    ("job", "succeeded"): Status("circle-check", _("Done"), "ok"),
    ("job", "failed"): Status("circle-x", _("Failed"), "bad", loud=True),
    ("job", "canceled"): Status("ban", _("Canceled")),
    ("message", "debug"): Status("tool", _("Note")),
    ("message", "info"): Status("info-circle", _("Note"), "acc"),
    ("message", "success"): Status("circle-check", _("Done"), "ok"),
    ("message", "warning"): Status("alert-circle", _("Warning"), "warn"),
    ("message", "error"): Status("alert-triangle", _("Error"), "bad"),
}

_TRISTATE = {True: "yes", False: "no", None: "unknown"}


def status_of(kind: str, value: object) -> Status:
    """The status of ``value``: a choice, its string, or a yes/no/unknown as ``bool | None``.

    A value that the table does not know keeps its own word, without a tone: a page never fails for a word.
    """
    if value is None or isinstance(value, bool):
        key = _TRISTATE[value] if kind == "tristate" else "none"
    else:
        key = str(value)
    known = VOCABULARY.get((kind, key))
    if known is not None:
        return known
    if not key or key == "none":
        return VOCABULARY.get((kind, "unknown"), UNKNOWN)
    return Status("circle", key.replace("_", " ").capitalize())
