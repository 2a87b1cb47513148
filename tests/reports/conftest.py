"""A small estate that every collector has something to say about, and something to miss."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inventory.choices import AIActRole, AssignmentRole, HipaaRole, Stage, SystemKind
from inventory.defaults import ensure_risk_classes
from inventory.models import (
    Agreement,
    AISystem,
    DataSource,
    Document,
    OrganizationUnit,
    RiskClass,
    RoleAssignment,
    SystemUse,
    Vendor,
)
from portal.access.models import User
from portal.history.context import acting
from tests.conftest import SETUP
from tests.factories import create

LONG_AGO = date(2020, 1, 1)


def make_estate() -> SimpleNamespace:
    """Three systems: one described in full, one with nothing known, one retired; in two units."""
    with acting(SETUP):
        ensure_risk_classes()
        high = RiskClass.objects.get(key="high")
        top = create(OrganizationUnit, name="Northwind", code="NW", hipaa_role=HipaaRole.COVERED_ENTITY, head="Ada")
        ward = create(OrganizationUnit, name="Cardiology", code="CARD", parent=top)
        full = create(
            AISystem,
            name="Sepsis score",
            unit=ward,
            purpose="Warns of sepsis",
            affected_persons="Patients",
            kind=SystemKind.PREDICTIVE,
            stage=Stage.MONITORING,
            live_on=LONG_AGO,
            risk_class=high,
            health_data="yes",
            personal_data="yes",
            public_facing="no",
        )
        blank = create(AISystem, name="=cmd()", unit=top, purpose="", stage=Stage.DEVELOPMENT)
        gone = create(
            AISystem,
            name="Old bot",
            unit=top,
            purpose="Chat",
            stage=Stage.RETIREMENT,
            health_data="no",
            public_facing="yes",
        )
        use = create(SystemUse, system=full, unit=ward, ai_act_role=AIActRole.DEPLOYER)
        owner = create(
            RoleAssignment,
            role=AssignmentRole.BUSINESS_OWNER,
            person_name="Dr Tomas Lindqvist",
            system=full,
            valid_from=LONG_AGO,
            accepted_on=LONG_AGO,
        )
        vendor = create(Vendor, name="Epic", kind="software", health_data="yes")
        unsure = create(Vendor, name="Acme", kind="unknown")
        baa = create(Agreement, name="Epic BAA", vendor=vendor, kind="baa", effective_on=LONG_AGO)
        source = create(DataSource, name="Warehouse", owner="Ada", residency="US", classification="confidential")
        paper = create(Document, name="Instructions", attached_to=full.reference, url="https://example.org/i")
    return SimpleNamespace(**locals())


@pytest.fixture
def estate(db: None) -> SimpleNamespace:
    return make_estate()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Files of a test stay in the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


@pytest.fixture
def asker(lead: User) -> User:
    """Who asks for packs."""
    return lead
