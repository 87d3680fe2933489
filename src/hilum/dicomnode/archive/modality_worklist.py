"""What a modality worklist knows of a study that its films do not tell: age, sex, accession. PS3.4 Annex K.

Trap: a worklist may answer with several steps of several people; only an answer whose study or accession is
that of the film, or the only one of the patient, fills anything in, and none that names another patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import ModalityWorklistInformationFind  # type: ignore[attr-defined]
from pynetdicom.status import code_to_category

from hilum.dicomnode.archive.find import check_answer
from hilum.dicomnode.elements import text
from hilum.dicomnode.peer import Peer, Requestor, associated

WORKLIST_CONTEXTS = (build_context(ModalityWorklistInformationFind),)
DAYS_OF_A_YEAR = 365.25
MOST_ANSWERS = (
    100  # of a question that names a patient or an accession; more means that it was not understood
)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Of one study, as the worklist has it; None or empty where it does not tell."""

    study_uid: str
    accession: str
    patient_id: str
    sex: str | None  # "M" or "F"
    birth_date: date | None

    def age_years(self, on: date) -> float | None:
        """At a day; None where the birth date is not known or lies after it."""
        if self.birth_date is None or self.birth_date > on:
            return None
        return (on - self.birth_date).days / DAYS_OF_A_YEAR


def scheduled(
    peer: Peer, requestor: Requestor, *, study_uid: str, accession: str, patient_id: str
) -> Scheduled | None:
    """What the worklist says of one study; None where it knows none, or several that fit.

    Args:
        peer: that keeps the worklist.
        requestor: who we are.
        study_uid: of the films.
        accession: of the films; may be empty.
        patient_id: of the films; may be empty.

    Raises:
        PeerFailed: the worklist cannot be reached or says no.
    """
    if not (accession or patient_id):
        return None
    wanted = _question(accession=accession, patient_id="" if accession else patient_id)
    answers = []
    with associated(peer, requestor, WORKLIST_CONTEXTS) as link:
        for status, answer in link.send_c_find(wanted, ModalityWorklistInformationFind):
            check_answer(status)
            if answer is not None and code_to_category(status.Status) == "Pending":
                answers.append(_scheduled(answer))
            if len(answers) > MOST_ANSWERS:
                return None
    return _fitting(answers, study_uid=study_uid, accession=accession, patient_id=patient_id)


def _question(*, accession: str, patient_id: str) -> Dataset:
    wanted = Dataset()
    wanted.AccessionNumber, wanted.PatientID = accession, patient_id
    wanted.PatientSex = wanted.PatientBirthDate = wanted.StudyInstanceUID = ""
    step = Dataset()
    step.Modality = step.ScheduledStationAETitle = step.ScheduledProcedureStepStartDate = ""
    wanted.ScheduledProcedureStepSequence = [step]
    return wanted


def _scheduled(answer: Dataset) -> Scheduled:
    sex = text(answer, "PatientSex").upper()
    return Scheduled(
        study_uid=text(answer, "StudyInstanceUID"),
        accession=text(answer, "AccessionNumber"),
        patient_id=text(answer, "PatientID"),
        sex=sex if sex in ("M", "F") else None,
        birth_date=_date(text(answer, "PatientBirthDate")),
    )


def _date(told: str) -> date | None:
    try:
        return date.fromisoformat(told)
    except ValueError:
        return None


def _fitting(
    answers: list[Scheduled], *, study_uid: str, accession: str, patient_id: str
) -> Scheduled | None:
    """The one answer that is of this study; steps of one study that say the same count once."""
    same = [one for one in answers if not patient_id or one.patient_id == patient_id]
    by_study = {one for one in same if one.study_uid and one.study_uid == study_uid}
    by_accession = {one for one in same if accession and one.accession == accession}
    by_patient = {one for one in same if patient_id}
    for fitting in (by_study, by_accession, by_patient):
        if fitting:
            return fitting.pop() if len(fitting) == 1 else None
    return None
