"""The opening balance: what was live before is declared, and once it is closed only gates write stage and class."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from inventory.actions.close_opening import close_opening
from inventory.defaults import RISK_CLASS_IDS, ensure_opening, ensure_risk_classes
from inventory.models import AISystem, OpeningBalance
from portal.access.models import User
from portal.history.context import acting, announced
from portal.records.ingest import ingest
from portal.records.register import get_register
from portal.records.rows import RowInput
from tests.conftest import SETUP
from tests.factories import create
from tests.portal.test_registers import typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    with announced(SETUP):
        ensure_risk_classes()
        ensure_opening()
    with acting(SETUP):
        made: AISystem = create(AISystem, stage="planning")
    return made


def close() -> None:
    with acting(SETUP):
        OpeningBalance.objects.update(closed_on=timezone.localdate())


def change(system: AISystem, user: User, **values: object) -> list[str]:
    row = RowInput(1, dict(values), record=str(system.reference))
    result = ingest(get_register("ai-systems"), [row], user=user, actor=SETUP, reason="As declared by its owner")
    return [problem.code for problem in result.errors]


def test_before_it_is_closed_stage_and_class_may_be_declared(system: AISystem, editor: User) -> None:
    assert change(system, editor, stage="monitoring", risk_class=str(RISK_CLASS_IDS["high"])) == []


def test_once_closed_no_ordinary_door_writes_them(system: AISystem, editor: User) -> None:
    close()
    assert change(system, editor, stage="monitoring") == ["gated"]
    assert change(system, editor, risk_class=str(RISK_CLASS_IDS["high"])) == ["gated"]
    assert change(system, editor, outputs="A score.") == []
    system.refresh_from_db()
    assert (system.stage, system.risk_class_id, system.outputs) == ("planning", None, "A score.")


def test_once_closed_a_new_system_starts_at_the_beginning(system: AISystem, editor: User) -> None:
    close()
    unit = system.unit.reference
    register = get_register("ai-systems")
    row = RowInput(1, {"name": "New", "unit": unit, "stage": "monitoring"})
    assert [p.code for p in ingest(register, [row], user=editor, actor=SETUP).errors] == ["gated"]
    row = RowInput(1, {"name": "New", "unit": unit, "stage": "planning"})
    assert ingest(register, [row], user=editor, actor=SETUP).written


def test_a_gate_may(system: AISystem, editor: User) -> None:
    close()
    row = RowInput(1, {"stage": "monitoring"}, record=str(system.reference))
    register = get_register("ai-systems")
    assert ingest(register, [row], user=editor, actor=SETUP, gate=True, reason="Approved").written


def test_the_form_says_why_it_is_shut(system: AISystem, editor: User, client: Client) -> None:
    close()
    client.force_login(editor)
    page = client.get(f"/ai-systems/{system.reference}/edit/").content.decode()
    assert "Changes only through a gate" in page
    data = typed(get_register("ai-systems"), system) | {"name": "Renamed", "stage": "monitoring"}
    response = client.post(f"/ai-systems/{system.reference}/edit/", data)
    assert response.status_code == 302
    system.refresh_from_db()
    assert (system.name, system.stage) == ("Renamed", "planning")


def test_only_an_administrator_closes_it_once_with_a_reason(
    system: AISystem, editor: User, administrator: User
) -> None:
    with announced(SETUP):
        with pytest.raises(PermissionDenied):
            close_opening(user=editor, note="I say so")
        with pytest.raises(ValidationError, match="on what grounds"):
            close_opening(user=administrator, note=" ")
        opening = close_opening(user=administrator, note="Board decision of 20 November")
        with pytest.raises(ValidationError, match="already"):
            close_opening(user=administrator, note="again")
    row = OpeningBalance.history.latest()
    assert (row.closed_on, row.history_change_reason) == (opening.closed_on, "Board decision of 20 November")
    assert OpeningBalance.is_closed()
