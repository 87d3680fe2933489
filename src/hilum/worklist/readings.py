"""Which of a study's readings speaks for it: of the newest going-over, the one with the highest score.

A study with several frontal films has a reading for each, all made by one bundle at one threshold and filed
together, so they share their time; older ones stay as history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hilum.findings import Zone
from hilum.records import Certainty, Pixels, RefusalCode, Refused, Scored
from hilum.worklist.states import State
from hilum.worklist.tables import Reading

NOWHERE = Path()


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads: a bundle at an operating point."""

    bundle: str  # "name version"
    bundle_sha256: str  # of bundle.json
    threshold: float  # on probability
    operating_point: str  # its name

    def refusal(self, study_id: int, code: RefusalCode, reason: str, *, at: datetime, worker: str) -> Reading:
        """A reading of a whole study that got no score."""
        reading = self._blank(study_id, None, at=at, worker=worker)
        reading.refusal_code, reading.refusal_reason = str(code), reason
        return reading

    def reading(
        self, study_id: int, film_id: int, outcome: Scored | Refused, *, at: datetime, worker: str
    ) -> Reading:
        """What became of one film, without its heat map."""
        reading = self._blank(study_id, film_id, at=at, worker=worker)
        reading.seconds = outcome.seconds
        if isinstance(outcome, Refused):
            reading.refusal_code, reading.refusal_reason = str(outcome.code), outcome.reason
            return reading
        reading.score, reading.probability = outcome.score, outcome.probability
        reading.is_flagged, reading.spread = outcome.is_flagged, outcome.spread
        reading.certainty = None if outcome.certainty is None else str(outcome.certainty)
        reading.error_rate = outcome.error_rate
        reading.zones = {str(zone): chance for zone, chance in outcome.zones.items()}
        reading.notes = list(outcome.notes)
        return reading

    def _blank(self, study_id: int, film_id: int | None, *, at: datetime, worker: str) -> Reading:
        return Reading(
            study_id=study_id,
            film_id=film_id,
            made_at=at,
            worker=worker,
            bundle=self.bundle,
            bundle_sha256=self.bundle_sha256,
            threshold=self.threshold,
            operating_point=self.operating_point,
            seconds=0.0,
        )


def outcome_of(
    reading: Reading, *, image_path: Path = NOWHERE, heat_map: Pixels | None = None
) -> Scored | Refused:
    """A reading's row as the predictor gave it; `Reader.reading` the other way round.

    Args:
        reading: the row, which holds neither of the others.
        image_path: of the film, where somebody looks at it.
        heat_map: (H, W) of 0..1, where somebody looks at it and a place was localised.
    """
    if reading.probability is None or reading.score is None:
        code = RefusalCode(reading.refusal_code or RefusalCode.FAILED)
        return Refused(image_path, code, reading.refusal_reason, reading.bundle, reading.seconds)
    return Scored(
        image_path=image_path,
        score=reading.score,
        probability=reading.probability,
        threshold=reading.threshold,
        is_flagged=bool(reading.is_flagged),
        spread=reading.spread,
        bundle=reading.bundle,
        seconds=reading.seconds,
        zones={Zone(name): chance for name, chance in reading.zones.items()},
        certainty=None if reading.certainty is None else Certainty(reading.certainty),
        error_rate=reading.error_rate,
        heat_map=heat_map,
        notes=tuple(reading.notes),
    )


def reading_of_film(readings: Sequence[Reading], film_id: int) -> Reading | None:
    """What the last going-over said of one film; None where it was not scored."""
    return next((reading for reading in newest(readings) if reading.film_id == film_id), None)


def newest(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """The readings of the last going-over; none where there is none."""
    last = max((reading.made_at for reading in readings), default=None)
    return tuple(reading for reading in readings if reading.made_at == last)


def deciding(readings: Sequence[Reading]) -> Reading:
    """The reading that the study shows: the highest score; without any, a fault of ours before a refusal.

    Args:
        readings: one or more; older ones than the newest do not count.
    """
    return max(newest(readings), key=_weight)


def state_of(readings: Sequence[Reading]) -> State:
    """The state that a study has with these readings: scored where any film was."""
    if any(reading.score is not None for reading in readings):
        return State.SCORED
    is_fault = any(reading.refusal_code == RefusalCode.FAILED for reading in readings)
    return State.FAILED if is_fault else State.REFUSED


def _weight(reading: Reading) -> tuple[float, bool]:
    score = -1.0 if reading.score is None else reading.score
    return score, reading.refusal_code == RefusalCode.FAILED
