"""Retention under Administration: auditors read, administrators place, lift and edit, others see nothing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from inventory.models import Vendor
from portal.access.models import User
from portal.history.context import acting
from portal.retention.models import Erasure, LegalHold, RetentionRule
from tests.factories import create
from tests.retention.conftest import WRITER

pytestmark = pytest.mark.django_db
HOME = "/administration/retention/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def erasure(administrator: User) -> Erasure:
    with acting(WRITER):
        made: Erasure = create(
            Erasure, by=administrator, ground="GDPR Art. 17(1)(b)", entries=[4, 5],
            fields=[{"table": "portal_user", "column": "email", "rows": 2}, {"table": "x", "column": "y", "rows": 1}],
        )  # fmt: skip
    return made


def test_who_may_see_and_who_may_change(  # noqa: PLR0917 - one of each role
    administrator: User, lead: User, auditor: User, editor: User, viewer: User, outsider: User, erasure: Erasure
) -> None:
    with acting(WRITER):
        hold, rule = create(LegalHold), create(RetentionRule)
    reading = [HOME, f"{HOME}erasures/", f"{HOME}erasures/{erasure.pk}/"]
    changing = [f"{HOME}holds/new/", f"{HOME}holds/{hold.pk}/lift/", f"{HOME}rules/new/", f"{HOME}rules/{rule.pk}/"]
    for user, read, change in (
        (administrator, 200, 200),
        (lead, 200, 403),
        (auditor, 200, 403),
        (editor, 403, 403),
        (viewer, 403, 403),
        (outsider, 403, 403),
    ):
        client = client_of(user)
        assert {client.get(page).status_code for page in reading} == {read}, user
        assert {client.get(page).status_code for page in changing} == {change}, user
        if change == 403:
            assert {client.post(page, {"name": "x", "reason": "x"}).status_code for page in changing} == {403}
        assert (HOME in client.get("/").content.decode()) is (read == 200)
    hold.refresh_from_db()
    assert not hold.is_lifted


def test_a_hold_is_placed_and_lifted_with_a_reason(administrator: User) -> None:
    client = client_of(administrator)
    with acting(WRITER):
        vendor = create(Vendor)
    given = {"name": "A claim", "reason": "Case 26-118", "since": "2026-01-05", "scope": "record"}
    bad = client.post(f"{HOME}holds/new/", given)
    assert bad.status_code == 422
    assert (
        client.post(f"{HOME}holds/new/", {**given, "register": "vendors", "reference": "VEN-999999"}).status_code == 422
    )
    late = {**given, "scope": "everything", "since": "2999-01-01"}
    assert client.post(f"{HOME}holds/new/", late).status_code == 422
    assert not LegalHold.objects.exists()

    good = {**given, "register": "vendors", "reference": f" {vendor.reference.lower()} ", "person_name": "left over"}
    assert client.post(f"{HOME}holds/new/", good).status_code == 302
    hold = LegalHold.objects.get()
    assert (hold.record, hold.table_name, hold.person_name) == (str(vendor.pk), "inventory_vendor", "")
    assert hold.placed_by == administrator
    assert "A claim" in client.get(HOME).content.decode()

    assert client.post(f"{HOME}holds/{hold.pk}/lift/", {"reason": ""}).status_code == 422
    assert client.post(f"{HOME}holds/{hold.pk}/lift/", {"reason": "Settled"}).status_code == 302
    assert client.get(f"{HOME}holds/{hold.pk}/lift/").status_code == 404
    row = hold.history.first()
    assert (row.history_change_reason, row.lifted_by_id) == ("Settled", administrator.pk)
    assert "Lifted" in client.get(HOME).content.decode()


def test_a_hold_on_a_person_needs_one(administrator: User, viewer: User) -> None:
    client = client_of(administrator)
    given = {"name": "n", "reason": "r", "since": "2026-01-05", "scope": "person"}
    assert client.post(f"{HOME}holds/new/", given).status_code == 422
    assert client.post(f"{HOME}holds/new/", {**given, "person": str(viewer.pk)}).status_code == 302
    assert LegalHold.objects.get().covers == "Vera"


def test_a_rule_is_added_changed_and_put_out_of_force(administrator: User) -> None:
    client = client_of(administrator)
    given = {
        "name": "House rule", "ground": "Because", "citation": "Policy 7", "months": "24", "counts_from": "field",
        "date_field": "live_on", "applies_to": "registers", "registers": ["ai-systems"], "confidence": "high",
        "is_active": "on",
    }  # fmt: skip
    assert client.post(f"{HOME}rules/new/", {**given, "registers": ["vendors"]}).status_code == 422
    assert client.post(f"{HOME}rules/new/", {**given, "registers": []}).status_code == 422
    assert client.post(f"{HOME}rules/new/", {**given, "counts_from": "replaced"}).status_code == 422
    assert client.post(f"{HOME}rules/new/", given).status_code == 302
    rule = RetentionRule.objects.get()
    changed = {**given, "months": "36"}
    del changed["is_active"]
    assert client.post(f"{HOME}rules/{rule.pk}/", changed).status_code == 302
    rule.refresh_from_db()
    assert (rule.months, rule.is_active) == (36, False)
    assert "Not in force" in client.get(HOME).content.decode()
    assert rule.history.count() == 2


def test_an_erasure_says_which_fields_and_never_what_they_said(auditor: User, erasure: Erasure) -> None:
    page = client_of(auditor).get(f"{HOME}erasures/{erasure.pk}/").content.decode()
    assert "People" in page
    assert "E-mail" in page
    assert "2 entries of the log lost their contents" in page
    assert erasure.at <= timezone.now()
