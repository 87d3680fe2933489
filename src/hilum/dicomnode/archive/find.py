"""Asking an archive what it holds, by C-FIND at the study root: PS3.4 Annex C.

Trap: an archive may answer with more than was asked, with less (a date it does not match), or with half the
attributes; what comes back is checked here, and an answer without a UID is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]
from pynetdicom.status import code_to_category

from hilum.dicomnode.elements import text, uid
from hilum.dicomnode.peer import Peer, Requestor, associated
from hilum.errors import PeerFailed

if TYPE_CHECKING:
    from pynetdicom.association import Association

FIND_CONTEXTS = (build_context(StudyRootQueryRetrieveInformationModelFind),)
RADIOGRAPHS = ("CR", "DX")  # Modality of chest radiographs: PS3.3 C.7.3.1.1.1


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study that an archive says it holds."""

    study_uid: str


@dataclass(frozen=True, slots=True)
class FoundFilm:
    """An instance that an archive says it holds."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str


@contextmanager
def asking(peer: Peer, requestor: Requestor) -> Iterator[Association]:
    """An association to ask with.

    Raises:
        PeerFailed: there is none to be had, or the archive answers no questions.
    """
    with associated(peer, requestor, FIND_CONTEXTS) as link:
        yield link


def find_studies(
    link: Association, day: date, *, modalities: tuple[str, ...] = RADIOGRAPHS
) -> list[FoundStudy]:
    """The studies of one day that hold a film of those modalities, each once, in the order of their UIDs.

    A query a modality, as a list of values is no key that an archive must match: PS3.4 C.2.2.2.

    Raises:
        PeerFailed: the archive says no.
    """
    found: dict[str, FoundStudy] = {}
    for modality in modalities:
        wanted = Dataset()
        wanted.QueryRetrieveLevel = "STUDY"
        wanted.StudyDate = f"{day:%Y%m%d}"
        wanted.ModalitiesInStudy = modality
        wanted.StudyInstanceUID = ""
        for answer in _answers(link, wanted):
            study_uid = uid(answer, "StudyInstanceUID")
            if study_uid is not None and _is_of(answer, day):
                found[study_uid] = FoundStudy(study_uid)
    return [found[study_uid] for study_uid in sorted(found)]


def find_films(
    link: Association, study_uid: str, *, modalities: tuple[str, ...] = RADIOGRAPHS
) -> list[FoundFilm]:
    """The instances of a study's series of those modalities.

    Raises:
        PeerFailed: the archive says no.
    """
    films = []
    for series_uid in _series(link, study_uid, modalities):
        wanted = Dataset()
        wanted.QueryRetrieveLevel = "IMAGE"
        wanted.StudyInstanceUID, wanted.SeriesInstanceUID, wanted.SOPInstanceUID = study_uid, series_uid, ""
        for answer in _answers(link, wanted):
            instance_uid = uid(answer, "SOPInstanceUID")
            if instance_uid is not None:
                films.append(FoundFilm(study_uid, series_uid, instance_uid))
    return films


def _series(link: Association, study_uid: str, modalities: tuple[str, ...]) -> list[str]:
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "SERIES"
    wanted.StudyInstanceUID, wanted.SeriesInstanceUID, wanted.Modality = study_uid, "", ""
    answers = list(_answers(link, wanted))
    uids = [uid(answer, "SeriesInstanceUID") for answer in answers if text(answer, "Modality") in modalities]
    return [series_uid for series_uid in uids if series_uid is not None]


def _answers(link: Association, wanted: Dataset) -> Iterator[Dataset]:
    for status, answer in link.send_c_find(wanted, StudyRootQueryRetrieveInformationModelFind):
        check_answer(status)
        if answer is not None and code_to_category(status.Status) == "Pending":
            yield answer


def check_answer(status: Dataset) -> None:
    """Refuse an answer that is neither a part of what was asked for nor its end: PS3.7 Annex C.

    Raises:
        PeerFailed: the archive broke off, or says no.
    """
    if "Status" not in status:
        raise PeerFailed("the archive broke off while it was asked; try again")
    if code_to_category(status.Status) not in ("Pending", "Success", "Warning"):
        told = f" ({status.ErrorComment})" if status.get("ErrorComment") else ""
        raise PeerFailed(f"the archive says no, with status 0x{status.Status:04X}{told}")


def _is_of(answer: Dataset, day: date) -> bool:
    """An archive that does not match dates answers with everything; an answer without a date is believed."""
    told = text(answer, "StudyDate")
    return not told or told == f"{day:%Y%m%d}"
