"""`hilum serve --demo`: made-up people to play with, read by the real worker, and never among real ones."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select

from bundles import write_film
from hilum.cli.serve_demo import FILLED, Demo
from hilum.errors import StationRefused
from hilum.inference.bundle import shipped_bundles
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.going_over import Worker
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.migrating import migrate
from hilum.worklist.states import ARRIVING, Origin
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.tables import AuditEvent, Study, Verdict

N_FILMS = 3
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A station whose demonstration has run to its end beside a worker."""
    settings = StationSettings(
        tmp_path_factory.mktemp("demo"), bundle=shipped_bundles()["hilum-small"], low_disk_bytes=0
    )
    made = Station(settings)
    migrate(made.database)
    demo = Demo(made, n_films=N_FILMS)
    demo.start()
    worker = Worker(made, name="demo", on_overtime=lambda: None)
    deadline = time.monotonic() + PATIENCE_S
    while not count(made, AuditEvent.action == FILLED) and time.monotonic() < deadline:
        if not worker.work_once():
            time.sleep(0.05)
    demo.stop()
    yield made
    made.close()


def count(station, *conditions) -> int:
    """Rows that fulfil the conditions."""
    with station.database.reading() as session:
        return session.scalar(select(func.count()).where(*conditions)) or 0


def test_a_demo_is_read_to_its_end(filled):
    """Every film is a study of a demonstration that waits for nobody, and the trail says that all is done."""
    assert count(filled, Study.origin == Origin.DEMO, Study.state.not_in(ARRIVING)) == N_FILMS
    assert count(filled, AuditEvent.action == FILLED) == 1


def test_a_demo_has_verdicts_and_studies_to_read(filled):
    """So that the programme has figures and a reader has work; every third waits for its reader."""
    n_read = count(filled, Verdict.id > 0)

    assert 0 < n_read < N_FILMS


def test_a_demo_that_is_filled_is_not_filled_again(filled):
    """The next start with --demo adds nothing."""
    demo = Demo(filled, n_films=N_FILMS)
    demo.start()
    demo.stop()

    assert count(filled, Study.id > 0) == N_FILMS


def test_a_demo_is_not_mixed_with_real_people(tmp_path):
    """A station that has studies of its own is left alone."""
    station = Station(StationSettings(tmp_path / "station", low_disk_bytes=0))
    migrate(station.database)
    kept = station.originals.keep_file(write_film(tmp_path / "film.png", has_spot=False))
    with station.database.writing() as session:
        accept(session, Arrival(kept, read_film_facts(kept.path), Origin.UPLOAD, "rosa", station.now()))

    with pytest.raises(StationRefused, match="another folder"):
        Demo(station).start()
    station.close()
