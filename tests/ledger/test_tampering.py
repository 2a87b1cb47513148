"""Whoever owns the database can switch every trigger off. What he then does is found, and named."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import psycopg

from inventory.models import Vendor
from portal.history.context import acting
from portal.ledger.findings import Fault, Report
from portal.ledger.models import LedgerLeaf
from portal.ledger.notes import CheckpointBody, Signer, sign
from portal.ledger.sequencer import sequence
from portal.ledger.tree import HASH_SIZE, WIDTH, Edge, leaf_hash, perfect_root
from portal.ledger.verify import verify
from tests.ledger.conftest import SIZE, WRITER, HonestLog

Intruder = psycopg.Connection[Any]
IN_TILE, AT_EDGE = 300, SIZE - 5


def entry_at(intruder: Intruder, index: int) -> tuple[int, str]:
    """The entry and the record at a place of the log."""
    row = intruder.execute(
        "SELECT e.id, e.record FROM portal_ledgerleaf l JOIN portal_ledgerentry e ON e.id = l.entry_id"
        " WHERE l.index = %s",
        [index],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def rehash(intruder: Intruder, entry: int, change: dict[str, Any]) -> bytes:
    """Change a history row and everything that was kept of it, hashes included. Returns the new leaf."""
    header, salt, payload = intruder.execute(
        "SELECT e.header, p.salt, p.payload FROM portal_ledgerentry e JOIN portal_ledgerpayload p ON p.entry_id = e.id"
        " WHERE e.id = %s",
        [entry],
    ).fetchone() or (b"", b"", b"")
    text = json.dumps({**json.loads(payload), **change})
    forged = intruder.execute("SELECT convert_to(%s::jsonb::text, 'UTF8')", [text]).fetchone()[0]  # type: ignore[index]  # one row
    leaf = leaf_hash(header, salt, forged)
    for column, value in change.items():
        intruder.execute(
            psycopg.sql.SQL("UPDATE inventory_historicalvendor SET {} = %s WHERE history_id = %s").format(
                psycopg.sql.Identifier(column)
            ),
            [value, entry],
        )
    intruder.execute("UPDATE portal_ledgerpayload SET payload = %s WHERE entry_id = %s", [forged, entry])
    intruder.execute("UPDATE portal_ledgerentry SET leaf = %s WHERE id = %s", [leaf, entry])
    return leaf


def found(report: Report, fault: Fault, **where: Any) -> bool:
    """Whether this fault was found at this place."""
    return any(
        finding.fault == fault and all(getattr(finding, name) == value for name, value in where.items())
        for finding in report.findings
    )


def test_an_honest_log_has_no_findings(log: HonestLog) -> None:
    report = verify(notes=log.notes)
    assert (report.ok, report.findings, report.size, report.entries) == (True, [], SIZE, SIZE)
    assert (report.checkpoints, report.anchors) == (3, 3)
    assert report.root == CheckpointBody.parse(log.notes[-1].split("\n\n")[0] + "\n").root


def test_a_changed_history_row_is_named(log: HonestLog, intruder: Intruder) -> None:
    entry, record = entry_at(intruder, IN_TILE)
    intruder.execute("UPDATE inventory_historicalvendor SET name = 'Forged' WHERE history_id = %s", [entry])
    report = verify()
    assert found(report, Fault.HISTORY_CHANGED, entry=entry, record=record, index=IN_TILE)
    assert "name" in next(f.message for f in report.findings if f.fault is Fault.HISTORY_CHANGED)


def test_who_did_it_cannot_be_changed_either(log: HonestLog, intruder: Intruder) -> None:
    entry, record = entry_at(intruder, AT_EDGE)
    intruder.execute("UPDATE inventory_historicalvendor SET history_user_name = 'Me' WHERE history_id = %s", [entry])
    assert found(verify(), Fault.HISTORY_CHANGED, entry=entry, record=record)


def test_a_deleted_history_row_is_named(log: HonestLog, intruder: Intruder) -> None:
    entry, record = entry_at(intruder, IN_TILE)
    intruder.execute("DELETE FROM inventory_historicalvendor WHERE history_id = %s", [entry])
    assert found(verify(), Fault.HISTORY_DELETED, entry=entry, record=record, index=IN_TILE)


def test_a_history_row_deleted_with_its_entry_is_named(log: HonestLog, intruder: Intruder) -> None:
    entry, _record = entry_at(intruder, IN_TILE)
    for table, column in (
        ("inventory_historicalvendor", "history_id"),
        ("portal_ledgerentry", "id"),
        ("portal_ledgerpayload", "entry_id"),
    ):
        intruder.execute(f"DELETE FROM {table} WHERE {column} = %s", [entry])
    report = verify()
    assert found(report, Fault.ENTRY_DELETED, entry=entry, index=IN_TILE)
    assert report.counts[Fault.LOG_REWRITTEN] == 0  # one loss is one finding, by its tile
    intruder.execute("DELETE FROM portal_ledgerleaf WHERE index = %s", [IN_TILE])
    assert found(verify(), Fault.ENTRY_DELETED, index=IN_TILE)


def test_an_inserted_history_row_is_named(log: HonestLog, intruder: Intruder) -> None:
    entry, record = entry_at(intruder, IN_TILE)
    columns = [
        row[0]
        for row in intruder.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = 'inventory_historicalvendor'"
            " AND column_name <> 'history_id'"
        )
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    intruder.execute(
        f"INSERT INTO inventory_historicalvendor (history_id, {names})"
        f" SELECT 9000001, {names} FROM inventory_historicalvendor WHERE history_id = %s",
        [entry],
    )
    assert found(verify(), Fault.HISTORY_INSERTED, entry=9000001, record=record)


def test_an_entry_slipped_in_beside_the_queue_is_named(log: HonestLog, intruder: Intruder) -> None:
    entry, _record = entry_at(intruder, IN_TILE)
    intruder.execute(
        "INSERT INTO portal_ledgerentry SELECT 9000002, table_name, record, header, leaf FROM portal_ledgerentry"
        " WHERE id = %s",
        [entry],
    )
    assert found(verify(), Fault.ENTRY_INSERTED, entry=9000002)


def test_a_rehashed_entry_is_named_by_its_tile(log: HonestLog, intruder: Intruder) -> None:
    entry, record = entry_at(intruder, IN_TILE)
    rehash(intruder, entry, {"name": "Forged"})
    report = verify()
    assert found(report, Fault.ENTRY_CHANGED, entry=entry, record=record, index=IN_TILE)
    assert report.counts[Fault.LOG_REWRITTEN] == 0


def test_a_rehashed_entry_at_the_edge_contradicts_the_signed_root(log: HonestLog, intruder: Intruder) -> None:
    entry, _record = entry_at(intruder, AT_EDGE)
    rehash(intruder, entry, {"name": "Forged"})
    report = verify()
    assert report.counts[Fault.LOG_REWRITTEN] == 1
    assert f"{SIZE - 1}" in report.findings[0].message


def test_a_rehashed_entry_with_its_tile_contradicts_the_signed_roots(log: HonestLog, intruder: Intruder) -> None:
    entry, _record = entry_at(intruder, IN_TILE)
    leaf = rehash(intruder, entry, {"name": "Forged"})
    retile(intruder, IN_TILE, leaf)
    report = verify()
    assert found(report, Fault.LOG_REWRITTEN)


def retile(intruder: Intruder, index: int, leaf: bytes) -> None:
    """Put another hash into a tile, and mend its root."""
    number, position = divmod(index, WIDTH)
    row = intruder.execute("SELECT hashes FROM portal_ledgertile WHERE level = 0 AND number = %s", [number]).fetchone()
    assert row is not None
    hashes = [row[0][i : i + HASH_SIZE] for i in range(0, len(row[0]), HASH_SIZE)]
    hashes[position] = leaf
    intruder.execute(
        "UPDATE portal_ledgertile SET hashes = %s, root = %s WHERE level = 0 AND number = %s",
        [b"".join(hashes), perfect_root(hashes), number],
    )


def test_a_changed_tile_is_told_from_a_changed_entry(log: HonestLog, intruder: Intruder) -> None:
    entry, _record = entry_at(intruder, IN_TILE)
    retile(intruder, IN_TILE, hashlib.sha256(b"no such leaf").digest())
    report = verify()
    assert found(report, Fault.TILE_CHANGED, entry=entry, index=IN_TILE)
    assert set(report.counts) == {Fault.TILE_CHANGED}


def test_a_missing_tile_is_named(log: HonestLog, intruder: Intruder) -> None:
    intruder.execute("DELETE FROM portal_ledgertile WHERE level = 0 AND number = 1")
    assert found(verify(), Fault.TILE_CHANGED, index=WIDTH)


def test_entries_that_change_places_are_named(log: HonestLog, intruder: Intruder) -> None:
    one, two = entry_at(intruder, 10)[0], entry_at(intruder, 11)[0]
    intruder.execute("UPDATE portal_ledgerleaf SET entry_id = -1 WHERE index = 10")
    intruder.execute("UPDATE portal_ledgerleaf SET entry_id = %s WHERE index = 11", [one])
    intruder.execute("UPDATE portal_ledgerleaf SET entry_id = %s WHERE index = 10", [two])
    report = verify()
    assert found(report, Fault.ENTRY_CHANGED, index=10, entry=two)
    assert found(report, Fault.ENTRY_CHANGED, index=11, entry=one)


def cut(intruder: Intruder, size: int) -> None:
    """Remove the newest changes and every trace of them, records included."""
    gone = [
        row[0]
        for row in intruder.execute("SELECT entry_id FROM portal_ledgerleaf WHERE index >= %s", [size]).fetchall()
    ]
    intruder.execute("DELETE FROM portal_ledgerleaf WHERE index >= %s", [size])
    intruder.execute("DELETE FROM portal_ledgerentry WHERE id = ANY(%s)", [gone])
    intruder.execute("DELETE FROM portal_ledgerpayload WHERE entry_id = ANY(%s)", [gone])
    intruder.execute("DELETE FROM inventory_historicalvendor WHERE history_id = ANY(%s)", [gone])
    intruder.execute("DELETE FROM portal_ledgertile WHERE level = 0 AND number >= %s", [size // WIDTH])
    intruder.execute(
        "UPDATE inventory_vendor v SET website = h.website FROM inventory_historicalvendor h WHERE h.id = v.id"
        " AND h.history_id = (SELECT max(x.history_id) FROM inventory_historicalvendor x WHERE x.id = v.id)"
    )


def test_a_cut_tail_contradicts_its_checkpoints(log: HonestLog, intruder: Intruder) -> None:
    cut(intruder, SIZE - 50)
    report = verify()
    assert found(report, Fault.LOG_CUT, index=SIZE - 50)


def test_a_cut_tail_without_its_checkpoints_contradicts_what_was_kept_outside(
    log: HonestLog, intruder: Intruder
) -> None:
    # The last fifty entries changed forty websites and deleted ten vendors; here only the websites are cut.
    cut(intruder, SIZE - 10)
    intruder.execute("DELETE FROM portal_checkpoint WHERE size > %s", [SIZE - 50])
    inside = verify()
    assert Fault.LOG_CUT not in inside.counts  # the log alone cannot know
    assert found(verify(notes=log.notes), Fault.LOG_CUT, index=SIZE - 10)


def rewrite(intruder: Intruder, signer: Signer) -> None:
    """Another past: one row forged, and every hash, tile and signature made anew."""
    entry, record = entry_at(intruder, IN_TILE)
    rehash(intruder, entry, {"name": "Forged"})
    intruder.execute("UPDATE inventory_vendor SET name = 'Forged' WHERE id = %s", [record])
    leaves = [
        row[0]
        for row in intruder.execute(
            "SELECT e.leaf FROM portal_ledgerleaf l JOIN portal_ledgerentry e ON e.id = l.entry_id ORDER BY l.index"
        )
    ]
    sizes = [row[0] for row in intruder.execute("SELECT size FROM portal_checkpoint ORDER BY size")]
    edge = Edge()
    for number, leaf in enumerate(leaves, start=1):
        for tile in edge.add(leaf):
            intruder.execute(
                "UPDATE portal_ledgertile SET hashes = %s, root = %s WHERE level = %s AND number = %s",
                [tile.hashes, tile.root, tile.level, tile.number],
            )
        if number in sizes:
            note = sign(str(CheckpointBody(signer.name, number, edge.root())), signer)
            intruder.execute(
                "UPDATE portal_checkpoint SET root = %s, note = %s WHERE size = %s", [edge.root(), note, number]
            )


def test_a_log_rewritten_with_its_own_key_contradicts_what_was_kept_outside(log: HonestLog, intruder: Intruder) -> None:
    rewrite(intruder, Signer.parse(log.key.read_text()))
    # Nobody inside can tell: this is why checkpoints leave the database.
    assert verify().ok
    report = verify(notes=log.notes)
    assert report.counts[Fault.LOG_REWRITTEN] >= 1


def test_a_log_rewritten_with_another_key_contradicts_what_was_kept_outside(log: HonestLog, intruder: Intruder) -> None:
    from portal.ledger.keys import statement

    mine = Signer.generate(Signer.parse(log.key.read_text()).name)
    rewrite(intruder, mine)
    introduced = sign(statement(None, mine.verifier, size=0, root=""), mine)
    intruder.execute("UPDATE portal_ledgerkey SET verifier = %s, statement = %s", [str(mine.verifier), introduced])
    assert verify().ok
    assert verify(notes=log.notes).counts[Fault.KEY_CHANGED] == len(log.notes)


def test_a_key_that_the_old_one_did_not_introduce_is_named(log: HonestLog, intruder: Intruder) -> None:
    mine = Signer.generate(Signer.parse(log.key.read_text()).name)
    row = intruder.execute("SELECT verifier FROM portal_ledgerkey").fetchone()
    assert row is not None
    text = f"{mine.name}/key\nreplaces {row[0]}\nkey {mine.verifier}\nsize 0\nroot \ntime now\n"
    intruder.execute(
        "INSERT INTO portal_ledgerkey (verifier, statement, created_at) VALUES (%s, %s, now())",
        [str(mine.verifier), sign(text, mine)],
    )
    report = verify()
    assert found(report, Fault.KEY_CHANGED)
    assert str(mine.verifier) in report.findings[0].message


def test_a_changed_checkpoint_is_named(log: HonestLog, intruder: Intruder) -> None:
    root = base64.b64encode(bytes(HASH_SIZE)).decode()
    intruder.execute(
        "UPDATE portal_checkpoint SET note = regexp_replace(note, '\\n[A-Za-z0-9+/=]{44}\\n', %s) WHERE size = %s",
        [f"\n{root}\n", SIZE],
    )
    assert found(verify(), Fault.CHECKPOINT_INVALID)


def test_a_record_that_differs_from_its_history_is_named(log: HonestLog, intruder: Intruder) -> None:
    row = intruder.execute("UPDATE inventory_vendor SET country = 'XX' WHERE name = 'Moved' RETURNING id").fetchone()
    assert row is not None
    report = verify()
    assert found(report, Fault.RECORD_DIFFERS, record=str(row[0]))
    assert report.counts[Fault.RECORD_DIFFERS] == 100
    assert "country" in report.findings[0].message


def test_a_record_that_vanished_is_named(log: HonestLog, intruder: Intruder) -> None:
    row = intruder.execute(
        "DELETE FROM inventory_vendor WHERE id = (SELECT id FROM inventory_vendor LIMIT 1) RETURNING id"
    ).fetchone()
    assert row is not None
    assert found(verify(), Fault.RECORD_MISSING, record=str(row[0]))


def test_a_record_that_came_from_nowhere_is_named(log: HonestLog, intruder: Intruder) -> None:
    columns = [
        row[0]
        for row in intruder.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name = 'inventory_vendor'"
            " AND column_name NOT IN ('id', 'reference') AND is_generated = 'NEVER'"
        )
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    row = intruder.execute(
        f"INSERT INTO inventory_vendor (id, reference, {names})"
        f" SELECT gen_random_uuid(), 'VEN-FORGED', {names} FROM inventory_vendor LIMIT 1 RETURNING id"
    ).fetchone()
    assert row is not None
    assert found(verify(), Fault.RECORD_UNRECORDED, record=str(row[0]))


def test_recorded_bytes_that_went_without_an_erasure_are_named(log: HonestLog, intruder: Intruder) -> None:
    entry, record = entry_at(intruder, IN_TILE)
    intruder.execute("DELETE FROM portal_ledgerpayload WHERE entry_id = %s", [entry])
    assert found(verify(), Fault.PAYLOAD_MISSING, entry=entry, record=record, index=IN_TILE)


def test_a_changed_header_is_named(log: HonestLog, intruder: Intruder) -> None:
    entry, _record = entry_at(intruder, IN_TILE)
    intruder.execute("UPDATE portal_ledgerentry SET record = 'another' WHERE id = %s", [entry])
    assert found(verify(), Fault.ENTRY_CHANGED, entry=entry, index=IN_TILE)


# --- what is no tampering ---


def test_a_column_added_to_a_register_changes_nothing(log: HonestLog, intruder: Intruder) -> None:
    intruder.execute("ALTER TABLE inventory_historicalvendor ADD COLUMN later text NOT NULL DEFAULT 'x'")
    assert verify(notes=log.notes).ok
    entry, record = entry_at(intruder, IN_TILE)
    intruder.execute("UPDATE inventory_historicalvendor SET name = 'Forged' WHERE history_id = %s", [entry])
    report = verify()
    assert found(report, Fault.HISTORY_CHANGED, entry=entry, record=record)
    assert len(report.findings) == 2  # the row, and the record that is now another one than its history says


def test_another_time_zone_and_number_format_change_nothing(log: HonestLog, intruder: Intruder) -> None:
    name = psycopg.sql.Identifier(log.database)
    for setting in ("TimeZone = 'Asia/Kathmandu'", "extra_float_digits = 3", "DateStyle = 'SQL, DMY'"):
        intruder.execute(psycopg.sql.SQL("ALTER DATABASE {} SET ").format(name) + psycopg.sql.SQL(setting))
    assert verify(notes=log.notes).ok


def test_the_log_goes_on_after_a_restore(log: HonestLog) -> None:
    with acting(WRITER):
        Vendor.objects.filter(name="Moved").update(name="Moved again")
    assert verify(notes=log.notes).waiting == 100
    assert sequence().placed == 100
    report = verify(notes=log.notes)
    assert (report.ok, report.size) == (True, SIZE + 100)


def test_since_begins_with_the_tile_before(log: HonestLog) -> None:
    report = verify(since=WIDTH + 3, notes=log.notes)
    assert (report.ok, report.since, report.entries, report.size) == (True, WIDTH, SIZE - WIDTH, SIZE)


def test_each_entry_stands_once_and_in_the_order_of_its_record(log: HonestLog) -> None:
    leaves = list(LedgerLeaf.objects.order_by("index").values_list("index", "entry_id", "entry__record"))
    assert [index for index, _entry, _record in leaves] == list(range(SIZE))
    latest: dict[str, int] = {}
    for _index, entry, record in leaves:
        assert latest.get(record, 0) < entry
        latest[record] = entry
