"""The one vocabulary of states: which icon, word and tone each state has, on every page.

A state is always an icon and a word; the tone colors them. Floors above add kinds of their own with
``VOCABULARY.update(...)`` in ``AppConfig.ready``.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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
    # Life cycle: neutral, for no stage is better than another.
    ("stage", "planning"): Status("bulb", _("Planning")),
    ("stage", "development"): Status("hammer", _("Development")),
    ("stage", "deployment"): Status("rocket", _("Deployment")),
    ("stage", "monitoring"): Status("activity", _("Monitoring")),
    ("stage", "optimization"): Status("adjustments-horizontal", _("Optimization")),
    ("stage", "retirement"): Status("archive", _("Retirement")),
    ("risk", "prohibited"): Status("ban", _("Prohibited"), "bad", loud=True, long=_("Prohibited practice")),
    ("risk", "high"): Status("alert-triangle", _("High"), "bad", long=_("High risk")),
    ("risk", "limited"): Status("alert-circle", _("Limited"), "warn", long=_("Limited risk")),
    ("risk", "minimal"): Status("circle", _("Minimal"), long=_("Minimal risk")),
    ("risk", "none"): Status("circle-dashed", _("Not classified")),
    ("approval", "valid"): Status("circle-check", _("Valid"), "ok", long=_("Approval valid")),
    ("approval", "waiting"): Status("clock", _("Waiting"), "acc", long=_("Waiting for approval")),
    ("approval", "conditions"): Status("clipboard-check", _("Conditions open"), "warn"),
    ("approval", "stale"): Status("refresh-alert", _("Stale"), "warn", loud=True, long=_("Approval stale")),
    ("approval", "expired"): Status("circle-x", _("Expired"), "bad", loud=True, long=_("Approval expired")),
    ("approval", "rejected"): Status("circle-x", _("Rejected"), "bad", long=_("Approval rejected")),
    ("approval", "declared"): Status("book-2", _("Declared at opening")),
    ("approval", "none"): Status("circle-dashed", pgettext_lazy("approval", "None"), long=_("No approval")),
    ("evidence", "complete"): Status("circle-check", _("Complete"), "ok"),
    ("evidence", "partial"): Status("circle-half", _("Partial"), "warn"),
    ("evidence", "none"): Status("circle-x", pgettext_lazy("evidence", "None"), "bad", long=_("No evidence")),
    ("evidence", "external"): Status("external-link", _("External"), long=_("Held outside the register")),
    ("evidence", "outside"): Status("circle-dashed", _("Outside"), long=_("A register cannot show it")),
    # An answer is neither good nor bad; only the missing one looks different.
    ("tristate", "yes"): Status("check", _("Yes")),
    ("tristate", "no"): Status("minus", _("No")),
    ("tristate", "unknown"): UNKNOWN,
    ("job", "queued"): Status("clock", _("Queued")),
    ("job", "running"): Status("progress", _("Running"), "acc"),
    ("job", "succeeded"): Status("circle-check", _("Done"), "ok"),
    ("job", "failed"): Status("circle-x", _("Failed"), "bad", loud=True),
    ("job", "canceled"): Status("ban", _("Canceled")),
    ("applicability", "applies"): Status("circle-dot", _("Applies"), "acc"),
    ("applicability", "later"): Status("calendar-time", _("Applies later")),
    ("applicability", "disputed"): Status("scale", _("Disputed"), "warn"),
    ("applicability", "not_our_role"): Status("user-off", _("Not our role")),
    ("applicability", "not_applicable"): Status("minus", _("Does not apply")),
    ("applicability", "unknown"): Status("circle-dashed", _("Not decided")),
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
