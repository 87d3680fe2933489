"""One study gone over by a worker: lease it, read its films with no session open, and file what came of it.

Trap: whatever happens between the lease and the filing may take long or end the process, so nothing of the
database is held meanwhile but the lease, and the heat maps are kept before the reading that names them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from hilum.inference.heat_map import draw_layer
from hilum.inference.predictor import Predictor
from hilum.records import RefusalCode, Refused, Scored
from hilum.worklist.deliveries import plan_deliveries, targets_in_force
from hilum.worklist.operating_points import reader_in_force
from hilum.worklist.queue import Lease, finish, is_waiting, lease
from hilum.worklist.readings import Reader, deciding, state_of
from hilum.worklist.renewal import Renewal
from hilum.worklist.selection import none_chosen
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, Reading

log = logging.getLogger(__name__)

MISSING = "The film's bytes are not in the station's folder; have it sent again."


class Worker:
    """Goes over one study after another.

    Args:
        station: open, its tables of this version.
        name: for leases, readings, and the trail; no other worker's, ever.
        on_overtime: called from a thread of its own when a film takes longer than the station allows.
    """

    def __init__(self, station: Station, *, name: str, on_overtime: Callable[[], None]) -> None:
        self.station = station
        self.name = name
        self._on_overtime = on_overtime
        self._predictor = Predictor(
            station.bundle, n_threads=1, minimum_age_years=station.settings.minimum_age_years
        )

    def work_once(self) -> bool:
        """Go over the next study; False where none waits."""
        taken = self._take()
        if taken is None:
            return False
        held, reader = taken
        with Renewal(self.station, held, self._on_overtime) as renewal:
            readings = self._read(held, reader, renewal)
        self._file(held, readings)
        return True

    def _take(self) -> tuple[Lease, Reader] | None:
        station, settings = self.station, self.station.settings
        with station.database.reading() as session:
            if not is_waiting(session, station.now(), most_attempts=settings.most_attempts):
                return None
        with station.database.writing() as session:
            held = lease(session, worker=self.name, now=station.now(), seconds=settings.lease_s,
                         most_attempts=settings.most_attempts)  # fmt: skip
            if held is None:
                return None
            return held, reader_in_force(session, station.bundle, station.bundle_sha256)

    def _read(self, held: Lease, reader: Reader, renewal: Renewal) -> list[Reading]:
        """A reading for each chosen film, or one for a study without any; all share their time."""
        if not held.chosen:
            code, reason = none_chosen(held.films)
            return [reader.refusal(held.study_id, code, reason, at=self.station.now(), worker=self.name)]
        predictor = self._predictor.at_threshold(reader.threshold)
        readings = []
        for film in held.chosen:
            renewal.begin_film()
            readings.append(self._read_film(film, held, reader, predictor))
        now = self.station.now()
        for reading in readings:
            reading.made_at = now
        return readings

    def _read_film(self, film: Film, held: Lease, reader: Reader, predictor: Predictor) -> Reading:
        path = self.station.originals.path(film.sha256)
        outcome: Scored | Refused
        if path.is_file():
            outcome = predictor.examine(path, with_picture=True, stated_age_years=held.age_years).outcome
        else:
            log.error("the bytes of a film of study %d are missing", held.study_id)
            outcome = Refused(path, RefusalCode.FAILED, MISSING, reader.bundle, 0.0)
        reading = reader.reading(held.study_id, film.id, outcome, at=self.station.now(), worker=self.name)
        if isinstance(outcome, Scored) and outcome.heat_map is not None:
            reading.heat_map_sha256 = self.station.originals.keep([draw_layer(outcome.heat_map)]).sha256
        return reading

    def _file(self, held: Lease, readings: list[Reading]) -> None:
        with self.station.database.writing() as session:
            study = finish(session, held, readings, state_of(readings), now=self.station.now())
            if study is None:
                log.warning("study %d was taken by another worker; this result is dropped", held.study_id)
                return
            targets = targets_in_force(session, self.station.settings.targets)
            plan_deliveries(session, study, deciding(readings), targets)
            log.info("study %d is %s", study.id, study.state)
