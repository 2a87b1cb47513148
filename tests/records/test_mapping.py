"""Mappings as YAML: what is understood, and what is wrong with one."""

from pathlib import Path

import pytest

from portal.records.mapping import MappingProblem, find_mappings, load_mapping, to_yaml
from tests.records.plans import HEAD, MAPPINGS, UNITS, mapping


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "t.yaml: must be a mapping"),
        ("a: [", "t.yaml"),
        ("[" * 5000, "t.yaml"),
        ("format: 2", "t.yaml.format"),
        ("format: 1\nname: t\ntitle: T\nsource: s", "t.yaml.register: is missing"),
        (HEAD + "name: u\n", "“name” stands twice"),
        (HEAD + "feild: {}\n", "t.yaml.feild: is not a key of format 1 (did you mean “fields”?)"),
        (HEAD + "2024: x\n", "keys are text"),
        (HEAD + "require: A\n", "t.yaml.require: must be a list of text"),
        (HEAD + "opening: yes\n", "t.yaml.opening: must be true or false"),
        (HEAD + "key: {columns: []}\n", "t.yaml.key.columns"),
        (HEAD + "key: {column: [A]}\n", "t.yaml.key"),
        (HEAD + "fields: {x: {colum: A}}\n", "t.yaml.fields.x"),
        (HEAD + "fields: {x: {column: A, lookup: u}}\n", "t.yaml.fields.x: must name either"),
        (HEAD + "fields: {x: {column: A, colour: B}}\n", "t.yaml.fields.x.colour"),
        (HEAD + "fields: {x: {lookup: unit}}\n", "t.yaml.fields.x: there is no lookup “unit”"),
        (HEAD + "fields: {x: {column: A, unknown: maybe}}\n", "t.yaml.fields.x.unknown: must be one of"),
        (HEAD + "fields: {x: {column: A, unknown: {defualt: b}}}\n", "t.yaml.fields.x.unknown"),
        (HEAD + "fields: {x: {column: A, max_length: no}}\n", "t.yaml.fields.x.max_length"),
        (HEAD + "fields: {x: {column: A, date: {formats: '%Y'}}}\n", "t.yaml.fields.x.date.formats"),
        (HEAD + "fields: {x: {column: A, values: {a: {b: c}}}}\n", "t.yaml.fields.x.values.a"),
        (HEAD + "lookups: {u: {register: r, levels: []}}\n", "t.yaml.lookups.u.levels"),
        (HEAD + "lookups: {u: {register: r, levels: [{key: []}]}}\n", "t.yaml.lookups.u.levels[0].key"),
        (HEAD + "lookups: {u: {register: r, levels: [{key: [A], option: true}]}}\n", "levels[0].option"),
    ],
)
def test_a_wrong_mapping_is_named_by_file_and_key(text: str, says: str) -> None:
    with pytest.raises(MappingProblem) as caught:
        load_mapping(text, name="t.yaml")
    assert says in str(caught.value)


def test_yes_and_dates_are_text() -> None:
    found = mapping("blank: [yes, No, off, 2024-01-01]\nopening: true\n")
    assert found.blank == ("yes", "No", "off", "2024-01-01")
    assert found.opening is True


def test_yaml_goes_round() -> None:
    for found in [*find_mappings([MAPPINGS]).values(), mapping(UNITS + "fields: {x: {lookup: unit}}")]:
        assert load_mapping(to_yaml(found), name="again") == found


def test_two_mappings_of_one_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(HEAD, encoding="utf-8")
    with pytest.raises(MappingProblem, match=r"b\.yaml.*“t”"):
        find_mappings([tmp_path])
