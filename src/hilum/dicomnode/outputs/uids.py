"""UIDs: which texts are one, and those that are computed, the same for the same film, bundle, and kind.

So a re-send replaces and does not multiply. UUIDv5 under the 2.25 root (PS3.5 B.2, RFC 9562): no registered
root is needed, and two inputs never share a UID. Trap: the names below are the input of a hash; changing one
multiplies every object that was ever sent.
"""

from __future__ import annotations

import re
import uuid

from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from hilum.worklist.states import ResultKind

_UID = re.compile(r"[0-9.]{1,64}")  # PS3.5 9.1; leading zeros are against it and occur
_NAMESPACE = uuid.UUID("6d1f0b0e-6d26-5b6f-9c8e-7c4b7a3f5e21")  # drawn once, for Hilum


def is_uid(name: str) -> bool:
    """Whether a text has a UID's characters and length."""
    return _UID.fullmatch(name) is not None


def computed_uid(*parts: str) -> str:
    """A UID of at most 44 characters from texts, told apart whatever is in them."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return f"2.25.{uuid.uuid5(_NAMESPACE, joined).int}"


def object_uid(kind: ResultKind, film: Dataset, bundle_sha256: str) -> str:
    """The SOP Instance UID of one kind of object about one film, as read by one bundle."""
    return computed_uid("object", kind, film.StudyInstanceUID, film.SOPInstanceUID, bundle_sha256)


def series_uid(kind: ResultKind, film: Dataset, bundle_sha256: str) -> str:
    """The Series Instance UID of one kind of object in one study, by one bundle: a series has one device."""
    return computed_uid("series", kind, film.StudyInstanceUID, bundle_sha256)


def device_uid(bundle_sha256: str) -> str:
    """The UID of a bundle as the device that observed."""
    return computed_uid("device", bundle_sha256)


def source_of_picture(
    sha256: str, *, rows: int, columns: int, study_uid: str = "", patient_id: str = "", patient_name: str = ""
) -> Dataset:  # fmt: skip
    """The header of a film that came as PNG or JPEG, with UIDs from the SHA-256 of its bytes.

    The film itself is never sent, so what the objects refer to is known to this station alone.

    Args:
        sha256: of the file's bytes, hex.
        study_uid: of the worklist, where it has one already.
    """
    film = Dataset()
    film.SOPClassUID = SecondaryCaptureImageStorage
    film.StudyInstanceUID = study_uid or computed_uid("picture study", sha256)
    film.SeriesInstanceUID = computed_uid("picture series", sha256)
    film.SOPInstanceUID = computed_uid("picture", sha256)
    film.Modality = "OT"
    film.SpecificCharacterSet = "ISO_IR 192"
    film.PatientName = patient_name.replace("\\", "/")  # a backslash would part it in two
    film.PatientID = patient_id.replace("\\", "/")
    film.Rows, film.Columns = rows, columns
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    return film
