"""The sample organization: it loads once, whole and coherent, through the same door as anybody's data."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.utils import timezone

from inventory import choices
from inventory.models import (
    Agreement,
    AISystem,
    DataFlow,
    Document,
    OpeningBalance,
    OrganizationUnit,
    RoleAssignment,
    SystemUse,
    SystemVersion,
    Tool,
    VersionModel,
)
from inventory.querysets import LIVE_STAGES
from inventory.sample import ACTOR, ORDER, SOURCE, Sample, SampleError, load_sample, read, relative_day, waves
from portal.access.models import User
from portal.history.context import acting
from portal.records.fields import FactField
from portal.records.ingest import ingest
from portal.records.models import ExternalId, ImportBatch, Record
from portal.records.register import get_register, registers
from tests.conftest import SETUP

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


@pytest.fixture
def loaded(administrator: User) -> User:
    load_sample(administrator)
    return administrator


def history() -> int:
    """How many history rows there are, of whatever register."""
    rows: int = sum(register.model.history.count() for register in registers()) + ExternalId.history.count()
    return rows


def live() -> models.QuerySet[AISystem]:
    return AISystem.objects.filter(stage__in=LIVE_STAGES)


# Loading


def test_every_register_has_records_and_every_record_its_key(loaded: User) -> None:
    inventory = [register for register in registers() if register.model._meta.app_label == "inventory"]
    for register in inventory:
        count = register.model.objects.count()
        assert count, register.slug
        if register.slug in ORDER:
            assert count == len(read(register.slug))
            assert ExternalId.objects.filter(register=register.slug, source=SOURCE).count() == count
    assert set(ORDER) == {register.slug for register in inventory} - {"risk-classes"}


def test_loading_again_changes_nothing(loaded: User) -> None:
    before = history()
    load_sample(loaded)
    assert history() == before


def test_its_rows_say_what_stands_already(loaded: User) -> None:
    """Each row of the files, given to ingest once more, finds its record as it is."""
    sample = Sample(loaded, TODAY)
    for slug in ORDER:
        result = ingest(get_register(slug), sample.rows(slug), user=loaded, dry_run=True)
        assert result.problems == [], slug
        assert [(row.number, row.changed) for row in result.rows if row.status != "unchanged"] == [], slug


def test_what_people_changed_or_removed_stays_so(loaded: User) -> None:
    with acting(SETUP):
        AISystem.objects.filter(name="Chest X-ray triage").update(name="Chest X-ray worklist")
        Document.objects.all().delete()
        ExternalId.objects.filter(register="documents").delete()
    load_sample(loaded)
    assert AISystem.objects.filter(name="Chest X-ray worklist").exists()
    assert not Document.objects.exists()


def test_who_may_not_add_records_cannot_load_it(viewer: User) -> None:
    with pytest.raises(PermissionDenied):
        load_sample(viewer)
    assert not OrganizationUnit.objects.exists()


def test_a_mistake_in_a_file_names_the_record_and_writes_nothing(
    administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(read("documents")["ai-policy"], "sha256", "short")
    with pytest.raises(SampleError, match="documents/ai-policy, sha256"):
        load_sample(administrator)
    assert not OrganizationUnit.objects.exists()


def test_it_loads_in_under_eight_seconds(administrator: User) -> None:
    start = time.monotonic()
    load_sample(administrator)
    assert time.monotonic() - start < 8


# What history and opening balance say of it


def test_every_record_has_history_with_actor_source_and_reason(loaded: User) -> None:
    for slug in ORDER:
        model: type[Record] = get_register(slug).model
        rows = model.history.all()
        assert set(rows.values_list("id", flat=True)) == set(model.objects.values_list("pk", flat=True))
        said = set(rows.values_list("history_user_id", "history_user_name", "history_source", "history_change_reason"))
        assert said == {(ACTOR.key, ACTOR.name, ACTOR.source, ACTOR.reason)}, slug


def test_what_was_live_before_is_the_opening_balance_and_the_rest_is_not(loaded: User) -> None:
    batch = ImportBatch.objects.get()
    opened = AISystem.objects.filter(declaration=choices.Declaration.OPENING)
    assert batch.is_opening
    assert set(opened) == set(AISystem.objects.filter(stage__in=[*LIVE_STAGES, choices.Stage.RETIREMENT]))
    assert not opened.exclude(opening_batch=batch).exists()
    assert not live().filter(regularize_by=None).exists()
    assert batch.rows == opened.count()
    assert not OpeningBalance.is_closed()


def test_other_systems_know_some_of_its_systems_too(loaded: User) -> None:
    elsewhere = ExternalId.objects.exclude(source=SOURCE)
    sepsis = AISystem.objects.get(name__startswith="Sepsis early-warning")
    known = elsewhere.filter(record_id=sepsis.pk).values_list("source", "key")
    assert set(known) == {("CMDB", "CI0048812"), ("Device register", "MD-2211")}
    as_imported = ExternalId.objects.get(source=SOURCE, key="sys/sepsis").as_imported
    assert as_imported is not None
    assert as_imported["STATUS_CD"] == "PROD"


def test_demo_people_are_named_as_log_ins_where_they_are(administrator: User, lead: User) -> None:
    with acting(SETUP):
        User.objects.filter(pk=lead.pk).update(full_name="Helen Okafor")
    load_sample(administrator)
    assert lead.role_assignments.exists()
    assert not RoleAssignment.objects.filter(person_name="Helen Okafor").exists()
    assert RoleAssignment.objects.filter(person=None, person_name="Priya Raman").exists()


# Whether it is coherent


def test_every_document_belongs_to_a_record(loaded: User) -> None:
    every: list[Any] = [register.model for register in registers()]
    known = {reference for model in every for reference in model.objects.values_list("reference", flat=True)}
    assert set(Document.objects.values_list("attached_to", flat=True)) <= known


def test_facts_carry_their_source(loaded: User) -> None:
    for register in registers():
        model: Any = register.model
        names = {field.name: field for field in model._meta.concrete_fields}
        facts = [name for name, field in names.items() if isinstance(field, FactField)]
        if "facts_source" not in names or not facts:
            continue
        stated = Q(*(~Q(**{name: "unknown"}) for name in facts), _connector=Q.OR)
        bare = model.objects.filter(stated, facts_source="")
        assert list(bare) == [], register.slug


def test_links_agree_with_each_other(loaded: User) -> None:
    flows = DataFlow.objects.exclude(agreement=None)
    assert not flows.exclude(vendor=models.F("agreement__vendor")).exists()
    assert not flows.filter(valid_from__lt=models.F("agreement__effective_on")).exists()
    uses = SystemUse.objects.exclude(approved_version=None)
    assert not uses.exclude(system=models.F("approved_version__system")).exists()
    assert not SystemUse.objects.filter(live_from__lt=models.F("system__live_on")).exists()
    too_new = models.F("system_version__released_on")
    assert not VersionModel.objects.filter(model_version__released_on__gt=too_new).exists()
    released_early = SystemVersion.objects.filter(released_on__lt=models.F("system__development_started_on"))
    assert not released_early.exists()


def test_it_shows_every_state(loaded: User) -> None:
    systems = AISystem.objects.all()
    assert set(systems.values_list("stage", flat=True)) == set(choices.Stage.values)
    assert set(systems.values_list("risk_class__key", flat=True)) == {"prohibited", "high", "limited", "minimal", None}
    assert set(Tool.objects.values_list("status", flat=True)) == set(choices.ToolStatus.values)
    assert set(systems.values_list("health_data", flat=True)) == {"yes", "no", "unknown"}
    assert max(len(name) for name in systems.values_list("name", flat=True)) == 180
    assert systems.exclude(tags=[]).exists()
    assert live().filter(next_review_on__lt=TODAY).exists()
    assert live().filter(next_review_on__range=(TODAY, TODAY + timedelta(days=30))).exists()
    owned = RoleAssignment.objects.filter(Q(valid_to=None) | Q(valid_to__gt=TODAY), role="business_owner")
    assert live().exclude(pk__in=owned.values("system")).count() == 4
    assert RoleAssignment.objects.filter(accepted_on=None).exists()
    assert RoleAssignment.objects.filter(valid_to__lte=TODAY).exists()
    uncovered = DataFlow.objects.filter(health_data="yes", vendor__isnull=False, agreement=None)
    assert uncovered.count() == 3
    assert Agreement.objects.filter(kind="baa", expires_on__lt=TODAY).exists()
    assert Agreement.objects.filter(kind="baa", expires_on__range=(TODAY, TODAY + timedelta(days=30))).exists()


def test_units_are_a_tree_of_three_levels(loaded: User) -> None:
    units = OrganizationUnit.objects.all()
    assert units.count() == 25
    assert units.filter(parent=None).count() == 1
    assert units.filter(parent__parent__parent=None, parent__parent__isnull=False).exists()
    assert not units.filter(parent__parent__parent__isnull=False).exists()


# Reading the files


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("+30d", date(2026, 12, 20)),
        ("-4d", date(2026, 11, 16)),
        ("+0d", date(2026, 11, 20)),
        ("+1m", date(2026, 12, 1)),
        ("+2m", date(2027, 1, 1)),
        ("-11m", date(2025, 12, 1)),
        ("-12m", date(2025, 11, 1)),
    ],
)
def test_a_relative_day_counts_from_the_day_of_loading(text: str, day: date) -> None:
    assert relative_day(text, date(2026, 11, 20)) == day


def test_what_is_no_relative_day_is_refused() -> None:
    with pytest.raises(SampleError, match="soon"):
        relative_day("soon", TODAY)


def test_records_that_refer_to_each_other_in_a_circle_are_refused() -> None:
    units = {"one": {"parent": "two"}, "two": {"parent": "one"}}
    with pytest.raises(SampleError, match="one, two"):
        list(waves(get_register("organization-units"), units))
