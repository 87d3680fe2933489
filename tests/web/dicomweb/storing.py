"""Films as DICOM instances made here, and a client that stores them by STOW-RS."""

from __future__ import annotations

import io

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

BOUNDARY = "parts-of-a-test"
TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def instance(number: int = 1, *, study: int = 1, series: int = 1, **elements) -> Dataset:
    """A small CR film; the same numbers give the same UIDs."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    film.SpecificCharacterSet = "ISO_IR 192"
    film.SOPClassUID = uid.ComputedRadiographyImageStorage
    film.SOPInstanceUID = f"1.2.826.0.1.99.{study}.{series}.{number}"
    film.StudyInstanceUID = f"1.2.826.0.1.99.{study}"
    film.SeriesInstanceUID = f"1.2.826.0.1.99.{study}.{series}"
    film.PatientName, film.PatientID = f"ACHIENG^MARY {study}", f"P-{study}"
    film.PatientSex, film.PatientAge = "F", "034Y"
    film.StudyDate, film.StudyTime, film.AccessionNumber = f"202601{study:02d}", "101500", f"A-{study}"
    film.Modality, film.SeriesDescription, film.InstanceNumber = "CR", "Chest PA", number
    film.ReferringPhysicianName, film.StudyID = "", "7"
    film.Rows, film.Columns = 8, 6
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    chance = np.random.default_rng(number + 100 * study)
    film.PixelData = chance.integers(0, 4095, (8, 6)).astype("<u2").tobytes()
    for keyword, value in elements.items():
        setattr(film, keyword, value)
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    return film


def as_bytes(film: Dataset) -> bytes:
    """The film as a DICOM file."""
    buffer = io.BytesIO()
    film.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def message(*parts: bytes, kind: str = "application/dicom") -> bytes:
    """A multipart/related body."""
    head = f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def store(client, *films: Dataset | bytes, path: str = "/dicom-web/studies"):
    """Store films; the answer."""
    parts = [film if isinstance(film, bytes) else as_bytes(film) for film in films]
    return client.post(path, content=message(*parts), headers={"Content-Type": TYPE})


def values(row: dict, tag: str) -> list:
    """The values of an element in the DICOM JSON model."""
    return row.get(tag, {}).get("Value", [])


def parts_of(response) -> list[tuple[bytes, bytes]]:
    """Head and content of each part of a multipart answer."""
    boundary = response.headers["content-type"].partition("boundary=")[2].encode()
    pieces = response.content.split(b"--" + boundary)[1:-1]
    return [tuple(piece[2:-2].split(b"\r\n\r\n", 1)) for piece in pieces]
