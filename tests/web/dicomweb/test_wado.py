"""Tests of WADO-RS: instances, metadata, frames, bulk data, and rendered films."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from storing import as_bytes, instance, parts_of, store, values

from hilum.worklist.states import Role

STUDY = "/dicom-web/studies/1.2.826.0.1.99.1"
FILM = f"{STUDY}/series/1.2.826.0.1.99.1.1/instances/1.2.826.0.1.99.1.1.1"
ANY = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}


@pytest.fixture
def client(program):
    made = program(Role.ADMINISTRATOR)
    made.headers.pop("Accept")
    return made


@pytest.fixture
def packed():
    """A film packed by JPEG-LS, and its pixels."""
    film = instance(Rows=64, Columns=64)
    pixels = (np.arange(64 * 64) % 4096).reshape(64, 64).astype("<u2")
    film.PixelData = pixels.tobytes()
    film.compress(uid.JPEGLSLossless, generate_instance_uid=False)
    return film, pixels


def test_an_instance_comes_back_byte_for_byte(client):
    """With transfer-syntax=* the original goes out."""
    sent = as_bytes(instance())
    store(client, sent)
    response = client.get(FILM, headers=ANY)

    ((head, content),) = parts_of(response)
    assert content == sent
    assert b"transfer-syntax=1.2.840.10008.1.2.1" in head


def test_a_study_comes_with_all_its_instances(client):
    """One part each, in the order that they came."""
    sent = [as_bytes(instance(n)) for n in (1, 2, 3)]
    store(client, *sent)

    assert [content for _, content in parts_of(client.get(STUDY, headers=ANY))] == sent


def test_a_single_instance_may_come_without_multipart(client):
    """Accept: application/dicom."""
    store(client, instance())
    response = client.get(FILM, headers={"Accept": "application/dicom"})

    assert response.headers["content-type"].startswith("application/dicom")
    assert dcmread(io.BytesIO(response.content)).SOPInstanceUID == "1.2.826.0.1.99.1.1.1"


def test_a_packed_film_is_unpacked_where_no_syntax_is_asked_for(client, packed):
    """PS3.18 8.7.3.5.2: the default is Explicit VR Little Endian."""
    film, pixels = packed
    store(client, film)
    response = client.get(FILM, headers={"Accept": "application/dicom"})

    got = dcmread(io.BytesIO(response.content))
    assert got.file_meta.TransferSyntaxUID == uid.ExplicitVRLittleEndian
    assert (got.pixel_array == pixels).all()


def test_a_packed_film_stays_packed_where_its_syntax_is_asked_for(client, packed):
    """By name, as by *."""
    sent = as_bytes(packed[0])
    store(client, sent)
    kind = f"application/dicom; transfer-syntax={uid.JPEGLSLossless}"

    assert client.get(FILM, headers={"Accept": kind}).content == sent


def test_nothing_is_packed_anew(client):
    """JPEG 2000 of a plain film is 406."""
    store(client, instance())
    kind = f"application/dicom; transfer-syntax={uid.JPEG2000Lossless}"

    assert client.get(FILM, headers={"Accept": kind}).status_code == 406


def test_a_big_endian_film_comes_little_endian(client):
    """Header and pixels alike."""
    film = instance()
    pixels = np.frombuffer(film.PixelData, "<u2").reshape(8, 6)
    film.PixelData = pixels.astype(">u2").tobytes()
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    store(client, film)
    got = dcmread(io.BytesIO(client.get(FILM, headers={"Accept": "application/dicom"}).content))

    assert got.Rows == 8
    assert (got.pixel_array == pixels).all()


@pytest.mark.parametrize(
    "path", [STUDY, f"{STUDY}/metadata", f"{FILM}/frames/1", f"{FILM}/rendered", f"{STUDY}/thumbnail"]
)
def test_what_is_not_here_is_404(client, path):
    """With a problem that says so."""
    assert client.get(path).status_code == 404


def test_metadata_hold_all_but_the_pixels(client):
    """Which have an address of their own that answers them."""
    film = instance()
    store(client, film)
    (row,) = client.get(f"{FILM}/metadata", headers={"Accept": "application/dicom+json"}).json()
    address = row["7FE00010"]["BulkDataURI"].removeprefix("http://testserver")

    assert values(row, "00100020") == ["P-1"]
    assert client.get(address).content == film.PixelData


def test_metadata_leave_out_what_json_has_no_word_for(client):
    """An infinite number in one element costs that element alone."""
    store(client, instance(ExposureTimeInms=float("nan"), PatientComments="kept"))
    (row,) = client.get(f"{FILM}/metadata").json()

    assert "00189328" not in row
    assert values(row, "00104000") == ["kept"]


def test_plain_frames_come_as_bytes(client):
    """application/octet-stream, one part."""
    film = instance()
    store(client, film)
    ((head, content),) = parts_of(client.get(f"{FILM}/frames/1"))

    assert content == film.PixelData
    assert b"application/octet-stream" in head


def test_packed_frames_come_as_stored_where_any_syntax_will_do(client, packed):
    """What OHIF asks for: a JPEG-LS stream begins FFD8."""
    store(client, packed[0])
    kind = "multipart/related; type=application/octet-stream; transfer-syntax=*"
    ((head, content),) = parts_of(client.get(f"{FILM}/frames/1", headers={"Accept": kind}))

    assert content[:2] == b"\xff\xd8"
    assert b"transfer-syntax=1.2.840.10008.1.2.4.80" in head


def test_packed_frames_come_as_their_own_kind(client, packed):
    """image/jls by name."""
    store(client, packed[0])
    kind = 'multipart/related; type="image/jls"'
    ((head, _),) = parts_of(client.get(f"{FILM}/frames/1", headers={"Accept": kind}))

    assert b"image/jls" in head


def test_packed_frames_are_unpacked_for_who_asks_for_bytes(client, packed):
    """Little endian cells."""
    film, pixels = packed
    store(client, film)
    kind = 'multipart/related; type="application/octet-stream"'
    ((_, content),) = parts_of(client.get(f"{FILM}/frames/1", headers={"Accept": kind}))

    assert (np.frombuffer(content, "<u2").reshape(64, 64) == pixels).all()


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ("2", 404),
        ("0", 400),
        ("x", 400),
        ("1,,1", 400),
        ("1,1", 200),
        ("99999999999999999999", 404),
        ("%C2%B2", 400),
    ],
)
def test_frames_that_are_not_there_are_told(client, numbers, status):
    """Numbers begin at 1."""
    store(client, instance())

    assert client.get(f"{FILM}/frames/{numbers}").status_code == status


def test_a_film_is_rendered_by_its_window(client):
    """Centre 2048 and width 4096: a cell of 2048 is mid-grey."""
    film = instance(PixelData=np.full((8, 6), 2048, "<u2").tobytes())
    store(client, film)
    response = client.get(f"{FILM}/rendered?window=2048,4096,linear", headers={"Accept": "image/png"})

    assert np.asarray(Image.open(io.BytesIO(response.content)))[0, 0] in (127, 128)


def test_a_film_is_rendered_with_low_white_where_its_header_says_so(client):
    """MONOCHROME1 shows its lowest cells brightest."""
    cells = np.zeros((8, 6), "<u2")
    cells[:, :3] = 4000
    store(client, instance(PhotometricInterpretation="MONOCHROME1", PixelData=cells.tobytes()))
    response = client.get(f"{FILM}/rendered?window=2048,4096", headers={"Accept": "image/png"})
    shown = np.asarray(Image.open(io.BytesIO(response.content)))

    assert shown[0, 0] < 10 < 240 < shown[0, 5]


def test_a_thumbnail_is_small(client):
    """256 pixels at most, as JPEG by default."""
    film = instance(Rows=600, Columns=300, PixelData=bytes(600 * 300 * 2))
    store(client, film)
    response = client.get(f"{STUDY}/thumbnail")

    assert response.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(response.content)).size == (128, 256)


@pytest.mark.parametrize(
    "query", ["window=x", "window=1,0", "window=1", "viewport=0,5", "viewport=1,2,3,4,5,6", "window=nan,5"]
)
def test_a_rendering_that_cannot_be_is_400(client, query):
    """A problem that says how it is written."""
    store(client, instance())

    assert client.get(f"{FILM}/rendered?{query}").status_code == 400


def test_another_kind_of_picture_is_406(client):
    """PNG and JPEG are made."""
    store(client, instance())

    assert client.get(f"{FILM}/rendered", headers={"Accept": "image/gif"}).status_code == 406


def test_a_colour_capture_is_not_rendered(client):
    """A film is grey; the refusal says why, and the instance itself comes."""
    film = instance(SOPClassUID=uid.SecondaryCaptureImageStorage, SamplesPerPixel=3, PlanarConfiguration=0,
                    PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=8, HighBit=7,
                    PixelData=bytes(8 * 6 * 3))  # fmt: skip
    store(client, film)

    assert client.get(f"{FILM}/rendered").status_code == 404
    assert client.get(FILM, headers=ANY).status_code == 200


def test_a_role_without_identity_gets_films_without_it(client, program):
    """The same UIDs and pixels, and nobody's name."""
    film = instance()
    store(client, film)
    ((_, content),) = parts_of(program(Role.MANAGER).get(FILM, headers=ANY))
    got = dcmread(io.BytesIO(content))

    assert got.SOPInstanceUID == film.SOPInstanceUID
    assert b"ACHIENG" not in content
    assert got.PixelData == film.PixelData
    assert "113110" in [code.CodeValue for code in got.DeidentificationMethodCodeSequence]


def test_frames_of_a_capture_of_several_come_one_by_one(client):
    """Each is its share of the pixels."""
    cells = bytes(range(8 * 6 * 2))
    film = instance(SOPClassUID=uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage, NumberOfFrames=2,
                    BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=cells)  # fmt: skip
    store(client, film)
    found = parts_of(client.get(f"{FILM}/frames/2,1"))

    assert [content for _, content in found] == [cells[48:], cells[:48]]


def test_the_first_of_two_films_of_one_uid_is_the_instance(client):
    """A sender's mistake does not make an instance ambiguous."""
    first, second = instance(PatientComments="first"), instance(PatientComments="second")
    store(client, first, second)

    assert [content for _, content in parts_of(client.get(STUDY, headers=ANY))] == [as_bytes(first)]


def test_a_film_of_no_uid_is_not_offered(client):
    """Nobody could ask for it."""
    bare = Dataset()
    bare.update(instance())
    bare.file_meta = instance().file_meta
    bare.SOPInstanceUID = ""
    client.post("/api/v1/uploads", files={"files": ("film.dcm", as_bytes(bare))})

    assert client.get("/dicom-web/instances").status_code == 204


def test_real_films_come_back_as_they_were_stored(client, shared):
    """Thirty real films: found by their UIDs, and equal byte for byte."""
    paths = sorted((shared / "data" / "rsna-dicom").glob("*.dcm"))[:30]
    store(client, *(path.read_bytes() for path in paths))
    rows = client.get("/dicom-web/instances?limit=100").json()
    found = {values(row, "00080018")[0]: values(row, "00081190")[0] for row in rows}

    assert len(found) == 30
    for path in paths:
        address = found[dcmread(path, stop_before_pixels=True).SOPInstanceUID].removeprefix(
            "http://testserver"
        )
        ((_, content),) = parts_of(client.get(address, headers=ANY))

        assert content == path.read_bytes(), path.name
