"""The catalogs of the frameworks: what stands in them, and when it applies to whom. No database."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml

from reports.catalog import (
    FOLDER,
    Applicability,
    Catalog,
    CatalogError,
    applicability,
    format_date,
    load_catalog,
    parse_catalog,
)
from reports.catalogs import CATALOGS, COLLECTORS, KINDS, LATER, PORTALS, ROLES, SCOPES

FACT_BASES = Path(__file__).parents[3] / "shared" / "regulation"
MAX_WORDS = 60
DEPLOYER = frozenset({"deployer"})
PROVIDER = frozenset({"provider"})

# How many criteria each series has: CC1.1 to CC1.5, and so on to P8.1.
SOC2_SERIES = {"CC1": 5, "CC2": 3, "CC3": 4, "CC4": 2, "CC5": 3, "CC6": 8, "CC7": 5, "CC8": 1, "CC9": 2}
SOC2_SERIES |= {"A1": 3, "C1": 2, "PI1": 5}
SOC2_SERIES |= {"P1": 1, "P2": 1, "P3": 2, "P4": 3, "P5": 2, "P6": 7, "P7": 1, "P8": 1}
SOC2_CRITERIA = [f"{series}.{number}" for series, count in SOC2_SERIES.items() for number in range(1, count + 1)]

HIPAA_FROM_MEMORY = {
    *("164.502(a)", "164.502(b)", "164.502(d)", "164.504(e)", "164.514(d)", "164.514(e)", "164.528"),
    *("164.530(j)", "164.400", "164.402", "164.406", "164.410", "164.412"),
}

EVERY = [item for slug in CATALOGS for item in load_catalog(slug).requirements]


def _kinds(slug: str) -> Counter[str]:
    return Counter(item.kind for item in load_catalog(slug).requirements)


def _ask(requirement_id: str, on: date, roles: frozenset[str]) -> Applicability:
    return applicability(load_catalog("eu-ai-act").get(requirement_id), on=on, roles=roles)


# What stands in the files


def test_a_file_for_each_catalog_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(CATALOGS)


@pytest.mark.parametrize("slug", CATALOGS)
def test_catalog_states_license_law_date_and_sources(slug: str) -> None:
    catalog = load_catalog(slug)
    assert catalog.framework == slug
    assert catalog.license == "Apache-2.0"
    assert "paraphrase" in catalog.license_note
    assert "includ" in catalog.license_note
    assert catalog.as_of == date(2026, 11, 20)
    assert catalog.sources
    assert any(note.startswith("Left out") for note in catalog.notes)
    assert load_catalog(slug) is catalog


def test_eu_ai_act_counts() -> None:
    assert _kinds("eu-ai-act") == {"obligation": 58, "conditional_permission": 1, "prohibited_practice": 10}


def test_hipaa_counts() -> None:
    assert _kinds("hipaa") == {"standard": 22, "required": 24, "addressable": 22, "privacy": 13, "breach": 8}
    assert len(load_catalog("hipaa").requirements) == 89


def test_soc2_criteria_are_the_known_sixty_one() -> None:
    catalog = load_catalog("soc2")
    assert [item.citation for item in catalog.requirements] == SOC2_CRITERIA
    assert [item.id for item in catalog.requirements] == [f"SOC2-{number}" for number in SOC2_CRITERIA]
    assert len(SOC2_CRITERIA) == 61
    # The mislabel of processing integrity that some published lists carry.
    assert not any(item.id.startswith("SOC2-PP") for item in catalog.requirements)
    assert _kinds("soc2") == {
        "security": 33,
        "availability": 3,
        "confidentiality": 2,
        "processing_integrity": 5,
        "privacy": 18,
    }


@pytest.mark.parametrize("slug", CATALOGS)
def test_requirements_follow_the_order_of_the_groups(slug: str) -> None:
    catalog = load_catalog(slug)
    order = [group.id for group in catalog.groups]
    places = [order.index(item.group) for item in catalog.requirements]
    assert places == sorted(places)
    assert set(places) == set(range(len(order))), "a group without a requirement"


@pytest.mark.parametrize("slug", CATALOGS)
def test_a_parent_stands_before_its_children_in_the_file(slug: str) -> None:
    seen: set[str] = set()
    for item in load_catalog(slug).requirements:
        assert item.parent is None or item.parent in seen, item.id
        seen.add(item.id)


def test_every_requirement_is_short_and_plain() -> None:
    for item in EVERY:
        words = f"{item.title} {item.text} {item.note or ''}"
        assert len(item.text.split()) <= MAX_WORDS, item.id
        assert len(item.title) <= 66, item.id
        assert item.title[0].isupper(), item.id
        assert not item.title.endswith("."), item.id
        assert item.text.endswith("."), item.id
        assert "\n" not in words, item.id
        assert not re.search(r"\b(compliant|certified|certifies|guarantees)\b", words, re.IGNORECASE), item.id


def test_every_requirement_says_where_its_evidence_is() -> None:
    for item in EVERY:
        if item.portal == "outside":
            assert item.outside_reason is not None, item.id
            assert "can show" in item.outside_reason, f"{item.id}: an outside reason names who can"
            assert item.outside_reason.count(".") == 1, f"{item.id}: one sentence"
        else:
            assert item.collectors or item.later, item.id
        if item.portal == "direct":
            assert item.collectors, f"{item.id}: direct evidence needs a collector that gives it"


def test_every_date_is_a_date() -> None:
    for item in EVERY:
        for application in item.applies:
            for day in (application.applies_from, application.alternative_from):
                assert day is None or (isinstance(day, date) and not isinstance(day, datetime)), item.id
            if application.disputed:
                assert application.applies_from is not None, item.id
                assert application.alternative_from is not None, item.id
                assert application.alternative_from > application.applies_from, item.id
            if application.condition:
                assert not application.condition.endswith("."), f"{item.id}: it reads on in a sentence"


def test_key_dates_are_in_order() -> None:
    for slug in CATALOGS:
        days = [item.date for item in load_catalog(slug).dates]
        assert days == sorted(days)


def test_every_application_date_of_the_act_is_a_key_date() -> None:
    catalog = load_catalog("eu-ai-act")
    known = {item.date for item in catalog.dates}
    used = {
        day
        for item in catalog.requirements
        for application in item.applies
        for day in (application.applies_from, application.alternative_from)
        if day is not None
    }
    assert used <= known


def test_no_word_of_the_vocabulary_is_idle() -> None:
    assert {name for item in EVERY for name in item.collectors} == set(COLLECTORS)
    assert {name for item in EVERY for name in item.later} == set(LATER)
    assert {application.scope for item in EVERY for application in item.applies} == set(SCOPES)
    assert {item.portal for item in EVERY} == set(PORTALS)
    assert {item.kind for item in EVERY} == {kind for kinds in KINDS.values() for kind in kinds}
    assert not set(COLLECTORS) & set(LATER)


def test_memory_is_never_shown_as_sure() -> None:
    from_memory = {item.id for item in load_catalog("hipaa").requirements if item.confidence == "memory"}
    assert from_memory == {f"HIPAA-{section}" for section in HIPAA_FROM_MEMORY}


def test_a_criterion_read_onto_ai_is_marked_as_judgement() -> None:
    for item in load_catalog("soc2").requirements:
        assert item.judgement == (item.applies[0].scope != "organization"), item.id


# When it applies to whom


@pytest.mark.parametrize("requirement_id", ["EUAIA-26-1", "EUAIA-26-2", "EUAIA-26-5", "EUAIA-26-7"])
def test_deployer_duties_start_with_the_moved_dates(requirement_id: str) -> None:
    before = _ask(requirement_id, date(2027, 12, 1), DEPLOYER)
    assert (before.status, before.applies_from, before.label) == ("from", date(2027, 12, 2), "From 2 Dec 2027")
    assert "2 Aug 2028 for high-risk systems under Annex I" in before.reason
    assert _ask(requirement_id, date(2027, 12, 2), DEPLOYER).status == "now"


def test_annex_i_can_be_told_from_annex_iii() -> None:
    result = _ask("EUAIA-9", date(2028, 8, 1), PROVIDER)
    assert result.status == "now"
    assert {item.scope: item.status(on=date(2028, 8, 1)) for item in result.applications} == {
        "high_risk_annex_iii": "now",
        "high_risk_annex_i": "from",
    }
    assert "Applies from 2 Aug 2028" in result.reason
    assert "from" not in {item.status(on=date(2028, 8, 2)) for item in result.applications}


@pytest.mark.parametrize("point", ["ba", "bb"])
def test_new_prohibitions_start_on_2_december_2026(point: str) -> None:
    assert _ask(f"EUAIA-5-1-{point}", date(2026, 12, 1), DEPLOYER).label == "From 2 Dec 2026"
    assert _ask(f"EUAIA-5-1-{point}", date(2026, 12, 2), DEPLOYER).label == "Now"


def test_the_other_prohibitions_apply_already() -> None:
    for point in "abcdefgh":
        assert _ask(f"EUAIA-5-1-{point}", date(2026, 11, 20), DEPLOYER).status == "now"
    whole = _ask("EUAIA-5", date(2026, 11, 20), DEPLOYER)
    assert whole.status == "now"
    assert "Applies from 2 Dec 2026 for all AI systems, but only points (ba) and (bb)" in whole.reason


DISPUTED = ["43", "47", "48", "49-1", "49-2", "49-3", "49-5", "71", "72", "73", "86"]


@pytest.mark.parametrize("number", DISPUTED)
def test_disputed_dates_are_shown_as_disputed(number: str) -> None:
    everyone = frozenset(ROLES["eu-ai-act"])
    result = _ask(f"EUAIA-{number}", date(2026, 11, 20), everyone)
    assert (result.status, result.label) == ("disputed", "Disputed")
    assert (result.applies_from, result.alternative_from) == (date(2026, 8, 2), date(2027, 12, 2))
    assert "2 Aug 2026 or 2 Dec 2027" in result.reason
    assert result.reason.count("No official answer is known.") == 1
    assert _ask(f"EUAIA-{number}", date(2028, 8, 2), everyone).status == "now"


def test_nothing_else_is_disputed() -> None:
    disputed = {item.id for item in EVERY if any(application.disputed for application in item.applies)}
    assert disputed == {f"EUAIA-{number}" for number in DISPUTED}


def test_marking_has_a_grace_period_for_older_systems() -> None:
    result = _ask("EUAIA-50-2", date(2026, 11, 20), PROVIDER)
    assert [item.status(on=date(2026, 11, 20)) for item in result.applications] == ["now", "from"]


def test_not_our_role_says_whose() -> None:
    result = _ask("EUAIA-50-1", date(2026, 11, 20), DEPLOYER)
    assert (result.status, result.label, result.applications) == ("not_our_role", "Not our role", ())
    assert result.reason == "Addressed to: provider."


@pytest.mark.parametrize("slug", ["hipaa", "soc2"])
def test_rules_without_a_start_date_are_in_force(slug: str) -> None:
    for item in load_catalog(slug).requirements:
        result = applicability(item, on=date(2026, 11, 20), roles=frozenset(ROLES[slug]))
        assert (result.status, result.applies_from) == ("now", None)
        assert result.reason.startswith("In force for ")


def test_dates_read_the_same_in_every_locale() -> None:
    assert format_date(date(2027, 12, 2)) == "2 Dec 2027"


# What the loader refuses

SMALL = """
format: 1
framework: soc2
title: A title
short_title: Short
citation: A citation
as_of: 2026-11-20
license: Apache-2.0
license_note: Our own paraphrase.
sources: [A source]
dates: []
notes: [A note]
groups:
  - {id: one, title: One}
requirements:
  - id: R-1
    group: one
    kind: security
    citation: CC1.1
    title: A title
    text: A text.
    applies:
      - {from: 2026-11-20, basis: A basis, to_roles: [service_organization], scope: organization}
    portal: direct
    collectors: [documents]
    later: []
    confidence: high
"""


def test_the_small_catalog_loads() -> None:
    catalog = parse_catalog(SMALL, name="small.yaml")
    assert isinstance(catalog, Catalog)
    assert catalog.get("R-1").applies[0].applies_from == date(2026, 11, 20)
    with pytest.raises(KeyError):
        catalog.get("R-2")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    text: A text.", "    text: A text.\n    colour: red", "small.yaml: R-1: colour: is not a key"),
        ("title: A title\nshort", "subtitle: x\ntitle: A title\nshort", "small.yaml: top: subtitle: is not a key"),
        ("    text: A text.\n", "", "small.yaml: R-1: text: is missing"),
        ("text: A text.", "text: ' '", "small.yaml: R-1: text: must be text"),
        ("[documents]", "[papers]", "small.yaml: R-1: collectors: 'papers' is unknown"),
        ("[documents]", "[documents, documents]", "small.yaml: R-1: collectors: names something twice"),
        ("later: []", "later: [documents]", "small.yaml: R-1: later: 'documents' is unknown"),
        ("from: 2026-11-20", "from: soon", "small.yaml: R-1 applies[0]: from: must be a date"),
        ("from: 2026-11-20", "from: 2026-11-20 10:00:00", "small.yaml: R-1 applies[0]: from: must be a date"),
        ("from: 2026-11-20", "from: 2026-13-20", "small.yaml: "),
        ("scope: organization", "scope: somewhere", "small.yaml: R-1 applies[0]: scope: 'somewhere' is unknown"),
        ("[service_organization]", "[deployer]", "small.yaml: R-1 applies[0]: to_roles: 'deployer' is unknown"),
        ("[service_organization]", "[]", "small.yaml: R-1 applies[0]: to_roles: must name at least one"),
        ("scope: organization}", "scope: organization, alternative_from: 2027-01-01}", "alternative_from: stands only"),
        ("group: one", "group: two", "small.yaml: R-1: group: no group is called 'two'"),
        ("kind: security", "kind: security\n    parent: R-9", "small.yaml: R-1: parent: 'R-9' is unknown"),
        ("portal: direct", "portal: outside", "small.yaml: R-1: outside_reason: must stand exactly"),
        ("[documents]", "[]", "small.yaml: R-1: collectors: or later must stand"),
        ("format: 1", "format: 2", "small.yaml: top: format: must be 1"),
        ("    text: A text.", "    text: A text.\n    text: Another.", "small.yaml: .*a key stands twice"),
        ("  - {id: one, title: One}", "  - {id: one, title: One}\n  - {id: one, title: Two}", "one: id: stands twice"),
    ],
)
def test_the_loader_names_file_id_and_field(old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(CatalogError, match=re.escape(message) if ".*" not in message else f"(?s){message}"):
        parse_catalog(SMALL.replace(old, new, 1), name="small.yaml")


def test_a_requirement_cannot_stand_twice() -> None:
    row = SMALL[SMALL.index("  - id: R-1") :]
    with pytest.raises(CatalogError, match=r"small\.yaml: R-1: id: stands twice in requirements"):
        parse_catalog(SMALL + row.lstrip("\n"), name="small.yaml")


def test_an_unknown_catalog_is_named() -> None:
    with pytest.raises(CatalogError, match="No catalog is called 'gdpr'"):
        load_catalog("gdpr")


# Against the fact bases, where they are at hand


@pytest.mark.skipif(not FACT_BASES.is_dir(), reason="the fact bases are not beside this checkout: ids NOT compared")
@pytest.mark.parametrize(
    ("slug", "file", "parts"),
    [
        ("eu-ai-act", "eu_ai_act.yaml", ("obligations", "classification.prohibited_practices")),
        ("hipaa", "hipaa.yaml", ("security_rule", "privacy_rule", "breach_notification")),
        ("soc2", "soc2.yaml", ("criteria",)),
    ],
)
def test_no_id_of_the_fact_base_is_lost(slug: str, file: str, parts: tuple[str, ...]) -> None:
    data = yaml.safe_load((FACT_BASES / file).read_text(encoding="utf-8"))
    expected = []
    for part in parts:
        rows = data
        for key in part.split("."):
            rows = rows[key]
        expected += [row["id"] for row in rows]
    assert sorted(item.id for item in load_catalog(slug).requirements) == sorted(expected)
