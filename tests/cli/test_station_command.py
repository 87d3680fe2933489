"""`hilum station`: from an empty folder to a back-up and a station made of it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from bundles import write_film
from hilum.cli.main import cli
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.states import Origin
from hilum.worklist.station import Station, StationSettings


def run(*words, code=0):
    """What the command prints; its exit status must be `code`."""
    done = CliRunner().invoke(cli, ["station", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def folder(tmp_path):
    """A station's folder with one film."""
    place = tmp_path / "station"
    run("migrate", "--data", place)
    station = Station(StationSettings(place, low_disk_bytes=0))
    kept = station.originals.keep_file(write_film(tmp_path / "film.png"))
    with station.database.writing() as session:
        accept(session, Arrival(kept, read_film_facts(kept.path), Origin.UPLOAD, "rosa", station.now()))
    station.close()
    return place


def test_a_station_is_backed_up_restored_and_checked(folder, tmp_path):
    """All files are there in the end."""
    assert "backed up 1 files" in run("backup", tmp_path / "copy", "--data", folder)
    assert "restored 1 files" in run("restore", tmp_path / "copy", "--data", tmp_path / "other")

    assert (
        run("check", "--data", tmp_path / "other") == "1 files, 0 missing, 0 damaged, 0 that no study names\n"
    )


def test_no_folder_is_made_for_what_is_no_backup(folder, tmp_path):
    """The error leaves the place as it was."""
    said = run("restore", folder, "--data", tmp_path / "other", code=2)

    assert "is no back-up" in said
    assert not (tmp_path / "other").exists()


def test_a_damaged_film_gives_exit_status_1(folder):
    """It is named by its hash."""
    film = next(path for path in (folder / "films").rglob("*") if path.is_file())
    film.write_bytes(b"other")

    assert f"damaged: {film.name}" in run("check", "--data", folder, code=1)


def test_retention_without_a_rule_removes_nothing(folder):
    """Films are kept for ever unless the manager chose otherwise."""
    assert run("retain", "--data", folder) == "removed the films of 0 studies\n"


@pytest.mark.parametrize("command", ["check", "retain", "backup"])
def test_a_folder_that_is_no_station_is_told(tmp_path, command):
    """And none is made there."""
    words = [
        command,
        *([str(tmp_path / "copy")] if command == "backup" else []),
        "--data",
        str(tmp_path / "none"),
    ]
    said = run(*words, code=2)

    assert "no station" in said
    assert not (tmp_path / "none").exists()
