"""A material change is explained, by whichever door it comes; a typo needs no reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from inventory.models import AISystem, OrganizationUnit
from portal.access.models import User
from portal.history.context import Actor, Source, acting, announced
from portal.records.columns import mapping_from_columns
from portal.records.files import read_table
from portal.records.importing import run_import
from portal.records.ingest import IngestResult, ingest
from portal.records.mapping import to_yaml
from portal.records.register import get_register, registers
from portal.records.rows import RowInput
from tests.conftest import SETUP
from tests.factories import create
from tests.portal.test_registers import typed

pytestmark = pytest.mark.django_db

SYSTEMS = get_register("ai-systems")
COLUMNS = {"Number": None, "Name": "name", "Unit": "unit", "Purpose": "purpose"}
MAPPING = mapping_from_columns(
    COLUMNS, name="ours", title="Ours", register="ai-systems", source="ours", key=("Number",)
)


@pytest.fixture
def system() -> AISystem:
    with acting(SETUP):
        made: AISystem = create(AISystem, name="Ward pager", purpose="Pages the ward.", stage="planning")
    return made


def put(system: AISystem, user: User, reason: str | None = None, **values: object) -> IngestResult:
    row = RowInput(1, dict(values), record=system.reference)
    return ingest(SYSTEMS, [row], user=user, actor=SETUP, reason=reason)


def latest(system: AISystem) -> Any:
    return AISystem.history.filter(id=system.pk).latest("history_id")


@pytest.mark.parametrize("reason", [None, "", "  \n "])
def test_a_material_change_without_a_reason_is_refused_at_the_reason(
    system: AISystem, editor: User, reason: str | None
) -> None:
    result = put(system, editor, reason, purpose="Pages the night desk.", stage="development", topic="Nursing")
    assert not result.written
    assert [(p.field, p.code) for p in result.errors] == [("reason", "reason_missing")]
    assert result.errors[0].message == "Say why. A change of this needs a reason: Intended purpose, Stage."
    assert [row.status for row in result.rows] == ["failed"]
    system.refresh_from_db()
    assert (system.purpose, system.topic, system.version) == ("Pages the ward.", "", 1)


def test_the_argument_or_the_actor_may_give_the_reason(system: AISystem, editor: User) -> None:
    assert put(system, editor, "The committee said so", purpose="Pages the night desk.").written
    assert latest(system).history_change_reason == "The committee said so"
    row = RowInput(1, {"purpose": "Pages both."}, record=system.reference)
    actor = Actor("sync", "A connector", Source.CONNECTOR, reason="As the CMDB has it")
    assert ingest(SYSTEMS, [row], user=editor, actor=actor).written
    assert latest(system).history_change_reason == "As the CMDB has it"


def test_a_typo_and_a_new_record_need_none(system: AISystem, editor: User) -> None:
    assert put(system, editor, name="Ward pager, north", topic="Nursing", tags="a, b").written
    unit = system.unit.reference
    row = RowInput(1, {"name": "New", "unit": unit, "purpose": "Sorts.", "stage": "planning"})
    assert ingest(SYSTEMS, [row], user=editor, actor=SETUP).written


def test_saying_the_same_again_is_no_change(system: AISystem, editor: User) -> None:
    result = put(system, editor, purpose="Pages the ward.", stage="planning", unit=system.unit.reference)
    assert [row.status for row in result.rows] == ["unchanged"]


def test_a_dry_run_says_it_too(system: AISystem, editor: User) -> None:
    row = RowInput(1, {"purpose": "Sorts."}, record=system.reference)
    refused = ingest(SYSTEMS, [row], user=editor, actor=SETUP, dry_run=True)
    assert [p.code for p in refused.errors] == ["reason_missing"]
    assert ingest(SYSTEMS, [row], user=editor, actor=SETUP, dry_run=True, reason="Why not").ok


def test_of_many_rows_only_the_unexplained_one_fails(system: AISystem, editor: User) -> None:
    with acting(SETUP):
        other = create(AISystem, name="Other")
    rows = [
        RowInput(1, {"purpose": "Sorts."}, record=system.reference),
        RowInput(2, {"topic": "Nursing"}, record=other.reference),
    ]
    result = ingest(SYSTEMS, rows, user=editor, actor=SETUP, partial=True)
    assert [row.status for row in result.rows] == ["failed", "updated"]
    other.refresh_from_db()
    system.refresh_from_db()
    assert (other.topic, system.purpose) == ("Nursing", "Pages the ward.")


def test_every_register_names_few_material_fields_that_people_write() -> None:
    for register in registers():
        assert set(register.material) <= set(register.fields), register.slug
        assert len(register.material) <= 7, f"{register.slug}: who must explain everything explains nothing"
        assert register.natural_key not in register.material, f"{register.slug}: a reason demanded for a typo"


def test_the_form_asks_keeps_what_was_typed_and_says_where(system: AISystem, editor: User, client: Client) -> None:
    client.force_login(editor)
    address = f"/ai-systems/{system.reference}/edit/"
    form = client.get(address).content.decode()
    assert form.count("(needs a reason when it changes)") == len(SYSTEMS.material)
    assert "Needed when a field marked" in form
    data = typed(SYSTEMS, system) | {"purpose": "Pages <b>everybody</b>.", "topic": "Nursing"}
    response = client.post(address, data)
    page = response.content.decode()
    assert response.status_code == 422
    assert "There is a problem" in page
    assert '<a href="#id_reason">Why?: Say why. A change of this needs a reason: Intended purpose.</a>' in page
    assert "Pages &lt;b&gt;everybody&lt;/b&gt;." in page
    assert 'value="Nursing"' in page
    assert client.post(address, data | {"reason": "They asked for it"}).status_code == 302
    assert latest(system).history_change_reason == "They asked for it"


def test_a_new_form_asks_for_no_reason(editor: User, client: Client) -> None:
    client.force_login(editor)
    page = client.get("/ai-systems/new/").content.decode()
    assert "needs a reason" not in page
    assert "id_reason" not in page


@pytest.fixture
def file(tmp_path: Path, system: AISystem) -> Callable[[str], Path]:
    """A file with one system, whose purpose is given."""
    unit = OrganizationUnit.objects.get(pk=system.unit_id)

    def write(purpose: str) -> Path:
        path = tmp_path / "systems.csv"
        path.write_text(f"Number,Name,Unit,Purpose\n1,Bed planner,{unit.reference},{purpose}\n")
        return path

    return write


@pytest.mark.parametrize(("given", "said"), [("", "Imported from systems.csv"), ("Yearly count", "Yearly count")])
def test_a_file_gives_its_name_as_the_reason(file: Callable[[str], Path], lead: User, given: str, said: str) -> None:
    for purpose in ("Plans beds.", "Plans beds and wards."):
        table = read_table(file(purpose), name="systems.csv")
        for dry_run in (True, False):
            actor = lead.actor(Source.IMPORT)
            result = run_import(SYSTEMS, table, MAPPING, user=lead, actor=actor, dry_run=dry_run, reason=given)
            assert result.errors == []
    made = AISystem.objects.get(name="Bed planner")
    assert (made.purpose, made.version) == ("Plans beds and wards.", 2)
    assert latest(made).history_change_reason == said


def test_the_command_takes_a_reason(file: Callable[[str], Path], lead: User, tmp_path: Path) -> None:
    mapping = tmp_path / "ours.yaml"
    mapping.write_text(to_yaml(MAPPING))
    for purpose in ("Plans beds.", "Plans wards."):
        path = str(file(purpose))
        call_command(
            "import_records", "ai-systems", path, mapping=str(mapping), user=lead.username, reason="Board", verbosity=0
        )
    made = AISystem.objects.get(name="Bed planner")
    assert latest(made).history_change_reason == "Board"


def test_sql_of_ones_own_is_not_asked(system: AISystem) -> None:
    """The rule is the register's, for people; the database demands somebody who stands for it, and that is all."""
    with announced(SETUP), acting():
        AISystem.objects.filter(pk=system.pk).update(purpose="Sorts.")
    assert latest(system).history_change_reason == ""
