"""Checkpoints leave the database: each to every place, once, in its time, and none in the way of another."""

from __future__ import annotations

import smtplib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.celery import app
from portal.ledger import anchors, tasks
from portal.ledger.anchors import EmailAnchor, FileAnchor, anchor, destinations, only_one
from portal.ledger.kept import append_note, read_notes
from portal.ledger.models import Anchor, AnchorKind, Checkpoint, LedgerKey, LedgerLeaf
from portal.ledger.notes import NoteError, Signer, open_note, sign
from tests.ledger.conftest import HonestLog
from tests.ledger.growing import grow_to

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> Path:
    """A file anchor in a folder of the test's own, and nothing else."""
    path = tmp_path / "elsewhere" / "checkpoints"
    settings.ANCHOR_FILE, settings.ANCHOR_EMAILS, settings.ANCHOR_TSA_URL = str(path), [], ""
    settings.EMAIL_HOST = "mail.example.org"
    return path


def rows() -> list[tuple[str, int, str]]:
    return [(a.kind, a.checkpoint.size, a.error) for a in Anchor.objects.select_related("checkpoint").order_by("id")]


def test_nothing_to_say_before_there_is_a_checkpoint(committed: str, places: Path) -> None:
    assert anchor() == []
    assert not places.exists()


def test_the_file_gets_every_checkpoint_once(committed: str, places: Path) -> None:
    notes = [grow_to(3).note]
    assert len(anchor()) == 1
    assert anchor() == []
    notes.append(grow_to(5).note)
    anchor()
    assert read_notes(places) == notes
    assert rows() == [("file", 3, ""), ("file", 5, "")]
    assert Anchor.objects.latest("id").target == str(places)
    key = LedgerKey.objects.get()
    assert all(
        open_note(note, Signer.parse(Path(django_settings.LEDGER_KEY_FILE).read_text()).verifier) for note in notes
    )
    assert key.verifier in str(Signer.parse(Path(django_settings.LEDGER_KEY_FILE).read_text()).verifier)


def test_a_file_that_is_gone_gets_the_newest_again(committed: str, places: Path) -> None:
    grow_to(3)
    anchor()
    places.unlink()
    anchor()
    assert len(read_notes(places)) == 1


def test_a_mail_a_day_to_each_address(committed: str, settings: Any) -> None:
    settings.ANCHOR_FILE, settings.ANCHOR_EMAILS = "", ["auditor@example.org", "board@example.org"]
    with time_machine.travel(NOON, tick=False) as clock:
        note = grow_to(3).note
        anchor()
        assert [one.to for one in mail.outbox] == [["auditor@example.org"], ["board@example.org"]]
        assert note in mail.outbox[0].body
        name, content, _kind = mail.outbox[0].attachments[0]
        assert (name, content) == ("checkpoint-3.txt", note.encode())
        grow_to(5)
        clock.shift(11 * HOUR)
        assert anchor() == []
        clock.shift(2 * HOUR)
        assert len(anchor()) == 2
        clock.shift(DAY)
        assert anchor() == [], "nothing new, no mail"
    assert [kind for kind, _size, _error in rows()] == ["email"] * 4


def test_without_a_mail_server_it_says_so(committed: str, settings: Any) -> None:
    settings.EMAIL_HOST, settings.ANCHOR_EMAILS = "", ["auditor@example.org"]
    grow_to(3)
    anchor()
    assert rows()[1] == ("email", 3, "AnchorError: There is no mail server: set EMAIL_HOST.")


def test_one_that_fails_stops_no_other_and_is_tried_again(
    committed: str, settings: Any, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANCHOR_EMAILS = ["lost@example.org", "found@example.org"]
    places.parent.write_text("a file where the folder should be")
    deliver = EmailAnchor.deliver

    def fails(self: EmailAnchor, checkpoint: Checkpoint) -> bytes:
        if self.target.startswith("lost"):
            raise smtplib.SMTPRecipientsRefused({self.target: (550, b"gone\0")})
        return deliver(self, checkpoint)

    monkeypatch.setattr(EmailAnchor, "deliver", fails)
    with time_machine.travel(NOON, tick=False) as clock:
        grow_to(3)
        anchor()
        outcome = {a.target: a.error for a in Anchor.objects.all()}
        assert outcome["found@example.org"] == ""
        assert "SMTPRecipientsRefused" in outcome["lost@example.org"]
        assert "FileExistsError" in outcome[str(places)]
        clock.shift(MINUTE)
        assert anchor() == [], "the same failure is not noted every minute"
        clock.shift(HOUR)
        assert len(anchor()) == 2
        monkeypatch.setattr(EmailAnchor, "deliver", deliver)
        places.parent.unlink()
        clock.shift(MINUTE)
        assert [one.error for one in anchor()] == ["", ""]
    assert len(read_notes(places)) == 1
    assert [one.to for one in mail.outbox] == [["found@example.org"], ["lost@example.org"]]


def test_two_workers_deliver_once(committed: str, places: Path) -> None:
    latest = grow_to(3)
    at_work, go_on = threading.Event(), threading.Event()

    class Slow(FileAnchor):
        def deliver(self, checkpoint: Checkpoint) -> bytes:
            at_work.set()
            assert go_on.wait(20)
            return super().deliver(checkpoint)

    def other() -> None:
        try:
            Slow(str(places)).run(latest)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert at_work.wait(20)
    assert anchor() == [], "the other worker has it"
    go_on.set()
    thread.join()
    assert anchor() == [], "and it has done it"
    assert len(read_notes(places)) == Anchor.objects.count() == 1


def test_a_lock_is_let_go_of(committed: str) -> None:
    def freely() -> bool:
        with only_one("something") as mine:
            return mine

    with pytest.raises(ValueError, match="x"), only_one("something") as mine:
        assert mine
        raise ValueError("x")
    seen: list[bool] = []

    def elsewhere() -> None:
        seen.append(freely())
        connection.close()

    with only_one("something"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert (seen, freely()) == ([False], True)


def test_the_clock_runs_both(committed: str, places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app.loader.import_default_modules()
    beat = {one["task"]: one["schedule"] for one in django_settings.CELERY_BEAT_SCHEDULE.values()}
    assert (beat["portal.ledger.tasks.sequence"], beat["portal.ledger.tasks.anchor"]) == (5.0, 60.0)
    assert {"portal.ledger.tasks.sequence", "portal.ledger.tasks.anchor"} <= set(app.tasks)
    grow_to(3)
    tasks.sequence()
    tasks.anchor()
    assert len(read_notes(places)) == 1
    Path(django_settings.LEDGER_KEY_FILE).rename(places.parent / "key")
    said: list[str] = []
    monkeypatch.setattr(tasks.log, "error", lambda text, *_args: said.append(text))
    with time_machine.travel(timezone.now() + HOUR):
        tasks.sequence()
    assert said == ["The log stands still: %s"]
    assert LedgerLeaf.objects.count() == 3


def test_the_destinations_are_those_of_the_settings(settings: Any) -> None:
    settings.ANCHOR_FILE, settings.ANCHOR_EMAILS = "", []
    assert destinations() == []
    settings.ANCHOR_TSA_URL = "https://tsa.example.org"
    assert [one.kind for one in destinations()] == [AnchorKind.TIMESTAMP]
    assert anchors.read_notes is read_notes


# The file


def test_a_file_gives_back_what_was_put_in(log: HonestLog, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    for note in log.notes:
        append_note(path, note)
    assert read_notes(path) == list(log.notes)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))  # as some mail programs do
    assert read_notes(path) == list(log.notes)
    path.write_text(log.notes[0], encoding="utf-8")
    assert read_notes(path) == [log.notes[0]]


def test_a_note_with_two_signatures_is_one(log: HonestLog, tmp_path: Path) -> None:
    witness = Signer.generate("witness")
    note = log.notes[0] + witness.signature(log.notes[0].partition("\n\n")[0] + "\n")
    for one in (note, log.notes[1]):
        append_note(tmp_path / "notes", one)
    assert read_notes(tmp_path / "notes") == [note, log.notes[1]]


def test_a_note_that_was_cut_off_spoils_no_other(log: HonestLog, tmp_path: Path) -> None:
    for cut in range(1, len(log.notes[0].encode()) + 1):
        path = tmp_path / f"cut-{cut}"
        append_note(path, log.notes[0])
        path.write_bytes(path.read_bytes() + log.notes[1].encode()[:cut])
        append_note(path, log.notes[2])
        found = read_notes(path)
        assert (found[0], found[-1]) == (log.notes[0], log.notes[2]), cut
        assert len(found) <= 3


def test_only_checkpoints_come_into_the_file(tmp_path: Path) -> None:
    signer = Signer.generate("log")
    for text in ("", "no note", sign("three\nlines\n\nwith a blank\n", signer)):
        with pytest.raises(NoteError):
            append_note(tmp_path / "notes", text)
    assert not (tmp_path / "notes").exists()


def test_another_file_is_not_taken_for_one_without_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("")
    assert read_notes(path) == []
    path.write_text("Dear auditor,\n\nhere it is.\n")
    with pytest.raises(NoteError, match="no checkpoint"):
        read_notes(path)


def test_what_is_no_text_stays_visible(log: HonestLog, tmp_path: Path) -> None:
    """A damaged note is a note whose signature fails, not one that is passed over."""
    path = tmp_path / "notes"
    append_note(path, log.notes[0])
    path.write_bytes(b"\xff" + path.read_bytes()[1:])
    assert len(read_notes(path)) == 1
    with pytest.raises(NoteError):
        open_note(read_notes(path)[0], Signer.parse(log.key.read_text(encoding="ascii")).verifier)


def test_time_stamps_are_listed_for_anybody(committed: str) -> None:
    checkpoint = grow_to(3)
    where = {"checkpoint": checkpoint, "kind": AnchorKind.TIMESTAMP, "target": "https://tsa.example.org"}
    Anchor.objects.create(error="no", **where)
    assert Client().get("/ledger/time-stamps").content == b""
    assert Client().get("/ledger/checkpoint/3.tsr").status_code == 404
    with time_machine.travel(NOON, tick=False):
        Anchor.objects.create(receipt=b"token", **where)
    assert Client().get("/ledger/time-stamps").content == b"3 2026-11-20T12:00:00+00:00\n"
    answer = Client().get("/ledger/checkpoint/3.tsr")
    assert (answer.content, answer["Content-Type"]) == (b"token", "application/timestamp-reply")
