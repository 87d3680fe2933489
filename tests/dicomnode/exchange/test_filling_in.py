"""Studies whose films do not tell age, sex, or accession, filled in from a modality worklist."""

from __future__ import annotations

from datetime import date

import pytest
from pydicom.uid import generate_uid

from bundles import write_dicom_film
from hilum.dicomnode.archive import filling_in
from hilum.dicomnode.archive.filling_in import FillingIn
from hilum.dicomnode.archive.modality_worklist import Scheduled
from hilum.dicomnode.peer import Peer
from hilum.dicomnode.settings import NodeSettings
from hilum.worklist import search
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.states import Origin

WORKLIST = Peer("RIS", "127.0.0.1", 1)
ENTRY = Scheduled("", "A1", "P1", "F", date(2020, 11, 24))


@pytest.fixture
def filled(open_station, tmp_path, monkeypatch):
    """Takes a film in, fills in from a worklist with one entry, and gives back study, station, and part."""

    def fill(entry: Scheduled | None, **header):
        station = open_station()
        path = write_dicom_film(
            tmp_path / "film.dcm", StudyInstanceUID=generate_uid(), PatientID="P1", **header
        )
        kept = station.originals.keep_file(path)
        arrival = Arrival(kept, read_film_facts(kept.path), Origin.DICOM, "node CR1", station.now(),
                          closes_after_s=30)  # fmt: skip
        with station.database.writing() as session:
            study_id = accept(session, arrival).study_id
        monkeypatch.setattr(filling_in, "scheduled", lambda *_args, **_named: entry)
        part = FillingIn(NodeSettings(station.settings), station, WORKLIST)
        n_filled = part.fill_once()
        assert part.fill_once() == 0  # a study is asked for once
        with station.database.reading() as session:
            return search.study(session, study_id), n_filled

    return fill


def test_what_the_film_lacks_comes_from_the_worklist(filled):
    """A child by the worklist's birth date, at the day of the study."""
    study, n_filled = filled(ENTRY, StudyDate="20261124")

    assert n_filled == 1
    assert study.age_years == pytest.approx(6.0, abs=0.01)
    assert (study.sex, study.accession) == ("F", "A1")


def test_what_the_film_tells_stays(filled):
    """The film's own age and sex are not replaced, the accession it lacks is filled in."""
    study, n_filled = filled(ENTRY, PatientAge="044Y", PatientSex="M")

    assert n_filled == 1
    assert (study.age_years, study.sex, study.accession) == (44.0, "M", "A1")


def test_a_study_that_the_worklist_does_not_know_stays_as_it_is(filled):
    """Nothing is invented."""
    study, n_filled = filled(None)

    assert n_filled == 0
    assert (study.age_years, study.sex, study.accession) == (None, None, "")


def test_the_trail_says_what_was_filled_in_and_not_with_what(filled, open_station):
    """The audit names columns, no person."""
    study, _ = filled(ENTRY)
    station = open_station()
    with station.database.reading() as session:
        from sqlalchemy import select

        from hilum.worklist.tables import AuditEvent

        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "fill-in")).all()

    assert event.study_id == study.id
    assert event.detail == {"filled": ["accession", "age_years", "sex"]}
