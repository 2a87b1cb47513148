"""How long a new register keeps what, by law. Safe to run again: a rule that is there is left as it stands.

The rules and what is doubtful in them come from the project's collection of facts about the law (EUAIA-18, EUAIA-19,
EUAIA-26-6, HIPAA-164.316(b)(2)(i)), each of which was read against its source with high confidence. What the rules are
applied to is our reading, and marked as such.
"""

from __future__ import annotations

from typing import Any, Final

from portal.history.context import acting
from portal.retention.models import AppliesTo, Confidence, CountsFrom, RetentionRule

_FROM: Final = (
    "Applies from 2 December 2027 for high-risk systems of Annex III and from 2 August 2028 for those of Annex I, as"
    " Regulation (EU) 2026/1744 moved it."
)

# Stored text, in the language of the register, so that an organization can rewrite it: not translated.
RULES: Final[tuple[dict[str, Any], ...]] = (
    {
        "key": "eu-ai-act-systems",
        "name": "EU AI Act: technical documentation of a system",
        "applies_to": AppliesTo.REGISTERS,
        "registers": ["ai-systems"],
        "months": 120,
        "counts_from": CountsFrom.FIELD,
        "date_field": "live_on",
        "ground": (
            "Providers of high-risk systems keep technical documentation, documentation of the quality management"
            " system, decisions of notified bodies and the EU declaration at the disposal of authorities for 10 years"
            " after the system was placed on the market or put into service."
        ),
        "citation": "Regulation (EU) 2024/1689, Article 18(1)",
        "confidence": Confidence.HIGH,
        "doubts": (
            f"{_FROM} It binds providers; whoever only deploys a system may shorten it. Counted from the day a system"
            " went live; the day of placing it on the market may be another one. Whether an entry of this register is"
            " technical documentation is our reading."
        ),
    },
    {
        "key": "eu-ai-act-versions",
        "name": "EU AI Act: technical documentation of a version or its use",
        "applies_to": AppliesTo.REGISTERS,
        "registers": ["system-versions", "system-uses", "system-tools"],
        "months": 120,
        "counts_from": CountsFrom.FIELD,
        "date_field": "system.live_on",
        "ground": "As for the system that it belongs to.",
        "citation": "Regulation (EU) 2024/1689, Article 18(1)",
        "confidence": Confidence.MEDIUM,
        "doubts": f"{_FROM} Counted from the day the system went live, whichever version that was.",
    },
    {
        "key": "eu-ai-act-documents",
        "name": "EU AI Act: documents",
        "applies_to": AppliesTo.REGISTERS,
        "registers": ["documents", "ai-models", "model-versions", "version-models", "data-sources", "data-flows"],
        "months": 120,
        "counts_from": CountsFrom.FIELD,
        "date_field": "",
        "ground": "They may be part of the technical documentation of a system.",
        "citation": "Regulation (EU) 2024/1689, Articles 11 and 18(1), Annex IV",
        "confidence": Confidence.MEDIUM,
        "doubts": (
            f"{_FROM} These records do not say when the systems that they document were placed on the market, so the"
            " period has no beginning and nothing of them is pruned. An administrator who knows may name a date."
        ),
    },
    {
        "key": "eu-ai-act-logs",
        "name": "EU AI Act: automatically generated logs",
        "applies_to": AppliesTo.OUTSIDE,
        "months": 6,
        "counts_from": CountsFrom.RECORDED,
        "ground": (
            "Providers and deployers of high-risk systems keep the logs that these generate, as far as they control"
            " them, for a time that fits the intended purpose: at least six months, unless other law says otherwise."
        ),
        "citation": "Regulation (EU) 2024/1689, Articles 19(1) and 26(6)",
        "confidence": Confidence.HIGH,
        "doubts": (
            f"{_FROM} Those logs are kept where the systems run, not here; this is what to ask of them. Financial"
            " institutions keep them with their documentation under financial services law."
        ),
    },
    {
        "key": "hipaa-documentation",
        "name": "HIPAA: documentation",
        "applies_to": AppliesTo.ALL,
        "months": 72,
        "counts_from": CountsFrom.REPLACED,
        "ground": (
            "Policies, procedures and the records of actions, activities and assessments that the Security Rule wants"
            " documented are kept 6 years from their creation or the date they were last in effect, whichever is later."
        ),
        "citation": "45 CFR 164.316(b)(2)(i)",
        "confidence": Confidence.HIGH,
        "doubts": (
            "It binds covered entities and business associates. Which registers document something that HIPAA asks for"
            " depends on the organization; applied to all of them, to be safe. Medical records have periods of their"
            " own under state law."
        ),
    },
)


def ensure_retention_rules() -> int:
    """Create those of the rules that are missing, and say how many that were. Somebody must be acting."""
    known = set(RetentionRule.objects.values_list("key", flat=True))
    missing = [RetentionRule(**values) for values in RULES if values["key"] not in known]
    if missing:
        with acting(reason="Retention rules of a new register"):
            RetentionRule.objects.bulk_create(missing)
    return len(missing)
