"""The station's confirmed cases as a prediction table, and a threshold chosen on them.

Trap: a test is made of those who were flagged more often than of others, so the cases are no plain sample of
the people screened; sensitivity among them is that of the people tested, and the report says whom it counts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.evaluation.local_calibration import CalibrationRequest, LocalCalibration, calibrate
from hilum.evaluation.programme import Programme
from hilum.evaluation.table import write_predictions
from hilum.evaluation.threshold_choice import Goal
from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle_scores import as_probabilities
from hilum.records import Prediction
from hilum.reports.calibration_report import CalibrationSource, write_calibration
from hilum.reports.calibration_words import promise, sample_words, summary
from hilum.worklist.operating_points import PointChoice, choose_point
from hilum.worklist.readings import deciding
from hilum.worklist.station import Station
from hilum.worklist.tables import OperatingPoint, Reading, Study

LABELS = {"positive": 1, "negative": 0}
FOLDER = "calibrations"  # in the station's
TABLE_NAME = "confirmed-cases.csv"
LARGEST_BLOCK = 500  # numbers in one query's list
POINT_NAME = "local-sensitivity"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the threshold must do, and for whom."""

    prevalence: float  # of the people screened, above 0, below 1
    sensitivity: float = 0.9
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class StationCalibration:
    """What came of a calibration; `point` is None where the cases are too few for the promise."""

    folder: Path  # of the report: calibration.html, .pdf, .json, thresholds.csv, and the table of cases
    words: tuple[str, ...]  # the findings, as sentences
    calibration: LocalCalibration
    point: OperatingPoint | None


def confirmed_cases(session: Session, bundle_sha256: str) -> list[Prediction]:
    """A row for each study with a clear test result that this bundle scored; patients by our own number.

    The score is the calibrated probability of the reading that decided.
    """
    rows = session.execute(
        select(Study).where(Study.test_result.in_(LABELS), Study.score.is_not(None)).order_by(Study.id)
    )
    studies = list(rows.scalars())
    decided = _deciding(session, [study.id for study in studies])
    return [
        _row(study, decided[study.id])
        for study in studies
        if study.id in decided and decided[study.id].bundle_sha256 == bundle_sha256
    ]


def calibrate_station(station: Station, wanted: Wanted, *, who: str) -> StationCalibration:
    """Choose a threshold on the station's confirmed cases, write the report, and put it in force.

    Where the cases are too few the report is written all the same and nothing is put in force.

    Args:
        station: whose bundle scored the cases.
        wanted: sensitivity, its confidence, and the prevalence for the yield.
        who: the login.

    Raises:
        TableInvalid: there are no cases of both kinds, or the bundle learnt from some of them.
        OutputRefused: the report cannot be written.
    """
    now = station.now()
    with station.database.reading() as session:
        cases = confirmed_cases(session, station.bundle_sha256)
    rows = as_probabilities(cases, station.bundle)
    goal = Goal(wanted.sensitivity, wanted.confidence)
    compared = tuple((point.name, point.threshold) for point in station.bundle.operating_points)
    calibration = calibrate(rows, CalibrationRequest(goal, Programme(wanted.prevalence), compared=compared))
    folder = station.settings.folder / FOLDER / f"{now:%Y-%m-%dT%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(cases, folder / TABLE_NAME)
    source = CalibrationSource(
        table=TABLE_NAME,
        sha256=file_sha256(folder / TABLE_NAME),
        date=now.date().isoformat(),
        command=f"the station's programme page, by {who}",
        bundle=station.bundle.label,
        bundle_note="as the station recorded it",
    )
    write_calibration(calibration, source, folder)
    return StationCalibration(
        folder, summary(calibration), calibration, _in_force(station, calibration, source, who=who, now=now)
    )


def _in_force(
    station: Station, calibration: LocalCalibration, source: CalibrationSource, *, who: str, now: datetime
) -> OperatingPoint | None:
    if calibration.row is None:
        return None
    choice = PointChoice(
        name=f"{POINT_NAME}-{100 * calibration.request.goal.sensitivity:g}",
        threshold=calibration.row.threshold,
        evidence=_evidence(calibration, source),
    )
    with station.database.writing() as session:
        return choose_point(session, station.bundle, station.bundle_sha256, choice, who=who, now=now)


def _evidence(calibration: LocalCalibration, source: CalibrationSource) -> dict[str, Any]:
    """Where the threshold came from; all but the table of thresholds, which the report has."""
    facts = calibration.as_json()
    del facts["thresholds"]
    reason = (
        f"{promise(calibration)}, on {sample_words(calibration)}, of this station's confirmed cases; its "
        "figures are of the films that chose it, so its sensitivity flatters"
    )
    return {"reason": reason, "table": source.as_json(), **facts}


def _deciding(session: Session, studies: list[int]) -> dict[int, Reading]:
    """The reading that each study shows."""
    grouped: dict[int, list[Reading]] = defaultdict(list)
    for start in range(0, len(studies), LARGEST_BLOCK):
        block = studies[start : start + LARGEST_BLOCK]
        for reading in session.scalars(select(Reading).where(Reading.study_id.in_(block))):
            grouped[reading.study_id].append(reading)
    return {number: deciding(readings) for number, readings in grouped.items()}


def _row(study: Study, reading: Reading) -> Prediction:
    assert reading.probability is not None
    assert study.test_result is not None
    return Prediction(
        film=f"study-{study.id}",
        label=LABELS[study.test_result],
        score=reading.probability,
        patient=None if study.patient_key is None else f"patient-{study.patient_key}",
        site=study.site or None,
        age_years=study.age_years,
        sex=study.sex,
        extra={"bundle": reading.bundle},
    )
