"""Old films go, by the manager's rule; what was said of them stays."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import select

from hilum.errors import DiskShort, StateRefused
from hilum.worklist.deliveries import Target, plan_deliveries
from hilum.worklist.going_over import Worker
from hilum.worklist.retention import remove_due
from hilum.worklist.search import study
from hilum.worklist.states import Opinion
from hilum.worklist.station_settings import choose_setting
from hilum.worklist.tables import AuditEvent, Study
from hilum.worklist.verdicts import Said, give_verdict, requeue

DAY_S = 86400


@pytest.fixture
def read(station, take):
    """Take a film in, score it, and have it read; its number, and the bytes' hash."""
    worker = Worker(station, name="w", on_overtime=lambda: None)

    def done(**changes) -> tuple[int, str]:
        accepted = take(**changes)
        worker.work_once()
        said = Said(Opinion.NORMAL, score_was_shown=True)
        with station.database.writing() as session:
            give_verdict(session, accepted.study_id, said, who="ada", now=station.now())
            sha256 = study(session, accepted.study_id).films[0].sha256
        return accepted.study_id, sha256

    return done


def keep_for(station, days) -> None:
    with station.database.writing() as session:
        choose_setting(session, "retention_days", days, who="ada", now=station.now())


def grow_old(station, seconds) -> None:
    """Let time pass for the clock and for the files alike."""
    station.wait(seconds)
    for path in station.originals.folder.rglob("*"):
        os.utime(path, (0, 0))


def loaded(station, study_id) -> Study:
    with station.database.reading() as session:
        return study(session, study_id)


def test_an_old_film_that_was_read_goes(station, read):
    """Bytes and heat map go; rows, reading, and verdict stay, and the trail tells of it."""
    number, sha256 = read()
    keep_for(station, 30)
    grow_old(station, 31 * DAY_S)

    assert remove_due(station) == 1
    found = loaded(station, number)
    assert (station.originals.path(sha256).exists(), found.removed_at) == (False, station.now())
    assert not station.originals.path(found.readings[0].heat_map_sha256).exists()
    assert (len(found.readings), len(found.verdicts)) == (1, 1)
    with station.database.reading() as session:
        detail = session.scalars(select(AuditEvent.detail).where(AuditEvent.action == "remove-films")).one()
    assert (detail["n_films"], detail["after_days"]) == (1, 30)


@pytest.mark.parametrize(("days", "seconds"), [(None, 400 * DAY_S), (30, 29 * DAY_S)])
def test_without_a_rule_or_before_its_time_nothing_goes(station, read, days, seconds):
    """Films are kept for ever unless somebody chose otherwise."""
    read()
    keep_for(station, days)
    grow_old(station, seconds)

    assert remove_due(station) == 0


def test_a_film_that_nobody_has_read_stays(station, take):
    """However old it is."""
    take()
    keep_for(station, 1)
    grow_old(station, 100 * DAY_S)

    assert remove_due(station) == 0


def test_a_film_whose_result_waits_to_be_sent_stays(station, read):
    """What is sent may be made of the film."""
    number, _ = read()
    with station.database.writing() as session:
        found = study(session, number)
        plan_deliveries(session, found, found.readings[0], [Target("sr", "PACS@127.0.0.1:104")])
    keep_for(station, 1)
    grow_old(station, 100 * DAY_S)

    assert remove_due(station) == 0


def test_bytes_that_another_study_has_stay(station, read, take):
    """The same film of two patients is one file."""
    _, sha256 = read(patient_id="K1")
    take(patient_id="K2")
    keep_for(station, 1)
    grow_old(station, 100 * DAY_S)

    assert remove_due(station) == 1
    assert station.originals.path(sha256).exists()


def test_bytes_that_have_just_come_again_stay(station, read):
    """A sender may be filing them at this moment."""
    _, sha256 = read()
    keep_for(station, 1)
    grow_old(station, 100 * DAY_S)
    now = station.now().timestamp()
    os.utime(station.originals.path(sha256), (now, now))

    remove_due(station)

    assert station.originals.path(sha256).exists()


def test_a_removed_film_that_is_sent_again_goes_again(station, read, take):
    """It is the same film, so nothing is scored, and its bytes do not stay behind."""
    number, sha256 = read()
    keep_for(station, 1)
    grow_old(station, 100 * DAY_S)
    remove_due(station)
    assert take().is_new is False
    assert station.originals.path(sha256).exists()
    grow_old(station, DAY_S)

    assert remove_due(station) == 0
    assert (station.originals.path(sha256).exists(), loaded(station, number).removed_at is None) == (
        False,
        False,
    )


def test_a_study_without_its_films_is_not_scored_again(station, read):
    """There is nothing to score."""
    number, _ = read()
    keep_for(station, 1)
    grow_old(station, 100 * DAY_S)
    remove_due(station)

    with pytest.raises(StateRefused, match="removed"), station.database.writing() as session:
        requeue(session, number, who="ada", now=station.now())


def test_a_short_disk_turns_films_away(station):
    """The message says what is free and what must be."""
    station.originals.low_disk_bytes = 1 << 60

    with pytest.raises(DiskShort, match="must stay free"):
        station.originals.check_room()
