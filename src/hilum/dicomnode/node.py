"""A whole node in one process group: what listens, what reads, and what sends, started and stopped together.

Trap: the order matters at the end. The door closes first, so that nothing is acknowledged while the rest goes
down; a film that was taken and not read waits in the worklist for the next start.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Protocol

from hilum.dicomnode.archive.filling_in import FillingIn
from hilum.dicomnode.delivery.sender import Sender
from hilum.dicomnode.scp import Scp
from hilum.dicomnode.settings import NodeSettings
from hilum.worklist.migrating import migrate
from hilum.worklist.station import Station
from hilum.worklist.supervisor import Workers

log = logging.getLogger(__name__)


class Part(Protocol):
    """Something that runs beside the others."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End, and wait for it."""


class DicomNode:
    """A node, from `start` to `stop`.

    Args:
        settings: of the node; its station's tables are made or brought to this version.

    Raises:
        HilumError: the station, its bundle, its database, or a certificate cannot be used.
    """

    def __init__(self, settings: NodeSettings) -> None:
        self.settings = settings
        self.station = Station(dataclasses.replace(settings.station, targets=settings.targets))
        migrate(self.station.database)
        self.scp = Scp(settings, self.station)
        self._parts: list[Part] = [Workers(self.station.settings)] if settings.reads else []
        self._parts.append(Sender(settings, self.station))
        if settings.worklist_peer is not None:
            self._parts.append(FillingIn(settings, self.station, settings.worklist_peer))
        self._parts.append(self.scp)  # last to start and first to stop
        self._running: list[Part] = []

    def start(self) -> None:
        """Start every part; where one cannot, those that run are stopped.

        Raises:
            HilumError: the bundle cannot be used, or the address is taken.
        """
        try:
            for part in self._parts:
                part.start()
                self._running.append(part)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what runs, and close the station."""
        while self._running:
            self._running.pop().stop()
        self.station.close()
