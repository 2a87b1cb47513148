"""Everything of the ground floor that has a table."""

from portal.access.models import ApiToken, RoleGrant, User
from portal.jobs.models import Job, JobLine
from portal.ledger.models import LedgerEntry, LedgerPayload
from portal.records.models import CustomField, ExternalId, ImportBatch, SavedMapping

__all__ = [
    "ApiToken",
    "CustomField",
    "ExternalId",
    "ImportBatch",
    "Job",
    "JobLine",
    "LedgerEntry",
    "LedgerPayload",
    "RoleGrant",
    "SavedMapping",
    "User",
]
