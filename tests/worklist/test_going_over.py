"""A study gone over by a worker: scored, refused, or failed, with its reading as it was made."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from bundles import write_dicom_film, write_film
from hilum.worklist.going_over import Worker
from hilum.worklist.operating_points import PointChoice, choose_point
from hilum.worklist.queue import lease
from hilum.worklist.search import study
from hilum.worklist.states import DeliveryState, State


@pytest.fixture
def work(station):
    """Go over everything that waits, and give a study as it then is."""
    worker = Worker(station, name="w", on_overtime=lambda: None)

    def worked(study_id):
        while worker.work_once():
            pass
        with station.database.reading() as session:
            return study(session, study_id)

    return worked


def dicom(tmp_path, name="a.dcm", **elements):
    known = {"StudyInstanceUID": "1.2.3", "SOPInstanceUID": "1.2.3.1", "PatientID": "K1"}
    return write_dicom_film(tmp_path / name, **(known | elements))


def test_a_film_is_scored(station, take, work):
    """The reading says what was read, by whom, with which bundle at which threshold."""
    found = work(take().study_id)

    reading = found.readings[0]
    assert (found.state, found.score, found.is_flagged) == (State.SCORED, reading.score, reading.is_flagged)
    assert (reading.bundle, reading.threshold, reading.operating_point) == ("tiny 0.1", 0.5, "screening")
    assert (reading.worker, reading.film_id, len(reading.zones)) == ("w", found.films[0].id, 6)
    assert reading.bundle_sha256 == station.bundle_sha256


def test_the_heat_map_is_kept_as_a_layer(station, take, work):
    """It is a PNG with opacity in the film's own aspect, under its hash."""
    found = work(take().study_id)

    content = station.originals.path(found.readings[0].heat_map_sha256).read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (200, 200))


def test_a_file_that_is_no_film_is_refused(station, take, work, tmp_path):
    """The gate's code and reason stand in the reading."""
    (tmp_path / "a.txt").write_text("hello")
    found = work(take(tmp_path / "a.txt").study_id)

    assert (found.state, found.refusal_code, found.score) == (State.REFUSED, "not-an-image", None)
    assert found.readings[0].refusal_reason.startswith("The file is not a picture")


def test_a_child_by_the_sender_s_word_is_refused(station, take, work):
    """A picture tells no age; the sender's holds, so that the gate for children does."""
    assert work(take(age_years=8.0).study_id).refusal_code == "child"


def test_a_study_of_laterals_is_refused_with_what_was_there(station, take, work, tmp_path):
    """No network looks at it."""
    found = work(take(dicom(tmp_path, ViewPosition="LL")).study_id)

    assert (found.state, found.refusal_code, found.readings[0].film_id) == (State.REFUSED, "lateral", None)
    assert "1 lateral film" in found.readings[0].refusal_reason


def test_two_frontal_films_give_the_higher_score(station, take, work, tmp_path):
    """Each has its reading; the study shows the higher."""
    accepted = take(dicom(tmp_path), closes_after_s=1)
    plain = write_film(tmp_path / "plain.png")
    with Image.open(plain) as picture:
        pixels = picture.tobytes()
    take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2", PixelData=pixels))
    found = work(accepted.study_id)

    scores = [reading.score for reading in found.readings]
    assert (len(scores), found.score) == (2, max(scores))
    assert scores[0] != scores[1]


def test_a_refused_film_beside_a_scored_one_leaves_the_study_scored(station, take, work, tmp_path):
    """One good film is enough."""
    accepted = take(dicom(tmp_path), closes_after_s=1)
    take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2", PixelData=bytes(200 * 200)))
    found = work(accepted.study_id)

    assert (found.state, found.refusal_code, len(found.readings)) == (State.SCORED, None, 2)


def test_a_film_whose_bytes_are_gone_is_failed(station, take, work):
    """It is a fault of ours, not of the film."""
    accepted = take()
    with station.database.reading() as session:
        station.originals.path(study(session, accepted.study_id).films[0].sha256).unlink()

    assert work(accepted.study_id).state is State.FAILED


def test_a_film_that_breaks_the_reader_is_failed(station, take, work, monkeypatch):
    """A bug is told as one, and the worker goes on."""
    from hilum.inference import predictor

    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(predictor, "open_film", broken)
    found = work(take().study_id)

    assert (found.state, found.refusal_code) == (State.FAILED, "failed")


def test_the_threshold_in_force_is_what_the_reading_records(station, take, work, tmp_path):
    """A point that was chosen holds for what is scored after it, and nothing before changes."""
    first = work(take().study_id)
    choice = PointChoice("ours", 0.01, {"reason": "ten cases"})
    with station.database.writing() as session:
        choose_point(session, station.bundle, station.bundle_sha256, choice, who="ada", now=station.now())
    second = work(take(write_film(tmp_path / "b.png", side=210)).study_id)

    readings = [first.readings[0], second.readings[0]]
    assert [(one.threshold, one.operating_point, one.is_flagged) for one in readings] == [
        (0.5, "screening", False), (0.01, "ours", True),
    ]  # fmt: skip


def test_a_lost_lease_leaves_nothing(station, take, monkeypatch):
    """A worker that was too slow files no reading; the other one does."""
    accepted = take()
    worker = Worker(station, name="slow", on_overtime=lambda: None)
    examine = worker._read

    def slow(held, reader, renewal):
        station.wait(1000)
        with station.database.writing() as session:
            assert lease(session, worker="other", now=station.now(), seconds=60) is not None
        return examine(held, reader, renewal)

    monkeypatch.setattr(worker, "_read", slow)
    worker.work_once()

    with station.database.reading() as session:
        found = study(session, accepted.study_id)
    assert (found.state, found.lease_owner, found.readings) == (State.QUEUED, "other", [])


def test_what_is_to_be_sent_is_planned_with_the_result(station, take):
    """A result and its deliveries are there together or not at all."""
    station.settings = replace(
        station.settings, targets=("sr=PACS@127.0.0.1:104", "hl7=mllp://127.0.0.1:2575")
    )
    accepted = take()
    Worker(station, name="w", on_overtime=lambda: None).work_once()

    with station.database.reading() as session:
        found = study(session, accepted.study_id)
    assert [(one.kind, one.target, one.state) for one in found.deliveries] == [
        ("sr", "PACS@127.0.0.1:104", DeliveryState.WAITING),
        ("hl7", "mllp://127.0.0.1:2575", DeliveryState.WAITING),
    ]
