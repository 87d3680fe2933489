"""The report of one case: what it says of a score, of a refusal, and of people, and that it is short."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hilum.findings import Sex, Zone
from hilum.inference.bundle import read_bundle
from hilum.records import Certainty, Estimate, RefusalCode, Refused, Scored
from hilum.reports.case import Case, CaseTest, CaseVerdict
from hilum.reports.case_report import case_report
from hilum.reports.document_html import document_html
from hilum.reports.document_pdf import document_pdf
from hilum.reports.reader_facts import OWN_THRESHOLD, ReaderFacts, reader_facts

READ_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LABEL = "hilum-test 1.2.0"


@pytest.fixture
def reader() -> ReaderFacts:
    """A reader with evidence for its threshold."""
    return ReaderFacts(
        "hilum-test", "1.2.0", "ab" * 32, 0.35, "sensitivity-90", "the highest with sensitivity >= 0.90",
        Estimate(0.9, 0.8, 0.95, 100, 100, "Wilson"), Estimate(None, None, None, 0, why="no normal film"),
        "Scores films of adults.",
    )  # fmt: skip


@pytest.fixture
def case(reader) -> Case:
    """A case with everything that a case may hold."""
    heat = np.zeros((96, 64), np.float32)
    heat[20:40, 10:30] = 1
    outcome = Scored(
        Path("film.dcm"), 73.4, 0.734, 0.35, True, 0.0123, LABEL, 0.1,
        zones={zone: (place + 1) / 7 for place, zone in enumerate(Zone)}, certainty=Certainty.ABNORMAL,
        error_rate=0.1, heat_map=heat, notes=("The film was inverted.",),
    )  # fmt: skip
    return Case(
        study=17,
        outcome=outcome,
        reader=reader,
        read_at=READ_AT,
        preview=np.linspace(0, 255, 96 * 64).reshape(96, 64).astype(np.uint8),
        patient_name="Jane Doe",
        patient_id="PID-1",
        accession="ACC-5",
        age_years=52.4,
        sex=Sex.FEMALE,
        site="Clinic A",
        film_date=date(2026, 11, 23),
        verdicts=(
            CaseVerdict("first", READ_AT, "normal"),
            CaseVerdict("second", READ_AT, "tb-consistent", (Zone.LEFT_UPPER,), "A cavity."),
        ),
        tests=(CaseTest("xpert", "positive", date(2026, 11, 24)),),
    )


@pytest.fixture
def refused_case(case) -> Case:
    """The same film, refused, and nobody has looked at it."""
    outcome = Refused(
        Path("film.dcm"), RefusalCode.TURNED, "The picture is upside down; turn it.", LABEL, 0.1
    )
    return dataclasses.replace(case, outcome=outcome, verdicts=(), tests=())


def text_of(case: Case) -> str:
    """What stands on the pages of the PDF."""
    document = pypdfium2.PdfDocument(document_pdf(case_report(case)))
    return " ".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", " ")


def test_a_scored_case_is_told_whole(case):
    """Score, threshold, zones, certainty, spread, evidence, notes, and the hash stand in the report."""
    text = text_of(case)

    for words in ("Study 17: score 73.4, flagged", "Jane Doe", "52 years, female",
                  "35.0, for a sensitivity of 90 %",
                  "0.7340", "normal is ruled out", "0.0123", "0.900 (0.800 to 0.950), on 100 films",
                  "not estimated: no normal film", "The film was inverted.", "ab" * 32,
                  "the highest with sensitivity >= 0.90."):  # fmt: skip
        assert words in text, words


def test_zones_stand_under_the_patients_side(case):
    """The right upper zone's number is under the patient's right, and one above the threshold says so."""
    section = next(one for one in case_report(case).sections if one.title == "The numbers")
    zones = section.blocks[1]

    assert zones.columns == ("Lung zone", "Patient's right", "Patient's left")
    assert zones.rows[0] == ("Upper", "0.14", "0.57 (above)")


def test_the_last_verdict_and_test_are_taken_away(case):
    """What a reader takes away names the last verdict and the last test; all verdicts stand in a table."""
    report = case_report(case)

    assert "by second: TB-consistent (left upper)." in report.summary[1]
    assert report.summary[2] == "Xpert MTB/RIF: positive."
    assert "Normal" in text_of(case)


def test_a_refusal_is_told_with_its_reason(refused_case):
    """No score, the reason, no table of numbers, and no heat map."""
    text = text_of(refused_case)

    assert "Study 17: no score" in text
    assert "No score: The picture is upside down; turn it." in text
    assert "No reader has given a verdict yet." in text
    assert "The numbers" not in text
    assert "score comes from" not in text


def test_a_case_without_a_person_names_none(case):
    """Where the caller may not say who it is, no empty line says that something is missing."""
    bare = dataclasses.replace(
        case, patient_name="", patient_id="", accession="", age_years=None, sex=None, site="", film_date=None
    )

    assert [name for name, _ in case_report(bare).facts] == ["Read by", "Date"]


@pytest.mark.parametrize("shape", [(768, 768), (768, 600), (600, 768), (768, 100), (40, 768)])
def test_a_case_is_of_two_pages_at_most(case, shape):
    """Whatever shape the film has, it stands on the first page, and the report has two."""
    heat = np.ones(shape, np.float32)
    formed = dataclasses.replace(
        case, preview=np.zeros(shape, np.uint8), outcome=dataclasses.replace(case.outcome, heat_map=heat)
    )
    document = pypdfium2.PdfDocument(document_pdf(case_report(formed)))

    assert len(document) <= 2
    assert "The film" in document[0].get_textpage().get_text_range()


def test_a_case_without_a_picture_is_whole(refused_case):
    """A file that gave no picture has a report without one."""
    assert "The film" not in [
        one.title for one in case_report(dataclasses.replace(refused_case, preview=None)).sections
    ]


def test_the_page_holds_no_list_of_contents(case):
    """A report of a page or two needs none, in print and on screen alike."""
    assert "Contents" not in document_html(case_report(case))
    assert "Contents" not in text_of(case)


def test_the_same_case_gives_the_same_bytes(case):
    """The PDF does not ask the clock."""
    assert document_pdf(case_report(case)) == document_pdf(case_report(case))


def test_an_opinion_and_a_test_that_are_not_known_are_shown_as_they_are(case):
    """A word that this report does not know is shown, not dropped."""
    odd = dataclasses.replace(
        case, verdicts=(CaseVerdict("x", READ_AT, "no-idea"),), tests=(CaseTest("lamp", "negative"),)
    )

    assert "no-idea" in text_of(odd)
    assert "lamp" in text_of(odd)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=40), comment=st.text(max_size=80))
def test_any_name_and_comment_is_text(refused_case, name, comment):
    """Markup and control characters in a name or a comment break neither page nor PDF."""
    odd = dataclasses.replace(
        refused_case, patient_name=f"<b>{name}", verdicts=(CaseVerdict("x", READ_AT, "normal", (), comment),)
    )
    report = case_report(odd)

    assert "<b>" not in document_html(report)
    assert document_pdf(report).startswith(b"%PDF-")


@pytest.mark.parametrize(("age_years", "words"), [(0.5, "6 months"), (1.99, "24 months"), (2, "2 years")])
def test_the_age_of_a_child_is_told_in_months(case, age_years, words):
    """Below two years an age is in months."""
    facts = dict(case_report(dataclasses.replace(case, age_years=age_years, sex=None)).facts)

    assert facts["Age and sex"] == words


def test_the_facts_of_a_shipped_bundle_have_its_evidence():
    """The default point with its evidence, any other point by its threshold, and a site's own without any."""
    bundle = read_bundle("hilum-base")
    default, own = reader_facts(bundle), reader_facts(bundle, threshold=0.123)

    assert default.label == bundle.label
    assert (default.operating_point, default.threshold) == (
        bundle.default_operating_point,
        bundle.default_point.threshold,
    )
    for point in bundle.operating_points:
        assert reader_facts(bundle, threshold=point.threshold).operating_point == point.name
    assert (own.operating_point, own.sensitivity, own.threshold) == (OWN_THRESHOLD, None, 0.123)
    assert len(default.sha256) == 64
