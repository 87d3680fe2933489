"""Small films made for upload tests: pictures, DICOM files, and zips, good and hostile."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian


def a_png(value: int = 7) -> bytes:
    """A PNG of one grey, 64 pixels square."""
    return _picture(value, "PNG")


def a_jpeg(value: int = 7) -> bytes:
    """The same as JPEG."""
    return _picture(value, "JPEG")


def a_dicom(*, study: str = "1.2.840.1", value: int = 7, **header: str) -> bytes:
    """A CR image of one grey; `header` by keyword."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = f"{study}.1.{value}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID, film.SeriesInstanceUID = study, f"{study}.1"
    film.Modality, film.PatientID, film.PatientName = "CR", "P1", "Achieng^Mary"
    film.Rows = film.Columns = 8
    film.SamplesPerPixel, film.BitsAllocated, film.BitsStored, film.HighBit = 1, 8, 8, 7
    film.PixelRepresentation, film.PhotometricInterpretation = 0, "MONOCHROME2"
    film.PixelData = bytes([value] * 64)
    for keyword, text in header.items():
        setattr(film, keyword, text)
    stream = io.BytesIO()
    film.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def a_zip(*entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of entries in order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def a_link(name: str) -> zipfile.ZipInfo:
    """An entry that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def an_encrypted_zip() -> bytes:
    """A zip whose only entry says that it is encrypted."""
    plain = bytearray(a_zip(("film.png", a_png())))
    struct.pack_into("<H", plain, 6, struct.unpack_from("<H", plain, 6)[0] | 1)
    directory = plain.index(b"PK\x01\x02")
    struct.pack_into("<H", plain, directory + 8, struct.unpack_from("<H", plain, directory + 8)[0] | 1)
    return bytes(plain)


def a_bomb(n_bytes: int = 64 << 20) -> bytes:
    """A PNG's head and then zeros: small in the zip, large out of it."""
    return a_zip(("film.png", a_png()[:64] + bytes(n_bytes)))


def a_zip_of_many_names(n: int) -> bytes:
    """A zip of so many empty entries."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(n):
            archive.writestr(f"{number}.png", b"")
    return stream.getvalue()


def a_zip_with_a_lying_end(contents_bytes: int) -> bytes:
    """A zip whose end states a table of contents of any length."""
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, contents_bytes, 0, 0)
    return b"PK\x03\x04" + bytes(60) + end


def _picture(value: int, form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((64, 64), value, dtype=np.uint8)).save(stream, form)
    return stream.getvalue()
