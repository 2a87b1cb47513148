"""The OpenAPI schema: valid, without a warning, and true to what the API answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are not among our tools
import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema

from portal.access.models import User
from portal.records.register import Register, registers
from tests.portal.test_registers import make


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The schema as a client reads it."""
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command("spectacular", "--format", "openapi-json", "--file", str(file))
    made: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return made


def test_the_schema_is_valid_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1.")
    validate_schema(schema)  # type: ignore[no-untyped-call]  # the library types it in part


def test_making_it_raises_no_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    assert file.read_text(encoding="utf-8").startswith("openapi: 3.1.")
    assert capsys.readouterr().err == ""


def test_every_register_has_a_list_and_a_record(schema: dict[str, Any]) -> None:
    expected = {f"/api/v1/{one.slug}{tail}" for one in registers() for tail in ("", "/{id}")}
    assert set(schema["paths"]) == expected
    names = [operation["operationId"] for path in schema["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)


def test_every_operation_takes_a_token_or_a_session(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path in schema["paths"].values():
        assert path["get"]["security"] == [{"token": []}, {"cookieAuth": []}]


def test_yes_no_or_unknown_has_one_name(schema: dict[str, Any]) -> None:
    facts = {
        name for name, one in schema["components"]["schemas"].items() if one.get("enum") == ["yes", "no", "unknown"]
    }
    assert facts == {"FactEnum"}


@pytest.mark.django_db
@pytest.mark.parametrize("register", list(registers()), ids=lambda one: one.slug)
def test_answers_are_what_the_schema_promises(
    schema: dict[str, Any], register: Register, client: Client, viewer: User
) -> None:
    client.force_login(viewer)
    record = make(register)
    for path, url in (("", ""), ("/{id}", f"/{record.reference}")):
        answers = schema["paths"][f"/api/v1/{register.slug}{path}"]["get"]["responses"]
        promised = answers["200"]["content"]["application/json"]["schema"]
        body = client.get(f"/api/v1/{register.slug}{url}").json()
        jsonschema.validate(body, {**promised, "components": schema["components"]})
