"""The part of a node that asks a modality worklist for what arriving films do not tell, before they are read.

Trap: an age decides whether a film is read at all, so what a film or its sender says is never replaced.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload

from hilum.dicomnode.archive.modality_worklist import Scheduled, scheduled
from hilum.dicomnode.calling import requestor_of
from hilum.dicomnode.peer import Peer
from hilum.dicomnode.privacy import frames
from hilum.dicomnode.settings import NodeSettings
from hilum.errors import PeerFailed
from hilum.worklist.audit import record
from hilum.worklist.states import ARRIVING, Origin
from hilum.worklist.station import Station
from hilum.worklist.tables import Study

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
PAUSE_S = 30.0  # before a worklist that did not answer is asked again
AT_ONCE = 50  # studies of one look


@dataclass(frozen=True, slots=True)
class Lacking:
    """A study that does not tell everything, and what it can be found by."""

    study_id: int
    study_uid: str
    accession: str
    patient_id: str


class FillingIn:
    """Fills in age, sex, and accession, from `start` to `stop`.

    Args:
        settings: of the node.
        station: whose studies are filled in.
        worklist: whom to ask.
    """

    def __init__(self, settings: NodeSettings, station: Station, worklist: Peer) -> None:
        self._station = station
        self._worklist = worklist
        self._who = f"node {settings.ae_title}"
        self._requestor = requestor_of(settings)
        self._asked: set[int] = set()  # answered questions; a restart asks again, which costs nothing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="filling in", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a study that is not filled in is read as it is."""
        self._stop.set()
        self._thread.join()

    def fill_once(self) -> int:
        """Ask for every study that lacks something and has not been asked for; how many were filled in.

        Raises:
            PeerFailed: the worklist does not answer.
        """
        n_filled = 0
        for lacking in self._lacking():
            found = scheduled(
                self._worklist, self._requestor, study_uid=lacking.study_uid, accession=lacking.accession,
                patient_id=lacking.patient_id,
            )  # fmt: skip
            self._asked.add(lacking.study_id)
            n_filled += found is not None and self._fill(lacking.study_id, found)
        return n_filled

    def _lacking(self) -> list[Lacking]:
        with self._station.database.reading() as session:
            studies = session.scalars(
                select(Study)
                .where(
                    Study.state.in_(ARRIVING),
                    Study.origin.in_((Origin.DICOM, Origin.DICOMWEB)),
                    Study.id.not_in(self._asked),
                    or_(Study.age_years.is_(None), Study.sex.is_(None), Study.accession == ""),
                )
                .options(joinedload(Study.patient))
                .order_by(Study.id)
                .limit(AT_ONCE)
            ).all()
            return [
                Lacking(
                    one.id,
                    one.study_uid,
                    one.accession,
                    "" if one.patient is None else one.patient.patient_id,
                )
                for one in studies
            ]

    def _fill(self, study_id: int, found: Scheduled) -> bool:
        now = self._station.now()
        with self._station.database.writing() as session:
            study = session.scalars(select(Study).where(Study.id == study_id).with_for_update()).one()
            missing = _missing(study, found, today=now.date())
            for name, value in missing.items():
                setattr(study, name, value)
            if missing:
                record(session, at=now, who=self._who, action="fill-in", study_id=study.id,
                       filled=sorted(missing))  # fmt: skip
        return bool(missing)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.fill_once()
            except PeerFailed as error:
                log.warning("the modality worklist: %s", error)
                self._stop.wait(PAUSE_S)
            except SQLAlchemyError as error:
                log.error("the database did not answer: %s", frames(error))  # noqa: TRY400 - it may quote
            self._stop.wait(LOOK_EVERY_S)


def _missing(study: Study, found: Scheduled, *, today: date) -> dict[str, float | str]:
    """What the study lacks and the worklist knows, by column."""
    filled: dict[str, float | str] = {}
    age_years = found.age_years(study.study_date or today)
    if study.age_years is None and age_years is not None:
        filled["age_years"] = age_years
    if study.sex is None and found.sex is not None:
        filled["sex"] = found.sex
    if not study.accession and found.accession:
        filled["accession"] = found.accession[:64]
    return filled
