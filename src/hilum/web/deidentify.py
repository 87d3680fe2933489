"""DICOM data sets without identity, by PS3.15 Annex E's Basic Application Level Confidentiality Profile.

The table is the standard's own (Table E.1-1, kept as confidentiality.tsv), never a list of ours. Where it
leaves a choice by the type of an attribute, the one is taken that fits every type: X/Z empties, X/D and Z/D
put a dummy, X/Z/D empties. What the standard does not know (private and unlisted elements) is removed.
Trap: pixels are left as they are, so identity burned into them stays; a header that says so is told to the
caller in `has_burned_in`.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydicom.datadict import dictionary_has_tag, repeater_has_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from hilum.imaging.header import MALFORMED, age_years, text
from hilum.web.secret_file import kept_secret
from hilum.worklist.station import SECRET_FILE

OLDEST_YEARS = 90.0  # 45 CFR 164.514(b)(2)(i)(C): ages of 90 and over are one category
_DUMMIES = {"DA": "19000101", "TM": "000000", "DT": "19000101000000", "AS": "000Y", "DS": "0", "IS": "0"}
_DUMMY_TEXT = "ANONYMOUS"
_TEXTS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
# Of the file meta information, what tells where a file has been (PS3.10 Table 7.1-1)
_TRAVELS = (
    "SourceApplicationEntityTitle", "SendingApplicationEntityTitle", "ReceivingApplicationEntityTitle",
    "SourcePresentationAddress", "SendingPresentationAddress", "ReceivingPresentationAddress",
    "PrivateInformationCreatorUID", "PrivateInformation", "ImplementationClassUID",
    "ImplementationVersionName",
)  # fmt: skip
# Codes of the profile and its options, PS3.16 CID 7050
_PROFILE = ("113100", "Basic Application Confidentiality Profile")
_KEEPS_PATIENT = ("113108", "Retain Patient Characteristics Option")
_KEEPS_UIDS = ("113110", "Retain UIDs Option")


@dataclass(frozen=True, slots=True)
class Deidentification:
    """How identity is taken away.

    The same UID or patient number is replaced by the same one for as long as the secret is the same, and by
    no one who does not have it.
    """

    secret: bytes
    keeps_age_and_sex: bool = True  # the Retain Patient Characteristics Option, for these two alone
    keeps_uids: bool = False  # the Retain UIDs Option: for who asks again by the UIDs that were answered

    def uid(self, original: str) -> str:
        """The UID that stands for another (PS3.5 B.2: 2.25 and a UUID), or the same where UIDs are kept."""
        if self.keeps_uids:
            return original
        digest = hmac.digest(self.secret, b"uid " + original.encode(), hashlib.sha256)
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"

    def patient_id(self, original: str) -> str:
        """The number that stands for a patient's, 16 hexadecimal digits; empty where there is none."""
        if not original:
            return ""
        return hmac.new(self.secret, b"patient " + original.encode(), hashlib.sha256).hexdigest()[:16]


def station_secret(folder: Path) -> bytes:
    """The secret of a station, made once and readable by its own account alone.

    Raises:
        OSError: the folder cannot be written to.
    """
    return kept_secret(folder / SECRET_FILE)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence pydicom on malformed values, which are expected here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def has_burned_in(dataset: Dataset) -> bool:
    """Whether the header says that identity may stand in the pixels (PS3.3 C.7.6.1.1.1)."""
    return str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES"


def deidentified(dataset: Dataset, how: Deidentification) -> Dataset:
    """A copy without identity; its pixel data are the same bytes, and its file meta is cleaned too.

    Args:
        dataset: as pydicom read it; elements that cannot be converted are left out of the copy.
        how: with the station's secret.
    """
    clean = deepcopy(dataset)
    with quiet():
        for _ in _elements(clean):  # takes out what cannot be converted
            continue
        age, sex, patient_id = age_years(clean), text(clean, "PatientSex"), text(clean, "PatientID")
        _clean(clean, how)
    clean.PatientID = how.patient_id(patient_id)
    if how.keeps_age_and_sex:
        _keep_patient(clean, age, sex)
    _say_so(clean, how)
    if isinstance(clean, FileDataset):
        _clean_meta(clean)
    return clean


@cache
def profile() -> dict[str, str]:
    """Table E.1-1: a tag as "GGGGEEEE" to its action."""
    table = files("hilum.web").joinpath("confidentiality.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {tag.replace(",", ""): action for tag, _, action in rows}


def action_of(tag: BaseTag) -> str | None:
    """What the profile asks of a tag; "X" for what no standard knows, None for what is kept."""
    if tag.is_private:
        return "X"
    name = f"{tag:08X}"
    if 0x5000 <= tag.group <= 0x501E or 0x6000 <= tag.group <= 0x601E:
        return "X"  # curves and overlays: one without its data, which the table removes, would be none
    if name in profile():
        return profile()[name]
    is_known = tag.element == 0 or dictionary_has_tag(tag) or repeater_has_tag(tag)
    return None if is_known else "X"


def _clean(dataset: Dataset, how: Deidentification) -> None:
    for element in _elements(dataset):
        action = action_of(element.tag)
        if action == "X":
            del dataset[element.tag]
        elif action in ("Z", "X/Z", "X/Z/D"):
            element.value = Sequence() if element.VR == "SQ" else None
        elif action == "U" or (action is not None and element.VR == "UI"):
            element.value = _over(element, how.uid)
        elif action in ("D", "X/D", "Z/D"):
            _put_dummies(element, how)
        elif element.VR == "SQ":
            for item in element.value:
                _clean(item, how)


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    """Every element that can be converted; the others are taken out on the way."""
    for tag in list(dataset.keys()):
        try:
            yield dataset[tag]
        except MALFORMED:
            del dataset[tag]


def _put_dummies(element: DataElement, how: Deidentification) -> None:
    """A value of the same kind that says nothing; what is empty stays empty."""
    if element.VR == "SQ":
        for item in element.value:
            _clean(item, how)
            for inner in filter(_may_tell, _elements(item)):
                _put_dummies(inner, how)
    elif not element.is_empty:
        element.value = _DUMMIES.get(element.VR, _DUMMY_TEXT if element.VR in _TEXTS else None)


def _may_tell(element: DataElement) -> bool:
    """Whether an element may name a person; UIDs are replaced already, and some words are structure."""
    is_structure = element.keyword in {"ValueType", "RelationshipType", "ContinuityOfContent"}
    return element.VR != "UI" and not is_structure


def _over(element: DataElement, change: Callable[[str], str]) -> object:
    """The value, or each of its values, changed."""
    if element.is_empty:
        return None
    if isinstance(element.value, MultiValue):
        return [change(str(value)) for value in element.value]
    return change(str(element.value))


def _keep_patient(dataset: Dataset, years: float | None, sex: str) -> None:
    if sex in ("M", "F", "O"):
        dataset.PatientSex = sex
    if years is not None:
        dataset.PatientAge = dicom_age(min(years, OLDEST_YEARS))


def dicom_age(years: float) -> str:
    """An age as PS3.5 6.2 writes it: three digits and Y, or M below two years."""
    return f"{int(years):03d}Y" if years >= 2 else f"{int(years * 12):03d}M"


def _say_so(dataset: Dataset, how: Deidentification) -> None:
    """What PS3.15 E.1.1 asks to be written of the removal itself."""
    options = ((how.keeps_age_and_sex, _KEEPS_PATIENT), (how.keeps_uids, _KEEPS_UIDS))
    codes = [_PROFILE, *(code for is_taken, code in options if is_taken)]
    dataset.PatientIdentityRemoved = "YES"
    dataset.LongitudinalTemporalInformationModified = "REMOVED"
    dataset.DeidentificationMethodCodeSequence = [_code(*code) for code in codes]
    dataset.DeidentificationMethod = "Hilum: PS3.15 Table E.1-1"


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def _clean_meta(dataset: FileDataset) -> None:
    dataset.preamble = b"\0" * 128
    for keyword in _TRAVELS:
        if keyword in dataset.file_meta:
            delattr(dataset.file_meta, keyword)
    if "SOPInstanceUID" in dataset:
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
