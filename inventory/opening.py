"""By when what was declared at opening has to go through its gates: the riskier, the sooner."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from inventory.defaults import RISK_CLASS_IDS

# Days from the opening, by risk class. What nobody has classified, and a class of one's own, waits like limited risk.
DAYS: Final = {
    RISK_CLASS_IDS["prohibited"]: 30,
    RISK_CLASS_IDS["high"]: 90,
    RISK_CLASS_IDS["limited"]: 180,
    RISK_CLASS_IDS["minimal"]: 365,
}
OTHERWISE: Final = 180


def regularize_by(risk_class: UUID | None, opened_on: date) -> date:
    """The day until which a system of that risk class has to be regularized. Makes no query."""
    return opened_on + timedelta(days=DAYS.get(risk_class, OTHERWISE) if risk_class else OTHERWISE)
