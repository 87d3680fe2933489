"""Results on their way out: planned once, leased by one sender, tried again, and given up in the end."""

from __future__ import annotations

import pytest

from hilum.errors import StationRefused
from hilum.worklist.deliveries import (
    GIVE_UP_AFTER,
    Target,
    finish_delivery,
    lease_delivery,
    plan_deliveries,
    send_again,
    wait_s,
)
from hilum.worklist.going_over import Worker
from hilum.worklist.search import study
from hilum.worklist.states import DeliveryState, Role, State
from hilum.worklist.tables import Person, Upload, Webhook

SR, HL7 = Target("sr", "PACS@127.0.0.1:104"), Target("hl7", "mllp://127.0.0.1:2575")


@pytest.fixture
def planned(station, take) -> int:
    """The number of a scored study with two results to send."""
    accepted = take()
    Worker(station, name="w", on_overtime=lambda: None).work_once()
    with station.database.writing() as session:
        found = study(session, accepted.study_id)
        plan_deliveries(session, found, found.readings[0], [SR, HL7])
    return accepted.study_id


def leased(station, kinds=("sr", "hl7")):
    with station.database.writing() as session:
        return lease_delivery(session, kinds=kinds, now=station.now(), seconds=60)


def finished(station, held, error=None):
    with station.database.writing() as session:
        return finish_delivery(session, held, now=station.now(), who="node HILUM", error=error)


def loaded(station, study_id):
    with station.database.reading() as session:
        return study(session, study_id)


@pytest.mark.parametrize("text", ["sr", "=x", "sr=", "fax=123", "sr=" + "x" * 300])
def test_a_target_that_says_nothing_is_refused(text):
    """With the kinds that there are."""
    with pytest.raises(StationRefused, match="KIND=PLACE"):
        Target.parse(text)


def test_a_target_is_read():
    """The place may hold the sign itself."""
    assert Target.parse("fhir=https://a/b?c=d") == Target("fhir", "https://a/b?c=d")


def test_a_study_is_delivered_once_all_has_arrived(station, planned):
    """Not before the last."""
    finished(station, leased(station))
    assert loaded(station, planned).state is State.SCORED

    finished(station, leased(station))
    assert loaded(station, planned).state is State.DELIVERED


def test_a_sender_takes_its_own_kinds(station, planned):
    """The node does not send webhooks, nor the web server SRs."""
    assert leased(station, ("webhook",)) is None
    assert leased(station, ("hl7",)).kind == "hl7"


def test_two_senders_never_hold_one_delivery(station, planned):
    """Until the lease runs out."""
    first, second = leased(station), leased(station)

    assert (first.id != second.id, leased(station)) == (True, None)
    station.wait(61)
    assert leased(station) is not None


def test_a_lost_lease_finishes_nothing(station, planned):
    """Another sender has it now."""
    late = leased(station, ("sr",))
    station.wait(61)
    current = leased(station, ("sr",))

    assert (finished(station, late), finished(station, current)) == (False, True)


def test_what_fails_is_tried_again_later(station, planned):
    """After a wait that doubles."""
    finished(station, leased(station, ("sr",)), error="no answer")

    found = next(one for one in loaded(station, planned).deliveries if one.kind == "sr")
    assert (found.state, found.last_error, leased(station, ("sr",))) == (
        DeliveryState.WAITING, "no answer", None,
    )  # fmt: skip
    station.wait(31)
    assert leased(station, ("sr",)) is not None


def test_the_wait_doubles_up_to_an_hour():
    """30 s, 60 s, 120 s, ... and an hour at most."""
    assert [wait_s(n) for n in (1, 2, 3, 100)] == [30, 60, 120, 3600]


def test_what_fails_for_three_days_is_given_up_and_may_be_sent_again(station, planned):
    """A person mends the place and asks for it."""
    station.wait(GIVE_UP_AFTER.total_seconds())
    finished(station, leased(station, ("sr",)), error="no answer")

    found = next(one for one in loaded(station, planned).deliveries if one.kind == "sr")
    assert found.state is DeliveryState.GIVEN_UP
    with station.database.writing() as session:
        assert send_again(session, planned, who="ada", now=station.now()) == 1
    assert leased(station, ("sr",)).id == found.id


def test_the_uploader_s_webhooks_are_told(station, take):
    """By their number, so that no secret stands twice; others' hooks and idle ones are not."""
    with station.database.writing() as session:
        for login, is_active in (("robot", True), ("robot2", False)):
            person = Person(login=login, role=Role.SERVICE, created_at=station.now())
            session.add(person)
            session.flush()
            session.add(Webhook(person_id=person.id, url="https://a", secret="s", created_at=station.now(),
                                is_active=is_active))  # fmt: skip
        upload = Upload(who="robot", started_at=station.now())
        session.add(upload)
        session.flush()
    accepted = take(upload_id=upload.id, who="robot")
    Worker(station, name="w", on_overtime=lambda: None).work_once()

    assert [(one.kind, one.target) for one in loaded(station, accepted.study_id).deliveries] == [
        ("webhook", "webhook:1")
    ]


def test_a_failed_study_sends_no_result(station, take):
    """There is none to file."""
    accepted = take()
    with station.database.reading() as session:
        station.originals.path(study(session, accepted.study_id).films[0].sha256).unlink()
    worker = Worker(station, name="w", on_overtime=lambda: None)
    worker._targets = [SR]
    worker.work_once()

    assert loaded(station, accepted.study_id).deliveries == []
