"""Read a Hilum report back: the numbers exactly as they were written, double for double.

For those who receive reports, and for the test that nothing is lost. Trap: what came back from a PACS may
have been coerced or made by another; whatever is missing or doubled is refused by name, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from hilum.dicomnode.outputs import codes as own
from hilum.dicomnode.outputs.sr import HASH_PARAMETER, POINT_PARAMETER
from hilum.errors import ReportInvalid
from hilum.findings import Zone
from hilum.imaging.header import MALFORMED
from hilum.records import Certainty, RefusalCode

_ALGORITHM_NAME, _ALGORITHM_VERSION, _PARAMETERS = "111001", "111003", "111002"  # TID 4019, DCM
_SITE, _SIDE = "363698007", "272741003"  # SCT: finding site, laterality
_IMAGING_MEASUREMENTS, _GROUP = "126010", "125007"  # DCM


@dataclass(frozen=True, slots=True)
class ReportedScore:
    """What a report says of a film that was scored; as `records.Scored`, without the file."""

    score: float
    probability: float
    threshold: float
    is_flagged: bool
    spread: float | None = None
    zones: dict[Zone, float] = field(default_factory=dict)
    certainty: Certainty | None = None
    error_rate: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedRefusal:
    """What a report says of a film that was refused."""

    code: RefusalCode
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """A Hilum report as it was read."""

    outcome: ReportedScore | ReportedRefusal
    sentence: str
    bundle: str  # name and version
    bundle_sha256: str
    operating_point: str
    study_uid: str
    film_uid: str  # SOP Instance UID of the film that was read


def read_report(dataset: Dataset) -> Report:
    """The record in a measurement report that Hilum wrote.

    Raises:
        ReportInvalid: not a report of Hilum's, or one that something was lost from.
    """
    try:
        return _read(dataset)
    except MALFORMED as error:
        raise ReportInvalid(f"not a report of Hilum's, or a damaged one: {error}") from error


def _read(dataset: Dataset) -> Report:
    groups = [group for part in _named(dataset, _IMAGING_MEASUREMENTS) for group in _named(part, _GROUP)]
    words = [item for part in _named(dataset, own.QUALITATIVE.value) for item in part.ContentSequence]
    if not groups or not words:
        raise ReportInvalid("not a report of Hilum's: it holds no measurement group or no words")
    film, *zones = groups
    parameters = [item.TextValue for item in _named(film, _PARAMETERS)]
    name = str(_only(film, _ALGORITHM_NAME).TextValue).removeprefix("Hilum ")
    source = next(item for item in film.ContentSequence if item.ValueType == "IMAGE")
    return Report(
        outcome=_outcome(film, zones, words),
        sentence=_texts(words, own.SENTENCE)[0],
        bundle=f"{name} {_only(film, _ALGORITHM_VERSION).TextValue}",
        bundle_sha256=_parameter(parameters, HASH_PARAMETER),
        operating_point=_parameter(parameters, POINT_PARAMETER),
        study_uid=str(dataset.StudyInstanceUID),
        film_uid=str(source.ReferencedSOPSequence[0].ReferencedSOPInstanceUID),
    )


def _outcome(film: Dataset, zones: list[Dataset], words: list[Dataset]) -> ReportedScore | ReportedRefusal:
    outcome = _code(film, own.OUTCOME)
    if outcome == own.REFUSED.value:
        return ReportedRefusal(
            RefusalCode(_code(film, own.REFUSAL) or ""), "".join(_texts(words, own.REASON))
        )
    if outcome not in (own.FLAGGED.value, own.NOT_FLAGGED.value):
        raise ReportInvalid(f"a report with the outcome {outcome!r}, which Hilum does not write")
    is_flagged = outcome == own.FLAGGED.value
    if _code(film, own.SIGNS) != (own.PRESENT if is_flagged else own.ABSENT).value:
        raise ReportInvalid(f"a report with the outcome {outcome!r} that says otherwise of the signs")
    certainty = _code(film, own.CERTAINTY)
    return ReportedScore(
        score=_number(film, own.SCORE),
        probability=_number(film, own.PROBABILITY),
        threshold=_number(film, own.THRESHOLD),
        is_flagged=is_flagged,
        spread=_number_if_there(film, own.SPREAD),
        zones={_zone(group): _number(group, own.ZONE_PROBABILITY) for group in zones},
        certainty=None if certainty is None else Certainty(certainty),
        error_rate=_number_if_there(film, own.ERROR_RATE),
        notes=tuple(_texts(words, own.NOTE)),
    )


def _zone(group: Dataset) -> Zone:
    site = _only(group, _SITE)
    place = site.ConceptCodeSequence[0].CodeValue
    side = _only(site, _SIDE).ConceptCodeSequence[0].CodeValue
    for zone in Zone:
        if (place, side) == tuple(code.value for code in own.zone_codes(zone)):
            return zone
    raise ReportInvalid(f"no lung zone has the codes {place} and {side}")


def _named(parent: Dataset, value: str) -> Iterator[Dataset]:
    for item in parent.get("ContentSequence") or ():
        name = item.get("ConceptNameCodeSequence")
        if name and name[0].CodeValue == value:
            yield item


def _only(parent: Dataset, value: str) -> Dataset:
    found = list(_named(parent, value))
    if len(found) != 1:
        raise ReportInvalid(
            f"a report of Hilum's holds {value} once here; this one holds it {len(found)} times"
        )
    return found[0]


def _number(group: Dataset, name: Code) -> float:
    measured = _only(group, name.value).MeasuredValueSequence[0]
    return float(measured.get("FloatingPointValue", measured.NumericValue))


def _number_if_there(group: Dataset, name: Code) -> float | None:
    return _number(group, name) if any(_named(group, name.value)) else None


def _code(group: Dataset, name: Code) -> str | None:
    found = list(_named(group, name.value))
    return str(found[0].ConceptCodeSequence[0].CodeValue) if found else None


def _texts(words: list[Dataset], name: Code) -> list[str]:
    return [str(item.TextValue) for item in words if item.ConceptNameCodeSequence[0].CodeValue == name.value]


def _parameter(parameters: list[str], key: str) -> str:
    return next((text.removeprefix(key) for text in parameters if text.startswith(key)), "")
