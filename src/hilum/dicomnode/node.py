"""A whole node in one process group: what listens, what reads, and what sends, started and stopped together.

Trap: the order matters. The door opens first, so that a node that comes back after a power cut takes films at
once, while what reads and sends takes seconds to load; and it closes first, so that nothing is acknowledged
while the rest goes down. A film that was taken and not read waits in the worklist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from hilum.dicomnode.scp import Scp
from hilum.dicomnode.settings import NodeSettings
from hilum.worklist.deliveries import keep_targets
from hilum.worklist.migrating import migrate
from hilum.worklist.station import Station
from hilum.worklist.supervisor import Workers


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
        self.station = Station(settings.station)
        migrate(self.station.database)
        with self.station.database.writing() as session:
            keep_targets(session, settings.targets, who=f"node {settings.ae_title}", now=self.station.now())
        self.scp = Scp(settings, self.station)
        self._others: list[Part] = []

    def start(self, on_listening: Callable[[], None] = lambda: None) -> None:
        """Start every part; where one cannot, those that run are stopped.

        Args:
            on_listening: called as soon as callers are answered.

        Raises:
            HilumError: the bundle cannot be used, or the address is taken.
        """
        try:
            self.scp.start()
            on_listening()
            for part in self._build_others():
                part.start()
                self._others.append(part)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what runs, and close the station."""
        self.scp.stop()
        while self._others:
            self._others.pop().stop()
        self.station.close()

    def _build_others(self) -> Iterator[Part]:
        settings = self.settings
        if settings.reads:
            yield Workers(self.station.settings)
        from hilum.dicomnode.delivery.sender import Sender  # with what draws objects, 2 s

        yield Sender(settings, self.station)
        if settings.worklist_peer is not None:
            from hilum.dicomnode.archive.filling_in import FillingIn

            yield FillingIn(settings, self.station, settings.worklist_peer)
