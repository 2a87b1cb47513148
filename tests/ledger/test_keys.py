"""Notes and keys: who signed what, how a key follows another, and what happens when one is not there."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from portal.ledger import keys
from portal.ledger.findings import Fault
from portal.ledger.keys import KeyUnavailableError
from portal.ledger.models import Checkpoint, LedgerKey
from portal.ledger.notes import CheckpointBody, NoteError, Signer, Verifier, open_note, sign, split
from portal.ledger.sequencer import rotate_key, sequence
from portal.ledger.verify import verify
from tests.ledger.conftest import HonestLog

LINES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=40)


@given(st.lists(LINES, min_size=1, max_size=5).map(lambda lines: "\n".join(lines) + "\n"))
def test_what_is_signed_is_read_back_and_nothing_else_is(text: str) -> None:
    one, other = Signer.generate("log/one"), Signer.generate("log/one")
    note = sign(text, one)
    assert open_note(note, one.verifier) == text
    with pytest.raises(NoteError):
        open_note(note, other.verifier)
    with pytest.raises(NoteError):
        open_note("x" + note, one.verifier)


def test_keys_read_back_what_they_write() -> None:
    one = Signer.generate("log/one")
    assert Signer.parse(f"{one}\n") == one
    assert Verifier.parse(f"{one.verifier}\n") == one.verifier
    assert str(one) not in repr(one)
    for broken in ("", "PRIVATE+KEY+a+b+c", str(one).replace("one", "two"), str(one)[:-4] + "AAAA"):
        with pytest.raises(NoteError):
            Signer.parse(broken)
    for broken in ("", "a+b+c", str(one.verifier).replace("one", "two"), str(one)):
        with pytest.raises(NoteError):
            Verifier.parse(broken)
    for name in ("", "two words", "a+b"):
        with pytest.raises(NoteError):
            Signer.generate(name)


@pytest.mark.parametrize("text", ["", "a\n", "a\n1\n", "a\n-1\nAAAA\n", "a\n01\n" + "A" * 43 + "=\n", "a\n1\nAAAA\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        CheckpointBody.parse(text)


def test_a_checkpoint_reads_back_what_it_says() -> None:
    body = CheckpointBody("log/one", 12, bytes(range(32)))
    assert CheckpointBody.parse(str(body)) == body
    assert CheckpointBody.parse(f"{body}extension\n") == body


def test_the_key_is_made_once_and_only_its_owner_may_read_it(committed: str, ledger_key: Path) -> None:
    signer, row = keys.ensure_signer()
    assert stat.S_IMODE(ledger_key.stat().st_mode) == 0o600
    assert keys.ensure_signer() == (signer, row)
    assert str(signer.verifier) == row.verifier
    assert keys.chain_faults([row]) == []
    assert not list(ledger_key.parent.glob(".*"))


def test_a_log_whose_key_is_not_here_signs_nothing(log: HonestLog, settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_FILE = tmp_path / "elsewhere"
    with pytest.raises(KeyUnavailableError, match="backup"):
        sequence()
    keys.write_signer(Signer.generate("log/other"), tmp_path / "elsewhere")
    with pytest.raises(KeyUnavailableError, match="rotate_ledger_key"):
        sequence()
    (tmp_path / "elsewhere").write_text("not a key")
    with pytest.raises(KeyUnavailableError, match="damaged"):
        sequence()
    assert Checkpoint.objects.count() == 3


def test_a_key_may_stand_in_the_environment(log: HonestLog, settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY, settings.LEDGER_KEY_FILE = log.key.read_text(), tmp_path / "none"
    assert sequence().checkpoint is not None
    with pytest.raises(KeyUnavailableError, match="LEDGER_KEY_FILE"):
        rotate_key()


@pytest.fixture
def own_key(log: HonestLog, settings: Any, tmp_path: Path) -> Path:
    """A copy of the log's key, which the test may replace."""
    path = tmp_path / "copy"
    path.write_text(log.key.read_text())
    settings.LEDGER_KEY_FILE = path
    return path


def test_a_new_key_is_signed_for_by_the_old_one(log: HonestLog, own_key: Path) -> None:
    before = Signer.parse(own_key.read_text())
    row = rotate_key()
    after = Signer.parse(own_key.read_text())
    assert row.verifier == str(after.verifier) != str(before.verifier)
    open_note(row.statement, before.verifier, after.verifier)
    assert {name for name, _hash, _signature in split(row.statement)[1]} == {before.name}
    report = verify(notes=log.notes)
    assert (report.ok, report.checkpoints) == (True, 4)
    assert sequence().placed == 0
    assert verify(notes=[*log.notes, Checkpoint.objects.order_by("-id")[0].note]).ok


def test_a_change_of_keys_that_died_half_way_can_go_on(log: HonestLog, own_key: Path) -> None:
    before = Signer.parse(own_key.read_text())
    rotate_key()
    # As if the transaction had not been committed: the row is gone, the files are new.
    found = keys._kept(own_key, before.verifier)
    assert found == before


def test_a_lost_key_stays_visible(log: HonestLog, own_key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_key.unlink()
    with pytest.raises(CommandError, match="backup"):
        call_command("rotate_ledger_key")
    call_command("rotate_ledger_key", lost=True)
    assert "Back up" in capsys.readouterr().out
    report = verify()
    assert set(report.counts) == {Fault.KEY_CHANGED}
    assert LedgerKey.objects.count() == 2
