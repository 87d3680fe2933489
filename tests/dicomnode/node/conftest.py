"""A node on a free port of the loopback, a worklist behind it, and films to send to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from nodes import Node
from pydicom import dcmread
from pydicom.dataset import Dataset

from bundles import write_dicom_film
from hilum.dicomnode.scp import Scp
from hilum.dicomnode.settings import NodeSettings
from hilum.worklist.migrating import migrate
from hilum.worklist.station import Station, StationSettings

StartNode = Callable[..., Node]


@pytest.fixture
def start_node(tmp_path, recwarn) -> Iterator[StartNode]:
    """Starts nodes with changed settings, each on its own folder."""
    running: list[Node] = []

    def start(*, low_disk_bytes: int = 0, **changes) -> Node:
        settings = StationSettings(folder=tmp_path / f"data-{len(running)}", low_disk_bytes=low_disk_bytes)
        station = Station(settings)
        migrate(station.database)
        scp = Scp(NodeSettings(settings, **({"port": 0, "closes_after_s": 60.0} | changes)), station)
        scp.start()
        running.append(Node(scp, station))
        return running[-1]

    yield start
    for node in running:
        node.scp.stop()
        node.station.close()


@pytest.fixture
def node(start_node: StartNode) -> Node:
    """A node with the settings that it has of itself."""
    return start_node()


@pytest.fixture
def make_film(tmp_path) -> Callable[..., Dataset]:
    """Makes a small film of computed radiography, with changed elements, read back as it would be sent."""

    def make(number: int = 1, *, study: int = 1, **elements) -> Dataset:
        told = {
            "StudyInstanceUID": f"1.2.826.0.1.{study}",
            "SeriesInstanceUID": f"1.2.826.0.1.{study}.1",
            "SOPInstanceUID": f"1.2.826.0.1.{study}.1.{number}",
            "PatientName": "DOE^JANE",
            "PatientID": f"P-{study}",
            "PatientAge": "044Y",
            "ViewPosition": "PA",
        }
        film = dcmread(write_dicom_film(tmp_path / f"{study}-{number}.dcm", **(told | elements)))
        film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
        film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
        return film

    return make
