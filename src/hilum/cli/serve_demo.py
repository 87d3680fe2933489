"""`hilum serve --demo`: a worklist of made-up people, read by the real workers, with verdicts and tests.

Trap: it fills a station once and may be stopped half-way, so every step can be done again without change: the
same seed draws the same bytes, which the worklist knows, and who has a verdict gets no second one.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hilum.data.phantom.cohort import FileForm, Mix, Order, plan_films
from hilum.data.phantom.files import write_dicom, write_png
from hilum.data.phantom.film import Phantom
from hilum.data.phantom.site import Site
from hilum.errors import HilumError, StationRefused
from hilum.web.accounts.people import add_person
from hilum.worklist.audit import record
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.states import FINISHED, Opinion, Origin, Role
from hilum.worklist.station import Station
from hilum.worklist.tables import AuditEvent, Person, Study
from hilum.worklist.verdicts import Said, Tested, enter_test_result, give_verdict

log = logging.getLogger(__name__)

N_FILMS = 30
SEED = 2026
SIDE = 768  # pixels; drawn in half a second
PREVALENCE = 0.4
DAYS = 45  # over which the films have come
FILLED = "demo-filled"  # in the trail, once all is done
WHO = "demo"
RADIOGRAPHER, READERS = "grace", ("amina", "joseph")
SITES = {Site.A: "Hill clinic", Site.B: "River clinic", Site.C: "Mobile unit"}
TURNED, DARK = 8, 19  # films that the reader refuses, by number
UNREAD_EVERY = 3  # every third study waits for its reader
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A film that has come, and the truth of it."""

    order: Order
    label: int


class Demo:
    """Fills the station beside the server.

    Args:
        station: open, its tables of this version.
        n_films: to draw.
    """

    def __init__(self, station: Station, *, n_films: int = N_FILMS) -> None:
        self._station = station
        self._n_films = n_films
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)

    def start(self) -> None:
        """Begin to fill; returns at once.

        Raises:
            StationRefused: there are real studies here.
        """
        with self._station.database.reading() as session:
            n_real = session.scalar(select(func.count(Study.id)).where(Study.origin != Origin.DEMO))
            is_filled = session.scalar(select(AuditEvent.id).where(AuditEvent.action == FILLED).limit(1))
        if n_real and is_filled is None:
            raise StationRefused(
                f"the station in {self._station.settings.folder} holds {n_real} studies of its own, and "
                "--demo would mix made-up ones in; choose another folder with --data"
            )
        if is_filled is None:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._fill()
        except HilumError as error:
            log.error("the demonstration is not filled to its end: %s", error)
        except Exception:  # a thread's traceback would otherwise pass the log by
            log.exception("the demonstration is not filled to its end")

    def _fill(self) -> None:
        self._add_people()
        waiting: dict[int, Drawn] = {}
        for drawn, study_id in self._arrivals():
            waiting[study_id] = drawn
            self._read_what_is_scored(waiting)
        while waiting and not self._stop.wait(LOOK_S):
            self._read_what_is_scored(waiting)
        if not waiting and not self._stop.is_set():
            with self._station.database.writing() as session:
                record(session, at=self._station.now(), who=WHO, action=FILLED)

    def _add_people(self) -> None:
        """Whose names stand beside what they did; they have no password, so nobody comes in as them."""
        people = {RADIOGRAPHER: Role.RADIOGRAPHER, **dict.fromkeys(READERS, Role.READER)}
        with self._station.database.writing() as session:
            for login, role in people.items():
                if session.scalar(select(Person.id).where(Person.login == login)) is None:
                    add_person(session, login=login, name=login.title(), role=role, password_hash=None,
                               now=self._station.now())  # fmt: skip

    def _arrivals(self) -> Iterator[tuple[Drawn, int]]:
        mix = Mix(prevalence=PREVALENCE, form=FileForm.MIXED)
        with tempfile.TemporaryDirectory() as folder:
            for order in plan_films(self._n_films, seed=SEED, mix=mix):
                if self._stop.is_set():
                    return
                phantom = _spoilt(order.draw(SIDE), order.number)
                path = (
                    Path(folder)
                    / f"demo-{order.number:02d}.{'dcm' if order.form is FileForm.DICOM else 'png'}"
                )
                _write(phantom, order, path)
                yield Drawn(order, phantom.label), self._accept(phantom, order, path)
                path.unlink()

    def _accept(self, phantom: Phantom, order: Order, path: Path) -> int:
        station = self._station
        arrival = Arrival(
            kept=station.originals.keep_file(path),
            facts=read_film_facts(path),
            origin=Origin.DEMO,
            who=RADIOGRAPHER,
            source=RADIOGRAPHER,
            at=self._came_at(order.number),
            file_name=path.name,
            site=SITES[order.site],
            patient_id=_patient_id(order),
            age_years=phantom.person.age_years,
            sex=str(phantom.person.sex),
        )
        with station.database.writing() as session:
            return accept(session, arrival).study_id

    def _came_at(self, number: int) -> datetime:
        """The last ones today, the first `DAYS` ago."""
        chance = np.random.default_rng([SEED, number])
        days = DAYS * (1 - number / self._n_films) ** 1.3
        return self._station.now() - timedelta(days=days, minutes=float(chance.uniform(5, 240)))

    def _read_what_is_scored(self, waiting: dict[int, Drawn]) -> None:
        with self._station.database.writing() as session:
            found = select(Study).where(Study.id.in_(waiting), Study.state.not_in(("received", "queued")))
            for study in session.scalars(found).all():
                drawn = waiting.pop(study.id)
                if study.state in FINISHED and drawn.order.number % UNREAD_EVERY:
                    self._say(session, study, drawn)

    def _say(self, session: Session, study: Study, drawn: Drawn) -> None:
        """A verdict, mostly right, and where it asks for a test, the test's result."""
        chance = np.random.default_rng([SEED + 1, drawn.order.number])
        opinion = _opinion(study, drawn, chance)
        who, now = str(chance.choice(READERS)), self._station.now()
        give_verdict(session, study.id, Said(opinion, score_was_shown=True), who=who, now=now)
        if opinion is Opinion.TUBERCULOSIS and chance.random() < 0.8:
            is_positive = drawn.label == 1 and chance.random() < 0.85
            tested = Tested("xpert", "positive" if is_positive else "negative")
            enter_test_result(session, study.id, tested, who=RADIOGRAPHER, now=now)


def _opinion(study: Study, drawn: Drawn, chance: np.random.Generator) -> Opinion:
    if study.refusal_code is not None:
        return Opinion.REPEAT
    if drawn.label == 1:
        return Opinion.TUBERCULOSIS if chance.random() < 0.9 else Opinion.OTHER
    return (
        Opinion.NORMAL
        if chance.random() < 0.8
        else Opinion(chance.choice([Opinion.OTHER, Opinion.TUBERCULOSIS]))
    )


def _spoilt(phantom: Phantom, number: int) -> Phantom:
    if number == TURNED:
        return replace(phantom, pixels=np.ascontiguousarray(phantom.pixels[::-1, ::-1]))
    if number == DARK:
        return replace(phantom, pixels=phantom.pixels * np.float32(0.03))
    return phantom


def _write(phantom: Phantom, order: Order, path: Path) -> None:
    if order.form is FileForm.DICOM:
        write_dicom(phantom, path, number=order.turn, patient=_patient_id(order))
    else:
        write_png(phantom, path, number=order.turn)


def _patient_id(order: Order) -> str:
    return f"DEMO-{order.patient:03d}"
