"""An earlier version comes back as a new one, through the one way in and never around it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from inventory.defaults import ensure_opening, ensure_risk_classes
from inventory.models import AISystem, DataFlow, DataSource, OpeningBalance, Vendor
from portal.access.models import User
from portal.history.context import acting, announced
from portal.records.actions.restore import NoSuchVersionError, plan, restore
from portal.records.ingest import ConflictError
from portal.records.models import CustomField
from portal.records.register import get_register
from tests.conftest import SETUP
from tests.factories import create

pytestmark = pytest.mark.django_db

SYSTEMS, FLOWS = get_register("ai-systems"), get_register("data-flows")
HOSTILE = "<script>alert(1)</script>"
ROLES = {"viewer": 403, "auditor": 403, "outsider": 404, "editor": 200}


@pytest.fixture
def system() -> AISystem:
    """Version 1: pages the ward. Version 2: pages everybody, by another name."""
    with acting(SETUP):
        made: AISystem = create(AISystem, name="Ward pager", purpose="Pages the ward.", stage="planning", tags=["a"])
        AISystem.objects.filter(pk=made.pk).update(
            name="Big pager", purpose="Pages everybody.", stage="monitoring", tags=["b", "c"], autonomy="in_the_loop"
        )
    made.refresh_from_db()
    return made


def again(system: AISystem, user: User, version: int = 1, reason: str = "It was wrong", **more: Any) -> Any:
    return restore(SYSTEMS, system.reference, version, user=user, reason=reason, actor=SETUP, **more)


def test_what_it_said_stands_again_as_a_new_version_with_a_reason(system: AISystem, editor: User) -> None:
    assert again(system, editor).written
    system.refresh_from_db()
    assert (system.name, system.purpose, system.stage, system.tags) == (
        "Ward pager",
        "Pages the ward.",
        "planning",
        ["a"],
    )
    assert (system.autonomy, system.version) == ("unknown", 3)
    rows = list(AISystem.history.filter(id=system.pk).order_by("history_id"))
    assert [row.history_type for row in rows] == ["+", "~", "~"], "history only grows"
    assert rows[-1].history_change_reason == "Restored version 1: It was wrong"
    assert again(system, editor, version=2).written
    system.refresh_from_db()
    assert (system.name, system.version) == ("Big pager", 4)


def test_nothing_different_writes_nothing(system: AISystem, editor: User) -> None:
    result = again(system, editor, version=2)
    assert [row.status for row in result.rows] == ["unchanged"]
    assert AISystem.history.filter(id=system.pk).count() == 2


@pytest.mark.parametrize("reason", ["", "   "])
def test_it_demands_a_reason(system: AISystem, editor: User, reason: str) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        again(system, editor, reason=reason)


def test_who_may_not_change_may_not_restore(system: AISystem, viewer: User, outsider: User) -> None:
    with pytest.raises(PermissionDenied):
        again(system, viewer)
    with pytest.raises(NoSuchVersionError):  # what one may not see is not there
        again(system, outsider)
    system.refresh_from_db()
    assert system.version == 2


@pytest.mark.parametrize("version", [0, 3, 99])
def test_a_version_that_never_was(system: AISystem, editor: User, version: int) -> None:
    with pytest.raises(NoSuchVersionError):
        again(system, editor, version=version)


def test_somebody_was_faster(system: AISystem, editor: User) -> None:
    with acting(SETUP):
        AISystem.objects.filter(pk=system.pk).update(topic="Nursing")
    with pytest.raises(ConflictError):
        again(system, editor, seen_version=2)
    system.refresh_from_db()
    assert system.name == "Big pager"


def test_gated_fields_stay_and_are_named(system: AISystem, editor: User) -> None:
    with announced(SETUP):
        ensure_risk_classes()
        ensure_opening()
    with acting(SETUP):
        OpeningBalance.objects.update(closed_on=timezone.localdate())
    made = plan(SYSTEMS, system.reference, 1, user=editor)
    assert [(one.name, one.why) for one in made.kept] == [("stage", "changes only through a gate, by a request")]
    assert again(system, editor).written
    system.refresh_from_db()
    assert (system.name, system.stage) == ("Ward pager", "monitoring")


def test_what_it_pointed_to_may_be_gone(editor: User) -> None:
    with acting(SETUP):
        old, new = create(Vendor, name="Gone Ltd"), create(Vendor, name="New Ltd")
        flow = create(DataFlow, vendor=old, purpose="Storage")
        DataFlow.objects.filter(pk=flow.pk).update(vendor=new, purpose="Backup")
        old.delete()
    made = plan(FLOWS, flow.reference, 1, user=editor)
    assert [(one.name, one.why) for one in made.kept] == [
        ("vendor", "what it pointed to is not in the register any more")
    ]
    assert restore(FLOWS, flow.reference, 1, user=editor, reason="A slip", actor=SETUP).written
    flow.refresh_from_db()
    assert (flow.purpose, flow.vendor_id) == ("Storage", new.pk)


def test_references_come_back(editor: User) -> None:
    with acting(SETUP):
        first, second = create(DataSource), create(DataSource)
        flow = create(DataFlow, data_source=first)
        DataFlow.objects.filter(pk=flow.pk).update(data_source=second)
    assert restore(FLOWS, flow.reference, 1, user=editor, reason="A slip", actor=SETUP).written
    flow.refresh_from_db()
    assert flow.data_source_id == first.pk


def test_what_the_rules_refuse_today_is_refused(editor: User) -> None:
    with acting(SETUP):
        vendor = create(Vendor, name="Acme")
        Vendor.objects.filter(pk=vendor.pk).update(name="Bolt")
        create(Vendor, name="Acme")
    result = restore(get_register("vendors"), vendor.reference, 1, user=editor, reason="A slip", actor=SETUP)
    vendor.refresh_from_db()
    if result.written:  # names of vendors need not be unique
        assert vendor.name == "Acme"
    else:
        assert result.errors
        assert vendor.name == "Bolt"


def test_fields_of_ones_own(system: AISystem, editor: User) -> None:
    with acting(SETUP):
        CustomField.objects.create(register="ai-systems", key="cost", label="Cost center")
        old = CustomField.objects.create(register="ai-systems", key="old", label="Old one")
        AISystem.objects.filter(pk=system.pk).update(custom={"cost": "1", "old": "x"})
        AISystem.objects.filter(pk=system.pk).update(custom={"cost": "2"})
        old.is_active = False
        old.save()
    made = plan(SYSTEMS, system.reference, 3, user=editor)
    assert made.values == {"custom.cost": "1"}
    assert [(one.name, one.why) for one in made.kept] == [("custom.old", "this field is not in use any more")]
    assert again(system, editor, version=3).written
    system.refresh_from_db()
    assert system.custom == {"cost": "1"}


def test_a_deleted_record_is_not_brought_back(system: AISystem, editor: User) -> None:
    reference = system.reference
    with acting(SETUP):
        system.delete()
    with pytest.raises(NoSuchVersionError):
        restore(SYSTEMS, reference, 1, user=editor, reason="Please", actor=SETUP)


# The page


def test_the_page_shows_asks_and_writes(system: AISystem, editor: User, client: Client) -> None:
    client.force_login(editor)
    address = f"/ai-systems/{system.reference}/history/1/restore/"
    page = client.get(address).content.decode()
    for words in ("Pages everybody.", "Pages the ward.", "5 facts go back", "It becomes version 3", "Why?"):
        assert words in page, words
    empty = client.post(address, {"seen_version": "2", "reason": " "})
    assert empty.status_code == 422
    assert '<a href="#id_reason">Why?: Say why this version is restored.</a>' in empty.content.decode()
    done = client.post(address, {"seen_version": "2", "reason": "It was wrong"}, follow=True)
    assert "Version 1 is restored, as version 3." in done.content.decode()
    assert "Restored version 1: It was wrong" in done.content.decode()
    system.refresh_from_db()
    assert system.name == "Ward pager"
    row = AISystem.history.filter(id=system.pk).latest("history_id")
    assert (row.history_user_name, row.history_source) == (str(editor), "ui")


def test_a_get_changes_nothing(system: AISystem, editor: User, client: Client) -> None:
    client.force_login(editor)
    client.get(f"/ai-systems/{system.reference}/history/1/restore/?reason=now&seen_version=2")
    assert AISystem.history.filter(id=system.pk).count() == 2


def test_the_page_tells_of_a_conflict_and_shows_it_anew(system: AISystem, editor: User, client: Client) -> None:
    client.force_login(editor)
    with acting(SETUP):
        AISystem.objects.filter(pk=system.pk).update(topic="Nursing")
    address = f"/ai-systems/{system.reference}/history/1/restore/"
    response = client.post(address, {"seen_version": "2", "reason": "It was wrong"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody else changed this record" in page
    assert "Nursing" in page
    assert 'value="It was wrong"' in page
    assert client.post(address, {"seen_version": "3", "reason": "It was wrong"}).status_code == 302


@pytest.fixture
def people(request: pytest.FixtureRequest) -> dict[str, User]:
    return {name: request.getfixturevalue(name) for name in ROLES}


def test_the_page_by_role(system: AISystem, people: dict[str, User], client: Client) -> None:
    address = f"/ai-systems/{system.reference}/history/1/restore/"
    for name, expected in ROLES.items():
        client.force_login(people[name])
        assert client.get(address).status_code == expected, name
        if name != "editor":
            assert client.post(address, {"seen_version": "2", "reason": "x"}).status_code == expected, name
    client.force_login(people["editor"])
    assert client.get(f"/ai-systems/{system.reference}/history/9/restore/").status_code == 404
    history = f"/ai-systems/{system.reference}/history/"
    assert "Restore version 1" in client.get(history).content.decode()
    client.force_login(people["viewer"])
    assert "Restore version 1" not in client.get(history).content.decode()


def test_nothing_to_restore_offers_no_button(system: AISystem, editor: User, client: Client) -> None:
    client.force_login(editor)
    page = client.get(f"/ai-systems/{system.reference}/history/2/restore/").content.decode()
    assert "Nothing to restore" in page
    assert "csrfmiddlewaretoken" not in page.split("<main")[1]


def test_hostile_text_is_shown_as_text(editor: User, client: Client) -> None:
    client.force_login(editor)
    with acting(SETUP):
        vendor = create(Vendor, name=HOSTILE, notes=HOSTILE * 5)
        Vendor.objects.filter(pk=vendor.pk).update(name="Plain", notes="Plain " * 20)
    for page in ("1/restore/", "diff/?from=1&to=2", ""):
        text = client.get(f"/vendors/{vendor.reference}/history/{page}").content.decode()
        assert HOSTILE not in text
        assert "&lt;script&gt;alert(1)" in text
