"""What has to be done from time to time, by whichever program of a station does it first.

Close studies, fail those that workers die on, remove old films. Each part may be done by several programs at
once: rows are locked, and what is done is done.
"""

from __future__ import annotations

import logging
import time

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hilum.worklist.closing import close_due, is_due
from hilum.worklist.deliveries import plan_deliveries, targets_in_force
from hilum.worklist.operating_points import reader_in_force
from hilum.worklist.queue import fail_exhausted, is_exhausted
from hilum.worklist.retention import remove_due
from hilum.worklist.station import Station
from hilum.worklist.tables import Study

log = logging.getLogger(__name__)

RETENTION_EVERY_S = 3600.0
ABANDONED_AFTER_S = 24 * 3600.0  # a film over the slowest line has come in by then


class Housekeeping:
    """The chores of one program.

    Args:
        station: open, its tables of this version.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._removed_at = -RETENTION_EVERY_S  # by the monotonic clock

    def round(self) -> None:
        """Do what is due."""
        station = self._station
        if self._is_any_due():
            with station.database.writing() as session:
                close_due(session, station.now())
                self._fail_exhausted(session)
        if time.monotonic() - self._removed_at >= RETENTION_EVERY_S:
            self._removed_at = time.monotonic()
            remove_due(station)
            station.originals.clear_abandoned(older_than_s=ABANDONED_AFTER_S)

    def _is_any_due(self) -> bool:
        """Asked first, in a reading session, so that an idle station takes no lock."""
        station = self._station
        now = station.now()
        due = or_(is_due(now), is_exhausted(now, station.settings.most_attempts))
        with station.database.reading() as session:
            return session.scalar(select(Study.id).where(due).limit(1)) is not None

    def _fail_exhausted(self, session: Session) -> None:
        station = self._station
        reader = reader_in_force(session, station.bundle, station.bundle_sha256)
        targets = targets_in_force(session, station.settings.targets)
        failed = fail_exhausted(
            session, now=station.now(), reader=reader, most_attempts=station.settings.most_attempts
        )
        for study, reading in failed:
            log.error("study %d failed: workers ended while they read it", study.id)
            plan_deliveries(session, study, reading, targets)
