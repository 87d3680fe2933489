"""A study's rows as the records that reports and results are made of; web pages and the DICOM node share it.

Trap: a film may be gone by retention while its reading stays; then the words are whole without a picture.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from hilum.errors import BundleInvalid, UnreadableImage
from hilum.findings import Sex, Zone
from hilum.inference.bundle import OperatingPoint as BundlePoint
from hilum.inference.heat_map import Grey, film_preview, read_layer
from hilum.inference.predictor import open_film
from hilum.records import Pixels
from hilum.reports.case import Case, CaseTest, CaseVerdict
from hilum.reports.reader_facts import OWN_SOURCE, ReaderFacts
from hilum.worklist.operating_points import point_of
from hilum.worklist.people import Named, named
from hilum.worklist.readings import NOWHERE, outcome_of
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, OperatingPoint, Reading, Study


def reader_facts_of(session: Session, station: Station, reading: Reading) -> ReaderFacts:
    """Who read, at which threshold, on what evidence: of the bundle's own points, or of this station's."""
    name, _, version = reading.bundle.rpartition(" ")
    chosen = point_of(session, reading)
    own = _own_point(station, reading) if chosen is None else None
    return ReaderFacts(
        name=name,
        version=version,
        sha256=reading.bundle_sha256,
        threshold=reading.threshold,
        operating_point=reading.operating_point,
        evidence=_evidence(session, own, chosen),
        sensitivity=None if own is None else own.sensitivity,
        specificity=None if own is None else own.specificity,
        intended_use=station.bundle.intended_use.text if _is_of_bundle(station, reading) else "",
    )


def film_of(study: Study, reading: Reading) -> Film | None:
    """The film that was read; None where the reading is of the study as a whole."""
    return next((film for film in study.films if film.id == reading.film_id), None)


def preview_of(station: Station, film: Film | None) -> Grey | None:
    """The film for the eye (H, W), or None where its bytes are gone or are no picture."""
    if film is None:
        return None
    path = station.originals.path(film.sha256)
    if not path.is_file():
        return None
    try:
        return film_preview(open_film(path).pixels)
    except UnreadableImage:
        return None


def case_of_study(
    session: Session, station: Station, study: Study, reading: Reading, *, with_identity: bool
) -> Case:
    """All that a case report tells of a study as one reading has it, but for the film's picture.

    To decode that takes seconds, so who shows it adds `preview_of`, once the session is closed.

    Args:
        session: a reading one.
        station: that holds the films.
        study: as `search.study` loads it.
        reading: of its readings.
        with_identity: whether the reader of the report may see who it is.
    """
    film = film_of(study, reading)
    path = NOWHERE if film is None else station.originals.path(film.sha256)
    patient = study.patient if with_identity else None
    return Case(
        study=study.id,
        outcome=outcome_of(reading, image_path=path, heat_map=_heat_map(station, reading)),
        reader=reader_facts_of(session, station, reading),
        read_at=reading.made_at,
        patient_name="" if patient is None else patient.name,
        patient_id="" if patient is None else patient.patient_id,
        accession=study.accession if with_identity else "",
        age_years=study.age_years,
        sex=None if study.sex is None else Sex(study.sex),
        site=study.site,
        film_date=study.study_date,
        verdicts=verdicts_of(study, named(session, {one.who for one in study.verdicts})),
        tests=tests_of(study),
    )


def verdicts_of(study: Study, people: Named) -> tuple[CaseVerdict, ...]:
    """What people said of a study, oldest first, by the names that they go by."""
    return tuple(
        CaseVerdict(people[one.who], one.given_at, str(one.opinion), tuple(map(Zone, one.zones)), one.comment)
        for one in study.verdicts
    )


def tests_of(study: Study) -> tuple[CaseTest, ...]:
    """The confirmatory tests of a study, oldest first."""
    return tuple(CaseTest(one.test, one.result, one.taken_on) for one in study.test_results)


def _heat_map(station: Station, reading: Reading) -> Pixels | None:
    if reading.heat_map_sha256 is None:
        return None
    path = station.originals.path(reading.heat_map_sha256)
    return read_layer(path.read_bytes()) if path.is_file() else None


def _is_of_bundle(station: Station, reading: Reading) -> bool:
    """Whether the bundle that read is the one that the station has now."""
    try:
        return reading.bundle_sha256 == station.bundle_sha256
    except BundleInvalid:
        return False


def _evidence(session: Session, own: BundlePoint | None, chosen: OperatingPoint | None) -> str:
    """What is known of the threshold, as a sentence."""
    if own is not None:
        return own.source
    if chosen is None:
        return OWN_SOURCE
    reason = str(chosen.evidence.get("reason", "")).strip()
    who = named(session, [chosen.chosen_by])[chosen.chosen_by]
    told = f"Chosen at this station by {who} on {chosen.chosen_at:%Y-%m-%d}"
    return f"{told}: {reason}" if reason else f"{told}."


def _own_point(station: Station, reading: Reading) -> BundlePoint | None:
    if not _is_of_bundle(station, reading):
        return None
    points = (station.bundle.default_point, *station.bundle.operating_points)
    fitting = (
        one for one in points if (one.name, one.threshold) == (reading.operating_point, reading.threshold)
    )
    return next(fitting, None)
