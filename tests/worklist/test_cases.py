"""A study's rows as a case: what a report and a result say is what the worker found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bundles import write_film
from hilum.records import Refused, Scored
from hilum.reports.reader_facts import OWN_SOURCE
from hilum.worklist import search
from hilum.worklist.cases import case_of_study, film_of, preview_of, reader_facts_of
from hilum.worklist.going_over import Worker
from hilum.worklist.operating_points import PointChoice, choose_point
from hilum.worklist.states import Opinion
from hilum.worklist.verdicts import Said, give_verdict


@pytest.fixture
def scored(station, take, tmp_path):
    """The number of a study that was scored, of a named patient."""
    accepted = take(write_film(tmp_path / "ada.png", has_spot=True), patient_id="P1", age_years=40.0, sex="F")
    worker = Worker(station, name="w", on_overtime=lambda: None)

    assert worker.work_once()
    return accepted.study_id


def case(station, study_id, *, with_identity=True):
    """The case of a study's newest reading, with its picture."""
    with station.database.reading() as session:
        study = search.study(session, study_id)
        reading = study.readings[-1]
        told = case_of_study(session, station, study, reading, with_identity=with_identity)
    return replace(told, preview=preview_of(station, film_of(study, reading)))


def test_a_case_says_what_the_reading_found(station, scored):
    """Score, threshold, and who read are the row's own."""
    told = case(station, scored)

    assert isinstance(told.outcome, Scored)
    assert told.outcome.score == round(100 * told.outcome.probability, 1)
    assert told.reader.label == told.outcome.bundle == station.bundle.label
    assert told.reader.evidence == station.bundle.default_point.source
    assert (told.age_years, told.sex) == (40.0, "F")
    assert told.preview is not None


def test_the_heat_map_lies_on_the_preview(station, scored):
    """Both have one shape, and the map has its peak."""
    told = case(station, scored)

    assert told.outcome.heat_map is not None
    assert told.outcome.heat_map.shape == told.preview.shape
    assert told.outcome.heat_map.max() == pytest.approx(1, abs=0.01)


def test_identity_is_left_out_where_it_may_not_be_seen(station, scored):
    """The study's number, age, and sex stay."""
    bare = case(station, scored, with_identity=False)

    assert (bare.patient_name, bare.patient_id, bare.accession) == ("", "", "")
    assert (bare.study, bare.age_years) == (scored, 40.0)


def test_a_refusal_is_told_with_its_reason(station, take, tmp_path):
    """The code and the sentence of the gate."""
    path = tmp_path / "no-film.png"
    path.write_bytes(b"not a picture")
    study_id = take(path).study_id
    Worker(station, name="w", on_overtime=lambda: None).work_once()

    told = case(station, study_id)

    assert isinstance(told.outcome, Refused)
    assert told.outcome.reason
    assert told.preview is None


def test_a_threshold_of_the_station_names_who_chose_it(station, take, tmp_path):
    """The evidence is the station's, not the bundle's, though the number be the same."""
    own = station.bundle.default_point
    with station.database.writing() as session:
        choice = PointChoice(own.name, own.threshold, {"reason": "200 local films"})
        choose_point(session, station.bundle, station.bundle_sha256, choice, who="ada", now=station.now())
    study_id = take(write_film(tmp_path / "film.png", has_spot=True)).study_id
    Worker(station, name="w", on_overtime=lambda: None).work_once()

    evidence = case(station, study_id).reader.evidence

    assert evidence == "Chosen at this station by ada on 2026-11-24: 200 local films"


def test_a_reading_of_another_bundle_claims_no_evidence(station, scored):
    """What the present bundle knows of its threshold says nothing of another's."""
    with station.database.reading() as session:
        reading = search.study(session, scored).readings[-1]
        reading.bundle_sha256 = "0" * 64

        assert reader_facts_of(session, station, reading).evidence == OWN_SOURCE


def test_verdicts_come_oldest_first(station, scored):
    """The report shows how the opinion changed."""
    with station.database.writing() as session:
        for opinion in (Opinion.NORMAL, Opinion.TUBERCULOSIS):
            said = Said(opinion, score_was_shown=True)
            give_verdict(session, scored, said, who="rosa", now=station.now())

    assert [one.opinion for one in case(station, scored).verdicts] == ["normal", "tb-consistent"]


def test_a_film_that_is_gone_leaves_its_words(station, scored):
    """Retention took the bytes; the reading is whole without a picture."""
    with station.database.reading() as session:
        film = search.study(session, scored).films[0]
    station.originals.path(film.sha256).unlink()

    assert preview_of(station, film) is None
    assert isinstance(case(station, scored).outcome, Scored)
