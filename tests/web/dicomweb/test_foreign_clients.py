"""DICOMweb as others' programs speak it: the library dicomweb-client, and Orthanc's DICOMweb plugin."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread, uid
from storing import as_bytes, instance, store

from hilum.worklist.states import Role
from hilum.worklist.tables import Film
from orthanc import DICOMWEB, ORTHANC, Orthanc, free_port

STUDY, SERIES, FILM = "1.2.826.0.1.99.1", "1.2.826.0.1.99.1.1", "1.2.826.0.1.99.1.1.1"
NAMED = (STUDY, SERIES, FILM)


@pytest.fixture
def program_client(program):
    """A client of the station itself, which puts films there."""
    made = program(Role.ADMINISTRATOR)
    made.headers.pop("Accept")
    return made


@pytest.fixture
def root(listening) -> str:
    """The address that clients are given."""
    return f"{listening}/dicom-web"


@pytest.fixture
def library(root, program_client) -> Any:
    """dicomweb-client with the station's token."""
    web = pytest.importorskip("dicomweb_client.web", reason="needs the python package dicomweb-client")
    return web.DICOMwebClient(root, headers={"Authorization": program_client.headers["Authorization"]})


@pytest.fixture
def packed():
    """A film packed by JPEG-LS, and its pixels."""
    film = instance(Rows=64, Columns=48)
    pixels = (np.arange(64 * 48) % 4096).reshape(64, 48).astype("<u2")
    film.PixelData = pixels.tobytes()
    film.compress(uid.JPEGLSLossless, generate_instance_uid=False)
    return film, pixels


def n_films(station) -> int:
    with station.database.reading() as session:
        return session.query(Film).count()


def test_the_library_finds_what_is_there(library, program_client):
    """Studies, series, and instances, with a filter, a field more, and page by page."""
    store(program_client, instance(1), instance(2), instance(1, study=2))

    studies = library.search_for_studies(search_filters={"PatientID": "P-1"}, fields=["StationName"])
    assert [study["0020000D"]["Value"] for study in studies] == [[STUDY]]
    assert studies[0]["00201208"]["Value"] == [2]
    assert len(library.search_for_studies(get_remaining=True, limit=1)) == 2
    assert [one["0020000E"]["Value"][0] for one in library.search_for_series(STUDY)] == [SERIES]
    assert len(library.search_for_instances(STUDY)) == 2
    assert library.search_for_studies(search_filters={"PatientID": "nobody"}) == []


def test_the_library_stores_and_gets_back_the_same(library, station):
    """Each instance is told of as stored, and comes back byte for byte where its own syntax is asked for."""
    films = [instance(1), instance(2)]
    answer = library.store_instances(films, STUDY)
    back = library.retrieve_instance(
        *NAMED, media_types=(("application/dicom", str(uid.ExplicitVRLittleEndian)),)
    )

    assert [one.ReferencedSOPInstanceUID for one in answer.ReferencedSOPSequence] == [
        film.SOPInstanceUID for film in films
    ]
    assert n_films(station) == 2
    assert as_bytes(back) == as_bytes(films[0])


def test_the_library_is_told_what_is_not_stored(library):
    """An instance of another study is in the failed ones, and the other is stored."""
    answer = library.store_instances([instance(1), instance(1, study=2)], STUDY)

    assert [one.FailureReason for one in answer.FailedSOPSequence] == [0xA900]
    assert [one.ReferencedSOPInstanceUID for one in answer.ReferencedSOPSequence] == [FILM]


def test_the_library_gets_study_and_series_whole(library, program_client):
    """All instances, by each of its ways."""
    store(program_client, instance(1), instance(2))

    assert len(library.retrieve_study(STUDY)) == 2
    assert len(library.retrieve_series(STUDY, SERIES)) == 2
    assert len(list(library.iter_study(STUDY))) == 2


def test_the_library_follows_metadata_to_the_pixels(library, root, packed, program_client):
    """Metadata become a data set by pydicom, and its bulk data are the packed pixels' bytes."""
    film, _ = packed
    store(program_client, film)
    (metadata,) = library.retrieve_study_metadata(STUDY)
    read = type(film).from_json(metadata, bulk_data_uri_handler=lambda _: b"")
    told = metadata["7FE00010"]["BulkDataURI"]  # its Host header lacks the port, and so what we make of it
    (pixels,) = library.retrieve_bulkdata(f"{root}{told.partition('/dicom-web')[2]}")

    assert (read.PatientName, read.Rows, read.SOPInstanceUID) == (film.PatientName, 64, FILM)
    assert pixels == film.PixelData
    assert library.retrieve_instance_metadata(*NAMED) == metadata


def test_the_library_gets_frames_packed_and_plain(library, packed, program_client):
    """Packed where their kind is named, unpacked where bytes are asked for, and the same pixels."""
    film, pixels = packed
    store(program_client, film)
    (plain,) = library.retrieve_instance_frames(*NAMED, [1], media_types=("application/octet-stream",))
    (stored,) = library.retrieve_instance_frames(
        *NAMED, [1], media_types=(("image/jls", str(uid.JPEGLSLossless)),)
    )

    assert np.array_equal(np.frombuffer(plain, "<u2").reshape(64, 48), pixels)
    assert stored.startswith(b"\xff\xd8")
    assert len(stored) < len(plain)


@pytest.mark.parametrize(("kind", "name"), [("image/jpeg", "JPEG"), ("image/png", "PNG")])
def test_the_library_gets_the_film_as_a_picture(library, packed, program_client, kind, name):
    """Rendered whole, and by frame."""
    store(program_client, packed[0])
    whole = library.retrieve_instance_rendered(*NAMED, media_types=(kind,))
    frame = library.retrieve_instance_frames_rendered(*NAMED, [1], media_types=(kind,))

    for content in (whole, frame):
        picture = Image.open(io.BytesIO(content))
        assert (picture.format, picture.size) == (name, (48, 64))


@pytest.fixture(scope="module")
def plugin(tmp_path_factory) -> Iterator[Orthanc]:
    """An Orthanc with its DICOMweb plugin."""
    if not (ORTHANC.exists() and DICOMWEB.exists()):
        pytest.skip("Orthanc's DICOMweb plugin is not installed (Debian: apt install orthanc-dicomweb)")
    server = Orthanc(tmp_path_factory.mktemp("orthanc"), free_port(), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hilum(plugin, root, program_client) -> str:
    """The station as a DICOMweb server that an empty Orthanc knows; the address of its page there."""
    plugin.clear()
    known = {"Url": root, "HttpHeaders": {"Authorization": program_client.headers["Authorization"]},
             "HasDelete": "0"}  # fmt: skip
    httpx.put(f"{plugin.url}/dicom-web/servers/hilum", json=known).raise_for_status()
    return f"{plugin.url}/dicom-web/servers/hilum"


def test_orthanc_finds_studies_here(hilum, program_client):
    """QIDO-RS through the plugin."""
    store(program_client, instance(1), instance(1, study=2))
    asked = {"Uri": "/studies", "Arguments": {"PatientID": "P-2"}}
    (study,) = httpx.post(f"{hilum}/qido", json=asked, timeout=60).raise_for_status().json()

    assert (study["0020000D"]["Value"], study["00100020"]["Value"]) == ("1.2.826.0.1.99.2", "P-2")


def test_orthanc_retrieves_a_study_from_here(hilum, plugin, program_client, packed):
    """WADO-RS through the plugin: every instance comes, packed ones too, with the pixels that it had."""
    film, pixels = packed
    store(program_client, film, instance(2))
    asked = {"Resources": [{"Study": STUDY}]}
    httpx.post(f"{hilum}/retrieve", json=asked, timeout=60).raise_for_status()

    assert plugin.count() == 2
    (found,) = httpx.post(f"{plugin.url}/tools/lookup", content=FILM).json()
    came = dcmread(io.BytesIO(httpx.get(f"{plugin.url}{found['Path']}/file").content))
    assert np.array_equal(came.pixel_array, pixels)


def test_orthanc_sends_a_study_here(hilum, plugin, station, tmp_path: Path):
    """STOW-RS through the plugin: every instance is in the worklist, and sent again it is there once."""
    for number in (1, 2, 3):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(as_bytes(instance(number)))
        plugin.put(path)
    for _ in range(2):
        sent = {"Resources": httpx.get(f"{plugin.url}/studies").json()}
        httpx.post(f"{hilum}/stow", json=sent, timeout=60).raise_for_status()

    assert n_films(station) == 3
