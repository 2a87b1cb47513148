"""Auditors may read everything and change nothing, and what they read is logged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.access.models import ApiToken, Reading, User
from portal.history.context import acting
from tests.conftest import SETUP

pytestmark = pytest.mark.django_db


def test_each_page_that_an_auditor_opens_is_logged(auditor: User, administrator: User, client: Client) -> None:
    client.force_login(auditor)
    for path in ("/", "/vendors/?q=x", "/ledger/", "/changes/"):
        assert client.get(path).status_code == 200
    assert client.get("/vendors/VEN-999999/").status_code == 404
    assert client.get("/vendors/new/").status_code == 403
    assert client.get("/vendors/?q=x", headers={"HX-Request": "true"}).status_code == 200
    assert [one.path for one in Reading.objects.order_by("id")] == ["/", "/vendors/?q=x", "/ledger/", "/changes/"]
    assert set(Reading.objects.values_list("user", flat=True)) == {auditor.pk}

    assert "Every page that you opened" in client.get("/readings/").content.decode()
    client.force_login(administrator)
    page = client.get("/readings/").content.decode()
    assert "/vendors/?q=x" in page
    assert Reading.objects.filter(user=administrator).count() == 0


def test_nobody_elses_reading_is_logged_or_shown(editor: User, auditor: User, client: Client) -> None:
    Reading.objects.create(user=auditor, path="/vendors/?q=secret")
    client.force_login(editor)
    assert "secret" not in client.get("/readings/").content.decode()
    client.get("/vendors/")
    assert Reading.objects.count() == 1


def test_an_auditors_exports_and_looks_at_the_past_are_logged(auditor: User, client: Client) -> None:
    client.force_login(auditor)
    assert client.get("/vendors/export.csv").status_code in {200, 404}
    assert client.get("/as-of/2020-01-01T00:00:00Z/vendors/").status_code == 200
    assert Reading.objects.order_by("-id")[0].path == "/as-of/2020-01-01T00:00:00Z/vendors/"


def test_what_an_auditor_reads_by_token_is_logged_too(auditor: User, client: Client) -> None:
    with acting(SETUP):
        _token, key = ApiToken.issue(auditor, "notebook", timezone.now() + timedelta(days=1))
    answer = client.get("/api/v1/vendors", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert [(one.user_id, one.path) for one in Reading.objects.all()] == [(auditor.pk, "/api/v1/vendors")]
