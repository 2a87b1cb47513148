"""The manifest: what is attached to a pack, how it was asked for, and the digest of each file."""

from __future__ import annotations

from typing import Any

from reports.attachments import FileFact
from reports.catalog import Catalog
from reports.collect import Collected
from reports.models import EvidencePack

FORMAT = 1


def manifest_of(
    pack: EvidencePack, catalog: Catalog, found: Collected, tools: dict[str, str], checkpoint: FileFact
) -> dict[str, Any]:
    """The manifest as data. Every time in it is pinned on the pack's row."""
    return {
        "format": FORMAT,
        "pack": pack.reference,
        "id": str(pack.pk),
        "organization": pack.organization,
        "framework": {
            "slug": pack.framework,
            "title": catalog.title,
            "citation": catalog.citation,
            "catalog_as_of": pack.catalog_as_of.isoformat(),
            "catalog_sha256": pack.catalog_sha256,
        },
        "scope": {"kind": pack.scope_kind, "reference": pack.scope_reference, "name": pack.scope_title},
        "period": (
            {"from": pack.period_from.isoformat(), "up_to_but_not_including": pack.period_to.isoformat()}
            if pack.period_from and pack.period_to
            else None
        ),
        "as_of": _instant(pack.as_of),
        "observation_start": _instant(pack.observation_start),
        "asked_for": {"by": pack.requested_name, "on": _instant(pack.requested_at), "for": pack.purpose},
        "ledger": {
            "last_entry": pack.ledger_entry,
            "checkpoint": {"name": checkpoint.name, "size": checkpoint.size, "sha256": checkpoint.sha256},
        },
        "made_by": {"generator": pack.generator, **tools},
        "populations": [
            {
                "slug": one.slug,
                "title": one.title,
                "query": one.query,
                "rows": one.rows,
                "columns": {column.key: column.label for column in one.columns},
                "files": [{"name": f.name, "size": f.size, "sha256": f.sha256} for f in one.files],
            }
            for one in found.attachments.values()
        ],
    }


def _instant(value: Any) -> str | None:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if value else None
