"""People, log-ins, tokens: who gets in, and as whom."""

from __future__ import annotations

import io
import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.access.demo import ensure_people
from portal.access.models import ApiToken, User
from portal.history.context import acting
from tests.conftest import SETUP

pytestmark = pytest.mark.django_db


def token(user: User, days: int = 1) -> tuple[ApiToken, dict[str, str]]:
    with acting(SETUP):
        made, key = ApiToken.issue(user, "sync", timezone.now() + timedelta(days=days))
    return made, {"Authorization": f"Bearer {key}"}


def test_a_token_has_its_owners_rights_and_no_more(client: Client, viewer: User, outsider: User) -> None:
    assert client.get("/api/v1/vendors", headers=token(viewer)[1]).status_code == 200
    assert client.get("/api/v1/vendors", headers=token(outsider)[1]).status_code == 403


def test_a_token_dies_with_its_owner_its_day_or_its_revocation(client: Client, viewer: User) -> None:
    assert client.get("/api/v1/vendors", headers=token(viewer, days=-1)[1]).status_code == 401
    made, headers = token(viewer)
    assert client.get("/api/v1/vendors", headers=headers).status_code == 200
    with acting(SETUP):
        ApiToken.objects.filter(pk=made.pk).update(revoked_at=timezone.now())
    assert client.get("/api/v1/vendors", headers=headers).status_code == 401
    _made, headers = token(viewer)
    with acting(SETUP):
        User.objects.filter(pk=viewer.pk).update(is_active=False)
    answer = client.get("/api/v1/vendors", headers=headers)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer nonsense", "Basic Zm9v", "Bearer " + "x" * 10_000])
def test_a_wrong_token_is_a_clear_answer(client: Client, header: str) -> None:
    assert client.get("/api/v1/vendors", headers={"Authorization": header}).status_code == 401


def test_logging_in_and_out_leaves_no_history_of_passwords(client: Client, viewer: User) -> None:
    assert client.post("/login/", {"username": "vera", "password": "wrong"}).status_code == 200
    assert client.post("/login/", {"username": "vera", "password": "a long pass phrase"}).status_code == 302
    assert client.get("/vendors/").status_code == 200
    assert client.post("/logout/").status_code == 302
    assert client.get("/vendors/").status_code == 302
    assert User.history.filter(id=viewer.pk).count() == 1


def test_demo_log_ins_are_made_once_and_kept_private(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    made = ensure_people(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_people(path) == made == json.loads(path.read_text())
    for one in made["users"]:
        assert client.login(username=one["username"], password=one["password"])
    headers = {"Authorization": f"Bearer {made['api_token']}"}
    assert Client().get("/api/v1/ai-systems", headers=headers).status_code == 200


def test_the_first_real_administrator_comes_from_the_command_line(client: Client) -> None:
    out = io.StringIO()
    call_command("create_person", "grace", name="Grace Park", role=["administrator"], stdout=out)
    assert client.login(username="grace", password=out.getvalue().strip().rsplit(" ", 1)[1])
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_person", "grace", name="Another Grace")


def test_request_ids_come_back_and_stand_in_history(client: Client, editor: User) -> None:
    client.force_login(editor)
    answer = client.post("/vendors/new/", {"name": "Acme", "kind": "supplier"}, headers={"X-Request-ID": "trace-42"})
    assert answer["X-Request-ID"] == "trace-42"
    assert (
        client.get("/vendors/", headers={"X-Request-ID": "bad id\twith blanks"})["X-Request-ID"]
        != "bad id\twith blanks"
    )


def test_health_answers_without_a_log_in(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    assert client.post("/readyz/roundtrip").status_code == 404
    assert client.post("/readyz/roundtrip", headers={"X-Probe-Key": "wrong"}).status_code == 404
