"""Holding a lease while a slow film is read, and giving up on a film that takes too long.

Trap: a thread that renews goes on while a decoder hangs, so a study could be held for ever; past the limit
the lease is no longer renewed and the worker is told to end, as a thread inside a C library cannot be
stopped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError

from hilum.worklist.queue import Lease, renew
from hilum.worklist.station import Station

log = logging.getLogger(__name__)

RENEWALS = 3  # in the time of a lease, so that two may fail


class Renewal:
    """Renews a lease as long as the block lasts.

    Args:
        station: whose settings say how long a lease and a film may last.
        held: the lease.
        on_overtime: called, from this thread, when a film takes too long.
    """

    def __init__(self, station: Station, held: Lease, on_overtime: Callable[[], None]) -> None:
        self._station = station
        self._held = held
        self._on_overtime = on_overtime
        self._began = time.monotonic()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_over, name="renewal", daemon=True)

    def begin_film(self) -> None:
        """The limit counts from here."""
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _renew_until_over(self) -> None:
        settings = self._station.settings
        every = min(settings.lease_s / RENEWALS, settings.film_limit_s)
        while not self._is_over.wait(every):
            if time.monotonic() - self._began >= settings.film_limit_s:
                log.error("study %d takes longer than %g s", self._held.study_id, settings.film_limit_s)
                self._on_overtime()
                return
            if not self._renew():
                return

    def _renew(self) -> bool:
        station = self._station
        try:
            with station.database.writing() as session:
                return renew(session, self._held, now=station.now(), seconds=station.settings.lease_s)
        except DBAPIError:
            log.exception("the lease of study %d could not be renewed; trying again", self._held.study_id)
            return True
