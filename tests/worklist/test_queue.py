"""The queue: who gets which study, what a dead worker leaves, and that a result counts once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from hilum.errors import StateRefused
from hilum.records import RefusalCode
from hilum.worklist.queue import fail_exhausted, finish, is_waiting, lease, release, renew
from hilum.worklist.readings import Reader
from hilum.worklist.search import study
from hilum.worklist.states import State
from hilum.worklist.tables import AuditEvent, Study
from hilum.worklist.verdicts import requeue

READER = Reader("tiny 0.1", "0" * 64, 0.5, "screening")


def taken(station, worker="w", seconds=60.0):
    with station.database.writing() as session:
        return lease(session, worker=worker, now=station.now(), seconds=seconds)


def loaded(station, study_id) -> Study:
    with station.database.reading() as session:
        return study(session, study_id)


def filed(station, held, score=50.0, worker="w"):
    reading = READER.refusal(held.study_id, RefusalCode.BLANK, "Blank.", at=station.now(), worker=worker)
    reading.score, reading.refusal_code = score, None
    with station.database.writing() as session:
        return finish(session, held, [reading], State.SCORED, now=station.now()) is not None


def test_the_highest_priority_comes_first_and_then_the_oldest(station, take, tmp_path):
    """Three studies: two of one priority, the younger of another that is higher."""
    from bundles import write_film

    numbers = []
    for side, priority in ((200, 0), (202, 0), (204, 7)):
        numbers.append(take(write_film(tmp_path / f"{side}.png", side=side), priority=priority).study_id)
        station.wait(1)

    assert [taken(station).study_id for _ in numbers] == [numbers[2], numbers[0], numbers[1]]


def test_a_leased_study_is_nobody_else_s(station, take):
    """Until its time runs out."""
    take()
    first = taken(station)

    assert taken(station, "other") is None
    station.wait(61)
    assert taken(station, "other").study_id == first.study_id


def test_a_result_is_filed_and_told(station, take):
    """The study carries its score, and the trail the bundle and the threshold."""
    take()
    assert filed(station, taken(station))

    with station.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "score")).one()
    assert (event.before, event.after, event.bundle, event.threshold) == ("queued", "scored", "tiny 0.1", 0.5)
    found = loaded(station, event.study_id)
    assert (found.state, found.score, found.lease_token, len(found.readings)) == (State.SCORED, 50, None, 1)


def test_a_late_worker_s_result_is_turned_away(station, take):
    """Its lease ran out and another has the study, so nothing of it is filed."""
    take()
    late = taken(station)
    station.wait(61)
    current = taken(station, "other")

    assert (filed(station, late), filed(station, current)) == (False, True)
    assert len(loaded(station, late.study_id).readings) == 1


def test_a_result_is_filed_once(station, take):
    """The same worker that files twice is turned away the second time."""
    take()
    held = taken(station)

    assert (filed(station, held), filed(station, held)) == (True, False)


def test_a_renewed_lease_holds_longer(station, take):
    """A slow film keeps its worker."""
    take()
    held = taken(station)
    station.wait(50)
    with station.database.writing() as session:
        assert renew(session, held, now=station.now(), seconds=60)
    station.wait(50)

    assert taken(station, "other") is None


def test_a_lost_lease_is_not_renewed(station, take):
    """A worker that slept too long is told so."""
    take()
    held = taken(station)
    station.wait(61)
    taken(station, "other")

    with station.database.writing() as session:
        assert not renew(session, held, now=station.now(), seconds=60)


def test_a_dead_worker_s_study_is_free_at_once(station, take):
    """Its parent knows that it died, and does not wait for the lease to run out."""
    take()
    held = taken(station)
    with station.database.writing() as session:
        assert release(session, worker="w", now=station.now()) == 1

    assert taken(station, "other").study_id == held.study_id


def test_a_study_that_kills_three_workers_is_failed(station, take):
    """It is not tried for ever, and stops nobody else."""
    accepted = take()
    for number in range(3):
        assert taken(station).n_attempts == number + 1
        station.wait(61)

    assert taken(station) is None
    with station.database.writing() as session:
        failed = fail_exhausted(session, now=station.now(), reader=READER)
    found = loaded(station, accepted.study_id)
    assert ([one.id for one, _ in failed], found.state) == ([found.id], State.FAILED)
    assert found.readings[0].refusal_code == "failed"


def test_a_study_that_is_held_is_not_failed(station, take):
    """The third worker may yet finish."""
    take()
    for _ in range(2):
        taken(station)
        station.wait(61)
    taken(station)

    with station.database.writing() as session:
        assert fail_exhausted(session, now=station.now(), reader=READER) == []


def test_a_failed_study_that_is_queued_again_starts_afresh(station, take):
    """A person may have mended what was wrong."""
    accepted = take()
    for _ in range(3):
        taken(station)
        station.wait(61)
    with station.database.writing() as session:
        fail_exhausted(session, now=station.now(), reader=READER)
        requeue(session, accepted.study_id, who="ada", now=station.now())

    assert taken(station).n_attempts == 1


def test_a_study_that_waits_is_not_queued_again(station, take):
    """There is nothing to ask for."""
    accepted = take()

    with pytest.raises(StateRefused), station.database.writing() as session:
        requeue(session, accepted.study_id, who="ada", now=station.now())


def test_an_empty_queue_is_told_without_a_lock(station, take):
    """Idle workers ask by reading alone."""
    with station.database.reading() as session:
        assert not is_waiting(session, station.now())
    take()

    with station.database.reading() as session:
        assert is_waiting(session, station.now())


def test_twenty_workers_share_forty_studies(station, take, tmp_path):
    """Each study is leased once, however many ask at the same moment."""
    from bundles import write_film

    for side in range(110, 150):
        take(write_film(tmp_path / f"{side}.png", side=side))
    leased, failures = [], []

    def work(name: str) -> None:
        try:
            while (held := taken(station, name)) is not None:
                leased.append(held.study_id)
                filed(station, held, worker=name)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (failures, len(leased), len(set(leased))) == ([], 40, 40)
