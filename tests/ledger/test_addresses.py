"""What the log shows: hashes to everybody, the proof of a change to who may see it, nothing that is not signed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from inventory.models import Vendor
from portal.access.models import User
from portal.access.roles import Role
from portal.history.context import acting
from portal.ledger.keys import rotate
from portal.ledger.models import Checkpoint, LedgerEntry, LedgerKey
from portal.ledger.notes import CheckpointBody, Verifier, open_note
from portal.ledger.sequencer import sequence
from portal.ledger.tree import HASH_SIZE, WIDTH, root_by_inclusion
from portal.records.models import ExternalId
from tests.conftest import superuser
from tests.ledger.conftest import WRITER
from tests.ledger.growing import grow_to, leaves

MakeUser = Callable[..., User]


def get(path: str, user: User | None = None) -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(f"/ledger/{path}")


def test_anybody_reads_the_checkpoint_and_the_key_that_signed_it(committed: str) -> None:
    assert get("checkpoint").status_code == 404
    assert get("key").content == b""
    grow_to(3)
    first = get("checkpoint")
    assert (first["Content-Type"], first["Cache-Control"]) == ("text/plain; charset=utf-8", "no-store")
    latest = grow_to(5)
    key = Verifier.parse(get("key").content.decode().splitlines()[0])
    said = CheckpointBody.parse(open_note(get("checkpoint").content.decode(), key))
    assert (said.size, said.root) == (5, bytes(latest.root))
    assert get("checkpoint/3").content == first.content
    assert get("checkpoint/4").status_code == get("checkpoint/99999999999999999999").status_code == 404


def test_the_keys_come_with_the_notes_that_introduce_them(committed: str) -> None:
    checkpoint = grow_to(2)
    rotate(size=2, root=base64.b64encode(bytes(checkpoint.root)).decode())
    sequence()
    old, new = (Verifier.parse(row.verifier) for row in LedgerKey.objects.order_by("id"))
    listed, *statements = get("key").content.decode().split("\n\n", 1)
    assert listed.splitlines() == [str(old), str(new)]
    introduced = statements[0].partition("\n\n" + f"{new.name}/key\nreplaces {old}")
    assert open_note(introduced[0] + "\n", old)
    assert open_note("".join(introduced[1:])[2:], old, new)
    assert open_note(get("checkpoint").content.decode(), new)
    assert open_note(get("checkpoint/2").content.decode(), new)


def test_tiles_are_hashes_and_stay_for_ever(committed: str) -> None:
    grow_to(WIDTH + 20)
    hashes = leaves()
    full = get("tile/0/000")
    assert full.content == b"".join(hashes[:WIDTH])
    assert full["Content-Type"] == "application/octet-stream"
    assert full["Cache-Control"] == "public, max-age=31536000, immutable"
    assert get("tile/0/001.p/20").content == b"".join(hashes[WIDTH:])
    assert get("tile/0/001.p/7").content == b"".join(hashes[WIDTH : WIDTH + 7])
    assert len(get("tile/1/000.p/1").content) == HASH_SIZE
    assert Client().head("/ledger/tile/0/000").status_code == 200
    assert Client().post("/ledger/tile/0/000").status_code == 405


NOT_TILES = [
    "0/001", "0/001.p/21", "0/002.p/1", "1/000", "1/000.p/2", "2/000.p/1", "64/000", "00/000", "-1/000", "0/0",
    "0/x000/000", "0/1000", "0/000.p/0", "0/000.p/256", "0/000.p/07", "0/000.p/", "0/000/", "0/x001/x002",
    "entries/000", "data/000", "0/\u0660\u0660\u0660", "0/x999/x999/x999/x999/x999/999", "63/000.p/1",
]  # fmt: skip


def test_there_is_no_other_tile(committed: str) -> None:
    grow_to(WIDTH + 20)
    assert {path: get(f"tile/{path}").status_code for path in NOT_TILES} == dict.fromkeys(NOT_TILES, 404)


def test_what_is_not_signed_yet_is_not_shown(committed: str) -> None:
    grow_to(3)
    with superuser(committed) as server:  # the tree has grown, and nobody has vouched for that
        server.execute("SET session_replication_role = replica")
        server.execute("INSERT INTO portal_ledgerleaf (index, entry_id) VALUES (3, 999)")
        server.execute("INSERT INTO portal_ledgerentry VALUES (999, 'portal_user', 'x', '', %s)", [bytes(32)])
    assert get("tile/0/000.p/3").status_code == 200
    assert get("tile/0/000.p/4").status_code == 404


@pytest.fixture
def people(committed: str, make_user: MakeUser) -> dict[str, User]:
    roles = {"ada": Role.ADMINISTRATOR, "august": Role.AUDITOR, "vera": Role.VIEWER}
    return {"otto": make_user("otto")} | {name: make_user(name, role) for name, role in roles.items()}


def entry_of(table: str) -> int:
    return LedgerEntry.objects.filter(table_name=table).order_by("-id").values_list("id", flat=True)[0]


def test_a_reader_gets_the_proof_of_what_she_may_see(people: dict[str, User]) -> None:
    with acting(WRITER):
        vendor = Vendor.objects.create(name="Acme", reference="VND-000001")
        ExternalId.objects.create(register="vendors", record_id=vendor.pk, source="cmdb", key="a-1")
        vendor.delete()
    sequence()
    tables = ("inventory_vendor", "portal_externalid", "portal_user", "portal_rolegrant")
    got = {
        name: [get(f"proof/{entry_of(table)}.json", user).status_code for table in tables]
        for name, user in people.items()
    }
    assert got == {
        "otto": [404, 404, 404, 404],
        "vera": [200, 200, 404, 404],
        "ada": [200, 200, 200, 200],
        "august": [200, 200, 200, 200],
    }
    anonymous = get(f"proof/{entry_of('inventory_vendor')}.json")
    assert (anonymous.status_code, anonymous["Location"][:7]) == (HTTPStatus.FOUND, "/login/")
    assert get("proof/99999999999999999999.json", people["ada"]).status_code == 404


def test_a_proof_leads_to_the_signed_root(people: dict[str, User]) -> None:
    with acting(WRITER):
        Vendor.objects.create(name="Acme", reference="VND-000001")
    entry = entry_of("inventory_vendor")
    waiting = get(f"proof/{entry}.json", people["vera"])
    assert (waiting.status_code, waiting["Retry-After"]) == (409, "10")
    assert "within a minute" in waiting.content.decode()
    first = sequence().checkpoint
    assert first is not None
    with acting(WRITER):
        Vendor.objects.create(name="Bolt", reference="VND-000002")
    later = entry_of("inventory_vendor")
    sequence(patience=timedelta(hours=1))
    unsigned = get(f"proof/{later}.json", people["vera"])
    assert (unsigned.status_code, unsigned["Retry-After"]) == (409, "10")
    sequence()
    answer = get(f"proof/{entry}.json", people["vera"])
    assert "attachment" in answer["Content-Disposition"]
    proof = answer.json()
    assert (proof["format"], proof["version"], proof["size"]) == ("muster-proof", 1, first.size + 1)
    assert json.loads(base64.b64decode(proof["header"]))["entry"] == entry
    assert json.loads(base64.b64decode(proof["payload"]))["name"] == "Acme"
    path = [base64.b64decode(one) for one in proof["proof"]]
    root = root_by_inclusion(base64.b64decode(proof["leaf"]), proof["index"], proof["size"], path)
    assert root == bytes(Checkpoint.objects.latest("id").root)

    older = get(f"proof/{entry}.json?size={first.size}", people["vera"]).json()
    assert (older["size"], older["checkpoint"]) == (first.size, first.note)
    too_old = get(f"proof/{later}.json?size={first.size}", people["vera"])
    assert (too_old.status_code, "Retry-After" in too_old) == (409, False)
    for size in ("1000", "x", "-1"):
        assert get(f"proof/{entry}.json?size={size}", people["vera"]).status_code == 404


def test_of_what_is_gone_the_hash_is_proved(people: dict[str, User], committed: str) -> None:
    with acting(WRITER):
        Vendor.objects.create(name="Acme", reference="VND-000001")
    sequence()
    entry = entry_of("inventory_vendor")
    with superuser(committed) as server:
        server.execute("SET session_replication_role = replica")
        server.execute("DELETE FROM portal_ledgerpayload WHERE entry_id = %s", [entry])
    proof = get(f"proof/{entry}.json", people["vera"]).json()
    assert (proof["salt"], proof["payload"]) == ("erased", "erased")
    assert "Acme" not in json.dumps(proof)


def test_the_past_has_no_proofs_of_its_own(people: dict[str, User]) -> None:
    client = Client()
    client.force_login(people["vera"])
    assert client.get("/as-of/2026-01-01T00:00:00Z/ledger/proof/1.json", follow=True).status_code == 409
