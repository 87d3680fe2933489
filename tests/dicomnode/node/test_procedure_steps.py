"""Performed procedure steps: a study is whole when its step has ended and all its images are here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from nodes import Node
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep
from sqlalchemy import select

from hilum.worklist.closing import close_due
from hilum.worklist.states import State, StepState
from hilum.worklist.tables import ProcedureStep

MPPS = build_context(ModalityPerformedProcedureStep)
STEP = "1.2.826.0.1.77"


def begun(*studies: str, status: str = "IN PROGRESS") -> Dataset:
    """What a modality says when it begins."""
    step = Dataset()
    step.PerformedProcedureStepStatus = status
    step.PatientName = "DOE^JANE"
    step.ScheduledStepAttributesSequence = []
    for study in studies:
        item = Dataset()
        item.StudyInstanceUID = study
        step.ScheduledStepAttributesSequence.append(item)
    return step


def ended(*films: Dataset, status: str = "COMPLETED") -> Dataset:
    """What a modality says when it has ended, and what it made."""
    series = Dataset()
    series.ReferencedImageSequence = []
    for film in films:
        image = Dataset()
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
        series.ReferencedImageSequence.append(image)
    step = Dataset()
    step.PerformedProcedureStepStatus = status
    step.PerformedSeriesSequence = [series]
    return step


def create(node: Node, step: Dataset, uid: str | None = STEP) -> Dataset:
    """The status of an N-CREATE."""
    with node.called(MPPS) as link:
        status, _ = link.send_n_create(step, ModalityPerformedProcedureStep, uid)
    return status


def change(node: Node, step: Dataset, uid: str = STEP) -> Dataset:
    """The status of an N-SET."""
    with node.called(MPPS) as link:
        status, _ = link.send_n_set(step, ModalityPerformedProcedureStep, uid)
    return status


def closed(node: Node) -> list[State]:
    """The states of all studies, once what is due now was closed."""
    with node.station.database.writing() as session:
        close_due(session, node.station.now())
    return [study.state for study in node.studies()]


def steps(node: Node) -> list[ProcedureStep]:
    with node.station.database.reading() as session:
        return list(session.scalars(select(ProcedureStep).order_by(ProcedureStep.id)).all())


def test_a_completed_step_closes_its_study_at_once(node, make_film):
    """Begun, two films, completed: the study need not wait for its time-out."""
    films = [make_film(1), make_film(2)]
    assert create(node, begun(films[0].StudyInstanceUID)).Status == 0x0000
    node.send(*films)
    assert closed(node) == [State.RECEIVED]
    assert change(node, ended(*films)).Status == 0x0000

    assert closed(node) == [State.QUEUED]
    assert [step.state for step in steps(node)] == [StepState.COMPLETED]


def test_a_step_that_completes_before_its_last_film_waits_for_it(node, make_film):
    """Completed with two films named, of which one is here: the other closes the study."""
    films = [make_film(1), make_film(2)]
    create(node, begun(films[0].StudyInstanceUID))
    node.send(films[0])
    change(node, ended(*films))
    assert closed(node) == [State.RECEIVED]
    node.send(films[1])

    assert closed(node) == [State.QUEUED]


def test_a_step_that_ends_before_any_film_comes_is_remembered(node, make_film):
    """The modality reports first and sends later."""
    film = make_film()
    create(node, begun(film.StudyInstanceUID))
    change(node, ended(film))
    node.send(film)

    assert closed(node) == [State.QUEUED]


def test_a_second_step_of_the_study_keeps_it_open(node, make_film):
    """A study with another step in progress is not whole."""
    film = make_film()
    create(node, begun(film.StudyInstanceUID))
    create(node, begun(film.StudyInstanceUID), uid=f"{STEP}.2")
    node.send(film)
    change(node, ended(film))
    assert closed(node) == [State.RECEIVED]
    change(node, ended(status="DISCONTINUED"), uid=f"{STEP}.2")

    assert closed(node) == [State.QUEUED]


def test_a_discontinued_step_closes_its_study_with_what_there_is(node, make_film):
    """No more will come."""
    film = make_film()
    create(node, begun(film.StudyInstanceUID))
    node.send(film)
    change(node, ended(film, make_film(2), status="DISCONTINUED"))

    assert closed(node) == [State.QUEUED]


def test_a_step_of_two_studies_closes_both(node, make_film):
    """One exposure that fulfils two orders."""
    films = [make_film(1, study=1), make_film(1, study=2)]
    create(node, begun(*(film.StudyInstanceUID for film in films)))
    node.send(*films)
    change(node, ended(*films))

    assert closed(node) == [State.QUEUED, State.QUEUED]


def test_a_study_without_a_step_closes_by_its_time_out(node, make_film):
    """Sixty seconds after its last film, in this node's settings."""
    node.send(make_film())
    assert closed(node) == [State.RECEIVED]
    with node.station.database.writing() as session:
        close_due(session, node.station.now() + timedelta(seconds=61))

    assert [study.state for study in node.studies()] == [State.QUEUED]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (begun("1.2.3", status="COMPLETED"), 0x0106),
        (begun("1.2.3", status="SOMETHING"), 0x0106),
        (begun("1.2.3", status=""), 0x0120),
        (begun(), 0x0120),
    ],
    ids=["begins as completed", "unknown status", "no status", "no study"],
)
def test_a_step_that_cannot_begin_is_refused(node, step, status):
    """PS3.4 F.7.2.1: a step begins in progress, and names its study."""
    assert create(node, step).Status == status
    assert steps(node) == []


def test_a_step_that_is_there_cannot_begin_again(node):
    """The same UID twice is a duplicate."""
    create(node, begun("1.2.3"))

    assert create(node, begun("1.2.3")).Status == 0x0111


def test_a_step_without_a_uid_gets_one(node):
    """PS3.7 10.1.5: the provider names what the user leaves unnamed."""
    told = []
    heard = [(evt.EVT_DIMSE_RECV, lambda event: told.append(event.message.command_set))]
    with node.called(MPPS, evt_handlers=heard) as link:
        link.send_n_create(begun("1.2.3"), ModalityPerformedProcedureStep, None)

    assert [answer.AffectedSOPInstanceUID for answer in told] == [steps(node)[0].sop_instance_uid]


def test_an_unknown_step_cannot_change(node):
    """N-SET of a UID that was never created."""
    assert change(node, ended()).Status == 0x0112


def test_a_step_that_has_ended_cannot_change(node):
    """PS3.4 F.7.2.2.2: processing failure, with the error ID A710."""
    create(node, begun("1.2.3"))
    change(node, ended())
    status = change(node, ended())

    assert (status.Status, status.ErrorID) == (0x0110, 0xA710)


def test_nothing_of_the_patient_is_kept_of_a_step(node):
    """The row holds state, study, and images; the patient comes with the films."""
    create(node, begun("1.2.3"))

    (step,) = steps(node)
    kept = {column.name: getattr(step, column.name) for column in ProcedureStep.__table__.columns}
    assert "DOE" not in str(kept)
