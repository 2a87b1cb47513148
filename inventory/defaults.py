"""What a new register starts with. Safe to run again: what is there already is left as it stands."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from inventory.models import OpeningBalance, RiskClass
from portal.history.context import acting

# The same everywhere, so that saved views can name a class.
RISK_CLASS_IDS: Final = {
    "prohibited": UUID("01990000-0000-7000-8000-000000000001"),
    "high": UUID("01990000-0000-7000-8000-000000000002"),
    "limited": UUID("01990000-0000-7000-8000-000000000003"),
    "minimal": UUID("01990000-0000-7000-8000-000000000004"),
}

# Stored text, in the language of the register, so that an organization can rewrite it: not translated.
RISK_CLASSES: Final[tuple[dict[str, Any], ...]] = (
    {
        "key": "prohibited",
        "name": "Prohibited",
        "order": 10,
        "meaning": (
            "A practice that Article 5 of the EU AI Act forbids, such as social scoring, manipulation that causes"
            " significant harm, exploiting vulnerabilities, untargeted scraping of facial images, or inferring"
            " emotions at work or in education outside medical and safety reasons. Narrow exceptions stand in the"
            " article itself. Such a system may not be placed on the market, put into service or used in the Union."
        ),
        "review_interval_days": None,
        "approvals": "None can be given. Stop it, or show in writing why Article 5 does not apply.",
        "assessments": "Legal opinion on Article 5.",
        "monitoring": "That it stays switched off.",
        "citation": "Regulation (EU) 2024/1689, Article 5",
    },
    {
        "key": "high",
        "name": "High",
        "order": 20,
        "meaning": (
            "A system that Article 6 of the EU AI Act classifies as high-risk: a safety component of, or itself, a"
            " product under the legislation of Annex I that needs a third-party conformity assessment (most medical"
            " device software among them), or a use that Annex III lists, such as employment, access to essential"
            " services, education or biometrics, unless Article 6(3) exempts it. A class of law, not a degree of"
            " likelihood."
        ),
        "review_interval_days": 180,
        "approvals": "Business owner, risk, privacy, security; clinical safety where care is affected.",
        "assessments": (
            "Risk assessment; data protection and fundamental-rights impact assessment where they apply; security"
            " risk analysis where health data is processed; local validation before use."
        ),
        "monitoring": "Performance and drift against the baseline, incidents, human oversight, logs kept.",
        "citation": "Regulation (EU) 2024/1689, Article 6, Annexes I and III",
    },
    {
        "key": "limited",
        "name": "Limited",
        "order": 30,
        "meaning": (
            "A system with duties of transparency under Article 50 of the EU AI Act: it talks with people, creates or"
            " manipulates image, sound, video or text, or recognizes emotions or categorizes by biometrics. “Limited"
            " risk” is the customary name; the regulation itself does not use it. A system can be high-risk and owe"
            " transparency at once; then it stands under High."
        ),
        "review_interval_days": 365,
        "approvals": "Business owner and privacy.",
        "assessments": "Short risk assessment; how and where people are told.",
        "monitoring": "That the notices are shown, complaints, incidents.",
        "citation": "Regulation (EU) 2024/1689, Article 50",
    },
    {
        "key": "minimal",
        "name": "Minimal",
        "order": 40,
        "meaning": (
            "Everything else. “Minimal risk” is the customary name; the EU AI Act sets no requirements of its own for"
            " such systems beyond AI literacy (Article 4). Other law, such as data protection and HIPAA, applies all"
            " the same."
        ),
        "review_interval_days": 730,
        "approvals": "Business owner.",
        "assessments": "Confirmation of the classification.",
        "monitoring": "Whether its use changes; incidents.",
        "citation": "Regulation (EU) 2024/1689, recital 165 and Article 4",
    },
)


def ensure_risk_classes() -> int:
    """Create those of the four risk classes that are missing, and say how many that were. Somebody must be acting."""
    known = set(RiskClass.objects.values_list("key", flat=True))
    missing = [
        RiskClass(id=RISK_CLASS_IDS[values["key"]], **values) for values in RISK_CLASSES if values["key"] not in known
    ]
    if missing:
        with acting(reason="Risk classes of a new register"):
            RiskClass.objects.bulk_create(missing)
    return len(missing)


def ensure_opening() -> OpeningBalance:
    """The opening balance; begun today where there is none yet. Somebody must be acting."""
    opening = OpeningBalance.objects.first()
    if opening is None:
        with acting(reason="The register is opened"):
            opening = OpeningBalance.objects.create()
    return opening
