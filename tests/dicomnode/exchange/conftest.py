"""A real Orthanc for the tests of what goes to an archive and comes from one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orthanc import ORTHANC, Orthanc, free_port


@pytest.fixture(scope="session")
def running_orthanc(tmp_path_factory) -> Iterator[Orthanc]:
    """One Orthanc for all tests; take `orthanc` for an empty one."""
    if not Path(ORTHANC).exists():
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
