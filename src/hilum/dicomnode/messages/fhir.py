"""A reading as a FHIR R4 DiagnosticReport that holds its Observations, patient, and device.

Preliminary, because no person has seen it. Ids and identifiers are computed, so that a PUT replaces. Codes
are LOINC's and SNOMED's where they exist, and else of Hilum's own system, the 99HILUM of the DICOM report.
Trap: `system` must be a URI, and Hilum has no address of its own; its system is the OID in the report.
"""

from __future__ import annotations

import base64
import uuid
from html import escape
from typing import Any

from pydicom.sr.coding import Code
from pydicom.valuerep import PersonName

from hilum.dicomnode.messages.numbers import Number, outcome_numbers
from hilum.dicomnode.outputs import codes
from hilum.dicomnode.outputs.film_header import without_controls
from hilum.dicomnode.outputs.marks import MANUFACTURER, MODEL, RESEARCH_USE
from hilum.dicomnode.outputs.reading import Reading
from hilum.dicomnode.outputs.uids import device_uid, object_uid
from hilum.inference.sentence import outcome_sentence
from hilum.records import Refused, Scored
from hilum.worklist.states import ResultKind

Resource = dict[str, Any]

DICOM_UIDS = "urn:dicom:uid"  # the system of identifiers that are UIDs, FHIR R4 imagingstudy
OWN_SYSTEM = f"urn:oid:{codes.SCHEME_UID}"
SYSTEMS = {
    "LN": "http://loinc.org", "SCT": "http://snomed.info/sct", codes.SCHEME: OWN_SYSTEM,
}  # fmt: skip
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
CHEST_FILM = Code("36554-4", "LN", "XR Chest Single view")
GENDERS = {"F": "female", "M": "male", "O": "other"}
LUNG_SITE = Code("39607008", "SCT", "Lung structure")
STATUS = "preliminary"
# POS and NEG: above and below the threshold of the procedure. N is never sent: below it is not normal.
ABOVE, BELOW = (("A", "Abnormal"), ("POS", "Positive")), (("NEG", "Negative"),)
INTERPRETATIONS = {codes.PRESENT: ABOVE, codes.FLAGGED: ABOVE, codes.ABSENT: BELOW, codes.NOT_FLAGGED: BELOW}


def diagnostic_report(reading: Reading, *, pdf: bytes | None = None) -> Resource:
    """The resource as JSON values; the same reading gives the same resource, and a changed bundle another id.

    Args:
        pdf: the case report, to be presented with it.
    """
    film, outcome = reading.film, reading.outcome
    uid = object_uid(ResultKind.REPORT, film, reading.reader.sha256)
    observations = _observations(reading)
    sentence = without_controls(outcome_sentence(outcome))
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "id": _id(uid),
        "text": _narrative(f"{sentence} {RESEARCH_USE}"),
        "contained": [_patient(reading), _device(reading), *observations],
        "identifier": [_uid_identifier(uid)],
        "status": STATUS,
        "category": [
            {"coding": [{"system": f"{TERMINOLOGY}/v2-0074", "code": "RAD", "display": "Radiology"}]}
        ],
        "code": _concept(CHEST_FILM),
        "subject": {"reference": "#patient"},
        "effectiveDateTime": _effective(reading),
        "issued": reading.made_at.isoformat(timespec="seconds"),
        "result": [{"reference": f"#{one['id']}"} for one in observations],
        "imagingStudy": [_study(reading)],
        "conclusion": f"{sentence} {RESEARCH_USE}",
        "conclusionCode": [_concept(_conclusion(outcome))],
    }
    if film.AccessionNumber:
        report["basedOn"] = [_order(str(film.AccessionNumber))]
    if pdf is not None:
        data = base64.b64encode(pdf).decode("ascii")
        report["presentedForm"] = [
            {"contentType": "application/pdf", "data": data, "title": "Hilum case report"}
        ]
    return report


def _conclusion(outcome: Scored | Refused) -> Code:
    return codes.REFUSED if isinstance(outcome, Refused) else codes.flag(outcome)


def _id(uid: str) -> str:
    """Of at most 64 letters, digits, hyphens, and dots (FHIR R4 datatypes.html#id)."""
    return f"hilum-{uuid.UUID(int=int(uid.removeprefix('2.25.')))}"


def _narrative(text: str) -> Resource:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(text)}</p></div>'
    return {"status": "generated", "div": div}


def _uid_identifier(uid: str) -> Resource:
    return {"system": DICOM_UIDS, "value": f"urn:oid:{uid}"}


def _study(reading: Reading) -> Resource:
    return {"type": "ImagingStudy", "identifier": _uid_identifier(str(reading.film.StudyInstanceUID))}


def _order(accession: str) -> Resource:
    kind = {"coding": [{"system": f"{TERMINOLOGY}/v2-0203", "code": "ACSN", "display": "Accession ID"}]}
    return {"type": "ServiceRequest", "identifier": {"type": kind, "value": accession}}


def _effective(reading: Reading) -> str:
    """The film's date, or, where its header tells none, when it was read."""
    date = str(reading.film.StudyDate)
    if not date:
        return reading.made_at.isoformat(timespec="seconds")
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _patient(reading: Reading) -> Resource:
    film = reading.film
    patient: Resource = {"resourceType": "Patient", "id": "patient"}
    if film.PatientID:
        identifier: Resource = {"value": str(film.PatientID)}
        if film.get("IssuerOfPatientID"):
            identifier["assigner"] = {"display": str(film.IssuerOfPatientID)}
        patient["identifier"] = [identifier]
    names = [name for group in str(film.PatientName).split("=") if (name := _name(group))]
    if names:
        patient["name"] = names
    patient["gender"] = GENDERS.get(film.PatientSex, "unknown")
    if birth := str(film.PatientBirthDate):
        patient["birthDate"] = f"{birth[:4]}-{birth[4:6]}-{birth[6:]}"
    return patient


def _name(group: str) -> Resource:
    """One form of a DICOM person name; empty where it holds nothing."""
    name = PersonName(group)
    given = [part for part in (name.given_name, name.middle_name) if part.strip()]
    parts = {
        "family": name.family_name.strip(),
        "given": given,
        "prefix": [name.name_prefix] if name.name_prefix.strip() else [],
        "suffix": [name.name_suffix] if name.name_suffix.strip() else [],
    }
    return {key: value for key, value in parts.items() if value}


def _device(reading: Reading) -> Resource:
    reader = reading.reader
    return {
        "resourceType": "Device",
        "id": "device",
        "identifier": [_uid_identifier(device_uid(reader.sha256))],
        "manufacturer": MANUFACTURER,
        "deviceName": [{"name": f"{MODEL} {reader.label}", "type": "model-name"}],
        "version": [{"value": reader.version}, {"value": f"bundle sha256 {reader.sha256}"}],
    }


def _observations(reading: Reading) -> list[Resource]:
    outcome = reading.outcome
    if isinstance(outcome, Scored):
        found = [_number(number, reading) for number in outcome_numbers(outcome)]
        found.append(_coded(codes.SIGNS, codes.presence(outcome), reading))
        found.append(_coded(codes.OUTCOME, codes.flag(outcome), reading))
        if outcome.certainty is not None:
            found.append(_coded(codes.CERTAINTY, codes.CERTAINTIES[outcome.certainty], reading))
        notes = [{"text": text} for note in outcome.notes if (text := without_controls(note))]
        if notes:
            found[0]["note"] = notes
        return found
    return [
        _unscored(outcome, reading),
        _coded(codes.OUTCOME, codes.REFUSED, reading),
        _coded(codes.REFUSAL, codes.REFUSALS[outcome.code], reading),
    ]


def _observation(code: Code, reading: Reading) -> Resource:
    category = {"system": f"{TERMINOLOGY}/observation-category", "code": "imaging", "display": "Imaging"}
    return {
        "resourceType": "Observation",
        "id": code.value,
        "status": STATUS,
        "category": [{"coding": [category]}],
        "code": _concept(code),
        "subject": {"reference": "#patient"},
        "effectiveDateTime": _effective(reading),
        "issued": reading.made_at.isoformat(timespec="seconds"),
        "device": {"reference": "#device"},
        "bodySite": _concept(LUNG_SITE),
        "derivedFrom": [_study(reading)],
    }


def _number(number: Number, reading: Reading) -> Resource:
    found = _observation(number.code, reading)
    found["valueQuantity"] = _quantity(number.value)
    if number.zone is not None:
        place, side = codes.zone_codes(number.zone)
        found["bodySite"] = {"coding": [_coding(place)], "text": f"{place.meaning}, {side.meaning.lower()}"}
    if number.cut is not None:
        found["referenceRange"] = [{"high": _quantity(number.cut), "text": "below the threshold"}]
    if number.is_above:
        found["interpretation"] = [_interpretation("H", "High")]
    return found


def _coded(code: Code, value: Code, reading: Reading) -> Resource:
    found = _observation(code, reading)
    found["valueCodeableConcept"] = _concept(value)
    if value in INTERPRETATIONS:
        found["interpretation"] = [_interpretation(*one) for one in INTERPRETATIONS[value]]
    return found


def _unscored(outcome: Refused, reading: Reading) -> Resource:
    found = _observation(codes.SCORE, reading)
    absent = {
        "system": f"{TERMINOLOGY}/data-absent-reason",
        "code": "not-performed",
        "display": "Not Performed",
    }
    found["dataAbsentReason"] = {"coding": [absent], "text": without_controls(outcome.reason) or "No score"}
    return found


def _interpretation(code: str, display: str) -> Resource:
    system = f"{TERMINOLOGY}/v3-ObservationInterpretation"
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _quantity(value: float) -> Resource:
    return {"value": value, "system": "http://unitsofmeasure.org", "code": "1"}


def _concept(code: Code) -> Resource:
    return {"coding": [_coding(code)], "text": code.meaning}


def _coding(code: Code) -> Resource:
    return {"system": SYSTEMS[code.scheme_designator], "code": code.value, "display": code.meaning}
