"""Time stamps against an authority that is OpenSSL's, behind a server of ours."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import time_machine

from portal.ledger.anchors import anchor
from portal.ledger.models import Anchor
from portal.ledger.timestamps import TimeStampError, ask_for_time_stamp
from tests.ledger.growing import grow_to

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="WITHOUT OPENSSL NO TIME STAMP IS TRIED.")

_CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test
[ca]
basicConstraints = critical, CA:true
[tsa_certificate]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = ours
[ours]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class Authority:
    """A time-stamp authority in a folder. `spoil` is what is done to its answers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, 0
        self.spoil: Any = None
        self.status = 200
        (folder / "tsa.cnf").write_text(_CONFIGURATION)
        (folder / "serial").write_text("01\n")
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf"]
        self.openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-extensions", "ca", "-days", "3650")
        self.openssl("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test TSA")
        sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "tsa.cnf", "-days", "3650"]
        self.openssl("x509", "-req", "-in", "tsa.csr", *sign, "-extensions", "tsa_certificate", "-out", "tsa.pem")

    def openssl(self, *arguments: str) -> str:
        done = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def answer(self, question: bytes) -> bytes:
        self.asked += 1
        (self.folder / "query").write_bytes(question)
        signer = ["-config", "tsa.cnf", "-inkey", "tsa.key", "-signer", "tsa.pem"]
        self.openssl("ts", "-reply", "-queryfile", "query", *signer, "-out", "reply")
        answer = (self.folder / "reply").read_bytes()
        return self.spoil(answer) if self.spoil else answer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def authority(made: Authority, settings: Any) -> Iterator[Authority]:
    made.asked, made.spoil, made.status = 0, None, 200

    class Handler(BaseHTTPRequestHandler):
        ours: ClassVar[Authority] = made

        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = self.ours.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(self.ours.status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.ANCHOR_TSA_URL = f"http://127.0.0.1:{server.server_port}/"
    settings.ANCHOR_FILE, settings.ANCHOR_EMAILS = "", []
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_openssl_accepts_the_stamp_of_a_checkpoint(committed: str, authority: Authority, client: Any) -> None:
    checkpoint = grow_to(3)
    anchor()
    row = Anchor.objects.get()
    assert (row.kind, row.error) == ("timestamp", "")
    # As in docs/verify.md: both from the public addresses.
    for name, address in (("note", "checkpoint/3"), ("stamp", "checkpoint/3.tsr")):
        (authority.folder / name).write_bytes(client.get(f"/ledger/{address}").content)
    verified = authority.openssl("ts", "-verify", "-data", "note", "-in", "stamp", "-CAfile", "ca.pem")
    assert "Verification: OK" in verified
    (authority.folder / "note").write_text(checkpoint.note.replace("\n3\n", "\n4\n"))
    with pytest.raises(AssertionError, match="message imprint mismatch"):
        authority.openssl("ts", "-verify", "-data", "note", "-in", "stamp", "-CAfile", "ca.pem")


def test_it_asks_once_an_hour_and_for_news_only(committed: str, authority: Authority) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 12, 0, tzinfo=UTC), tick=False) as clock:
        grow_to(3)
        anchor()
        grow_to(5)
        clock.shift(timedelta(minutes=59))
        anchor()
        assert authority.asked == 1
        clock.shift(timedelta(minutes=1))
        anchor()
        clock.shift(timedelta(hours=5))
        anchor()
    assert authority.asked == 2
    assert [a.checkpoint.size for a in Anchor.objects.order_by("id")] == [3, 5]


def test_an_answer_to_something_else_is_refused(authority: Authority, settings: Any) -> None:
    url = settings.ANCHOR_TSA_URL
    first = ask_for_time_stamp(url, b"one")
    refused = {
        "for something else": lambda _answer: first,
        "no time stamp": lambda answer: answer[: len(answer) // 2],
        "has no end": lambda answer: answer * 2000,
    }
    for words, spoil in refused.items():
        authority.spoil = spoil
        with pytest.raises(TimeStampError, match=words):
            ask_for_time_stamp(url, b"two")
    authority.spoil = lambda _answer: first
    with pytest.raises(TimeStampError, match="nonce"):
        ask_for_time_stamp(url, b"one")
    authority.spoil = lambda _answer: bytes.fromhex("3005") + bytes.fromhex("3003020102")  # status 2: rejection
    with pytest.raises(TimeStampError, match="refused"):
        ask_for_time_stamp(url, b"one")
    authority.spoil, authority.status = None, 500
    with pytest.raises(TimeStampError, match="status 500"):
        ask_for_time_stamp(url, b"one")
    with pytest.raises(TimeStampError, match="http"):
        ask_for_time_stamp("file:///etc/passwd", b"one")


def test_a_refusal_is_noted_and_asked_again(committed: str, authority: Authority) -> None:
    grow_to(3)
    authority.status = 503
    anchor()
    assert Anchor.objects.get().error == "TimeStampError: The authority answers with status 503."
    authority.status = 200
    anchor()
    assert [one.error for one in Anchor.objects.order_by("id")][1:] == [""]
