"""The worker processes of one program: started, restarted when they die, and gone when the program is.

Trap: a worker that is killed leaves its lease behind; its parent knows that it is dead and ends the lease at
once, so that a study waits for a lease to run out only where the whole machine went.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from hilum.errors import HilumError
from hilum.worklist.housekeeping import Housekeeping
from hilum.worklist.queue import release
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.worker import new_name, settings_line

log = logging.getLogger(__name__)

LOOK_S = 0.2  # between looks at the workers
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0  # before a worker that died is started again; doubled each time
STEADY_S = 30.0  # a worker that lived as long begins again with the first wait
STOP_S = 60.0  # for the study in hand; what takes longer is killed, and its study is read again


class Workers:
    """The workers of one station in one program.

    Args:
        settings: of the station; its tables are of this version.
    """

    def __init__(self, settings: StationSettings) -> None:
        self.settings = settings
        self._slots = [_Slot(settings) for _ in range(settings.n_workers)]
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start them; returns at once, while they load the bundle.

        Raises:
            HilumError: the station or its bundle cannot be used.
        """
        station = Station(self.settings)
        station.bundle  # noqa: B018 (a bundle that is damaged is told now, not by each worker)
        for slot in self._slots:
            slot.start()
        self._thread = threading.Thread(target=self._watch, args=(station,), name="workers", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = STOP_S) -> None:
        """Have each finish the study in hand, and end; what takes longer is killed.

        Args:
            timeout_s: for all of them together.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for slot in self._slots:
            slot.say_stop()
        deadline = time.monotonic() + timeout_s
        for slot in self._slots:
            slot.end(max(0.0, deadline - time.monotonic()))

    def is_alive(self) -> bool:
        """Whether every worker runs."""
        return all(slot.is_running for slot in self._slots)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of those that run."""
        return tuple(slot.process.pid for slot in self._slots if slot.process and slot.is_running)

    def _watch(self, station: Station) -> None:
        housekeeping = Housekeeping(station)
        last_round = 0.0
        while not self._stop.wait(LOOK_S):
            try:
                for slot in self._slots:
                    slot.look(station)
                if time.monotonic() - last_round >= 1.0:
                    last_round = time.monotonic()
                    housekeeping.round()
            except (DBAPIError, HilumError, OSError):  # workers are watched whatever a chore meets
                log.exception("a round of the workers' keeper failed; trying again")
        station.close()


class _Slot:
    """One worker after another."""

    def __init__(self, settings: StationSettings) -> None:
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._name = ""
        self._started = 0.0
        self._wait_s = FIRST_WAIT_S
        self._start_at: float | None = None  # by the monotonic clock; None: it runs

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self._name = new_name()
        self._started, self._start_at = time.monotonic(), None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hilum.worklist.worker"],
            stdin=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # a terminal's Ctrl-C is for the parent alone
        )
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it died already, which `look` will find
            self.process.stdin.write(settings_line(self._settings, self._name))
            self.process.stdin.flush()

    def look(self, station: Station) -> None:
        """Start the worker again where it died, after a wait."""
        if self._start_at is None and not self.is_running:
            self._bury(station)
        if self._start_at is not None and time.monotonic() >= self._start_at:
            self.start()

    def say_stop(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()

    def end(self, timeout_s: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("a worker did not end in time and was killed")
            self.process.kill()
            self.process.wait()

    def _bury(self, station: Station) -> None:
        assert self.process is not None
        self.say_stop()
        with station.database.writing() as session:
            n_released = release(session, worker=self._name, now=station.now())
        if time.monotonic() - self._started >= STEADY_S:
            self._wait_s = FIRST_WAIT_S
        log.error("a worker ended with status %d and held %d studies; the next starts in %g s",
                  self.process.returncode, n_released, self._wait_s)  # fmt: skip
        self._start_at = time.monotonic() + self._wait_s
        self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s)
