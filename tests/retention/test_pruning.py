"""The end of retention: never younger than a rule, never the latest version, never under a hold, always on record."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from inventory.models import AISystem, SystemVersion, Vendor
from inventory.retention import RULES, ensure_retention_rules
from portal.access.models import User
from portal.history.context import acting, announced
from portal.ledger.models import LedgerPayload
from portal.ledger.sequencer import sequence
from portal.ledger.verify import verify
from portal.records.register import registers
from portal.retention.models import CountsFrom, Erasure, LegalHold, RetentionRule
from portal.retention.pruning import fields_named
from tests.factories import create
from tests.retention.conftest import WRITER, census

TOMORROW = (timezone.now() + timedelta(days=1)).date().isoformat()


def rule(**values: Any) -> RetentionRule:
    given = {
        "key": f"r{RetentionRule.objects.count()}", "name": "A rule", "ground": "g", "citation": "c",
        "registers": ["vendors"], "months": 0, **values,
    }  # fmt: skip
    made = RetentionRule(**given)
    made.full_clean()
    with acting(WRITER):
        made.save()
    return made


def prune(**options: Any) -> str:
    out = StringIO()
    given = {"register": "vendors", "before": TOMORROW, "reason": "Yearly", "user": "ada", **options}
    call_command("prune_history", **{**given, "before": date.fromisoformat(given["before"])}, stdout=out)
    return out.getvalue()


@pytest.fixture
def vendor(committed: str, ada: User) -> Vendor:
    """A vendor of four versions, and one that was deleted."""
    with acting(WRITER, reason="Quixotic"):
        one: Vendor = create(Vendor, name="Acme Quixotic", tags=["quixotic"], custom={"k": "quixotic"})
        for name in ("Acme Quixotic II", "Acme Quixotic III", "Acme"):
            Vendor.objects.filter(pk=one.pk).update(name=name, tags=[], custom={})
        create(Vendor, name="Gone").delete()
    return one


def test_old_versions_are_emptied_and_the_log_stands(committed: str, vendor: Vendor) -> None:
    rule()
    sequence()
    said = prune()
    assert "4 versions pruned, 0 kept by a rule, 0 kept by a legal hold" in said
    rows = list(vendor.history.order_by("history_id"))
    assert [row.name for row in rows] == ["[erased]"] * 3 + ["Acme"]
    assert {row.reference for row in rows} == {vendor.reference}
    assert [row.version for row in rows] == [1, 2, 3, 4]
    assert {row.history_user_name for row in rows} == {"Wanda Writer"}
    assert [row.name for row in Vendor.history.filter(history_type="-")] == ["Gone"]  # the latest of a record
    (erasure,) = Erasure.objects.all()
    assert (erasure.kind, erasure.reason, erasure.by.username) == ("prune", "Yearly", "ada")
    assert not LedgerPayload.objects.filter(entry_id__in=erasure.entries).exists()
    rows = Vendor.history.filter(history_id__in=erasure.entries)
    assert {row.history_change_reason for row in rows} == {"[erased]"}
    assert all(row.tags == [] and row.custom == {} for row in rows)
    sequence()
    report = verify()
    assert (report.ok, report.findings, report.erased) == (True, [], 4)
    assert "0 versions pruned" in prune()
    assert Erasure.objects.count() == 1


def test_the_longest_rule_keeps(committed: str, vendor: Vendor) -> None:
    rule()
    rule(months=1)
    assert "0 versions pruned, 4 kept by a rule" in prune()


@pytest.mark.parametrize("counts_from", [CountsFrom.RECORDED, CountsFrom.REPLACED])
def test_a_rule_in_force_is_needed_and_a_period_that_is_over(committed: str, vendor: Vendor, counts_from: str) -> None:
    with pytest.raises(CommandError, match="No retention rule"):
        prune()
    one = rule(counts_from=counts_from, is_active=False)
    with pytest.raises(CommandError, match="No retention rule"):
        prune()
    with acting(WRITER):
        RetentionRule.objects.filter(pk=one.pk).update(is_active=True, months=1)
    assert "0 versions pruned, 4 kept" in prune()
    with acting(WRITER):
        RetentionRule.objects.filter(pk=one.pk).update(months=0)
    assert "4 versions pruned" in prune()


def test_what_was_recorded_later_stays(committed: str, vendor: Vendor) -> None:
    rule()
    assert "0 versions pruned, 0 kept" in prune(before="2020-01-01")


def test_a_period_that_counts_from_a_date_begins_with_it(committed: str, ada: User) -> None:
    with acting(WRITER):
        old, new, idea = (create(AISystem, live_on=on) for on in (date(2010, 1, 1), timezone.localdate(), None))
        for system in (old, new, idea):
            AISystem.objects.filter(pk=system.pk).update(purpose="Another")
            version = create(SystemVersion, system=system)
            SystemVersion.objects.filter(pk=version.pk).update(changes="Another")
    rule(registers=["ai-systems"], months=120, counts_from="field", date_field="live_on")
    rule(registers=["system-versions"], months=120, counts_from="field", date_field="system.live_on")
    for slug, model in (("ai-systems", AISystem), ("system-versions", SystemVersion)):
        assert "1 versions pruned, 2 kept by a rule" in prune(register=slug)
        (row,) = model.history.filter(name="[erased]")
        record = model.objects.get(pk=row.id)
        assert old.pk in {record.pk, getattr(record, "system_id", None)}


def test_a_date_that_nobody_knows_keeps(committed: str, vendor: Vendor) -> None:
    rule(counts_from="field")
    assert "0 versions pruned, 4 kept by a rule" in prune()


def test_a_hold_keeps_its_record_and_nothing_else(committed: str, vendor: Vendor) -> None:
    rule()
    with acting(WRITER):
        other = create(Vendor, name="Other")
        Vendor.objects.filter(pk=other.pk).update(name="Other II")
    hold = LegalHold(name="A claim", reason="r", scope="record", register="vendors", reference=vendor.reference)
    hold.full_clean()
    with acting(WRITER):
        hold.save()
    said = prune()
    assert "2 versions pruned, 0 kept by a rule, 3 kept by a legal hold" in said
    assert "Legal hold: A claim" in said
    assert vendor.history.filter(name="Acme Quixotic").exists()


def test_a_dry_run_counts_and_changes_nothing(committed: str, vendor: Vendor) -> None:
    rule()
    before = census(committed)
    assert "4 versions would be pruned" in prune(dry_run=True)
    assert census(committed) == before


def test_who_may_not_and_what_is_not_are_refused(committed: str, vendor: Vendor) -> None:
    rule()
    with acting(WRITER):
        User.objects.create_user("eve", "a long pass phrase", full_name="Eve")
    for options, why in (
        ({"user": "eve"}, "no administrator"),
        ({"user": "nobody"}, "no active person"),
        ({"reason": " "}, "Give the ground"),
        ({"register": "nothing"}, "There is no register nothing"),
    ):
        with pytest.raises(CommandError, match=why):
            prune(**options)


@pytest.mark.django_db
def test_the_rules_of_a_new_register_name_their_source_and_what_there_is() -> None:
    with announced(WRITER):
        assert ensure_retention_rules() == len(RULES)
        assert ensure_retention_rules() == 0
    known = {one.slug for one in registers()}
    for one in RetentionRule.objects.all():
        one.full_clean()
        assert one.citation
        assert one.ground
        assert one.doubts
        assert set(one.registers) <= known
        if one.date_field:
            assert set(one.registers) <= set(fields_named(registers(), one.date_field)), one.key
    months = dict(RetentionRule.objects.values_list("key", "months"))
    assert (months["eu-ai-act-systems"], months["eu-ai-act-logs"], months["hipaa-documentation"]) == (120, 6, 72)
    # Every register is covered by a rule, so the first one to prune it has something to go by.
    assert all(any(one.covers(slug) for one in RetentionRule.objects.all()) for slug in known)
