"""Phantoms as files: palette, colour, and grey PNG as in the public sets, and DICOM as a CR unit sends it.

The trap: a palette PNG of Shenzhen holds inverted indices, so its raw bytes show bone dark.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from hilum.data.phantom.film import Phantom
from hilum.data.phantom.rays import Floats
from hilum.data.phantom.site import Site

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_RGB_EVERY = 8  # 27 of Shenzhen's 662 films are RGB; here one in eight, so that small sets have some
_TWELVE_BITS = 4095


def write_png(phantom: Phantom, path: Path, *, number: int) -> None:
    """Write a film in its site's form; `number` decides between the forms that a site has."""
    if phantom.setup.site is Site.A:
        image = _colour(phantom.pixels) if number % _RGB_EVERY == _RGB_EVERY - 1 else _palette(phantom.pixels)
    elif number % 2 == 0:
        image = Image.fromarray(np.round(phantom.pixels * _TWELVE_BITS).astype(np.uint16))
    else:
        image = Image.fromarray(_bytes(phantom.pixels))
    image.save(path)


def write_mask(mask: npt.NDArray[np.bool_], path: Path) -> None:
    """Write a mask as an 8-bit PNG, 255 inside."""
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(path)


def _bytes(pixels: Floats) -> npt.NDArray[np.uint8]:
    return np.round(pixels * 255).astype(np.uint8)


def _palette(pixels: Floats) -> Image.Image:
    image = Image.fromarray(255 - _bytes(pixels))
    image.putpalette([level for index in range(256) for level in (255 - index,) * 3])
    return image


def _colour(pixels: Floats) -> Image.Image:
    grey = Image.fromarray(_bytes(pixels))
    return Image.merge("RGB", (grey, grey, grey))


def write_dicom(phantom: Phantom, path: Path, *, number: int, patient: str) -> None:
    """Write a film as Computed Radiography Image Storage (PS3.3 A.2), 12 bits in 16, every other MONOCHROME1.

    The window is set, as linear VOI; levels outside it exist, so a reader that ignores it sees less contrast.
    """
    film = _header(phantom, patient=patient, number=number)
    stored = 300 + np.round(phantom.pixels * 3300).astype(np.uint16)
    if number % 2 == 1:
        film.PhotometricInterpretation = "MONOCHROME1"
        stored = _TWELVE_BITS - stored
    else:
        film.PhotometricInterpretation = "MONOCHROME2"
    centre = 300 + 3300 / 2
    film.WindowCenter = f"{_TWELVE_BITS - centre if number % 2 == 1 else centre:g}"
    film.WindowWidth = "3300"
    film.PixelData = stored.astype("<u2").tobytes()
    film.save_as(path, enforce_file_format=True)


def _header(phantom: Phantom, *, patient: str, number: int) -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

    content = hashlib.sha256(phantom.pixels.tobytes()).hexdigest()

    def uid(what: str) -> UID:
        """From the pixels: the same film has the same name wherever it is drawn, and no other has it."""
        return generate_uid(entropy_srcs=[what, patient, str(number), content])

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = uid("image")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID, film.SeriesInstanceUID = uid("study"), uid("series")
    film.Modality, film.BodyPartExamined, film.ViewPosition = "CR", "CHEST", phantom.setup.view
    film.PatientID, film.PatientName, film.PatientSex = (
        patient,
        f"Phantom^{patient}",
        phantom.person.sex.value,
    )
    film.PatientAge = f"{phantom.person.age_years:03.0f}Y"
    film.PatientBirthDate = film.StudyDate = film.StudyTime = film.AccessionNumber = ""
    film.StudyID, film.SeriesNumber, film.InstanceNumber, film.ReferringPhysicianName = "", "1", "1", ""
    film.Manufacturer, film.StudyDescription = "Hilum phantom", "Made-up chest, no patient"
    film.ImagerPixelSpacing = [f"{phantom.pixel_mm:.6f}"] * 2
    film.Rows, film.Columns = phantom.pixels.shape
    film.SamplesPerPixel, film.BitsAllocated, film.BitsStored, film.HighBit = 1, 16, 12, 11
    film.PixelRepresentation = 0
    film.PatientOrientation = ["L", "F"]
    film.BurnedInAnnotation = "YES" if phantom.setup.caption else "NO"
    return film
