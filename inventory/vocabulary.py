"""How the inventory's states look, added to the one vocabulary."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.ui.vocabulary import UNKNOWN, VOCABULARY, Status

VOCABULARY.update(
    {
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
