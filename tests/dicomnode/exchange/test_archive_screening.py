"""A real Orthanc's films of some days, fetched into a station, once each, at the pace that was asked for."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner
from pydicom.uid import generate_uid
from sqlalchemy import select

from bundles import write_dicom_film
from hilum.cli.main import cli
from hilum.dicomnode.archive.screening import Plan, screen_archive
from hilum.dicomnode.peer import Peer, Requestor
from hilum.dicomnode.scp import Scp
from hilum.dicomnode.settings import NodeSettings
from hilum.errors import PeerFailed
from hilum.worklist.states import Origin
from hilum.worklist.tables import Film, Study
from orthanc import write_film

REQUESTOR = Requestor(timeout_s=10)


def plan_of(orthanc, since: date = date(2026, 3, 1), until: date = date(2026, 3, 3), **more) -> Plan:
    """Three days of an archive."""
    return Plan(orthanc.peer, since, until, **more)


def fill(orthanc, folder, days=("20260301", "20260301", "20260303")) -> None:
    """Put a film a day into an archive."""
    for number, day in enumerate(days):
        write_film(folder / f"{number}.dcm", day=day)
        orthanc.put(folder / f"{number}.dcm")


def test_each_day_is_told_of_and_fetched(orthanc, open_station, tmp_path):
    """Two films on the first day, none on the second, one on the third."""
    fill(orthanc, tmp_path)
    station = open_station()

    days = list(screen_archive(station, REQUESTOR, plan_of(orthanc)))

    assert [(one.day.day, one.n_studies, one.n_fetched) for one in days] == [(1, 2, 2), (2, 0, 0), (3, 1, 1)]
    with station.database.reading() as session:
        studies = session.scalars(select(Study)).all()
    assert {one.origin for one in studies} == {Origin.ARCHIVE}
    assert len(studies) == 3


def test_a_second_run_fetches_what_is_new_alone(orthanc, open_station, tmp_path):
    """What the station holds is not asked for again."""
    fill(orthanc, tmp_path)
    station = open_station()
    list(screen_archive(station, REQUESTOR, plan_of(orthanc)))
    write_film(tmp_path / "new.dcm", day="20260302")
    orthanc.put(tmp_path / "new.dcm")

    again = list(screen_archive(station, REQUESTOR, plan_of(orthanc)))

    assert [(one.n_held, one.n_fetched) for one in again] == [(2, 0), (0, 1), (1, 0)]


def test_the_bytes_are_the_archives_pixels(orthanc, open_station, tmp_path):
    """A fetched film is a whole DICOM file with the pixels that were stored."""
    import pydicom

    stored = write_film(tmp_path / "film.dcm")
    orthanc.put(tmp_path / "film.dcm")
    station = open_station()
    list(screen_archive(station, REQUESTOR, plan_of(orthanc)))
    with station.database.reading() as session:
        film = session.scalars(select(Film)).one()

    fetched = pydicom.dcmread(station.originals.path(film.sha256))

    assert fetched.SOPInstanceUID == stored.SOPInstanceUID
    assert (fetched.pixel_array == stored.pixel_array).all()


def test_the_pace_is_kept(orthanc, open_station, tmp_path):
    """At 60 films a minute the second and the third film each wait about a second."""
    fill(orthanc, tmp_path, days=("20260301",) * 3)
    waits = []

    list(screen_archive(open_station(), REQUESTOR, plan_of(orthanc, films_a_minute=60), wait=waits.append))

    assert len(waits) == 2
    assert all(0 < seconds <= 2 for seconds in waits)


# pynetdicom forgets to close the socket that found nobody.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_stays_away_is_tried_three_times(open_station):
    """Then the run ends with an error that names it; the next run goes on."""
    waits = []
    plan = Plan(Peer("GONE", "127.0.0.1", 1), date(2026, 3, 1), date(2026, 3, 1))

    with pytest.raises(PeerFailed, match="GONE"):
        list(screen_archive(open_station(), REQUESTOR, plan, wait=waits.append))

    assert len(waits) == 2


@pytest.mark.slow
def test_an_archive_moves_its_films_to_a_node(orthanc, open_station, tmp_path):
    """By C-MOVE Orthanc sends each film to our node, and a second run asks for none."""
    fill(orthanc, tmp_path)
    station = open_station()
    node = Scp(NodeSettings(station.settings, port=0), station)
    node.start()
    orthanc.know("HILUM", node.port)
    try:
        days = list(screen_archive(station, REQUESTOR, plan_of(orthanc, move_to="HILUM")))
        again = list(screen_archive(station, REQUESTOR, plan_of(orthanc, move_to="HILUM")))
    finally:
        node.stop()

    assert [(one.n_fetched, one.n_failed) for one in days] == [(2, 0), (0, 0), (1, 0)]
    assert [(one.n_held, one.n_fetched) for one in again] == [(2, 0), (0, 0), (1, 0)]


def test_the_command_fetches_and_scores(orthanc, exchange_bundle, tmp_path):
    """`hilum archive screen` ends when every film has its score."""
    film = tmp_path / "film.dcm"
    write_dicom_film(film, StudyInstanceUID=generate_uid(), SeriesInstanceUID=generate_uid(),
                     SOPInstanceUID=generate_uid(), StudyDate="20260301", PatientID="P1")  # fmt: skip
    orthanc.put(film)
    words = ["archive", "screen", "--from", str(orthanc.peer), "--since", "2026-03-01",
             "--until", "2026-03-02",
             "--data", str(tmp_path / "station"), "--bundle", str(exchange_bundle.folder)]  # fmt: skip

    first = CliRunner().invoke(cli, words)
    again = CliRunner().invoke(cli, words)

    assert first.exit_code == 0, first.output
    assert "2 days: 1 films fetched, 0 here already, 0 failed" in first.output
    assert "the station now holds 1 scored" in first.output
    assert "2 days: 0 films fetched, 1 here already, 0 failed" in again.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "nowhere", "--since", "2026-03-01"], "AE@HOST:PORT"),
        (["--from", "A@h:1", "--since", "2026-03-02", "--until", "2026-03-01"], "lies before"),
        (["--from", "A@h:1", "--since", "yesterday"], "yesterday"),
        (["--from", "A@h:1", "--since", "2026-03-01", "--move-to", "A TITLE THAT IS TOO LONG"], "AE title"),
        (["--from", "A@h:1", "--since", "2026-03-01", "--rate", "0"], "0"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_asked(tmp_path, words, said):
    """Exit status 2 and one line."""
    result = CliRunner().invoke(cli, ["archive", "screen", "--data", str(tmp_path / "s"), *words])

    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "s").exists()
