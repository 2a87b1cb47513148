"""HTML to PDF/A-3a and PDF/UA-1, reproducibly: no network, no clock, no chance.

The same pack gives the same bytes for the same lock file and system libraries; the manifest names them.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import logging
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from django.contrib.staticfiles import finders

STYLESHEET = "reports/pack.css"
VARIANT = "pdf/a-3a"
# What WeasyPrint opens at import, by Debian's package.
LIBRARIES = {"pango-1.0": "libpango-1.0-0", "pangoft2-1.0": "libpangoft2-1.0-0"}
FASTER = {"harfbuzz-subset": "libharfbuzz-subset0"}
_TYPES = {".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_UA_PART = "{http://www.aiim.org/pdfua/ns/id/}part"


class PdfUnavailableError(RuntimeError):
    """This machine cannot make PDFs. The message says which packages are missing."""


class PdfError(RuntimeError):
    """The PDF could not be made."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file to attach."""

    path: Path
    description: str
    relationship: str = "Data"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came out: pages, bytes, and the digest of the file."""

    pages: int
    size: int
    sha256: str


def _loads(library: str) -> bool:
    name = ctypes.util.find_library(library)
    if name is None:
        return False
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def why_not() -> str:
    """Why this machine makes no PDFs, with the line that mends it; "" where it does."""
    missing = [package for library, package in LIBRARIES.items() if not _loads(library)]
    if missing:
        return (
            f"This machine lacks libraries that PDFs are drawn with: {', '.join(missing)}."
            f" On Debian or Ubuntu: apt-get install {' '.join([*LIBRARIES.values(), *FASTER.values()])}"
        )
    try:
        _weasyprint()
    except (ImportError, OSError) as error:
        return f"WeasyPrint, which draws PDFs, does not load: {error}"
    return ""


@cache
def _weasyprint() -> Any:
    import weasyprint  # noqa: PLC0415 - loads system libraries, and a machine without them still serves pages

    # Each page and each table of a font would be a line of the worker's log.
    for name in ("fontTools", "weasyprint.progress"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return weasyprint


def tools() -> dict[str, str]:
    """Programs and fonts that the bytes depend on, for the manifest."""
    weasyprint = _weasyprint()
    from weasyprint.text.ffi import pango  # noqa: PLC0415

    number = int(pango.pango_version())
    fonts = {f"font {name}": _font_digest(f"vendor/{name}") for name in ("inter.woff2", "inter-ext.woff2")}
    return {
        "Python": platform.python_version(),
        "WeasyPrint": str(weasyprint.__version__),
        "Pango": f"{number // 10000}.{number // 100 % 100}.{number % 100}",
        "HarfBuzz subsetting": "yes" if _loads("harfbuzz-subset") else "no",
    } | fonts


def _font_digest(name: str) -> str:
    path = finders.find(name)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else "missing"


def _fetcher() -> Any:
    """Reads files of our own static folders and nothing else: what a record says can open nothing."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # noqa: PLC0415

    sheet = finders.find(STYLESHEET)
    if sheet is None:
        raise PdfError("The stylesheet of the packs is missing.")
    root = Path(sheet).resolve().parent.parent

    class StaticFiles(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            path = Path(unquote(parts.path)).resolve()
            if parts.scheme != "file" or parts.netloc or not path.is_relative_to(root) or path.suffix not in _TYPES:
                raise FatalURLFetchingError(f"A pack may not open {url}")
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": _TYPES[path.suffix]})

    return StaticFiles(), Path(sheet).resolve()


def _both_standards(metadata: Any) -> None:
    """Let the metadata name PDF/UA-1 beside PDF/A-3a: WeasyPrint writes one of the two."""
    plain = metadata.generate_rdf_metadata

    def generate(variant: str, version: int, conformance: str) -> bytes:
        rdf = ET.fromstring(plain(variant, version, conformance))  # noqa: S314 - made by the library a line ago
        ET.SubElement(rdf, "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description", {_ABOUT: "", _UA_PART: "1"})
        made: bytes = ET.tostring(rdf, encoding="utf-8")
        return made

    metadata.generate_rdf_metadata = generate


@contextmanager
def _clock_stands_at(at: datetime) -> Iterator[None]:
    """Cutting a weight out of a variable font stamps it with the time, unless this variable says which."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(at.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def write_pdf(html: str, target: Path, *, at: datetime, identity: str, attach: Sequence[Embedded]) -> Rendered:
    """Draw `html` into `target`. `at` is the only time the file knows; `identity` makes its identifier.

    Raises PdfUnavailableError, and PdfError where the document asks for something it may not have.
    """
    if problem := why_not():
        raise PdfUnavailableError(problem)
    weasyprint = _weasyprint()
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
    from weasyprint.urls import FatalURLFetchingError  # noqa: PLC0415

    fetcher, sheet = _fetcher()
    fonts = FontConfiguration()
    options = {"pdf_variant": VARIANT, "pdf_tags": True}
    try:
        style = weasyprint.CSS(filename=str(sheet), url_fetcher=fetcher, font_config=fonts)
        document = weasyprint.HTML(string=html, base_url=sheet.as_uri(), url_fetcher=fetcher).render(
            font_config=fonts, stylesheets=[style], **options
        )
        _both_standards(document.metadata)
        document.metadata.attachments = [
            weasyprint.Attachment(
                file_obj=one.path.open("rb"),
                name=one.path.name,
                description=one.description,
                relationship=one.relationship,
                created=at,
                modified=at,
            )
            # A name tree of a PDF is sorted.
            for one in sorted(attach, key=lambda one: one.path.name)
        ]
        identifier = hashlib.sha256(identity.encode()).hexdigest()[:32].encode()
        with _clock_stands_at(at):
            document.write_pdf(str(target), pdf_identifier=identifier, **options)
    except FatalURLFetchingError as error:
        raise PdfError(str(error)) from error
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Rendered(len(document.pages), target.stat().st_size, digest)
