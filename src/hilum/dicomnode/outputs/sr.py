"""The measurement report: a Comprehensive SR after TID 1500, the same numbers for machines as for people.

One group (TID 1501) for the film, one for each zone; each names the algorithm (TID 4019) with the bundle's
version and hash. A refusal is a report as well, with its code in place of numbers.
Traps: a number's decimal text holds 16 characters at most; the exact double stands beside it in Floating
Point Value (0040,A161). Who reads codes alone takes a Finding (121071) for found: pulmonary tuberculosis
stands there where a film is flagged and nowhere else, and `SIGNS` says present or absent.
"""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from hilum.dicomnode.outputs import codes as own
from hilum.dicomnode.outputs.film_header import without_controls
from hilum.dicomnode.outputs.marks import MANUFACTURER, MODEL, RESEARCH_USE, bare_film, finish, marks
from hilum.dicomnode.outputs.reading import Reading
from hilum.dicomnode.outputs.uids import computed_uid, device_uid
from hilum.findings import Zone
from hilum.inference.sentence import outcome_sentence
from hilum.records import Refused, Scored
from hilum.worklist.states import ResultKind

HASH_PARAMETER = "bundle_sha256="
POINT_PARAMETER = "operating_point="
WHOLE_FILM = "whole film"


def measurement_report(reading: Reading) -> Dataset:
    """The report of a reading, scored or refused; `sr_reading.read_report` gives its numbers back."""
    evidence = bare_film(reading.film)
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(reading)),
        procedure_reported=own.PLAIN_CHEST,
        imaging_measurements=_groups(reading),
        title=codes.DCM.ImagingMeasurementReport,
    )
    report[0].ContentSequence.append(_words(reading))
    result = ComprehensiveSR(
        evidence=[evidence],
        content=report,
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[_scheme()],
        content_qualification="RESEARCH",
        **marks(reading, ResultKind.REPORT),
    )
    return finish(result, reading)


def _scheme() -> CodingSchemeIdentificationItem:
    scheme = CodingSchemeIdentificationItem(
        own.SCHEME, name=own.SCHEME_NAME, responsible_organization=MANUFACTURER
    )
    scheme.CodingSchemeUID = own.SCHEME_UID  # highdicom writes it for registered schemes alone
    return scheme


def _observer(reading: Reading) -> ObserverContext:
    return ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=device_uid(reading.reader.sha256),
            name=MODEL,
            manufacturer_name=MANUFACTURER,
            model_name=reading.reader.label,
            serial_number=reading.reader.sha256,
        ),
    )


def _groups(reading: Reading) -> list[MeasurementsAndQualitativeEvaluations]:
    outcome = reading.outcome
    lung = [FindingSite(own.LUNG)]
    if isinstance(outcome, Refused):
        return [_group(reading, WHOLE_FILM, [], _refusal_codes(outcome), lung)]
    film = _group(reading, WHOLE_FILM, _numbers(outcome), _scored_codes(outcome), lung)
    return [film, *(_zone_group(reading, zone, outcome) for zone in Zone if zone in outcome.zones)]


def _group(
    reading: Reading,
    name: str,
    numbers: list[Measurement],
    evaluations: dict[Code, Code],
    sites: list[FindingSite],
) -> MeasurementsAndQualitativeEvaluations:
    film, reader = reading.film, reading.reader
    is_found = own.SIGNS in evaluations and evaluations[own.SIGNS] == own.PRESENT
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=computed_uid("group", name, film.StudyInstanceUID, film.SOPInstanceUID, reader.sha256),
            identifier=f"Hilum {name}",
        ),
        finding_type=own.TUBERCULOSIS if is_found else None,
        algorithm_id=AlgorithmIdentification(
            name=f"{MODEL} {reader.name}",
            version=reader.version,
            parameters=[
                f"{HASH_PARAMETER}{reader.sha256}",
                f"{POINT_PARAMETER}{reader.operating_point}",
            ],
            manufacturer=MANUFACTURER,
        ),
        finding_sites=sites,
        measurements=numbers,
        qualitative_evaluations=[QualitativeEvaluation(name, code) for name, code in evaluations.items()],
        source_images=[SourceImageForMeasurementGroup(film.SOPClassUID, film.SOPInstanceUID)],
    )


def _numbers(outcome: Scored) -> list[Measurement]:
    found = [
        _number(own.SCORE, outcome.score),
        _number(own.PROBABILITY, outcome.probability),
        _number(own.THRESHOLD, outcome.threshold),
    ]
    if outcome.spread is not None:
        found.append(_number(own.SPREAD, outcome.spread, derivation=own.STANDARD_DEVIATION))
    if outcome.error_rate is not None:
        found.append(_number(own.ERROR_RATE, outcome.error_rate))
    return found


def _number(name: Code, value: float, *, derivation: Code | None = None) -> Measurement:
    return Measurement(name=name, value=float(value), unit=own.NO_UNITS, derivation=derivation)


def _zone_group(reading: Reading, zone: Zone, outcome: Scored) -> MeasurementsAndQualitativeEvaluations:
    place, side = own.zone_codes(zone)
    probability = outcome.zones[zone]
    signs = own.PRESENT if probability >= outcome.threshold else own.ABSENT
    return _group(
        reading,
        f"{zone.value} zone",
        [_number(own.ZONE_PROBABILITY, probability)],
        {own.SIGNS: signs}
        if outcome.is_flagged
        else {},  # the threshold is the film's: below it none stands out
        [FindingSite(place, laterality=side)],
    )


def _scored_codes(outcome: Scored) -> dict[Code, Code]:
    found = {own.SIGNS: own.presence(outcome), own.OUTCOME: own.flag(outcome)}
    if outcome.certainty is not None:
        found[own.CERTAINTY] = own.CERTAINTIES[outcome.certainty]
    return found


def _refusal_codes(outcome: Refused) -> dict[Code, Code]:
    return {own.OUTCOME: own.REFUSED, own.REFUSAL: own.REFUSALS[outcome.code]}


def _words(reading: Reading) -> ContainerContentItem:
    """TID 1500's qualitative evaluations: the impression again in codes, and all that is said in words."""
    outcome, reader = reading.outcome, reading.reader
    told = [(own.SENTENCE, outcome_sentence(outcome))]
    if isinstance(outcome, Refused):
        coded = {own.OUTCOME: own.REFUSED}
        told.append((own.REASON, outcome.reason))
    else:
        coded = {own.SIGNS: own.presence(outcome), own.OUTCOME: own.flag(outcome)}
        told += [(own.NOTE, note) for note in outcome.notes]
    told += [(own.EVIDENCE, reader.evidence), (own.USE, f"{RESEARCH_USE} {reader.intended_use}")]
    container = ContainerContentItem(
        name=CodedConcept.from_code(own.QUALITATIVE), relationship_type=RelationshipTypeValues.CONTAINS
    )
    contains = RelationshipTypeValues.CONTAINS
    codes_told = [CodeContentItem(name, code, contains) for name, code in coded.items()]
    texts = [_text(name, words) for name, words in told if without_controls(words)]
    container.ContentSequence = ContentSequence([*codes_told, *texts])
    return container


def _text(name: Code, words: str) -> TextContentItem:
    return TextContentItem(name, without_controls(words), RelationshipTypeValues.CONTAINS)
