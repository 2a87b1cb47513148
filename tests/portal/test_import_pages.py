"""Import in the browser: what cannot be read is said at once, and nothing is written before it was seen."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from inventory.models import Vendor
from portal.access.models import User
from portal.history.context import Source, acting
from portal.jobs import tasks
from portal.jobs.models import Job, JobState
from portal.records.columns import mapping_from_columns
from portal.records.files import read_table
from portal.records.importing import run_import
from portal.records.models import ExternalId, SavedMapping
from portal.records.register import get_register
from portal.records.tasks import import_file
from tests.conftest import SETUP

pytestmark = pytest.mark.django_db
GOOD = b"Supplier,Country,Contract,Ref\nAcme,IE,2024,v1\nBolt,,2025,v2\n"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    # The task runs in this process here, on the connection that holds the test's transaction.
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)


def upload(client: Client, content: bytes, name: str = "vendors.csv", mapping: str = "match") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post("/vendors/import/", {"file": file, "mapping": mapping})


def xlsx(*rows: list[Any]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(out)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    return out.getvalue()


BAD = {
    "empty": b"",
    "header only": b"Name,Country\n",
    "one column": b"just some text\nand more\n",
    "binary": bytes(range(256)) * 20,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "ragged": b"Name,Country\nAcme,Ireland,extra,cells\n",
    "open quote": b'Name,Country\n"Acme,Ireland\nBolt,France\n',
    "broken xlsx": b"PK\x03\x04 this is no archive",
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_said_at_once(client: Client, lead: User, case: str) -> None:
    client.force_login(lead)
    response = upload(client, BAD[case], "file.xlsx" if "xlsx" in case else "file.csv")
    assert response.status_code == 422
    page = response.content.decode()
    assert "There is a problem" in page
    assert "Traceback" not in page
    assert not Job.objects.exists()


def test_a_zip_bomb_and_a_formula_without_a_value_are_refused(client: Client, lead: User) -> None:
    client.force_login(lead)
    assert upload(client, bomb(), "bomb.xlsx").status_code == 422
    formula = upload(client, xlsx(["Name", "Country"], ['=HYPERLINK("http://x")', "Ireland"]), "formula.xlsx")
    assert formula.status_code == 422
    assert "A2" in formula.content.decode()


def test_a_file_that_is_too_large_is_refused_by_its_size(
    client: Client, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(lead)
    monkeypatch.setattr(SimpleUploadedFile, "size", 200_000_000, raising=False)
    response = upload(client, GOOD + b"x" * 60_000_000)
    assert response.status_code == 422
    assert "MB" in response.content.decode()


def walk(client: Client, content: bytes, key: str = "Ref", **columns: str) -> Job:
    """Upload, match the columns, and run the check as the worker would."""
    response = upload(client, content)
    assert response.status_code == 302, response.content.decode()[:2000]
    page = client.get(response["Location"])
    assert page.status_code == 200
    headers = page.context["table"].headers
    data = {f"column-{i}": columns.get(header.lower(), "") for i, header in enumerate(headers)} | {"key": key}
    checked = client.post(response["Location"], data | {"title": "Supplier list"})
    assert checked.status_code == 302, checked.content.decode()[:2000]
    return run(checked["Location"])


def run(url: str) -> Job:
    key = re.search(r"/([0-9a-f-]{36})/", url)
    assert key is not None
    import_file(key[1])
    return Job.objects.get(pk=key[1])


def test_from_upload_to_record_and_again_without_a_change(client: Client, lead: User) -> None:
    client.force_login(lead)
    check = walk(client, GOOD, supplier="name", country="country")
    assert check.state == JobState.SUCCEEDED, check.error
    assert not Vendor.objects.exists()
    page = client.get(f"/vendors/import/{check.pk}/").content.decode()
    assert "Ready to import" in page
    written = run(client.post(f"/vendors/import/{check.pk}/write/")["Location"])
    assert written.result["written"]
    assert set(Vendor.objects.values_list("name", flat=True)) == {"Acme", "Bolt"}
    acme = Vendor.objects.get(name="Acme")
    known = ExternalId.objects.get(record_id=acme.pk)
    assert known.as_imported == {"Supplier": "Acme", "Country": "IE", "Contract": "2024", "Ref": "v1"}
    row = Vendor.history.latest()
    assert (row.history_source, row.history_user_name) == ("import", str(lead))
    assert row.history_request == f"job {written.pk}"
    assert client.get(f"/jobs/{written.pk}/file/").status_code == 200
    again = run(client.post(f"/vendors/import/{check.pk}/write/")["Location"])
    assert again.result["outcomes"][0]["unchanged"] == 2
    assert Vendor.history.count() == 2
    assert SavedMapping.objects.get(name="supplier-list").register == "vendors"


def test_a_mistake_is_named_by_row_and_column_and_writes_nothing(client: Client, lead: User) -> None:
    client.force_login(lead)
    check = walk(client, b"Supplier,Kind,Ref\nAcme,no such kind,v1\nBolt,,v2\n", supplier="name", kind="kind")
    assert check.result["errors"] == 1
    problem = check.result["problems"][0]
    assert (problem["row"], problem["column"]) == (2, "Kind")
    page = client.get(f"/vendors/import/{check.pk}/").content.decode()
    assert "Errors in the file" in page
    assert not Vendor.objects.exists()
    partial = run(client.post(f"/vendors/import/{check.pk}/write/", {"partial": "1"})["Location"])
    assert partial.result["written"]
    assert list(Vendor.objects.values_list("name", flat=True)) == ["Bolt"]


def test_duplicate_keys_are_named(client: Client, lead: User) -> None:
    client.force_login(lead)
    check = walk(client, b"Supplier,Ref\nAcme,v1\nBolt,v1\n", supplier="name")
    assert check.result["errors"] == 1
    assert "2" in check.result["problems"][0]["message"]


def test_matching_needs_the_name_and_no_field_twice(client: Client, lead: User) -> None:
    client.force_login(lead)
    url = upload(client, GOOD)["Location"]
    nothing = client.post(url, {})
    assert nothing.status_code == 422
    assert "Say which column is" in nothing.content.decode()
    twice = client.post(url, {"column-0": "name", "column-1": "name"})
    assert twice.status_code == 422
    assert "same field" in twice.content.decode()


def test_a_saved_matching_is_not_overwritten_from_another_register(client: Client, lead: User) -> None:
    client.force_login(lead)
    with acting(SETUP):
        SavedMapping.objects.create(register="tools", name="supplier-list", yaml="theirs")
    url = upload(client, GOOD)["Location"]
    refused = client.post(url, {"column-0": "name", "key": "Ref", "title": "Supplier list"})
    assert refused.status_code == 422
    assert "another name" in refused.content.decode()
    assert SavedMapping.objects.get().yaml == "theirs"


def test_somebody_elses_file_and_job_are_not_there(client: Client, lead: User, administrator: User) -> None:
    client.force_login(lead)
    check = walk(client, GOOD, supplier="name")
    client.force_login(administrator)
    assert client.get(f"/vendors/import/{check.pk}/").status_code == 404
    assert client.post(f"/vendors/import/{check.pk}/write/").status_code == 404
    assert client.get("/vendors/import/..%2F..%2Fetc%2Fpasswd/x/").status_code == 404


def test_progress_is_told_outside_the_transaction_of_the_import(lead: User) -> None:
    """Inside it the job's row would stay locked: no lease could be extended, and nobody could cancel."""
    table = read_table(io.BytesIO(GOOD), name="vendors.csv")
    mapping = mapping_from_columns(
        {"Supplier": "name"}, name="m", title="m", register="vendors", source="m", key=("Ref",)
    )
    base, depths = len(connection.savepoint_ids), []

    def progress(_stage: str, _done: int, _total: int) -> None:
        depths.append(len(connection.savepoint_ids))

    result = run_import(
        get_register("vendors"), table, mapping, user=lead, actor=lead.actor(Source.IMPORT), progress=progress
    )
    assert result.written
    assert set(depths) == {base}
