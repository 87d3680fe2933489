"""A real Orthanc, and a station with a clock of its own, for what goes to an archive and comes from one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bundles import write_tiny_bundle
from hilum.inference.bundle import Bundle
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.going_over import Worker
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.migrating import migrate
from hilum.worklist.states import Origin
from hilum.worklist.station import Station, StationSettings
from orthanc import ORTHANC, Orthanc, free_port


@pytest.fixture(scope="session")
def running_orthanc(tmp_path_factory) -> Iterator[Orthanc]:
    """One Orthanc for all tests; take `orthanc` for an empty one."""
    if not ORTHANC.exists():
        pytest.skip("Orthanc is not installed (Debian: apt install orthanc)")
    server = Orthanc(tmp_path_factory.mktemp("orthanc"), free_port(), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def orthanc(running_orthanc) -> Orthanc:
    """An empty Orthanc that runs."""
    running_orthanc.clear()
    return running_orthanc


class Clock(Station):
    """A station whose clock stands still until a test moves it."""

    time = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def exchange_bundle(tmp_path_factory) -> Bundle:
    """A bundle of a few operators, which reads the films of `bundles`."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def open_station(tmp_path, exchange_bundle) -> Iterator[Callable[..., Clock]]:
    """Opens a station with the targets given."""
    stations: list[Clock] = []

    def opened(*targets: str) -> Clock:
        settings = StationSettings(
            tmp_path / "station", bundle=exchange_bundle.folder, low_disk_bytes=0, targets=targets
        )
        stations.append(Clock(settings))
        migrate(stations[-1].database)
        return stations[-1]

    yield opened
    for station in stations:
        station.close()


@pytest.fixture
def take_in() -> Callable[..., int]:
    """Takes a film into a station and scores it; its study's number."""

    def taken(station: Clock, path: Path, **changes) -> int:
        kept = station.originals.keep_file(path)
        known = {"origin": Origin.DICOM, "who": "node CR1", "at": station.now()}
        with station.database.writing() as session:
            accepted = accept(session, Arrival(kept, read_film_facts(kept.path), **(known | changes)))
        Worker(station, name=f"w{accepted.film_id}", on_overtime=lambda: None).work_once()
        return accepted.study_id

    return taken
