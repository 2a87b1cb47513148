"""One person goes from everything that the database holds; the log stands, and says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from inventory.models import AISystem, OrganizationUnit, RoleAssignment, Vendor
from portal.access.models import User
from portal.history.context import acting
from portal.ledger.erasure import check_seals, erased_entries
from portal.ledger.findings import Fault, Report
from portal.ledger.models import LedgerEntry, LedgerPayload
from portal.ledger.sequencer import sequence
from portal.ledger.snapshot import Snapshot
from portal.ledger.verify import verify
from portal.retention.checks import drift
from portal.retention.erased import erased
from portal.retention.models import Erasure, LegalHold
from tests.conftest import superuser
from tests.factories import create
from tests.retention.conftest import EMAIL, GROUND, NAME, WORDS, WRITER, census, intruder, owner, traces

ROOT = Path(__file__).resolve().parents[2]


def erase(**options: Any) -> str:
    """Run the command and return what it said."""
    out = StringIO()
    call_command("erase_person", **{"user": "ada", "ground": GROUND, **options}, stdout=out)
    return out.getvalue()


def seals() -> Report:
    """What the check of erased rows finds."""
    report = Report(timezone.now())
    with closing(Snapshot()) as snapshot:
        check_seals(snapshot, report)
    return report


def test_a_person_is_gone_from_every_table_and_the_log_stands(committed: str, zebulon: User) -> None:
    sequence()
    assert verify().ok
    leaves = dict(LedgerEntry.objects.values_list("id", "leaf"))
    headers = dict(LedgerEntry.objects.values_list("id", "header"))
    assert {"portal_user", "portal_job", "portal_ledgerpayload", "inventory_roleassignment"} <= {
        table.split('"')[3] for table in traces(committed, *WORDS)
    }

    said = erase(person="zebq", also_as_actor=True, in_text=True)

    assert traces(committed, *WORDS) == {}
    assert not any(word in said.lower() for word in WORDS)
    (erasure,) = Erasure.objects.all()
    assert erasure.by.username == "ada"
    assert erasure.ground == GROUND
    assert erasure.entries
    for entry in LedgerEntry.objects.filter(id__in=leaves):
        assert (entry.leaf, entry.header) == (leaves[entry.id], headers[entry.id])
    assert not LedgerPayload.objects.filter(entry_id__in=erasure.entries).exists()
    sequence()
    report = verify()
    assert (report.ok, report.findings, report.erased) == (True, [], len(erasure.entries))
    assert seals().ok
    with closing(Snapshot()) as snapshot:
        assert erased_entries(snapshot) == set(erasure.entries)


def test_what_is_not_personal_stays(committed: str, zebulon: User) -> None:
    with acting(WRITER):
        other = create(RoleAssignment, system=AISystem.objects.get(), person_name="Dana Whitfield", competence="Much")
    erase(person="zebq")
    other.refresh_from_db()
    assert (other.person_name, other.competence) == ("Dana Whitfield", "Much")
    rows = RoleAssignment.history.filter(person_name="[erased]")
    assert {row.system_id for row in rows} == {AISystem.objects.get().pk}
    assert "Nights" in {row.scope for row in rows}
    unit = OrganizationUnit.objects.get(name="Radiology")
    assert (unit.name, unit.head, unit.code) == ("Radiology", "[erased]", "RAD")
    zebulon.refresh_from_db()
    assert (zebulon.full_name, zebulon.email, zebulon.is_active) == ("[erased]", "", False)
    assert zebulon.username.startswith("erased-")
    assert not zebulon.check_password("a long pass phrase")


def test_who_decided_stays_named_unless_that_is_asked_for(committed: str, zebulon: User) -> None:
    said = erase(person="zebq")
    assert set(Vendor.history.values_list("history_user_name", flat=True)) == {NAME}
    assert "inventory_vendor.manager" in said  # another spelling is named, and not erased
    assert "--in-text" in said
    erase(person=str(zebulon.pk), also_as_actor=True)  # there is no user name any more
    assert set(Vendor.history.values_list("history_user_name", flat=True)) == {"[erased]"}
    # Who it was is still one key, so that what one person did can be seen as that.
    assert set(Vendor.history.values_list("history_user_id", flat=True)) == {str(zebulon.pk)}
    sequence()
    assert verify().ok


def test_a_text_is_found_in_every_field_that_holds_a_name(committed: str, ada: User) -> None:
    with acting(WRITER):
        unit = create(OrganizationUnit, head="Quentin Vale")
        OrganizationUnit.objects.filter(pk=unit.pk).update(head="Somebody Else")
        OrganizationUnit.objects.filter(pk=unit.pk).update(head="QUENTIN VALE")
    erase(text=["Quentin Vale"])
    assert [row.head for row in unit.history.order_by("history_id")] == [
        "[erased]", "Somebody Else", "[erased]", "[erased]",
    ]  # fmt: skip
    assert traces(committed, "quentin") == {}
    assert erase(text=["Quentin Vale"]).startswith("Nothing was found")


def test_a_dry_run_lists_and_changes_nothing(committed: str, zebulon: User) -> None:
    before = census(committed)
    said = erase(person="zebq", also_as_actor=True, in_text=True, dry_run=True)
    assert census(committed) == before
    done = erase(person="zebq", also_as_actor=True, in_text=True)
    listed = [line for line in said.splitlines() if "history" in line]
    assert listed
    assert listed == [line for line in done.splitlines() if "in history" in line]
    assert "portal_user.full_name: 1 record, 2 versions in history" in said
    assert "ROLE-000001" in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"person": "zebq", "user": "zebq"}, "no administrator"),
        ({"person": "zebq", "user": "nobody"}, "no active person"),
        ({"person": "zebq", "ground": "  "}, "Give the ground"),
        ({"person": "zebq", "ground": f"{NAME} asked"}, "names the person"),
        ({"person": "zebq", "reason": f"by mail from {EMAIL}"}, "names the person"),
        ({"person": "ada"}, "Nobody erases themselves"),
        ({"person": "somebody"}, "no account"),
        ({"text": ["Zeb"]}, "too short"),
        ({"text": [NAME]}, "has an account"),
        ({}, "Say whose data"),
    ],
)
def test_what_may_not_be_done_is_refused_with_a_reason(
    committed: str, zebulon: User, options: dict[str, Any], why: str
) -> None:
    before = census(committed)
    with pytest.raises(CommandError, match=why):
        erase(**options)
    assert census(committed) == before


HOLDS: dict[str, dict[str, Any]] = {
    "everything": {},
    "register": {"register": "role-assignments"},
    "record": {"register": "ai-systems", "reference": "sys-000001"},  # what points at it is kept as well
    "account": {"scope": "person", "person": "zebq"},
    "name": {"scope": "person", "person_name": NAME},
}


def place(kind: str) -> LegalHold:
    values = {"scope": kind, **HOLDS[kind]}
    if "person" in values:
        values["person"] = User.objects.get(username=values["person"])
    hold = LegalHold(name="Doe against Hospital", reason="A claim", **values)
    hold.full_clean()
    with acting(WRITER):
        hold.save()
    return hold


@pytest.mark.parametrize("kind", HOLDS)
def test_a_legal_hold_keeps_and_is_named(committed: str, zebulon: User, kind: str) -> None:
    hold = place(kind)
    before = census(committed)
    with pytest.raises(CommandError, match="Doe against Hospital"):
        erase(person="zebq")
    assert "Doe against Hospital" in erase(person="zebq", dry_run=True)
    assert census(committed) == before
    with acting(WRITER):
        LegalHold.objects.filter(pk=hold.pk).update(lifted_at=timezone.now())
    erase(person="zebq", also_as_actor=True, in_text=True)
    assert traces(committed, *WORDS) == {}


def test_a_hold_on_something_else_keeps_nothing_of_this(committed: str, zebulon: User) -> None:
    with acting(WRITER):
        create(Vendor, name="Other")
    hold = LegalHold(name="n", reason="r", scope="record", register="vendors", reference="VEN-000002")
    hold.full_clean()
    with acting(WRITER):
        hold.save()
    erase(person="zebq")
    assert Erasure.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT muster.erase_entries('{}', '[]', '{}')",
        "SELECT muster.held('{}')",
        "SELECT muster.without('', '{}', false)",
        "INSERT INTO muster.erasing VALUES (pg_current_xact_id())",
        "SELECT * FROM muster.erasing",
        "DELETE FROM portal_ledgerpayload",
        "UPDATE portal_historicaluser SET full_name = ''",
        "UPDATE portal_ledgerentry SET record = ''",
    ],
)
@pytest.mark.django_db
def test_the_application_can_erase_nothing(statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def call(database: str, work: dict[str, Any], kind: str = "person") -> None:
    """The function itself, as the owner, with somebody acting."""
    said = {"id": "01990000-0000-7000-8000-00000000000a", "kind": kind, "ground": "g", "reason": "", "fields": []}
    said["by_id"] = str(User.objects.get(username="ada").pk)
    with owner(database) as connection, connection.transaction():
        connection.execute(
            "SELECT set_config('muster.actor', 'a', true), set_config('muster.actor_name', 'A', true),"
            " set_config('muster.source', 'shell', true)"
        )
        connection.execute("SELECT muster.erase_entries(%s, %s, '{}')", [json.dumps(said), json.dumps([work])])


def test_the_function_itself_refuses_what_would_break_the_record(committed: str, ada: User) -> None:
    with acting(WRITER):
        vendor = create(Vendor, name="One")
        Vendor.objects.filter(pk=vendor.pk).update(name="Two")
    first, last = vendor.history.order_by("history_id").values_list("history_id", flat=True)
    history = {"table": "inventory_vendor", "history": "inventory_historicalvendor", "pk": "id", "inside": False}
    before = census(committed)
    for entries, columns, why in (
        ([last], ["name"], "latest of a record"),
        ([first], ["reference"], "Never erased"),
        ([first], ["id"], "Never erased"),
        ([first], ["history_user_id"], "Never erased"),
        ([first, 999_999], ["name"], "not entries of"),
    ):
        with pytest.raises(psycopg.Error, match=why):
            call(committed, {**history, "columns": columns, "entries": entries})
    place("everything")
    with pytest.raises(psycopg.Error, match="Doe against Hospital"):
        call(committed, {**history, "columns": ["name"], "entries": [first]})
    after = census(committed)
    assert {table for table in after if after[table] != before[table]} <= {
        '"public"."portal_legalhold"', '"public"."portal_historicallegalhold"', '"public"."portal_ledgerentry"',
        '"public"."portal_ledgerpayload"', '"muster"."pending"',
    }  # fmt: skip


def test_what_was_erased_by_whom_is_never_erased(committed: str, zebulon: User) -> None:
    erase(person="zebq")
    (entry,) = Erasure.history.values_list("history_id", flat=True)
    work = {"table": "portal_erasure", "history": "portal_historicalerasure", "pk": "id", "inside": False}
    with pytest.raises(psycopg.Error, match="never erased"):
        call(committed, {**work, "columns": ["history_user_name"], "entries": [entry]})


def test_a_guard_that_was_changed_is_named(committed: str) -> None:
    assert drift() == []
    with owner(committed) as connection:
        connection.execute("ALTER TABLE portal_legalhold DISABLE TRIGGER muster_hold_stands")
        connection.execute(
            "CREATE OR REPLACE FUNCTION muster.held(entries bigint[])"
            " RETURNS TABLE (entry_id bigint, hold uuid, hold_name text)"
            " LANGUAGE sql AS 'SELECT 1::bigint, NULL::uuid, NULL::text WHERE false'"
        )
    assert drift() == [
        "function muster.held is missing or another",
        "portal_legalhold: trigger muster_hold_stands is missing or disabled",
    ]


def test_outside_of_the_function_history_refuses_its_owner(committed: str, zebulon: User) -> None:
    with owner(committed) as connection:
        for statement in ("UPDATE portal_historicaluser SET full_name = ''", "DELETE FROM portal_ledgerpayload"):
            with pytest.raises(psycopg.Error, match="history only grows"):
                connection.execute(statement)


def test_an_erasure_forged_beside_the_triggers_excuses_nothing(committed: str, zebulon: User) -> None:
    sequence()
    entry = LedgerEntry.objects.filter(table_name="inventory_vendor").order_by("id").values_list("id", flat=True)[0]
    with intruder(committed) as hand:
        hand.execute("DELETE FROM portal_ledgerpayload WHERE entry_id = %s", [entry])
        hand.execute(
            "INSERT INTO portal_erasure (id, kind, ground, reason, by_id, at, entries, fields, seals)"
            " SELECT gen_random_uuid(), 'person', 'g', '', id, now(), %s, '[]', '{}' FROM portal_user LIMIT 1",
            [[entry]],
        )
    report = verify()
    assert report.counts[Fault.PAYLOAD_MISSING] == 1
    assert report.counts[Fault.RECORD_UNRECORDED] == 1


def test_what_is_left_of_an_erased_row_is_still_guarded(committed: str, zebulon: User) -> None:
    erase(person="zebq")
    entry = Erasure.objects.get().entries[0]
    with intruder(committed) as hand:
        hand.execute("ALTER TABLE portal_historicaluser ADD COLUMN later text NOT NULL DEFAULT 'x'")
    assert seals().ok
    table = LedgerEntry.objects.get(pk=entry).table_name.replace("_", "_historical")
    with intruder(committed) as hand:
        hand.execute(f"UPDATE {table} SET history_user_name = 'Forged' WHERE history_id = %s", [entry])
    assert seals().counts == {Fault.HISTORY_CHANGED: 1}


def test_a_page_says_that_a_change_was_erased(committed: str, ada: User, zebulon: User) -> None:
    erase(person="zebq")
    ids = list(User.history.filter(id=zebulon.pk).order_by("history_id").values_list("history_id", flat=True))
    notes = erased(ids)
    assert set(notes) == set(ids[:-1])  # the last one is the change that took the data away
    assert notes[ids[0]].words == f"Erased on {date.today():%-d %b %Y} on the ground of: {GROUND}"  # noqa: DTZ011
    assert erased([]) == {}
    client = Client()
    client.force_login(ada)
    unit = OrganizationUnit.objects.get(name="Radiology")
    page = client.get(f"/organization-units/{unit.reference}/history/").content.decode()
    assert page.count(f"Erased on {date.today():%-d %b %Y} on the ground of: {GROUND}") == 2  # noqa: DTZ011
    assert "Quartermain" not in page


def running(database: str, *arguments: str) -> subprocess.Popen[str]:
    """The command as a process of its own."""
    address = {name: os.environ[name] for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL")}
    for name, url in address.items():
        address[name] = psycopg_url(url, database)
    command = [sys.executable, "manage.py", "erase_person", "--user", "ada", "--ground", GROUND, *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | address, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def psycopg_url(url: str, database: str) -> str:
    head, _slash, tail = url.rpartition("/")
    return f"{head}/{database}" + ("?" + tail.split("?", 1)[1] if "?" in tail else "")


def test_two_at_once_are_one_after_the_other(committed: str, zebulon: User) -> None:
    both = [running(committed, "--person", str(zebulon.pk)) for _ in range(2)]
    said = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sum("Nothing was found" in text for text in said) == 1
    assert Erasure.objects.count() == 1
    sequence()
    assert verify().ok


def test_a_command_killed_in_the_middle_leaves_everything(committed: str, zebulon: User) -> None:
    before = census(committed)
    with superuser(committed) as blocker, blocker.transaction():
        # The function waits for whoever is placing a hold: there it dies, its changes made and not committed.
        blocker.execute("LOCK TABLE portal_legalhold IN ROW EXCLUSIVE MODE")
        process = running(committed, "--person", "zebq", "--also-as-actor", "--in-text")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'relation' AND query LIKE '%erase_entries%'"
        for _ in range(600):
            with superuser(committed) as other:
                if (other.execute(waiting).fetchone() or [0])[0]:
                    break
            time.sleep(0.1)
        else:
            pytest.fail("it never got there")
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]  # a pipe
    for _ in range(100):
        with superuser(committed) as other:
            if not (other.execute(waiting.replace("wait_event = 'relation' AND", "")).fetchone() or [0])[0] > 1:
                break
        time.sleep(0.1)
    assert census(committed) == before
    erase(person="zebq", also_as_actor=True, in_text=True)
    assert traces(committed, *WORDS) == {}
