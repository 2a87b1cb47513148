"""What collectors count, on an estate small enough to count by hand."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import AISystem
from portal.access.models import User
from portal.history.context import acting
from reports.actions.request_pack import PackRequest, request_pack
from reports.assess import Assessment, Assessor
from reports.build import Silent
from reports.catalog import load_catalog
from reports.catalogs import COLLECTORS, ROLES
from reports.collect import Collected, collect
from reports.collectors import collectors
from reports.models import EvidencePack, ScopeKind
from reports.scopes import EVERY
from tests.conftest import SETUP
from tests.factories import create


def ask(user: User, framework: str = "eu-ai-act", **values: Any) -> EvidencePack:
    return request_pack(PackRequest(framework, **values), user=user, background=False)


def gather(pack: EvidencePack, folder: Path) -> tuple[Collected, dict[str, Assessment]]:
    folder.mkdir(exist_ok=True)
    found = collect(pack, folder, Silent())
    assessments = Assessor(load_catalog(pack.framework), found).all()
    return found, {one.requirement.id: one for one in assessments}


def held(found: Collected, name: str, framework: str = "eu-ai-act") -> tuple[int, int | None]:
    """(held, total) of a collector over everything in the pack."""
    assessor = Assessor(load_catalog(framework), found)
    one = assessor.evidence(found.known[name], "system", EVERY, frozenset(ROLES[framework]))
    return one.held, one.total


def rows(folder: Path, slug: str) -> list[dict[str, str]]:
    with (folder / f"{slug}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_collector_of_the_vocabulary_is_registered() -> None:
    assert set(collectors()) == set(COLLECTORS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("system_inventory", (3, 3)),
        ("system_purpose", (2, 3)),
        ("affected_persons", (1, 3)),
        ("risk_classes", (1, 3)),
        ("autonomy", (0, 3)),
        ("stage_dates", (1, 3)),
        ("system_ownership", (1, 3)),
        ("human_oversight", (0, 3)),
        ("system_uses", (1, 3)),
        ("documents", (1, 3)),
        ("reviews_due", (0, 2)),
        ("deployments", (0, 1)),
        ("data_sources", (1, 1)),
        ("organization_units", (1, 2)),
    ],
)
def test_counts(estate: SimpleNamespace, asker: User, tmp_path: Path, name: str, expected: tuple[int, int]) -> None:
    found, _ = gather(ask(asker), tmp_path / "work")
    assert held(found, name) == expected


def test_vendors_with_unknown_health_data_need_an_agreement_until_somebody_says_no(
    estate: SimpleNamespace, asker: User, tmp_path: Path
) -> None:
    found, _ = gather(ask(asker, "hipaa"), tmp_path / "work")
    assert held(found, "business_associate_agreements", "hipaa") == (1, 2)


def test_unknown_is_never_no(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    found, assessments = gather(ask(asker, "hipaa"), tmp_path / "work")
    scoped = next(a for a in assessments.values() if a.requirement.applies[0].scope == "health_data")
    assert (scoped.in_scope.sure, scoped.in_scope.maybe) == (1, 1)  # yes and unknown; the one that says no is out
    assert found.unknown["ai-systems"]["health_data"] == 1
    by_name = {row["Name"]: row for row in rows(tmp_path / "work", "ai-systems")}
    assert by_name["'=cmd()"]["Health data"] == "Unknown"


def test_an_empty_population_is_stated_and_not_padded(db: None, asker: User, tmp_path: Path) -> None:
    found, assessments = gather(ask(asker), tmp_path / "work")
    assert found.attachments["ai-systems"].rows == 0
    assert rows(tmp_path / "work", "ai-systems") == []
    assert json.loads((tmp_path / "work" / "ai-systems.json").read_text())["rows"] == []
    assert {a.state for a in assessments.values() if a.in_scope.kind == "system"} <= {"none", "outside"}
    assert assessments["EUAIA-5"].held == "0 in scope"


def test_a_role_nobody_declared_leaves_the_duty_open(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    _found, assessments = gather(ask(asker), tmp_path / "work")
    duty = assessments["EUAIA-26-2"] if "EUAIA-26-2" in assessments else assessments["EUAIA-4"]
    assert "not declared for 2 of 3 AI systems" in duty.role_note
    provider_only = next(
        a for a in assessments.values() if {r for i in a.requirement.applies for r in i.to_roles} == {"provider"}
    )
    assert provider_only.applies.startswith("If our role")


def test_supporting_evidence_is_never_complete(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    for framework in ("eu-ai-act", "hipaa", "soc2"):
        _found, assessments = gather(ask(asker, framework), tmp_path / framework)
        for one in assessments.values():
            if one.state == "complete":
                assert one.requirement.portal == "direct"
                assert not one.requirement.later
            if one.requirement.portal == "outside" and one.status != "not_our_role":
                assert one.state == "outside"


def test_evidence_names_record_version_and_entry(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    _found, assessments = gather(ask(asker), tmp_path / "work")
    owner = next(e for a in assessments.values() for e in a.evidence if e.collector.name == "system_ownership")
    item = owner.items[0]
    history = estate.owner.history.latest()
    assert (item.register, item.reference, item.version, item.entry, item.at) == (
        "role-assignments",
        estate.owner.reference,
        1,
        history.history_id,
        history.history_date,
    )


def test_a_pack_does_not_see_what_came_after_it(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    pack = ask(asker)
    with acting(SETUP):
        AISystem.objects.filter(pk=estate.full.pk).update(name="Renamed", purpose="")
        create(AISystem, name="Newcomer", unit=estate.top)
    found, _ = gather(pack, tmp_path / "work")
    assert {row["Name"] for row in rows(tmp_path / "work", "ai-systems")} == {"Sepsis score", "'=cmd()", "Old bot"}
    assert held(found, "system_purpose") == (2, 3)
    assert found.attachments["evidence-by-system"].rows == 3


def test_a_unit_brings_what_is_below_it_and_what_it_uses(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    found, _ = gather(ask(asker, scope=ScopeKind.UNIT, reference="CARD"), tmp_path / "ward")
    assert [row["Name"] for row in rows(tmp_path / "ward", "ai-systems")] == ["Sepsis score"]
    assert found.attachments["role-assignments"].rows == 1
    assert found.attachments["documents"].rows == 1
    assert found.attachments["vendors"].rows == 0  # no link of that system leads to one
    gather(ask(asker, scope=ScopeKind.UNIT, reference="NW"), tmp_path / "top")
    assert len(rows(tmp_path / "top", "ai-systems")) == 3


def test_one_system(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    found, _ = gather(ask(asker, scope=ScopeKind.SYSTEM, reference=estate.full.reference), tmp_path / "work")
    assert found.attachments["ai-systems"].rows == 1
    assert found.attachments["organization-units"].rows == 1
    assert found.attachments["portal-roles"].rows == 1  # the roles in this portal are everybody's


def test_statements_do_not_grow_with_the_estate(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    assert asker.roles  # read once for each person
    with CaptureQueriesContext(connection) as few:
        gather(ask(asker), tmp_path / "few")
    with acting(SETUP):
        AISystem.objects.bulk_create([AISystem(name=f"System {n}", unit=estate.ward, purpose="x") for n in range(300)])
    with CaptureQueriesContext(connection) as many:
        found, _ = gather(ask(asker), tmp_path / "many")
    assert found.attachments["ai-systems"].rows == 303
    assert len(many) == len(few)


class TestPeriod:
    """A period is half-open; history cannot be written in the past, so the row's times are read instead."""

    def period(self, asker: User, start: date, end: date) -> EvidencePack:
        # The action refuses a period that is not over; the machinery is the same for any.
        pack = ask(asker)
        pack.period_from, pack.period_to = start, end
        pack.as_of = datetime(end.year, end.month, end.day, tzinfo=UTC)
        return pack

    def test_what_was_recorded_today_is_in_a_period_with_today(
        self, estate: SimpleNamespace, asker: User, tmp_path: Path
    ) -> None:
        today = datetime.now(UTC).date()
        found, _ = gather(self.period(asker, today, today + timedelta(days=1)), tmp_path / "work")
        assert {row["In the period"] for row in rows(tmp_path / "work", "ai-systems")} == {"created"}
        assert found.change_counts.by_register["AI systems", "created"] == 3

    def test_its_end_does_not_belong_to_it(self, estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
        today = datetime.now(UTC).date()
        found, _ = gather(self.period(asker, today - timedelta(days=7), today), tmp_path / "work")
        assert found.attachments["ai-systems"].rows == 0
        assert found.attachments["changes"].rows == 0

    def test_its_first_day_does(self, estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
        today = datetime.now(UTC).date()
        later = self.period(asker, today + timedelta(days=1), today + timedelta(days=2))
        found, _ = gather(later, tmp_path / "work")
        assert found.attachments["ai-systems"].rows == 3
        assert {row["In the period"] for row in rows(tmp_path / "work", "ai-systems")} == {""}
        assert found.attachments["changes"].rows == 0

    def test_what_was_removed_in_it_is_shown_and_counts_for_nothing(
        self, estate: SimpleNamespace, asker: User, tmp_path: Path
    ) -> None:
        with acting(SETUP):
            estate.gone.delete()
        today = datetime.now(UTC).date()
        found, _ = gather(self.period(asker, today, today + timedelta(days=1)), tmp_path / "work")
        by_name = {row["Name"]: row["In the period"] for row in rows(tmp_path / "work", "ai-systems")}
        assert by_name["Old bot"] == "removed"
        assert held(found, "system_inventory") == (2, 2)


def test_the_change_history_names_the_fields(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    with acting(SETUP, reason="A better word"):
        AISystem.objects.filter(pk=estate.full.pk).update(purpose="Warns early", unit=estate.top)
    gather(ask(asker), tmp_path / "work")
    changed = [row for row in rows(tmp_path / "work", "changes") if row["Change"] == "changed"]
    assert [(row["Reference"], row["Fields changed"], row["Reason"]) for row in changed] == [
        (estate.full.reference, "Intended purpose, Unit", "A better word")
    ]


def test_backfilled(estate: SimpleNamespace, asker: User, tmp_path: Path) -> None:
    gather(ask(asker), tmp_path / "work")
    by_name = {row["Name"]: row["Observation"] for row in rows(tmp_path / "work", "ai-systems")}
    assert by_name == {"Sepsis score": "backfilled", "'=cmd()": "", "Old bot": ""}
