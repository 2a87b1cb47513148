"""Making a pack: collect, judge, tell, seal. Safe to be run again at any point, by anybody, with the same result."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from portal.history.context import acting
from portal.ledger.sequencer import sequence
from reports import pdf
from reports.asof import settle
from reports.assess import Assessor
from reports.attachments import FileFact, write_json, write_text
from reports.catalog import load_catalog
from reports.collect import Collected, Reporter, collect
from reports.manifest import manifest_of
from reports.models import EvidencePack
from reports.narrative import context_of

FOLDER = "packs"
MANIFEST = "manifest.json"
CHECKPOINT = "checkpoint.txt"
_DRAWING = "Drawing the pages"


class Silent:
    """Nobody listens."""

    def progress(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Nothing to tell."""

    def say(self, message: str) -> None:
        """Nothing to tell."""


def build(pack: EvidencePack, reporter: Reporter | None = None) -> EvidencePack:
    """Make the pack's file and note it on its row. Needs an announced actor. Returns the row as it then stands.

    Files are written aside and moved into place at the end: there is never half a pack.
    """
    reporter = reporter or Silent()
    if problem := pdf.why_not():
        raise pdf.PdfUnavailableError(problem)
    folder = Path(settings.MEDIA_ROOT) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob(f".{pack.reference}-*"):
        shutil.rmtree(left_over, ignore_errors=True)  # of a worker that was killed
    reporter.progress("Waiting for changes under way")
    settle()
    _pin_checkpoint(pack)
    with tempfile.TemporaryDirectory(prefix=f".{pack.reference}-", dir=folder) as name, translation.override("en"):
        work = Path(name)
        found = collect(pack, work, reporter)
        rows = sum(one.rows for one in found.attachments.values())
        reporter.say(f"{len(found.attachments)} populations written, {rows:,} rows.")
        rendered = _render(pack, found, work, reporter)
        reporter.progress("Sealing")
        final = folder / pack.file_name
        (work / pack.file_name).replace(final)
    with acting(reason="The file of the pack was made."):
        EvidencePack.objects.filter(pk=pack.pk).update(
            pdf=f"{FOLDER}/{pack.file_name}",
            pdf_sha256=rendered.sha256,
            pdf_size=rendered.size,
            pdf_pages=rendered.pages,
            attached_rows=rows,
        )
    reporter.say(f"{rendered.pages} pages, {rendered.size / 1e6:.1f} MB, SHA-256 {rendered.sha256}.")
    pack.refresh_from_db()
    return pack


def _pin_checkpoint(pack: EvidencePack) -> None:
    """Have the log signed up to the pack's last entry, once: who makes the pack again finds the same checkpoint."""
    if pack.checkpoint:
        return
    signed = sequence().checkpoint
    with acting(reason="The ledger was signed for the pack."):
        EvidencePack.objects.filter(pk=pack.pk).update(checkpoint=signed.note if signed else "")
    pack.refresh_from_db()


def _render(pack: EvidencePack, found: Collected, work: Path, reporter: Reporter) -> pdf.Rendered:
    catalog = load_catalog(pack.framework)
    assessor = Assessor(catalog, found)
    assessments = assessor.all()
    reporter.say(f"{len(assessments)} requirements judged against {assessor.systems:,} AI systems.")
    signed = write_text(work / CHECKPOINT, pack.checkpoint)
    manifest = write_json(work / MANIFEST, manifest_of(pack, catalog, found, pdf.tools(), signed))
    reporter.progress(_DRAWING)
    html = render_to_string("reports/pack/pack.html", context_of(pack, found, assessor, assessments, manifest))
    return pdf.write_pdf(
        html,
        work / pack.file_name,
        at=pack.requested_at,
        identity=f"{pack.pk}",
        attach=_embedded(found, work, manifest),
    )


def _embedded(found: Collected, work: Path, manifest: FileFact) -> list[pdf.Embedded]:
    files = [
        pdf.Embedded(work / file.name, f"{one.title}, {one.rows:,} rows")
        for one in found.attachments.values()
        for file in one.files
    ]
    return [
        *files,
        pdf.Embedded(work / CHECKPOINT, "The ledger's signed checkpoint", "Supplement"),
        pdf.Embedded(work / manifest.name, "What is attached, with SHA-256", "Supplement"),
    ]
