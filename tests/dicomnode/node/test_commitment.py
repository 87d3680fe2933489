"""Storage commitment: what was asked is answered truly, on the same association or on a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue

import pytest
from nodes import CR, Node
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel
from sqlalchemy import select

from hilum.dicomnode import commitment_answers
from hilum.dicomnode.contexts import COMMITMENT_INSTANCE
from hilum.worklist.tables import AuditEvent, Commitment

PUSH = build_context(StorageCommitmentPushModel)
Report = tuple[int, Dataset]  # event type and information


def reference(film: Dataset) -> Dataset:
    """A film as storage commitment names it."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
    return item


def question(*films: Dataset) -> Dataset:
    """A request about films."""
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = [reference(film) for film in films]
    return asked


@contextmanager
def asking(node: Node, **options) -> Iterator[tuple]:
    """An association that asks, and the reports that come to it."""
    reports: Queue[Report] = Queue()

    def take(event):
        reports.put((event.event_type, event.event_information))
        return 0x0000, None

    with node.called(CR, PUSH, evt_handlers=[(evt.EVT_N_EVENT_REPORT, take)], **options) as link:
        yield link, reports


def ask(link, about: Dataset, *, action: int = 1, instance: str = COMMITMENT_INSTANCE) -> int:
    """The status of a request."""
    status, _ = link.send_n_action(about, action, StorageCommitmentPushModel, instance)
    return status.Status


def left(node: Node) -> list[Commitment]:
    """Requests that are not answered."""
    with node.station.database.reading() as session:
        return list(session.scalars(select(Commitment)).all())


def soon_left(node: Node, n: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until and len(left(node)) != n:
        time.sleep(0.02)
    return len(left(node)) == n


def test_films_that_are_safe_are_told_so_on_the_same_association(node, make_film):
    """Two films sent and asked about by one association are reported as stored, and the request is done."""
    films = [make_film(1), make_film(2)]
    with asking(node) as (link, reports):
        for film in films:
            link.send_c_store(film)
        about = question(*films)
        assert ask(link, about) == 0x0000
        event_type, told = reports.get(timeout=5)
        assert soon_left(node, 0)

    assert event_type == 1
    assert told.TransactionUID == about.TransactionUID
    assert {item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence} == {
        film.SOPInstanceUID for film in films
    }
    assert "FailedSOPSequence" not in told


def test_a_film_that_never_came_is_told_as_missing(node, make_film):
    """Of two films one was sent; the report names both, the missing one with its reason."""
    here, missing = make_film(1), make_film(2)
    with asking(node) as (link, reports):
        link.send_c_store(here)
        ask(link, question(here, missing))
        event_type, told = reports.get(timeout=5)

    (failed,) = told.FailedSOPSequence
    assert event_type == 2
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == (missing.SOPInstanceUID, 0x0112)
    assert len(told.ReferencedSOPSequence) == 1


def test_a_film_held_as_another_class_is_told(node, make_film):
    """A question with the wrong SOP class is answered as a conflict."""
    film = make_film()
    about = question(film)
    about.ReferencedSOPSequence[0].ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    with asking(node) as (link, reports):
        link.send_c_store(film)
        ask(link, about)
        _, told = reports.get(timeout=5)

    assert told.FailedSOPSequence[0].FailureReason == 0x0119


def test_a_film_whose_bytes_are_gone_is_told_as_missing(node, make_film):
    """The worklist's row alone is no safety: the file is looked for."""
    film = make_film()
    with asking(node) as (link, reports):
        link.send_c_store(film)
        node.station.originals.path(node.films()[0].sha256).unlink()
        ask(link, question(film))
        event_type, _ = reports.get(timeout=5)

    assert event_type == 2


def test_films_sent_while_a_report_is_on_its_way_are_not_lost(node, make_film):
    """Ten films follow the question at once, and each is answered."""
    first = make_film(1)
    with asking(node) as (link, reports):
        link.send_c_store(first)
        ask(link, question(first))
        statuses = [link.send_c_store(make_film(number)) for number in range(2, 12)]
        event_type, _ = reports.get(timeout=5)

    assert [status.Status for status in statuses] == [0x0000] * 10
    assert event_type == 1


def test_an_answer_goes_to_the_address_of_an_asker_that_hung_up(start_node, make_film, monkeypatch):
    """A modality that hangs up is called at the address that the settings give for it."""
    monkeypatch.setattr(commitment_answers, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(commitment_answers, "FIRST_WAIT_S", 0.1)
    reports: Queue[Report] = Queue()

    def take(event):
        reports.put((event.event_type, event.event_information))
        return 0x0000, None

    modality = AE("CR1")
    modality.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    heard = [(evt.EVT_N_EVENT_REPORT, take)]
    listening = modality.start_server(("127.0.0.1", 0), block=False, evt_handlers=heard)
    node = start_node(peers=(f"CR1@127.0.0.1:{listening.server_address[1]}",))
    film = make_film()
    monkeypatch.setattr(node.scp._answers, "report_by", lambda _association: None)
    with asking(node) as (link, _):
        link.send_c_store(film)
        assert ask(link, question(film)) == 0x0000
    event_type, told = reports.get(timeout=5)
    listening.shutdown()

    assert event_type == 1
    assert told.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == film.SOPInstanceUID
    assert soon_left(node, 0)


def test_an_asker_that_cannot_be_reached_is_tried_again(start_node, make_film, monkeypatch):
    """The request stays in the database with one more attempt, for this run or the next."""
    monkeypatch.setattr(commitment_answers, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(commitment_answers, "FIRST_WAIT_S", 0.1)
    node = start_node(peers=("CR1@127.0.0.1:9",))
    monkeypatch.setattr(node.scp._answers, "report_by", lambda _association: None)
    with asking(node) as (link, _):
        ask(link, question(make_film()))
    until = time.monotonic() + 5
    while time.monotonic() < until and left(node)[0].n_attempts == 0:
        time.sleep(0.02)

    assert left(node)[0].n_attempts >= 1


def test_a_request_that_nobody_can_be_answered_for_ends_in_the_trail(start_node, make_film, monkeypatch):
    """Without an address the answer can go by the same association alone."""
    monkeypatch.setattr(commitment_answers, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(commitment_answers, "FIRST_WAIT_S", 0.1)
    node = start_node()
    monkeypatch.setattr(node.scp._answers, "report_by", lambda _association: None)
    with asking(node) as (link, _):
        ask(link, question(make_film()))

    assert soon_left(node, 0)
    with node.station.database.reading() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions == ["commitment-unanswered"]


def _without(about: Dataset, keyword: str) -> Dataset:
    delattr(about, keyword)
    return about


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda about: (about, 2, COMMITMENT_INSTANCE), 0x0123),
        (lambda about: (about, 1, "1.2.3"), 0x0112),
        (lambda about: (_without(about, "TransactionUID"), 1, COMMITMENT_INSTANCE), 0x0120),
        (lambda about: (_without(about, "ReferencedSOPSequence"), 1, COMMITMENT_INSTANCE), 0x0120),
    ],
    ids=["another action", "another instance", "no transaction", "no films"],
)
def test_a_question_that_is_none_is_refused(node, make_film, change, status):
    """Each lack of a request has its status, and nothing is written down."""
    about, action, instance = change(question(make_film()))
    with asking(node) as (link, reports):
        assert ask(link, about, action=action, instance=instance) == status

        with pytest.raises(Empty):
            reports.get(timeout=0.2)
    assert left(node) == []


def test_a_question_about_a_thousand_films_is_answered(node, make_film):
    """More references than one query of SQLite takes."""
    film = make_film()
    about = question(film)
    for number in range(999):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = film.SOPClassUID, f"1.2.3.{number}"
        about.ReferencedSOPSequence.append(item)
    with asking(node) as (link, reports):
        link.send_c_store(film)
        ask(link, about)
        _, told = reports.get(timeout=5)

    assert (len(told.ReferencedSOPSequence), len(told.FailedSOPSequence)) == (1, 999)


def test_a_role_of_the_provider_is_agreed_on(node):
    """An asker that also wants to be told by us may ask for both parts."""
    role = build_role(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    with node.called(PUSH, ext_neg=[role]) as link:
        assert link.is_established
