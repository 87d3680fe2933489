"""The worklist's rows as the API tells them to one visitor: identity by role, readings after their verdict.

Trap: everything that leaves by the API passes through here, so that nothing is told in one answer and hidden
in another.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from hilum.findings import Zone
from hilum.inference.sentence import outcome_sentence
from hilum.records import Certainty, RefusalCode
from hilum.web.api.schemas import (
    DeliveryOut,
    FilmOut,
    PatientOut,
    ReadingOut,
    Result,
    ScoreOut,
    StudyBrief,
    StudyOut,
    TestAnswer,
    TestResultOut,
    VerdictOut,
)
from hilum.web.api.schemas import Test as TestKind
from hilum.web.sight import Sight, sight
from hilum.web.visitor import Visitor
from hilum.worklist.readings import newest, outcome_of, reading_of_film
from hilum.worklist.selection import none_chosen
from hilum.worklist.states import ARRIVING
from hilum.worklist.tables import Delivery, Film, Reading, Study, TestResult, Verdict

API = "/api/v1"


class Telling:
    """How one visitor is told of some studies.

    Args:
        session: a reading one.
        visitor: who asks.
        study_ids: all that will be told of.
    """

    def __init__(self, session: Session, visitor: Visitor, study_ids: Iterable[int]) -> None:
        self.sight: Sight = sight(session, visitor, study_ids)

    def brief(self, study: Study) -> StudyBrief:
        """Args: study: with its patient loaded."""
        is_hidden, has_identity, patient = self.sight.hides(study.id), self.sight.has_identity, study.patient
        return StudyBrief(
            study=study.id,
            state=study.state,
            received_at=study.received_at,
            study_date=study.study_date,
            site=study.site,
            device=study.device,
            origin=study.origin,
            age_years=self.sight.age(study.age_years),
            sex=study.sex,
            is_hidden=is_hidden,
            score=None if is_hidden else study.score,
            flag=None if is_hidden else study.is_flagged,
            refusal_code=None if is_hidden or study.refusal_code is None else RefusalCode(study.refusal_code),
            opinion=None if is_hidden else study.opinion,
            test_result=study.test_result,
            patient=_patient(study) if has_identity and patient is not None else None,
            accession=study.accession if has_identity else None,
            study_uid=study.study_uid if has_identity else None,
        )

    def whole(self, study: Study) -> StudyOut:
        """Args: study: with everything loaded."""
        readings = [] if self.sight.hides(study.id) else study.readings
        return StudyOut(
            **self.brief(study).model_dump(),
            films=[film_out(film, has_identity=self.sight.has_identity) for film in study.films],
            readings=[reading_out(reading) for reading in readings],
            verdicts=self.verdicts(study),
            test_results=[test_result_out(result) for result in study.test_results],
            deliveries=[delivery_out(delivery) for delivery in study.deliveries],
        )

    def verdicts(self, study: Study) -> list[VerdictOut]:
        """What readers said, oldest first; where it is hidden, the visitor said nothing yet, so nothing."""
        if self.sight.hides(study.id):
            return []
        return [verdict_out(verdict) for verdict in study.verdicts]

    def scored(self, study: Study, film_id: int) -> ScoreOut:
        """What became of one film of a study, with everything loaded."""
        reading = None if study.state in ARRIVING else _reading_of(study, film_id)
        if reading is None and study.state not in ARRIVING:
            return self._left_out(study, next(film for film in study.films if film.id == film_id))
        is_hidden = self.sight.hides(study.id) and reading is not None
        told = None if reading is None or is_hidden else reading_out(reading)
        shared = (
            {} if told is None else told.model_dump(include=set(ScoreOut.model_fields) - {"film", "reading"})
        )
        return ScoreOut(
            result=Result.HIDDEN if is_hidden else _result(told),
            study=study.id,
            film=film_id,
            state=study.state,
            reading=told,
            poll=f"{API}/studies/{study.id}",
            **shared,
        )

    def _left_out(self, study: Study, film: Film) -> ScoreOut:
        """A film that is kept and not scored, because it is not frontal or another stands in for it."""
        code, reason = none_chosen([film])
        return ScoreOut(
            result=Result.REFUSED,
            study=study.id,
            film=film.id,
            state=study.state,
            reading=None,
            poll=f"{API}/studies/{study.id}",
            code=code,
            reason=film.why_not or reason,
        )


def reading_out(reading: Reading) -> ReadingOut:
    """A reading with its result in words."""
    heat_map = f"{API}/studies/{reading.study_id}/heat-map?reading={reading.id}"
    return ReadingOut(
        reading=reading.id,
        film=reading.film_id,
        made_at=reading.made_at,
        bundle=reading.bundle,
        bundle_sha256=reading.bundle_sha256,
        operating_point=reading.operating_point,
        threshold=reading.threshold,
        score=reading.score,
        probability=reading.probability,
        flag=reading.is_flagged,
        spread=reading.spread,
        certainty=None if reading.certainty is None else Certainty(reading.certainty),
        error_rate=reading.error_rate,
        zones={Zone(name): chance for name, chance in reading.zones.items()},
        sentence=outcome_sentence(outcome_of(reading)),
        notes=list(reading.notes),
        code=None if reading.refusal_code is None else RefusalCode(reading.refusal_code),
        reason=reading.refusal_reason,
        heat_map=None if reading.heat_map_sha256 is None else heat_map,
        seconds=reading.seconds,
    )


def film_out(film: Film, *, has_identity: bool) -> FilmOut:
    """A film without its bytes."""
    return FilmOut(
        film=film.id,
        format=film.file_format,
        sha256=film.sha256,
        n_bytes=film.n_bytes,
        modality=film.modality,
        view=film.view,
        n_rows=film.n_rows,
        n_columns=film.n_columns,
        received_at=film.received_at,
        is_chosen=film.is_chosen,
        why_not=film.why_not,
        is_removed=film.removed_at is not None,
        file_name=film.file_name if has_identity else None,
    )


def verdict_out(verdict: Verdict) -> VerdictOut:
    """A verdict as it was given."""
    return VerdictOut(
        verdict=verdict.id,
        who=verdict.who,
        given_at=verdict.given_at,
        opinion=verdict.opinion,
        zones=[Zone(name) for name in verdict.zones],
        comment=verdict.comment,
        score_was_shown=verdict.score_was_shown,
    )


def test_result_out(result: TestResult) -> TestResultOut:
    """A test's result as it was entered."""
    return TestResultOut(
        test_result=result.id,
        who=result.who,
        given_at=result.given_at,
        test=TestKind(result.test),
        result=TestAnswer(result.result),
        taken_on=result.taken_on,
    )


def delivery_out(delivery: Delivery) -> DeliveryOut:
    """A delivery as it stands."""
    return DeliveryOut(
        delivery=delivery.id,
        study=delivery.study_id,
        kind=delivery.kind,
        target=delivery.target,
        state=delivery.state,
        n_attempts=delivery.n_attempts,
        next_at=delivery.next_at,
        sent_at=delivery.sent_at,
        last_error=delivery.last_error,
    )


def _patient(study: Study) -> PatientOut:
    patient = study.patient
    assert patient is not None
    return PatientOut(patient_id=patient.patient_id, name=patient.name, birth_date=patient.birth_date)


def _reading_of(study: Study, film_id: int) -> Reading | None:
    """Of the newest going-over, the film's own; else that of the study as a whole."""
    whole = (one for one in newest(study.readings) if one.film_id is None)
    return reading_of_film(study.readings, film_id) or next(whole, None)


def _result(told: ReadingOut | None) -> Result:
    if told is None:
        return Result.WAITING
    if told.score is not None:
        return Result.SCORED
    return Result.FAILED if told.code is RefusalCode.FAILED else Result.REFUSED
