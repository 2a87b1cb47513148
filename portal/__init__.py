"""The ground floor: settings, records, history, ledger, access, API, UI, jobs. Knows nothing of AI."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
