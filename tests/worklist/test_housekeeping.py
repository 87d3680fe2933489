"""What is done from time to time: studies close, and those that workers die on fail."""

from __future__ import annotations

from bundles import write_dicom_film
from hilum.worklist.housekeeping import Housekeeping
from hilum.worklist.queue import lease
from hilum.worklist.search import study
from hilum.worklist.states import State


def state_of(station, study_id):
    with station.database.reading() as session:
        return study(session, study_id).state


def test_a_study_is_queued_once_its_time_has_come(station, take, tmp_path):
    """Each film of it puts the time off."""
    film = write_dicom_film(tmp_path / "a.dcm", StudyInstanceUID="1.2.3")
    accepted = take(film, closes_after_s=30)
    chores = Housekeeping(station)

    station.wait(29)
    chores.round()
    assert state_of(station, accepted.study_id) is State.RECEIVED
    station.wait(2)
    chores.round()
    assert state_of(station, accepted.study_id) is State.QUEUED


def test_a_study_that_workers_die_on_is_failed(station, take):
    """After as many as the station allows."""
    accepted = take()
    for _ in range(station.settings.most_attempts):
        with station.database.writing() as session:
            lease(session, worker="w", now=station.now(), seconds=10)
        station.wait(11)

    Housekeeping(station).round()

    assert state_of(station, accepted.study_id) is State.FAILED
