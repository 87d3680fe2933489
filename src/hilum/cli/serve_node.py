"""The DICOM node beside the web server: a process of the same group, so that neither slows or ends the other.

The server's workers read for both, so the node has none; the server takes the node's lock on the folder, so
that one that runs there already is told before anything starts, and hands it down.
Trap: the node holds the other end of a pipe, and goes when the server does, however that ends.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from hilum.cli.node import read_node_settings
from hilum.worklist.deliveries import keep_targets
from hilum.worklist.station import Station, StationSettings

log = logging.getLogger(__name__)

STOP_S = 30.0  # for what is under way; what takes longer is killed
AGAIN_S = 5.0  # before a node that ended by itself is started again


class NodeProcess:
    """`hilum node` on the server's station, started again when it dies.

    Args:
        station: of the server.
        lock: of the station's folder, as the node's; every node that is started holds it too.
        settings: of the node, as `hilum node --settings` takes them; None: as they are without.

    Raises:
        SettingsInvalid: the settings cannot be used.
    """

    def __init__(self, station: StationSettings, lock: IO[str], settings: Path | None) -> None:
        self._lock = lock
        self._settings = read_node_settings(settings, {"folder": station.folder, "workers": 0})
        self._command = [sys.executable, "-m", "hilum.cli.main", "node", "--tied", "--workers", "0",
                         "--data", str(station.folder)]  # fmt: skip
        if settings is not None:
            self._command += ["--settings", str(settings.resolve())]
        self._environment = dict(os.environ)
        if station.database_url is not None:  # not on the command line, where others would see its password
            self._environment["HILUM_DATABASE"] = station.database_url
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="node", daemon=True)

    def plan(self, station: Station) -> None:
        """Tell the station what the node sends, before its workers finish the first study."""
        who = f"node {self._settings.ae_title}"
        with station.database.writing() as session:
            keep_targets(session, self._settings.targets, who=who, now=station.now())

    def start(self) -> None:
        """Start it; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Have it end in order, and wait for it."""
        self._is_stopping.set()
        until = time.monotonic() + STOP_S
        while self._thread.is_alive() and time.monotonic() < until:
            self._say_stop()
            self._thread.join(0.1)
        if self._thread.is_alive() and self._process is not None:
            log.warning("the node did not end in time and was killed")
            self._process.kill()
            self._thread.join()

    def _say_stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()

    def _keep(self) -> None:
        while not self._is_stopping.is_set():
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, env=self._environment, pass_fds=[self._lock.fileno()]
            )
            status = self._process.wait()
            if not self._is_stopping.is_set():
                log.error("the node ended with status %d; it is started again in %g s", status, AGAIN_S)
                self._is_stopping.wait(AGAIN_S)
