"""The suite every register inherits: each page and endpoint, for each role, on a valid row of each register."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.access.models import User
from portal.access.roles import Role
from portal.history.context import acting
from portal.records.register import Register, registers
from portal.ui.forms import RecordForm, form_for
from portal.ui.tables import sortable
from tests.conftest import SETUP
from tests.factories import build, change, create

pytestmark = pytest.mark.django_db

EVERY = pytest.mark.parametrize("register", list(registers()), ids=lambda r: r.slug)
BASELINE = Path(__file__).parent / "query_counts.json"


@pytest.fixture
def as_role(client: Client, make_user: Callable[..., User]) -> Callable[[str | None], Client]:
    """The test client, signed in as a person with this role (None: signed in without any)."""

    def sign_in(role: str | None) -> Client:
        client.force_login(make_user(role or "nobody", *([role] if role else [])))
        return client

    return sign_in


def make(register: Register, **values: Any) -> Any:
    with acting(SETUP):
        return create(register.model, **values)


def typed(register: Register, record: Any) -> dict[str, str]:
    """What a browser would send for the record's form."""
    form: RecordForm = form_for(register)(register=register, instance=record)
    data = {}
    for name, field in form.fields.items():
        bound = form[name]
        value = field.prepare_value(bound.initial)
        data[name] = "" if value is None else str(value)
    return data


@EVERY
@pytest.mark.parametrize("role", [*Role.values, None])
def test_reading_needs_a_role_and_nothing_else(
    register: Register, role: str | None, as_role: Callable[[str | None], Client]
) -> None:
    record = make(register)
    client = as_role(role)
    expected = 200 if role else 403
    for page in ("list", "detail", "history"):
        url = register.url("list") if page == "list" else register.url(page, record)
        status = client.get(url).status_code
        assert status == (404 if role is None and page != "list" else expected), page
    assert client.get(f"/api/v1/{register.slug}").status_code == expected
    exports = {Role.ADMINISTRATOR, Role.GOVERNANCE_LEAD, Role.EDITOR, Role.AUDITOR}
    assert client.get(f"/{register.slug}/export.csv").status_code == (200 if role in exports else 403)


@EVERY
@pytest.mark.parametrize("role", [*Role.values, None])
def test_writing_needs_a_role_that_may_write(
    register: Register, role: str | None, as_role: Callable[[str | None], Client]
) -> None:
    record = make(register)
    client = as_role(role)
    writes = role in {Role.ADMINISTRATOR, Role.GOVERNANCE_LEAD, Role.EDITOR}
    assert client.get(f"/{register.slug}/new/").status_code == (200 if writes else 403)
    edit = client.get(register.url("edit", record)).status_code
    assert edit == (200 if writes else 403 if role else 404)
    post = client.post(register.url("edit", record), typed(register, record)).status_code
    assert post == (302 if writes else 403 if role else 404)
    imports = role in {Role.ADMINISTRATOR, Role.GOVERNANCE_LEAD}
    assert client.get(f"/{register.slug}/import/").status_code == (200 if imports else 403)
    for verb in ("post", "put", "patch", "delete"):
        status = getattr(client, verb)(f"/api/v1/{register.slug}/{record.pk}", "{}", "application/json").status_code
        assert status in {403, 405}, verb


@EVERY
def test_without_a_log_in_everything_leads_to_it(register: Register, client: Client) -> None:
    record = make(register)
    for url in (
        register.url(),
        register.url("detail", record),
        f"/{register.slug}/new/",
        f"/{register.slug}/export.csv",
    ):
        response = client.get(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=")
    assert client.get(f"/api/v1/{register.slug}").status_code == 401


@EVERY
def test_a_record_is_edited_and_its_history_shows_what_changed(
    register: Register, client: Client, editor: User
) -> None:
    client.force_login(editor)
    record = make(register)
    name, value = change(record)
    if name not in register.fields or name in register.gated_fields:
        candidates = [
            f for f in register.fields if isinstance(getattr(record, f), str) and f not in register.gated_fields
        ]
        name = next(f for f in candidates if not register.model._meta.get_field(f).choices)  # type: ignore[union-attr]  # a column
        value = f"https://example.org/{name}" if "url" in name else f"changed {name}"
    data = typed(register, record) | {name: str(value), "reason": "a test says so"}
    response = client.post(register.url("edit", record), data)
    assert response.status_code == 302, response.context and response.context["form"].errors
    record.refresh_from_db()
    assert str(getattr(record, name)) == str(value)
    assert record.version == 2
    rows = list(register.model.history.filter(id=record.pk).order_by("history_id"))
    assert [row.history_type for row in rows] == ["+", "~"]
    assert (rows[-1].history_user_name, rows[-1].history_source) == (str(editor), "ui")
    assert rows[-1].history_change_reason == "a test says so"
    page = client.get(register.url("history", record)).content.decode()
    assert "a test says so" in page
    assert register.field_label(name) in page


@EVERY
def test_saving_without_a_change_writes_nothing(register: Register, client: Client, editor: User) -> None:
    client.force_login(editor)
    record = make(register)
    assert client.post(register.url("edit", record), typed(register, record)).status_code == 302
    assert register.model.history.filter(id=record.pk).count() == 1


@EVERY
def test_a_conflict_shows_the_others_change_and_overwrites_nothing(
    register: Register, client: Client, editor: User
) -> None:
    client.force_login(editor)
    record = make(register)
    stale = typed(register, record)
    with acting(SETUP):
        name, value = change(record)
        register.model.objects.filter(pk=record.pk).update(**{name: value})
    response = client.post(register.url("edit", record), stale)
    assert response.status_code == 409
    assert str(SETUP.name) in response.content.decode().replace("&#x27;", "'")
    record.refresh_from_db()
    assert getattr(record, name) == value
    again = {**stale, "seen_version": str(record.version), "reason": "their change was a slip"}
    assert client.post(register.url("edit", record), again).status_code == 302


@EVERY
def test_a_record_is_registered_from_what_a_browser_sends(register: Register, client: Client, editor: User) -> None:
    client.force_login(editor)
    with acting(SETUP):
        template = build(register.model)
    data = typed(register, template)
    for name in register.relations:
        target = getattr(template, name)
        data[name] = target.reference if target is not None else ""
    response = client.post(f"/{register.slug}/new/", data)
    assert response.status_code == 302, response.context and response.context["form"].errors
    made = register.model.objects.latest("created_at")
    assert response["Location"] == register.url("detail", made)
    assert str(made.reference).startswith(f"{register.prefix}-")


@EVERY
def test_an_empty_form_is_refused_with_every_required_field_named(
    register: Register, client: Client, editor: User
) -> None:
    client.force_login(editor)
    response = client.post(f"/{register.slug}/new/", {})
    assert response.status_code in {302, 422}
    if response.status_code == 422:
        assert response.context["form"].errors
        assert "There is a problem" in response.content.decode()


@EVERY
def test_the_list_offers_only_sorting_that_an_index_serves(register: Register, client: Client, viewer: User) -> None:
    client.force_login(viewer)
    make(register)
    for name in register.columns:
        assert client.get(register.url(), {"sort": name}).status_code == 200
    assert register.ordering[0].lstrip("-") in sortable(register)


@EVERY
def test_every_filter_answers_and_shows_its_chip(register: Register, client: Client, viewer: User) -> None:
    client.force_login(viewer)
    record = make(register)
    page = client.get(register.url())
    for name, one in page.context["listing"].filterset.filters.items():
        value = (
            one.extra["choices"][0][0] if one.extra.get("choices") else "2026-01-01" if "__" in name else "UNIT-000001"
        )
        if name.endswith("__isnull"):
            value = "true"
        if type(one).__name__ == "BooleanFilter":
            value = "true"
        response = client.get(register.url(), {name: value})
        assert response.status_code == 200, name
        if name != "q":
            assert 'class="chip"' in response.content.decode(), name
    for view in register.views:
        assert client.get(f"{register.url()}?{view.query}").status_code == 200
    assert record.reference in client.get(f"/search/?q={record.reference}", follow=True).content.decode()


@EVERY
def test_the_export_holds_just_the_list(register: Register, client: Client, auditor: User) -> None:
    client.force_login(auditor)
    record, other = make(register), make(register)
    response = client.get(f"/{register.slug}/export.csv", {"columns": list(register.columns)})
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # it streams
    rows = list(csv.reader(io.StringIO(text)))
    assert {record.reference, other.reference} <= {row[0] for row in rows}
    assert rows[0][0] == "Reference"
    assert all(len(row) == len(rows[0]) for row in rows)
    assert client.get(f"/{register.slug}/export.xlsx").content[:2] == b"PK"


@EVERY
def test_the_api_shows_the_record_with_references(register: Register, client: Client, viewer: User) -> None:
    client.force_login(viewer)
    record = make(register)
    for key in (record.pk, record.reference):
        body = client.get(f"/api/v1/{register.slug}/{key}").json()
        assert body["reference"] == record.reference
        assert body["version"] == 1
    for name in register.relations:
        target = getattr(record, name)
        assert body[name] == (None if target is None else {
            "id": str(target.pk), "reference": target.reference, "name": str(target),
        })  # fmt: skip
    assert record.reference in {row["reference"] for row in client.get(f"/api/v1/{register.slug}").json()["results"]}


@EVERY
def test_the_number_of_queries_does_not_grow_with_the_rows(register: Register, client: Client, viewer: User) -> None:
    client.force_login(viewer)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {}
    counts: dict[str, list[int]] = {}
    for rows in (2, 12):
        while register.model.objects.count() < rows:
            make(register)
        one = register.model.objects.latest("created_at")
        urls = {"list": register.url(), "detail": register.url("detail", one), "api": f"/api/v1/{register.slug}"}
        for page, url in urls.items():
            client.get(url)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(url).status_code == 200
            counts.setdefault(page, []).append(len(captured))
    for page, (few, many) in counts.items():
        assert few == many, f"{page} of {register.slug}: {few} queries for 2 rows, {many} for 12"
    measured = {page: many for page, (_few, many) in counts.items()}
    if os.environ.get("WRITE_QUERY_COUNTS"):  # with -n 0, after a change that is meant
        BASELINE.write_text(json.dumps(baseline | {register.slug: measured}, indent=2, sort_keys=True) + "\n")
        return
    assert measured == baseline.get(register.slug), f"query counts of {register.slug} are now {measured}"


def test_hostile_text_is_shown_as_text(client: Client, editor: User) -> None:
    from portal.records.register import get_register

    client.force_login(editor)
    register = get_register("vendors")
    hostile = "<script>alert(1)</script>\"'&{{ 7|add:1 }}"
    record = make(register, name=hostile)
    for url in (
        register.url(),
        register.url("detail", record),
        register.url("edit", record),
        register.url("history", record),
    ):
        page = client.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("text", ["", "'", "a & | ! ( ) : *", "\x00", "%", "x" * 5000, "SYS-", "sys-1", "<->", "ü"])
def test_no_search_text_breaks_a_list(client: Client, viewer: User, text: str) -> None:
    client.force_login(viewer)
    for url in ("/ai-systems/", "/search/"):
        assert client.get(url, {"q": text}).status_code == 200
