"""Objects sent to an archive by C-STORE: what arrives, and what an answer means for the next try."""

from __future__ import annotations

import httpx
import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import ComputedRadiographyImageStorage, Verification

from hilum.dicomnode.delivery.outcome import SENT, Fate
from hilum.dicomnode.delivery.store import store
from hilum.dicomnode.peer import Peer, Requestor
from orthanc import free_port, write_film

REQUESTOR = Requestor(timeout_s=5)


@pytest.fixture
def answering():
    """Builds an archive that answers every C-STORE with one status, and returns its address."""
    servers = []

    def build(status: int, sop_class: str = ComputedRadiographyImageStorage) -> Peer:
        entity = AE(ae_title="FAKE")
        entity.add_supported_context(sop_class)
        port = free_port()
        servers.append(
            entity.start_server(
                ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: status)]
            )
        )
        return Peer("FAKE", "127.0.0.1", port)

    yield build
    for server in servers:
        server.shutdown()


def test_an_object_arrives_once_however_often_it_is_sent(orthanc, tmp_path):
    """A re-send of the same UIDs replaces, and Orthanc holds one instance."""
    film = write_film(tmp_path / "film.dcm")

    assert [store(orthanc.peer, REQUESTOR, film) for _ in range(2)] == [SENT, SENT]
    assert orthanc.count() == 1
    (held,) = httpx.get(f"{orthanc.url}/instances?expand").json()
    assert held["MainDicomTags"]["SOPInstanceUID"] == film.SOPInstanceUID


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0x0000, Fate.SENT),
        (0xB000, Fate.SENT),  # coercion of data elements: a warning, stored
        (0xA700, Fate.AGAIN),
        (0xA7FF, Fate.AGAIN),
        (0x0110, Fate.AGAIN),
        (0xA900, Fate.NEVER),
        (0xC123, Fate.NEVER),
        (0x0124, Fate.NEVER),
    ],
)
def test_an_archives_status_decides_whether_it_is_tried_again(answering, tmp_path, status, fate):
    """Short of resources: later; understood and refused: a person must look."""
    film = write_film(tmp_path / "film.dcm")

    assert store(answering(status), REQUESTOR, film).fate is fate


def test_an_archive_that_does_not_know_the_class_is_not_asked_again(answering, tmp_path):
    """The worklist says which kind of object the archive does not take."""
    film = write_film(tmp_path / "film.dcm")

    outcome = store(answering(0x0000, Verification), REQUESTOR, film)

    assert outcome.fate is Fate.NEVER
    assert "Computed Radiography Image Storage" in outcome.told


# pynetdicom forgets to close the socket that found nobody.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_is_down_is_tried_again(tmp_path):
    """Nobody listens: the delivery waits."""
    film = write_film(tmp_path / "film.dcm")

    outcome = store(Peer("GONE", "127.0.0.1", free_port()), REQUESTOR, film)

    assert outcome.fate is Fate.AGAIN
    assert "GONE@127.0.0.1" in outcome.told
    assert "Doe" not in outcome.told
