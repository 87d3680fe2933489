"""What every object carries alike: its UIDs, its series, who made it, when, and that it is for research.

Trap: highdicom stamps the clock into what it builds, and warns of names it finds odd. So objects are built of
a bare film, and `finish` writes the patient, the study, and the reading's own time.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

import hilum
from hilum.dicomnode.outputs.film_display import DISPLAYED
from hilum.dicomnode.outputs.film_header import PATIENT_AND_STUDY, repeat_identity
from hilum.dicomnode.outputs.reading import Reading
from hilum.dicomnode.outputs.uids import object_uid, series_uid
from hilum.worklist.states import ResultKind

MANUFACTURER = "The Hilum team"
MODEL = "Hilum"
NOT_ALONE = "Not for diagnosis alone"
RESEARCH_USE = "Decision support, for research use. Not for diagnosis alone: a person must read the film."
# High, so that viewers list results after films; apart, so that each kind is a series of its own.
SERIES_NUMBERS = {
    ResultKind.PICTURE: 9801, ResultKind.SOFTCOPY: 9802, ResultKind.REPORT: 9803, ResultKind.PDF: 9804,
}  # fmt: skip
DESCRIPTIONS = {
    ResultKind.PICTURE: "Hilum heat map, not for diagnosis alone",
    ResultKind.SOFTCOPY: "Hilum contours",
    ResultKind.REPORT: "Hilum measurements",
    ResultKind.PDF: "Hilum case report",
}
EVIDENCE_NEEDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
DOCUMENTS = ("SR", "DOC")
_LONGEST_VERSION = 64  # characters of LO


def software_versions(reading: Reading) -> list[str]:
    """Hilum's version, the bundle's, and the first half of its hash, each of at most 64 characters."""
    return [
        f"hilum {hilum.__version__}"[:_LONGEST_VERSION],
        reading.reader.label.replace("\\", "/")[:_LONGEST_VERSION],
        f"bundle sha256 {reading.reader.sha256[:32]}",
    ]


def marks(reading: Reading, kind: ResultKind) -> dict[str, Any]:
    """The keyword arguments that highdicom's constructors share."""
    sha256 = reading.reader.sha256
    return {
        "series_instance_uid": series_uid(kind, reading.film, sha256),
        "series_number": SERIES_NUMBERS[kind],
        "series_description": DESCRIPTIONS[kind],
        "sop_instance_uid": object_uid(kind, reading.film, sha256),
        "instance_number": max(1, reading.film.get("InstanceNumber") or 1),
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL,
        "software_versions": software_versions(reading),
        "device_serial_number": sha256[:16],
        "transfer_syntax_uid": ExplicitVRLittleEndian,
    }


def bare_film(film: Dataset) -> Dataset:
    """The film as highdicom's evidence: nothing of patient, display, or study but its UID."""
    left_out = {*PATIENT_AND_STUDY, *DISPLAYED} - {"StudyInstanceUID"}
    bare = Dataset()
    for element in film:
        if element.keyword not in left_out:
            bare[element.tag] = element
    for keyword in EVIDENCE_NEEDS:  # as new elements: those of the film are shared
        setattr(bare, keyword, "")
    return bare


def finish(result: Dataset, reading: Reading) -> Dataset:
    """Write patient, study, and time into a built object; returns the same object."""
    repeat_identity(reading.film, result)
    if result.Modality not in DOCUMENTS:
        result.Laterality = None  # type 2C of a series of pictures (PS3.3 C.7.3.1); a chest has both sides
    day, time = reading.made_at.strftime("%Y%m%d"), reading.made_at.strftime("%H%M%S")
    for date_keyword, time_keyword in (
        ("InstanceCreationDate", "InstanceCreationTime"),
        ("ContentDate", "ContentTime"),
        ("PresentationCreationDate", "PresentationCreationTime"),
        ("DateOfSecondaryCapture", "TimeOfSecondaryCapture"),
    ):
        if date_keyword in result:
            setattr(result, date_keyword, day)
            setattr(result, time_keyword, time)
    for equipment in result.get("ContributingEquipmentSequence") or ():
        equipment.ContributionDateTime = f"{day}{time}"
    return result


def film_reference(film: Dataset) -> Dataset:
    """An item that refers to the film (PS3.3 table 10-11)."""
    reference = Dataset()
    reference.ReferencedSOPClassUID = film.SOPClassUID
    reference.ReferencedSOPInstanceUID = film.SOPInstanceUID
    return reference
