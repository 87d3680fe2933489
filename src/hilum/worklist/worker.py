"""A worker process: `python -m hilum.worklist.worker`, started by `supervisor`, which sends its settings.

Standard input is the worker's tie to its parent: it carries the settings as one line of JSON, and its end
means that the parent is gone or wants the worker to stop, which it does once the study in hand is filed.
Trap: a worker is below the web server in rank, so that pages stay quick while films are read.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from hilum.settings import build_settings, settings_as_table
from hilum.worklist.going_over import Worker
from hilum.worklist.migrating import check_tables
from hilum.worklist.station import Station, StationSettings

log = logging.getLogger(__name__)

NICENESS = 10
SESSION_NICENESS = 5  # a third of the share of the web server's session, where both want the same core
IDLE_S = 0.25  # between looks at the queue; a look costs 0.2 ms
OVERTIME_STATUS = 75  # of a process that gave up on a film; sysexits.h's EX_TEMPFAIL


def settings_line(settings: StationSettings, name: str) -> bytes:
    """What the parent writes to a worker's standard input."""
    return json.dumps({"name": name, "settings": settings_as_table(settings)}).encode() + b"\n"


def new_name() -> str:
    """A worker's name, which no other ever has: the machine and a number by chance."""
    return f"{socket.gethostname()[:64]}-{secrets.token_hex(6)}"


def main() -> None:
    """Work until the parent is gone or says stop."""
    _step_back()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then says stop
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    headers = logging.getLogger("pydicom")  # it quotes what is wrong in a header, names among it
    headers.addHandler(logging.NullHandler())
    headers.propagate = False
    source = sys.stdin.buffer
    told: dict[str, Any] = json.loads(source.readline())
    settings = build_settings(told["settings"], StationSettings, where="worker", folder=Path())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    threading.Thread(target=_stop_at_end, args=(source, stop), name="parent", daemon=True).start()
    station = Station(settings)
    check_tables(station.database)
    worker = Worker(station, name=told["name"], on_overtime=lambda: os._exit(OVERTIME_STATUS))
    log.info("worker %s reads with %s", worker.name, station.bundle.label)
    work_until(stop, worker)
    station.close()


def _step_back() -> None:
    """Go below the web server in rank.

    A worker is a session of its own, and Linux with sched_autogroup (sched(7)) shares the cores between
    sessions first: there niceness ranks a worker's threads among themselves alone, and the session's own
    counts.
    """
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # no Linux, or one without groups
            Path("/proc/self/autogroup").write_text(str(SESSION_NICENESS))


def work_until(stop: threading.Event, worker: Worker) -> None:
    """Go over studies until told to stop; the one in hand is finished."""
    while not stop.is_set():
        if not worker.work_once():
            stop.wait(IDLE_S)


def _stop_at_end(source: BinaryIO, stop: threading.Event) -> None:
    source.read()
    stop.set()


if __name__ == "__main__":
    main()
