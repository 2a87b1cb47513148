"""Everything of the ground floor that has a table."""

from portal.access.models import ApiToken, Reading, RoleGrant, User
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
from portal.retention.models import Erasure, LegalHold, RetentionRule

__all__ = [
    "Anchor",
    "ApiToken",
    "Checkpoint",
    "CustomField",
    "Erasure",
    "ExternalId",
    "ImportBatch",
    "Job",
    "JobLine",
    "LedgerEntry",
    "LedgerKey",
    "LedgerLeaf",
    "LedgerPayload",
    "LedgerTile",
    "LegalHold",
    "Reading",
    "RetentionRule",
    "RoleGrant",
    "SavedMapping",
    "User",
    "Verification",
]
