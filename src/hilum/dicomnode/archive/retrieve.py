"""Fetching films from an archive: by C-GET on the same association, or by C-MOVE to a node that listens.

Trap: C-GET needs our side to take the part of a storage provider for every SOP class that may come, agreed on
before anything is fetched; an archive that holds another class reports it as a failed sub-operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage
from pynetdicom import build_role, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from hilum.dicomnode.archive.find import FoundFilm, check_answer
from hilum.dicomnode.contexts import FILMS, TRANSFER_SYNTAXES
from hilum.dicomnode.peer import Peer, Requestor, associated

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.events import Event

FILM_CLASSES = (*FILMS, SecondaryCaptureImageStorage)
SYNTAX_BY_SYNTAX = tuple(
    build_context(film_class, syntax) for film_class in FILM_CLASSES for syntax in TRANSFER_SYNTAXES
)  # one syntax a context, so that the archive can send each film as it keeps it
GET_CONTEXTS = (build_context(StudyRootQueryRetrieveInformationModelGet), *SYNTAX_BY_SYNTAX)
MOVE_CONTEXTS = (build_context(StudyRootQueryRetrieveInformationModelMove),)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What became of the films that were asked for, by the archive's own count."""

    n_completed: int
    n_failed: int
    n_warning: int


@contextmanager
def getting(peer: Peer, requestor: Requestor, *, keep: Callable[[Event], int]) -> Iterator[Association]:
    """An association to fetch films on with `retrieve_film`.

    Args:
        peer: the archive.
        requestor: who we are.
        keep: files what comes, and answers with a storage status.

    Raises:
        PeerFailed: the archive cannot be reached or refuses us.
    """
    roles = [build_role(film_class, scp_role=True) for film_class in FILM_CLASSES]
    with associated(peer, requestor, GET_CONTEXTS, roles=roles, on=[(evt.EVT_C_STORE, keep)]) as link:
        yield link


def retrieve_film(link: Association, film: FoundFilm) -> Retrieved:
    """Fetch one film by C-GET: PS3.4 C.4.3.

    Raises:
        PeerFailed: the archive says no, or broke off.
    """
    answers = link.send_c_get(_named(film), StudyRootQueryRetrieveInformationModelGet)
    return _counted(status for status, _ in answers)


@contextmanager
def moving(peer: Peer, requestor: Requestor) -> Iterator[Association]:
    """An association to have films sent with `move_film`.

    Raises:
        PeerFailed: the archive cannot be reached or refuses us.
    """
    with associated(peer, requestor, MOVE_CONTEXTS) as link:
        yield link


def move_film(link: Association, film: FoundFilm, *, to: str) -> Retrieved:
    """Have the archive send one film to a node by C-MOVE: PS3.4 C.4.2.

    Args:
        link: as `moving` gives it.
        film: as the archive named it.
        to: the node's AE title, which the archive must know with its address.

    Raises:
        PeerFailed: the archive says no, or broke off.
    """
    answers = link.send_c_move(_named(film), to, StudyRootQueryRetrieveInformationModelMove)
    return _counted(status for status, _ in answers)


def _named(film: FoundFilm) -> Dataset:
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "IMAGE"
    wanted.StudyInstanceUID = film.study_uid
    wanted.SeriesInstanceUID = film.series_uid
    wanted.SOPInstanceUID = film.sop_instance_uid
    return wanted


def _counted(statuses: Iterable[Dataset]) -> Retrieved:
    """The counts of the last answer; the archive repeats them with each one."""
    last = Dataset()
    for status in statuses:
        check_answer(status)
        last = status
    return Retrieved(
        n_completed=int(last.get("NumberOfCompletedSuboperations") or 0),
        n_failed=int(last.get("NumberOfFailedSuboperations") or 0),
        n_warning=int(last.get("NumberOfWarningSuboperations") or 0),
    )
