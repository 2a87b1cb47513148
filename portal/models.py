"""Everything of the ground floor that has a table."""

from portal.access.models import ApiToken, RoleGrant, User
from portal.jobs.models import Job, JobLine
from portal.ledger.models import (
    Anchor,
    Checkpoint,
    LedgerEntry,
    LedgerKey,
    LedgerLeaf,
    LedgerPayload,
    LedgerTile,
    Verification,
)
from portal.records.models import CustomField, ExternalId, ImportBatch, SavedMapping

__all__ = [
    "Anchor",
    "ApiToken",
    "Checkpoint",
    "CustomField",
    "ExternalId",
    "ImportBatch",
    "Job",
    "JobLine",
    "LedgerEntry",
    "LedgerKey",
    "LedgerLeaf",
    "LedgerPayload",
    "LedgerTile",
    "RoleGrant",
    "SavedMapping",
    "User",
    "Verification",
]
