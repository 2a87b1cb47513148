"""The file itself: what it says of itself, what rides along, and that it is the same each time."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from portal.access.models import User
from portal.history.context import Source, acting
from portal.jobs.models import Job
from portal.ledger.models import Checkpoint
from portal.records.files import neutralize
from reports import GENERATOR, pdf
from reports.actions.request_pack import PackRequest, request_pack
from reports.build import build
from reports.models import EvidencePack, ScopeKind
from tests.conftest import ROOT

needs_pdf = pytest.mark.skipif(bool(pdf.why_not()), reason=pdf.why_not())
PINNED = datetime(2026, 11, 20, 9, 31, 5, tzinfo=UTC)


def make(user: User, framework: str = "eu-ai-act", **values: Any) -> tuple[EvidencePack, Path]:
    pack = request_pack(PackRequest(framework, **values), user=user, background=False)
    with acting(user.actor(Source.JOB)):
        made = build(pack)
    return made, Path(settings.MEDIA_ROOT) / made.pdf


@needs_pdf
@pytest.mark.parametrize("framework", ["eu-ai-act", "hipaa", "soc2"])
def test_the_pdf_says_what_it_is(estate: SimpleNamespace, asker: User, framework: str) -> None:
    pack, path = make(asker, framework)
    with pikepdf.open(path) as document:
        with document.open_metadata() as about:
            assert (about["pdfaid:part"], about["pdfaid:conformance"]) == ("3", "A")
            assert about["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
            assert about["dc:title"].endswith(f"evidence for {pack.organization}")
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang) == "en"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_outline() as outline:
            assert [item.title[:1] for item in outline.root] == ["1", "2", "3", "4", "5"]
        assert len(document.pages) == pack.pdf_pages
        assert len(document.pages) <= 80
        day = f"D:{pack.requested_at:%Y%m%d%H%M%S}"
        assert str(document.docinfo.CreationDate).startswith(day)
        assert str(document.docinfo.ModDate).startswith(day)


@needs_pdf
def test_attachments_are_whole_and_the_manifest_fits(estate: SimpleNamespace, asker: User) -> None:
    pack, path = make(asker)
    with pikepdf.open(path) as document:
        files = {name: bytes(spec.get_file().read_bytes()) for name, spec in document.attachments.items()}
        dates = {str(spec.get_file().obj.Params.CreationDate) for spec in document.attachments.values()}
    assert dates == {f"D:{pack.requested_at:%Y%m%d%H%M%SZ}"}
    manifest = json.loads(files.pop("manifest.json"))
    signed = manifest["ledger"]["checkpoint"]
    assert signed["sha256"] == hashlib.sha256(files[signed["name"]]).hexdigest()
    assert files.pop(signed["name"]).decode() == pack.checkpoint == Checkpoint.objects.latest("id").note
    listed = {file["name"]: file for one in manifest["populations"] for file in one["files"]}
    assert listed.keys() == files.keys()
    for name, data in files.items():
        assert hashlib.sha256(data).hexdigest() == listed[name]["sha256"]
    for one in manifest["populations"]:
        assert len(json.loads(files[f"{one['slug']}.json"])["rows"]) == one["rows"]
        assert one["query"]
    assert pack.attached_rows == sum(one["rows"] for one in manifest["populations"])
    assert neutralize("=cmd()") in files["ai-systems.csv"].decode("utf-8-sig")


@needs_pdf
def test_the_same_pack_gives_the_same_bytes(estate: SimpleNamespace, asker: User) -> None:
    pack, path = make(asker)
    first = path.read_bytes()
    path.unlink()
    (path.parent / f".{pack.reference}-left-over").mkdir()  # as a killed worker leaves it
    with acting(asker.actor(Source.JOB)):
        again = build(EvidencePack.objects.get(pk=pack.pk))
    assert path.read_bytes() == first
    assert again.pdf_sha256 == pack.pdf_sha256 == hashlib.sha256(first).hexdigest()
    assert [child.name for child in path.parent.iterdir()] == [path.name]


@needs_pdf
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_it_reads_as_it_should(estate: SimpleNamespace, asker: User) -> None:
    pack, path = make(asker, purpose="internal audit")
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout
    flat = " ".join(text.split())
    assert "EU AI Act: evidence for" in flat
    for words in (
        pack.reference,
        estate.full.reference,
        "Helen, for: internal audit",
        "the attached checkpoint signs the log",
        "Page 2 of",
    ):
        assert words in flat
    # No verdicts, and no other clock than the pack's own.
    assert not re.search(r"\bcompliant\b|\bcertifies\b|tamper-proof", flat, re.IGNORECASE)
    times = set(re.findall(r"\b\d\d:\d\d UTC", flat))
    assert times == {f"{one:%H:%M} UTC" for one in (pack.requested_at, pack.observation_start)}


@needs_pdf
def test_a_record_opens_nothing(estate: SimpleNamespace, tmp_path: Path) -> None:
    html = '<!doctype html><html lang="en"><title>x</title><img src="file:///etc/passwd" alt="x"></html>'
    with pytest.raises(pdf.PdfError, match="may not open"):
        pdf.write_pdf(html, tmp_path / "x.pdf", at=PINNED, identity="x", attach=[])


def test_a_machine_without_pango_says_so(asker: User, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setattr(pdf, "_loads", lambda library: False)
    assert "apt-get install" in pdf.why_not()
    client.force_login(asker)
    page = client.get("/packs/new/").content.decode()
    assert "libpango-1.0-0" in page
    assert re.search(r'type="submit" disabled', page)
    pack = request_pack(PackRequest("soc2"), user=asker, background=False)
    with pytest.raises(pdf.PdfUnavailableError, match="libpango"):
        build(pack)


class TestAsking:
    def test_the_pack_and_its_job_are_one(
        self, asker: User, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[str] = []
        monkeypatch.setattr("reports.tasks.make_pack.apply_async", lambda *, args: sent.extend(args))
        with django_capture_on_commit_callbacks(execute=True):
            pack = request_pack(PackRequest("hipaa"), user=asker)
        job = Job.objects.get()
        assert (job.kind, job.params, sent) == ("pack", {"pack": str(pack.pk)}, [str(job.pk)])
        assert pack.reference.startswith("PACK-")
        assert pack.history.get().history_user_name == str(asker)

    @pytest.mark.parametrize("who", ["editor", "viewer", "outsider"])
    def test_who_may_not(self, who: str, request: pytest.FixtureRequest) -> None:
        with pytest.raises(PermissionDenied):
            request_pack(PackRequest("hipaa"), user=request.getfixturevalue(who), background=False)

    @pytest.mark.parametrize(
        ("question", "field"),
        [
            (PackRequest("iso"), "framework"),
            (PackRequest("soc2", ScopeKind.SYSTEM, "SYS-999999"), "reference"),
            (PackRequest("soc2", ScopeKind.UNIT, ""), "reference"),
            (PackRequest("soc2", period=(date(2026, 2, 1), date(2026, 2, 1))), "period_to"),
            (PackRequest("soc2", period=(date(2026, 2, 1), datetime.now(UTC).date() + timedelta(days=2))), "period_to"),
        ],
    )
    def test_what_cannot_be_answered(self, asker: User, question: PackRequest, field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            request_pack(question, user=asker, background=False)
        assert field in refused.value.message_dict


PAGES = ("/packs/", "/packs/new/")


class TestPages:
    @pytest.mark.parametrize(
        ("who", "status"),
        [("administrator", 200), ("lead", 200), ("auditor", 200), ("editor", 403), ("viewer", 403), ("outsider", 403)],
    )
    def test_who_sees_packs(self, who: str, status: int, client: Client, request: pytest.FixtureRequest) -> None:
        client.force_login(request.getfixturevalue(who))
        assert {client.get(page).status_code for page in PAGES} == {status}
        assert ("/packs/" in client.get("/jobs/").content.decode()) == (status == 200)

    @pytest.mark.parametrize(("who", "status"), [("lead", 200), ("viewer", 200), ("outsider", 403)])
    def test_who_sees_frameworks(self, who: str, status: int, client: Client, request: pytest.FixtureRequest) -> None:
        client.force_login(request.getfixturevalue(who))
        for page in ("/frameworks/", "/frameworks/eu-ai-act/", "/frameworks/hipaa/", "/frameworks/soc2/"):
            assert client.get(page).status_code == status
        assert client.get("/frameworks/iso/").status_code in (404, 403)

    def test_strangers_log_in_first(self, client: Client, db: None) -> None:
        assert client.get("/packs/").status_code == 302

    @needs_pdf
    def test_from_the_form_to_the_file(
        self, estate: SimpleNamespace, asker: User, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("reports.tasks.make_pack.apply_async", lambda args: None)
        client.force_login(asker)
        wrong = client.post("/packs/new/", {"framework": "soc2", "scope": "unit", "unit": "nowhere"})
        assert wrong.status_code == 422
        assert "is not in this register" in wrong.content.decode()
        half = client.post("/packs/new/", {"framework": "soc2", "scope": "all", "period_from": "2026-01-01"})
        assert "A period needs both days." in half.content.decode()
        unit = f"{estate.ward.reference} · Cardiology"
        sent = client.post("/packs/new/", {"framework": "soc2", "scope": "unit", "unit": unit, "purpose": "audit"})
        pack = EvidencePack.objects.get()
        assert sent.headers["Location"] == f"/packs/{pack.reference}/"
        assert "hx-get" in client.get(sent.headers["Location"]).content.decode()
        assert client.get(f"/packs/{pack.reference}/file/").status_code == 404
        with acting(asker.actor(Source.JOB)):
            build(pack)
        page = client.get(f"/packs/{pack.reference}/").content.decode()
        assert EvidencePack.objects.get().pdf_sha256 in page
        file = client.get(f"/packs/{pack.reference}/file/")
        assert b"".join(file.streaming_content).startswith(b"%PDF-1.7")  # type: ignore[attr-defined]
        assert pack.reference in client.get("/packs/").content.decode()


class TestCommand:
    @needs_pdf
    def test_it_writes_the_file(self, estate: SimpleNamespace, tmp_path: Path) -> None:
        target, said = tmp_path / "out.pdf", io.StringIO()
        call_command("make_pack", framework="soc2", unit="CARD", out=str(target), stdout=said)
        assert target.read_bytes().startswith(b"%PDF-")
        assert "PACK-" in said.getvalue()

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"all": True, "start": "2026-01-01"}, "both --from and --to"),
            ({"all": True, "start": "soon", "end": "2026-01-01"}, "must be a date"),
            ({"system": "SYS-424242"}, "is not in this register"),
            ({"all": True, "user": "nobody"}, "Nobody here"),
            ({"all": True, "out": "/nowhere/at/all.pdf"}, "no folder"),
        ],
    )
    def test_it_says_what_is_wrong(self, db: None, tmp_path: Path, options: dict[str, Any], words: str) -> None:
        given = {"framework": "soc2", "out": str(tmp_path / "x.pdf"), "stdout": io.StringIO()} | options
        with pytest.raises(CommandError, match=words):
            call_command("make_pack", **given)


def test_the_generator_is_this_version() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
    assert version
    assert f"Muster {version[1]}" == GENERATOR
