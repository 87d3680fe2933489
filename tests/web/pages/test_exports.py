"""Tables for other programs: what they hold, what they hide, and what a spreadsheet must not run."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from hilum.web.pages.export import cell
from hilum.worklist.states import Role
from hilum.worklist.tables import AuditEvent


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV answer."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_filtered_list_is_exported_whole(browser, add_study):
    """More than a page of it, and nothing that the filter leaves out."""
    for number in range(60):
        add_study(score=float(number), site="Hill")
    add_study(site="River")
    answer = browser(Role.READER).get("/worklist/export?as=csv&site=Hill&sort=lowest")

    assert [float(row["score"]) for row in table(answer.text)] == [float(number) for number in range(60)]


def test_an_export_is_without_identity_unless_asked(browser, add_study):
    """A patient is then a number, the same for the same patient."""
    add_study(patient="MARY-1", name="Mary Achieng", accession="ACC-1")
    reader = browser(Role.READER)
    plain, full = reader.get("/worklist/export").text, reader.get("/worklist/export?identity=yes").text

    assert not any(word in plain for word in ("MARY", "Mary", "ACC-1", "1.2.3.1"))
    assert len(table(plain)[0]["patient"]) == 16
    assert table(full)[0]["patient_name"] == "Mary Achieng"


def test_a_manager_cannot_ask_for_identity(browser, add_study):
    """The role does not have it."""
    assert browser(Role.MANAGER).get("/worklist/export?identity=yes").status_code == 403


def test_a_radiographer_exports_nothing(browser):
    """The role does not have the right."""
    assert browser(Role.RADIOGRAPHER).get("/worklist/export").status_code == 403


def test_ages_of_ninety_and_over_are_one(browser, add_study):
    """Without identity: 45 CFR 164.514(b)(2)(i)(C)."""
    add_study(age_years=97.0)

    assert table(browser(Role.READER).get("/worklist/export").text)[0]["age_years"] == "90.0"


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "  =1"])
def test_a_formula_is_text(start):
    """CWE-1236."""
    assert cell(start) == f"'{start}"


def test_a_negative_number_stays_a_number():
    """It is no text, so nobody wrote it as a formula."""
    assert cell(-0.5) == "-0.5"


def test_a_site_with_a_formulas_name_is_exported_as_text(browser, add_study):
    """From a header to a spreadsheet."""
    add_study(site='=HYPERLINK("x")')

    assert table(browser(Role.READER).get("/worklist/export").text)[0]["site"].startswith("'=")


def test_blind_reading_leaves_the_machines_columns_empty(browser, add_study, set_blind):
    """Until the own verdict."""
    read, unread = add_study(score=91.5), add_study(score=92.5)
    reader = browser(Role.READER)
    reader.post(f"/studies/{read}/verdict", data={"opinion": "normal"})
    scores = {row["study"]: row["score"] for row in table(reader.get("/worklist/export").text)}

    assert scores == {str(read): "91.5", str(unread): ""}


def test_parquet_keeps_kinds(browser, add_study):
    """Scores are numbers, times are times, flags are flags."""
    add_study(score=91.5)
    answer = browser(Role.READER).get("/worklist/export?as=parquet")
    read = pq.read_table(io.BytesIO(answer.content))

    assert read.column("score").to_pylist() == [91.5]
    assert read.column("is_flagged").to_pylist() == [True]
    assert str(read.schema.field("received_at").type) == "timestamp[us, tz=UTC]"


def test_an_export_of_nothing_has_its_columns(browser):
    """A script that reads it goes on."""
    assert browser(Role.READER).get("/worklist/export").text.startswith("\ufeffstudy,patient,received_at")


def test_the_trail_knows_who_exported_and_not_what_was_searched_for(browser, add_study, station):
    """A search may be a patient's name."""
    add_study(patient="MARY-1", name="Mary")
    browser(Role.READER).get("/worklist/export?q=Mary")
    with station.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "export")).one()

    assert event.who == "reader"
    assert event.detail == {"kind": "csv", "identity": False, "filter": ["q"]}
