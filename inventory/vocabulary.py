"""How the inventory's states look, added to the one vocabulary."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.ui.vocabulary import UNKNOWN, VOCABULARY, Status

VOCABULARY.update(
    {
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
        ("tool", "approved"): Status("circle-check", _("Approved"), "ok"),
        ("tool", "restricted"): Status("alert-circle", _("Restricted"), "warn"),
        ("tool", "prohibited"): Status("ban", _("Prohibited"), "bad", loud=True),
        ("tool", "under_review"): Status("clock", _("Under review"), "acc"),
        ("opinion", "unqualified"): Status("circle-check", _("Unqualified"), "ok"),
        ("opinion", "certified"): Status("certificate", _("Certificate issued"), "ok"),
        ("opinion", "qualified"): Status("alert-circle", _("Qualified"), "warn"),
        ("opinion", "adverse"): Status("circle-x", _("Adverse"), "bad", loud=True),
        ("opinion", "disclaimer"): Status("circle-x", _("Disclaimer of opinion"), "bad"),
        ("opinion", "none"): Status("minus", _("No opinion")),
        ("opinion", "unknown"): UNKNOWN,
        ("regulated", "not_regulated"): Status("minus", _("Not regulated")),
        ("regulated", "assessment"): Status("clock", _("Under assessment"), "acc"),
        ("regulated", "authorized"): Status("circle-check", _("Cleared, approved or CE-marked"), "ok"),
        ("regulated", "expired"): Status("circle-x", _("Expired or withdrawn"), "bad", loud=True),
        ("regulated", "unknown"): UNKNOWN,
    }
)
