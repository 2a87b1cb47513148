"""A field of one's own, from the page where it is added to every place where it shows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from inventory.models import OrganizationUnit, Vendor
from portal.access.models import User
from portal.access.roles import Role
from portal.history.context import Source, acting
from portal.records.columns import mapping_from_columns
from portal.records.files import read_table
from portal.records.importing import run_import
from portal.records.models import CustomField
from portal.records.register import get_register
from tests.conftest import SETUP
from tests.factories import create

pytestmark = pytest.mark.django_db

NEW = "/administration/fields/new/"


def add(client: Client, **values: str) -> CustomField:
    data = {"register": "vendors", "label": "Paid by", "kind": "text", "position": "0"} | values
    assert client.post(NEW, data).status_code == 302
    return CustomField.objects.get(register=data["register"], label=data["label"])


def form_of(client: Client, vendor: Vendor) -> dict[str, str]:
    """What a browser would send back unchanged."""
    form = client.get(f"/vendors/{vendor.reference}/edit/").context["form"]
    values = {name: field.prepare_value(form[name].initial) for name, field in form.fields.items()}
    return {name: "" if value is None else str(value) for name, value in values.items()}


@pytest.mark.parametrize("role", [one for one in Role.values if one != Role.ADMINISTRATOR])
def test_only_administrators_look_after_fields(role: str, client: Client, make_user: Callable[..., User]) -> None:
    client.force_login(make_user("somebody", role))
    assert client.get("/administration/fields/").status_code == 403
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, {"register": "vendors", "label": "X", "kind": "text"}).status_code == 403
    assert not CustomField.objects.exists()


def test_a_field_walks_through_every_door(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    assert "No fields of your own yet" in client.get("/administration/fields/").content.decode()
    add(client, label="Cost center")
    add(client, label="On the list", kind="fact", position="1")
    add(client, label="Asked again on", kind="date", position="2")
    add(client, label="Shelf", kind="choice", choices="North\nSouth, lower", position="3")
    page = client.get("/administration/fields/").content.decode()
    assert "cost_center" in page
    assert "North, South, lower" in page

    # The form and the record.
    with acting(SETUP):
        vendor = create(Vendor, name="Corvid")
    data = form_of(client, vendor)
    given = {
        "custom.cost_center": "4711",
        "custom.on_the_list": "yes",
        "custom.asked_again_on": "2027-03-02",
        "custom.shelf": "South, lower",
    }
    assert client.post(f"/vendors/{vendor.reference}/edit/", data | given).status_code == 302
    page = client.get(f"/vendors/{vendor.reference}/").content.decode()
    for shown in ("Cost center", "4711", "2 Mar 2027", "South, lower"):
        assert shown in page

    # What is wrong is said at the field.
    wrong = client.post(f"/vendors/{vendor.reference}/edit/", form_of(client, vendor) | {"custom.shelf": "West"})
    assert wrong.status_code == 422
    assert 'href="#id_custom.shelf"' in wrong.content.decode()

    # A change of one leaves the others alone; the API reads them.
    data = form_of(client, vendor) | {"custom.cost_center": "4712"}
    assert client.post(f"/vendors/{vendor.reference}/edit/", data).status_code == 302
    read = client.get(f"/api/v1/vendors/{vendor.reference}").json()["custom"]
    assert read == {
        "cost_center": "4712",
        "on_the_list": "yes",
        "asked_again_on": "2027-03-02",
        "shelf": "South, lower",
    }

    # The export has its column.
    lines = b"".join(client.get("/vendors/export.csv")).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(lines)))
    assert (row["Cost center"], row["Shelf"]) == ("4712", "South, lower")

    # History names the field and its values in words, one line each.
    page = client.get(f"/vendors/{vendor.reference}/history/").content.decode()
    assert "<dt>Cost center</dt>" in page
    assert "<del>4711</del>" in page
    assert "<ins>4712</ins>" in page
    assert "<ins>2 Mar 2027</ins>" in page
    assert "<dt>On the list</dt>" in page
    assert "<ins>Yes</ins>" in page
    assert "custom" not in page.lower().replace("customer", "")


def test_an_import_fills_it(client: Client, administrator: User, tmp_path: Path) -> None:
    client.force_login(administrator)
    add(client, label="Cost center")
    path = tmp_path / "vendors.csv"
    path.write_text("Vendor,Center\nHalden Imaging,0815\n")
    chosen: dict[str, str | None] = {"Vendor": "name", "Center": "custom.cost_center"}
    mapping = mapping_from_columns(
        chosen, name="vendors", title="Vendors", register="vendors", source="vendors", key=()
    )
    actor = administrator.actor(Source.IMPORT, request_id="test")
    result = run_import(
        get_register("vendors"), read_table(path, name=path.name), mapping, user=administrator, actor=actor
    )
    assert result.written
    assert Vendor.objects.get(name="Halden Imaging").custom == {"cost_center": "0815"}


def test_the_match_page_offers_it(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    add(client, label="Cost center", register="organization-units")
    upload = io.BytesIO(b"Name,Cost center\nRadiology,9\n")
    upload.name = "units.csv"
    page = client.post("/organization-units/import/", {"file": upload}, follow=True)
    assert '<option value="custom.cost_center" selected>Cost center</option>' in page.content.decode()
    assert not OrganizationUnit.objects.exists()


def test_the_same_key_is_refused_in_words(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    first = add(client, label="Cost center")
    again = client.post(NEW, {"register": "vendors", "label": "Cost  center", "kind": "text", "position": "0"})
    assert again.status_code == 422
    page = again.content.decode()
    assert "Vendors have a field with the key “cost_center” already" in page
    assert 'href="#id_key"' in page
    # Another register may have it; and a retired one still holds its key.
    add(client, label="Cost center", register="agents")
    assert (
        client.post(f"/administration/fields/{first.pk}/", {"label": "Cost center", "position": "0"}).status_code == 302
    )
    assert not CustomField.objects.get(pk=first.pk).is_active
    assert (
        client.post(NEW, {"register": "vendors", "label": "Cost center", "kind": "text", "position": "0"}).status_code
        == 422
    )


def test_the_key_never_changes_and_a_given_answer_stays(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    field = add(client, label="Shelf", kind="choice", choices="North\nSouth")
    with acting(SETUP):
        create(Vendor, name="Corvid", custom={"shelf": "North"})
    url = f"/administration/fields/{field.pk}/"
    data = {"register": "agents", "key": "other", "kind": "text", "label": "Rack", "position": "2", "is_active": "on"}
    refused = client.post(url, data | {"choices": "South"})
    assert refused.status_code == 422
    assert "“North” is the answer of 1 record" in refused.content.decode()
    assert client.post(url, data | {"choices": "North\nWest"}).status_code == 302
    field.refresh_from_db()
    assert (field.register, field.key, field.kind) == ("vendors", "shelf", "choice")
    assert (field.label, field.choices, field.position) == ("Rack", ["North", "West"], 2)


def test_a_retired_field_leaves_the_form_and_keeps_what_was_said(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    field = add(client, label="Cost center")
    with acting(SETUP):
        vendor = create(Vendor, name="Corvid", custom={"cost_center": "4711"})
    client.post(f"/administration/fields/{field.pk}/", {"label": field.label, "position": "0"})
    data = form_of(client, vendor)
    assert "custom.cost_center" not in data
    assert client.post(f"/vendors/{vendor.reference}/edit/", data | {"country": "IE"}).status_code == 302
    vendor.refresh_from_db()
    assert vendor.custom == {"cost_center": "4711"}
    assert "Retired" in client.get("/administration/fields/").content.decode()


def test_who_added_a_field_is_recorded(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    field = add(client, label="Cost center")
    row = CustomField.history.get(id=field.pk)
    assert (row.history_user_id, row.history_source) == (str(administrator.pk), "ui")


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"label": ""}, "id_label"),
        ({"label": "???"}, "id_key"),
        ({"key": "no spaces"}, "id_key"),
        ({"kind": "choice", "choices": " \n"}, "id_choices"),
        ({"kind": "choice", "choices": "x" * 101}, "id_choices"),
        ({"register": "nothing"}, "id_register"),
        ({"position": "-1"}, "id_position"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    values: dict[str, str], place: str, client: Client, administrator: User
) -> None:
    client.force_login(administrator)
    data = {"register": "vendors", "label": "Cost center", "kind": "text", "position": "0"} | values
    answer = client.post(NEW, data)
    assert answer.status_code == 422
    assert f'href="#{place}"' in answer.content.decode()
    assert not CustomField.objects.exists()
