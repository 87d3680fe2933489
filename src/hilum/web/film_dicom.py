"""Any film as a DICOM file, for the viewer, DICOMweb, and exports: at full depth, with identity or without.

A DICOM original goes out byte for byte where identity may be seen. A PNG or JPEG is wrapped as a Secondary
Capture (PS3.3 A.8.1) whose pixels are the grey levels that the gate and the networks see, untouched.
Trap: a bare data set without PS3.10's preamble is read by us and by no viewer, so it is written anew.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pydicom import dcmread, uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

from hilum import __version__
from hilum.errors import UnreadableImage
from hilum.imaging.grey import GreyLevels
from hilum.imaging.header import MALFORMED
from hilum.imaging.png import SIGNATURE
from hilum.imaging.raster import read_levels
from hilum.imaging.read import is_dicom
from hilum.records import RefusalCode
from hilum.web.deidentify import Deidentification, deidentified, dicom_age, quiet
from hilum.worklist.tables import Film, Study
from hilum.worklist.wording import made_uid

JPEG_MARK = b"\xff\xd8\xff"
_HEAD_BYTES = 132


@dataclass(frozen=True, slots=True)
class FilmIdentity:
    """What the worklist knows of a film and its study that a picture's own bytes do not tell."""

    sha256: str  # of the film's bytes
    study_uid: str
    received_at: datetime
    patient_id: str = ""
    patient_name: str = ""  # as people read it
    birth_date: date | None = None
    age_years: float | None = None
    sex: str | None = None  # findings.Sex
    accession: str = ""
    study_date: date | None = None

    @classmethod
    def of(cls, film: Film, study: Study) -> FilmIdentity:
        """Args: film and study with the study's patient loaded."""
        patient = study.patient
        return cls(
            sha256=film.sha256,
            study_uid=study.study_uid,
            received_at=film.received_at,
            patient_id="" if patient is None else patient.patient_id,
            patient_name="" if patient is None else patient.name,
            birth_date=None if patient is None else patient.birth_date,
            age_years=study.age_years,
            sex=study.sex,
            accession=study.accession,
            study_date=study.study_date,
        )

    @property
    def series_uid(self) -> str:
        """Of the series that holds a study's wrapped pictures."""
        return made_uid("series", self.study_uid)

    @property
    def sop_instance_uid(self) -> str:
        """Of the wrapped picture; the same bytes in the same study give the same one."""
        return made_uid("film", self.study_uid, self.sha256)


def film_as_dicom(
    path: Path, identity: FilmIdentity, *, with_identity: bool, deidentification: Deidentification
) -> bytes:
    """A film as a DICOM file (PS3.10).

    Args:
        path: of the original, whatever its format.
        identity: what to write where the film is a picture.
        with_identity: False takes every trace of the patient out, by PS3.15.
        deidentification: with the station's secret; not used where identity is kept.

    Raises:
        UnreadableImage: the file is no picture and no DICOM, or is damaged.
        OSError: the original is gone.
    """
    head = _head(path)
    if is_dicom(head):
        if with_identity and head[128:132] == b"DICM":
            return path.read_bytes()
        dataset: Dataset = read_part10(path)
    else:
        dataset = wrapped(path.read_bytes(), identity)
    return as_part10(dataset if with_identity else deidentified(dataset, deidentification))


def read_part10(path: Path, *, with_pixels: bool = True) -> FileDataset:
    """A DICOM file, bare data sets too, with a transfer syntax that says what it is written in.

    Args:
        path: of the file.
        with_pixels: False reads what stands before the pixel data and leaves the rest.

    Raises:
        UnreadableImage: DAMAGED.
    """
    try:
        with quiet():
            dataset = dcmread(path, force=True, stop_before_pixels=not with_pixels)
    except (*MALFORMED, EOFError, OSError) as error:
        raise UnreadableImage(RefusalCode.DAMAGED, "The DICOM file is damaged.") from error
    if not dataset:
        raise UnreadableImage(RefusalCode.DAMAGED, "The DICOM file is damaged: it has no elements.")
    _name_syntax(dataset)
    return dataset


def as_part10(dataset: Dataset) -> bytes:
    """The bytes of a DICOM file.

    Raises:
        UnreadableImage: DAMAGED where an element cannot be written.
    """
    buffer = io.BytesIO()
    try:
        with quiet():
            dataset.save_as(buffer, enforce_file_format=True)
    except MALFORMED as error:
        raise UnreadableImage(RefusalCode.DAMAGED, "The DICOM file cannot be written again.") from error
    return buffer.getvalue()


def wrapped(content: bytes, identity: FilmIdentity) -> Dataset:
    """A PNG or JPEG as a Secondary Capture image.

    Raises:
        UnreadableImage: it is neither, is damaged, or is of a kind that is not read.
    """
    if not content.startswith((SIGNATURE, JPEG_MARK)):
        raise UnreadableImage(RefusalCode.NOT_AN_IMAGE, "The file is neither DICOM, PNG, nor JPEG.")
    grey = read_levels(content)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = uid.UID(identity.sop_instance_uid)
    _put_patient_and_study(dataset, identity)
    _put_capture(dataset, identity)
    _put_pixels(dataset, grey)
    if content.startswith(JPEG_MARK):
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
        dataset.LossyImageCompressionRatio = f"{len(dataset.PixelData) / len(content):.2f}"
    return dataset


def _put_patient_and_study(dataset: Dataset, identity: FilmIdentity) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = identity.patient_name
    dataset.PatientID = identity.patient_id
    dataset.PatientBirthDate = _date(identity.birth_date)
    dataset.PatientSex = identity.sex or ""
    if identity.age_years is not None:
        dataset.PatientAge = dicom_age(identity.age_years)
    dataset.StudyInstanceUID = identity.study_uid
    dataset.StudyDate = _date(identity.study_date)
    dataset.StudyTime = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = ""
    dataset.AccessionNumber = identity.accession[:16]  # SH, PS3.5 6.2


def _put_capture(dataset: Dataset, identity: FilmIdentity) -> None:
    dataset.Modality = "OT"  # what made the picture is not known
    dataset.SeriesInstanceUID = identity.series_uid
    dataset.SeriesNumber = None
    dataset.SOPClassUID = uid.SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = uid.UID(identity.sop_instance_uid)
    dataset.InstanceNumber = "1"
    dataset.ConversionType = "WSD"  # workstation
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.DerivationDescription = "A picture file wrapped as DICOM; its pixels are as they came"
    dataset.InstanceCreationDate = identity.received_at.strftime("%Y%m%d")
    dataset.InstanceCreationTime = identity.received_at.strftime("%H%M%S")
    dataset.Manufacturer = ""
    dataset.SecondaryCaptureDeviceManufacturer = "Hilum"
    dataset.SecondaryCaptureDeviceSoftwareVersions = __version__
    dataset.PatientOrientation = ""
    dataset.Laterality = ""


def _put_pixels(dataset: Dataset, grey: GreyLevels) -> None:
    is_deep = grey.levels.dtype.itemsize == 2
    bits = grey.bit_depth if is_deep else 8
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = grey.levels.shape
    dataset.BitsAllocated = 16 if is_deep else 8
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (bits - 1), 2**bits  # black to white, as the file has it
    cells = grey.levels.astype("<u2" if is_deep else "u1", copy=False).tobytes()
    dataset.PixelData = cells + b"\0" * (len(cells) % 2)
    dataset["PixelData"].VR = "OW" if is_deep else "OB"


def _name_syntax(dataset: FileDataset) -> None:
    """Say the transfer syntax of what was read, where the file does not, or says another plain one."""
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    named = dataset.file_meta.get("TransferSyntaxUID")
    if named and named.is_transfer_syntax and named.is_compressed:
        return
    is_implicit, is_little = dataset.original_encoding
    explicit = uid.ExplicitVRLittleEndian if is_little else uid.ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if is_implicit else explicit


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _date(day: date | None) -> str:
    return "" if day is None else day.strftime("%Y%m%d")
