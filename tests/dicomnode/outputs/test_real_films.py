"""Objects of real films: some of the 240 CR films and every odd one pass dciodvfy and dcmtk."""

from __future__ import annotations

import pytest
from dicom_tools import MADE_AT, faults, ran, reread
from pydicom import dcmread

from hilum.dicomnode.outputs.objects import build_object, case_of
from hilum.dicomnode.outputs.reading import Reading, reading_of
from hilum.dicomnode.outputs.sr_reading import ReportedRefusal, read_report
from hilum.inference.bundle import read_bundle
from hilum.inference.predictor import Predictor
from hilum.records import Refused
from hilum.reports.reader_facts import reader_facts
from hilum.worklist.states import OBJECT_KINDS, ResultKind

EVERY = 40  # of the 240 films, so six of them
LAID_OUT = 6  # every so many films get the PDF, which takes longest to make


@pytest.fixture(scope="module")
def readings(shared) -> list[Reading]:
    """Readings of real films with the bundle that ships as default."""
    bundle = read_bundle("hilum-base")
    predictor, facts = Predictor(bundle, n_threads=1), reader_facts(bundle)
    films = sorted((shared / "data/rsna-dicom").glob("*.dcm"))[::EVERY]
    odd = sorted((shared / "data/dicom-odd").glob("*.dcm"))
    found = []
    for path in (*films, *odd):
        screened = predictor.examine(path, with_picture=True)
        source = dcmread(path, stop_before_pixels=True, force=True)
        found.append(reading_of(source, screened.outcome, facts, made_at=MADE_AT, preview=screened.preview))
    return found


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_no_object_of_a_real_film_has_a_fault(readings, kind):
    """Six of the 240 films and all odd ones give every kind of object without an error of dciodvfy."""
    chosen = readings[::LAID_OUT] if kind is ResultKind.PDF else readings
    told = [faults(build_object(kind, reading, case_of(reading, study=1))) for reading in chosen]

    assert told
    assert [one for one in told if one] == []


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_the_reports_of_real_films_give_the_numbers_back(readings):
    """Each report, read again, says what the reader said; scores and refusals are among them."""
    kinds = set()
    for reading in readings:
        outcome = read_report(
            reread(build_object(ResultKind.REPORT, reading, case_of(reading, study=1)))
        ).outcome
        kinds.add(type(outcome))
        if isinstance(outcome, ReportedRefusal):
            assert isinstance(reading.outcome, Refused)
            assert (outcome.code, outcome.reason) == (reading.outcome.code, reading.outcome.reason)
        else:
            assert not isinstance(reading.outcome, Refused)
            assert (outcome.probability, outcome.zones) == (
                reading.outcome.probability,
                reading.outcome.zones,
            )

    assert len(kinds) == 2


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_dcmtk_takes_the_states_of_named_films(readings):
    """dcmpschk passes every state whose patient has a plain name.

    It takes no state without one, though valid, and some bytes of UTF-8 for control characters.
    """
    named = [one for one in readings if one.film.PatientName and str(one.film.PatientName).isascii()]
    told = [
        ran("dcmpschk", build_object(ResultKind.SOFTCOPY, reading, case_of(reading, study=1)))
        for reading in named
    ]

    assert len(told) >= 10
    assert ["Test passed" in one.stdout + one.stderr for one in told] == [True] * len(told)
