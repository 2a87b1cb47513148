"""Verification as people meet it: the command, the job, the page, the alarm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from portal.access.models import User
from portal.access.roles import Role
from portal.history.checks import drift
from portal.jobs.models import Job, JobState
from portal.ledger import checking
from portal.ledger.models import Verification
from portal.ledger.sequencer import sequence
from tests.ledger.conftest import SIZE, HonestLog
from tests.ledger.test_tampering import entry_at

ALERT = "verification found"
NO_PLACES = """CREATE OR REPLACE FUNCTION muster.sequence_entries(at_most integer) RETURNS bigint
LANGUAGE sql AS 'SELECT 0::bigint'"""
Intruder = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def no_anchor_file(settings: Any) -> None:
    settings.ANCHOR_FILE = ""


def test_the_command_says_what_it_checked(log: HonestLog, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call_command("verify_ledger")
    out = capsys.readouterr().out
    assert f"{SIZE} entries, 3 checkpoints" in out
    assert "Nothing was found." in out
    assert "No checkpoint from outside" in out
    kept = tmp_path / "kept"
    kept.write_text("\n".join(log.notes))
    call_command("verify_ledger", checkpoint=[kept], since=300, json=True)
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["anchors"], report["since"], report["size"]) == (True, 3, 256, SIZE)


def test_the_command_ends_with_1_and_names_what_it_found(
    log: HonestLog, intruder: Intruder, capsys: pytest.CaptureFixture[str]
) -> None:
    entry, record = entry_at(intruder, 10)
    intruder.execute("UPDATE inventory_historicalvendor SET name = 'Forged' WHERE history_id = %s", [entry])
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger")
    assert ended.value.code == 1
    assert f"(leaf 10, entry {entry}, inventory_vendor {record})" in capsys.readouterr().out


def test_the_command_refuses_what_it_cannot_read(log: HonestLog, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_ledger", checkpoint=[tmp_path / "none"])
    with pytest.raises(CommandError, match="from 0"):
        call_command("verify_ledger", since=-1)


def test_a_finding_is_mailed_kept_and_shown_on_home_and_on_the_ledgers_page(
    log: HonestLog, intruder: Intruder, make_user: Callable[..., User], client: Client, settings: Any
) -> None:
    settings.ANCHOR_EMAILS = ["audit@example.org"]
    make_user("ada", Role.ADMINISTRATOR, email="ada@example.org")
    helen = make_user("helen", Role.GOVERNANCE_LEAD, email="helen@example.org")
    sequence()
    client.force_login(helen)
    assert "Nothing was verified yet" in client.get(reverse("ledger")).content.decode()
    assert checking.check().ok
    assert mail.outbox == []
    assert "Nothing was found." in client.get(reverse("ledger")).content.decode()
    assert ALERT not in client.get("/").content.decode()

    entry, _record = entry_at(intruder, 540)
    intruder.execute("UPDATE inventory_historicalvendor SET name = '<b>F' WHERE history_id = %s", [entry])
    report = checking.check()
    assert report.counts["history-changed"] == 1
    assert sorted(mail.outbox[0].to) == ["ada@example.org", "audit@example.org"]
    assert str(entry) in mail.outbox[0].body
    page = client.get(reverse("ledger")).content.decode()
    assert f"{entry}" in page
    assert "history-changed" in page
    home = client.get("/").content.decode()
    assert reverse("ledger") in home
    assert ALERT in home
    latest = Verification.objects.latest("id")
    assert (latest.ok, latest.findings_count) == (False, sum(report.counts.values()))


def test_the_nightly_job_verifies_and_says_how_it_went(log: HonestLog, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []  # a copied database has no broker of its own; test_jobs.py has the round trip
    monkeypatch.setattr(checking.verify_ledger, "apply_async", lambda *, args: sent.extend(args))
    checking.nightly()
    job = Job.objects.get()
    assert sent == [str(job.pk)]
    assert (job.kind, job.requested_name) == ("verify-ledger", "Muster")
    checking.verify_ledger(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error, job.result) == (
        JobState.SUCCEEDED, "", {"ok": True, "entries": SIZE, "findings": 0},
    )  # fmt: skip
    assert job.result_url == reverse("ledger")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ADMINISTRATOR, (True, True)),
        (Role.GOVERNANCE_LEAD, (True, True)),
        (Role.AUDITOR, (True, True)),
        (Role.EDITOR, (True, False)),
        (Role.VIEWER, (True, False)),
        (None, (False, False)),
    ],
)
@pytest.mark.django_db
def test_who_may_read_the_ledger_and_who_may_have_it_verified(
    make_user: Callable[..., User], client: Client, role: Role | None, may: tuple[bool, bool]
) -> None:
    may_read, may_verify = may
    client.force_login(make_user("someone", *([role] if role else [])))
    page = client.get(reverse("ledger"))
    assert (page.status_code == 200) is may_read
    assert ("Verify now" in page.content.decode()) is may_verify
    assert client.get(reverse("ledger-verify")).status_code == 405
    asked = client.post(reverse("ledger-verify"))
    assert (asked.status_code == 302) is may_verify
    assert Job.objects.count() == may_verify


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("ALTER TABLE portal_ledgerentry DISABLE TRIGGER muster_enqueue", "muster_enqueue"),
        ("DROP TRIGGER muster_never_changed ON portal_checkpoint", "portal_checkpoint"),
        (NO_PLACES, "sequence_entries"),
    ],
)
def test_a_guard_that_was_taken_away_is_named(log: HonestLog, intruder: Intruder, sql: str, named: str) -> None:
    assert drift() == []
    intruder.execute(sql)
    assert [line for line in drift() if named in line]
