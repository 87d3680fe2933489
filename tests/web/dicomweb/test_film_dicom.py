"""Tests of films as DICOM files: originals byte for byte, pictures wrapped with their pixels untouched."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import UTC, date, datetime

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread, uid
from pydicom.dataset import Dataset

from hilum.errors import UnreadableImage
from hilum.web.deidentify import Deidentification
from hilum.web.film_dicom import FilmIdentity, film_as_dicom

HOW = Deidentification(b"s" * 32)
IDENTITY = FilmIdentity(
    sha256="ab" * 32,
    study_uid="2.25.1234",
    received_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    patient_id="P-77",
    patient_name="Achieng Mary",
    birth_date=date(1961, 2, 3),
    age_years=63.4,
    sex="F",
    accession="A-1",
    study_date=date(2024, 3, 1),
)


def as_dicom(path, *, with_identity=True):
    return film_as_dicom(path, IDENTITY, with_identity=with_identity, deidentification=HOW)


def opened(path, *, with_identity=True):
    return dcmread(io.BytesIO(as_dicom(path, with_identity=with_identity)))


@pytest.fixture
def picture(tmp_path, chance):
    """Writes a picture and gives its path and its grey levels."""

    def write(kind="png", top=255, dtype=np.uint8, shape=(61, 43)):
        levels = chance.integers(0, top, shape, endpoint=True).astype(dtype)
        path = tmp_path / f"film.{kind}"
        Image.fromarray(levels).save(path)
        return path, levels

    return write


def test_an_eight_bit_picture_keeps_its_grey_levels(picture):
    """Every pixel of a PNG comes out as it went in, odd sizes too."""
    path, levels = picture()

    assert (opened(path).pixel_array == levels).all()


def test_a_twelve_bit_picture_keeps_its_grey_levels_and_tells_its_depth(picture):
    """A 16-bit file of 12-bit levels is not stretched; the header says 12 bits."""
    path, levels = picture(top=4095, dtype=np.uint16)
    film = opened(path)

    assert (film.pixel_array == levels).all()
    assert (film.BitsAllocated, film.BitsStored, film.HighBit) == (16, 12, 11)


def test_the_window_shows_black_to_white_as_the_file_has_it(picture):
    """A viewer that honours the window shows what a picture viewer would: 12 bits, so 2048 and 4096."""
    path, _ = picture(top=4095, dtype=np.uint16)
    film = opened(path)

    assert (film.WindowCenter, film.WindowWidth) == (2048, 4096)


def test_a_turned_photograph_is_wrapped_upright(tmp_path, chance):
    """EXIF orientation 3 is half a turn, undone as imaging undoes it."""
    levels = chance.integers(0, 255, (40, 30), endpoint=True).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 3
    path = tmp_path / "film.png"
    Image.fromarray(levels).save(path, exif=exif)

    assert (opened(path).pixel_array == levels[::-1, ::-1]).all()


def test_a_jpeg_says_that_it_was_packed_with_loss(picture):
    """PS3.3 C.7.6.1.1.5: once lossy, always told."""
    path, _ = picture("jpg")
    film = opened(path)

    assert (film.LossyImageCompression, film.LossyImageCompressionMethod) == ("01", "ISO_10918_1")


def test_a_wrapped_picture_carries_what_the_worklist_knows(picture):
    """Patient and study of the worklist stand in the wrapped film."""
    film = opened(picture()[0])

    assert (film.PatientID, film.PatientAge, film.StudyInstanceUID) == ("P-77", "063Y", "2.25.1234")


def test_a_wrapped_picture_has_the_same_uid_each_time(picture):
    """A viewer that opens it twice sees one instance."""
    path, _ = picture()

    assert opened(path).SOPInstanceUID == opened(path).SOPInstanceUID == IDENTITY.sop_instance_uid


def test_a_wrapped_picture_without_identity_names_nobody(picture):
    """Name, number, birth date, accession, and study UID are gone; age and sex stay."""
    path, levels = picture()
    content = as_dicom(path, with_identity=False)
    film = dcmread(io.BytesIO(content))

    assert not [
        word for word in ("Achieng", "P-77", "19610203", "A-1", "2.25.1234") if word.encode() in content
    ]
    assert (film.PatientAge, film.PatientSex) == ("063Y", "F")
    assert (film.pixel_array == levels).all()


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy of dicom3tools")
@pytest.mark.parametrize("with_identity", [True, False])
@pytest.mark.parametrize(
    ("kind", "top", "dtype"), [("png", 255, np.uint8), ("png", 65535, np.uint16), ("jpg", 255, np.uint8)]
)
def test_dciodvfy_finds_no_error_in_a_wrapped_picture(picture, tmp_path, kind, top, dtype, with_identity):
    """An independent validator accepts every kind, with identity and without."""
    made = tmp_path / "film.dcm"
    made.write_bytes(as_dicom(picture(kind, top, dtype)[0], with_identity=with_identity))
    told = subprocess.run(["dciodvfy", str(made)], capture_output=True, text=True, check=False)

    assert "Error" not in told.stderr + told.stdout


def a_bare_dataset(path, *, syntax=uid.ImplicitVRLittleEndian):
    film = Dataset()
    film.SOPClassUID, film.SOPInstanceUID = uid.SecondaryCaptureImageStorage, "1.2.3"
    film.StudyInstanceUID, film.SeriesInstanceUID = "1.2.4", "1.2.5"
    film.PatientName, film.PatientID = "ACHIENG^MARY", "P-77"
    film.Rows = film.Columns = 2
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 8, 8, 7, 0
    film.PixelData = b"\1\2\3\4"
    film.save_as(path, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    return path


def test_a_dicom_original_goes_out_byte_for_byte(tmp_path):
    """Where identity may be seen, nothing is written anew."""
    bare = a_bare_dataset(tmp_path / "bare.dcm")
    original = tmp_path / "original.dcm"
    original.write_bytes(as_dicom(bare))

    assert as_dicom(original) == original.read_bytes()


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian])
def test_a_bare_data_set_gets_its_preamble_and_meta(tmp_path, syntax):
    """A viewer wants PS3.10; the transfer syntax named is the one that the file is written in."""
    bare = a_bare_dataset(tmp_path / "bare.dcm", syntax=syntax)
    content = as_dicom(bare)

    assert content[128:132] == b"DICM"
    assert dcmread(io.BytesIO(content)).file_meta.TransferSyntaxUID == syntax


def test_a_dicom_original_without_identity_keeps_its_pixels(tmp_path):
    """The de-identified original names nobody and shows the same."""
    content = as_dicom(a_bare_dataset(tmp_path / "bare.dcm"), with_identity=False)

    assert b"ACHIENG" not in content
    assert dcmread(io.BytesIO(content)).PixelData == b"\1\2\3\4"


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM"])
def test_what_is_no_film_is_refused_with_a_code(tmp_path, content):
    """Empty, foreign, and damaged files come out as a refusal, never as a crash."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableImage):
        as_dicom(path, with_identity=False)


def test_real_odd_films_come_out_with_the_same_pixel_bytes(shared):
    """Old, bare, and packed films lose their identity and no pixel."""
    for path in sorted((shared / "data" / "dicom-odd").iterdir()):
        clean = opened(path, with_identity=False)

        assert clean.PixelData.rstrip(b"\0") == dcmread(path, force=True).PixelData.rstrip(b"\0"), path.name
        assert clean.PatientIdentityRemoved == "YES"
