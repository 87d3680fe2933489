"""A station is carried away whole, put back whole, and told where it is not whole."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest
from sqlalchemy import select

from hilum.errors import BackupInvalid, DatabaseRefused, OutputRefused, StationRefused
from hilum.worklist.backup import FACTS_NAME, back_up, restore
from hilum.worklist.checking import check
from hilum.worklist.going_over import Worker
from hilum.worklist.search import study
from hilum.worklist.station import SECRET_FILE, Station
from hilum.worklist.tables import AuditEvent, Film


@pytest.fixture
def filled(station, take):
    """A station with a scored film of a patient."""
    take(patient_id="K1")
    Worker(station, name="w", on_overtime=lambda: None).work_once()
    return station


@pytest.fixture
def empty(request, station, settings, tmp_path):
    """Another station of the same kind, that holds nothing."""
    if station.database.is_sqlite:
        opened = Station(replace(settings, folder=tmp_path / "other"))
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres")
    name = server.make_database()
    opened = Station(replace(settings, folder=tmp_path / "other", database_url=server.url(name)))
    yield opened
    opened.close()
    server.drop_database(name)


def sha256_of(station) -> str:
    with station.database.reading() as session:
        return session.scalars(select(Film.sha256)).one()


def test_a_station_comes_back_as_it_was(filled, empty, tmp_path):
    """Rows, films, heat maps, and the trail, with its triggers."""
    facts = back_up(filled, tmp_path / "copy")
    restore(tmp_path / "copy", empty)

    with filled.database.reading() as before, empty.database.reading() as after:
        old, new = study(before, 1), study(after, 1)
    assert (new.score, new.patient.patient_id, new.readings[0].zones) == (
        old.score, "K1", old.readings[0].zones,
    )  # fmt: skip
    assert len(facts.files) == 2  # the film and its heat map
    assert check(empty).is_whole
    with empty.database.reading() as session:
        assert session.scalars(select(AuditEvent.action)).all()[-1] == "restore"


def test_a_backup_is_never_written_over(filled, tmp_path):
    """A folder that holds anything is left alone."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "x").write_text("mine")

    with pytest.raises(OutputRefused):
        back_up(filled, tmp_path / "copy")


def test_a_station_that_holds_something_is_not_restored_into(filled, tmp_path):
    """Films of two stations are never mixed."""
    back_up(filled, tmp_path / "copy")

    with pytest.raises(StationRefused):
        restore(tmp_path / "copy", filled)


def test_an_altered_film_stops_a_restore_before_anything_is_written(filled, empty, tmp_path):
    """Every byte is checked first."""
    back_up(filled, tmp_path / "copy")
    film = next(path for path in (tmp_path / "copy" / "films").rglob(sha256_of(filled)))
    film.write_bytes(b"other")

    with pytest.raises(BackupInvalid, match="altered"):
        restore(tmp_path / "copy", empty)
    assert not [path for path in empty.originals.folder.rglob("*") if path.is_file()]


def secret_of(station):
    """Where the station's secret of de-identification is."""
    return station.settings.folder / SECRET_FILE


def test_the_secret_of_deidentification_comes_back(filled, empty, tmp_path):
    """So that a patient keeps the number that stands for theirs; no other account may read it."""
    secret_of(filled).write_bytes(b"s" * 32)
    back_up(filled, tmp_path / "copy")
    restore(tmp_path / "copy", empty)

    for secret in (tmp_path / "copy" / SECRET_FILE, secret_of(empty)):
        assert (secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode)) == (b"s" * 32, 0o600)


def test_another_stations_secret_is_not_written_over(filled, empty, tmp_path):
    """What was given out by it would be traced no more."""
    secret_of(filled).write_bytes(b"s" * 32)
    back_up(filled, tmp_path / "copy")
    secret_of(empty).write_bytes(b"o" * 32)

    with pytest.raises(StationRefused, match="another station"):
        restore(tmp_path / "copy", empty)
    assert secret_of(empty).read_bytes() == b"o" * 32


def test_an_altered_secret_stops_a_restore(filled, empty, tmp_path):
    """It has its hash as every other file."""
    secret_of(filled).write_bytes(b"s" * 32)
    back_up(filled, tmp_path / "copy")
    (tmp_path / "copy" / SECRET_FILE).write_bytes(b"x" * 32)

    with pytest.raises(BackupInvalid, match="altered"):
        restore(tmp_path / "copy", empty)
    assert not secret_of(empty).exists()


def test_an_altered_database_stops_a_restore(filled, empty, tmp_path):
    """The database's file has its hash too."""
    facts = back_up(filled, tmp_path / "copy")
    with (tmp_path / "copy" / facts.database).open("ab") as file:
        file.write(b"x")

    with pytest.raises(BackupInvalid, match="altered"):
        restore(tmp_path / "copy", empty)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "files": {"../../x": 1}}'])
def test_what_is_no_backup_is_told(empty, tmp_path, text):
    """A list that cannot be read, or that names a path, is refused."""
    (tmp_path / FACTS_NAME).write_text(text)

    with pytest.raises(BackupInvalid):
        restore(tmp_path, empty)


def test_a_hash_that_is_a_path_is_refused(filled, empty, tmp_path):
    """A list from elsewhere cannot make us read outside its folder."""
    back_up(filled, tmp_path / "copy")
    facts = json.loads((tmp_path / "copy" / FACTS_NAME).read_text())
    facts["files"] = {"../" * 20 + "etc/passwd": 1}
    (tmp_path / "copy" / FACTS_NAME).write_text(json.dumps(facts))

    with pytest.raises(BackupInvalid, match="no SHA-256"):
        restore(tmp_path / "copy", empty)


def test_a_backup_goes_to_its_own_kind_alone(filled, tmp_path, settings):
    """A dump of PostgreSQL is nothing to SQLite, and the reverse."""
    back_up(filled, tmp_path / "copy")
    url = "postgresql://127.0.0.1:1/x" if filled.database.is_sqlite else None
    other = Station(replace(settings, folder=tmp_path / "other", database_url=url))

    with pytest.raises(DatabaseRefused, match="restored there alone"):
        restore(tmp_path / "copy", other)
    other.close()


def test_a_damaged_film_is_told_and_stops_nothing(filled, tmp_path):
    """The rest is backed up all the same."""
    sha256 = sha256_of(filled)
    filled.originals.path(sha256).write_bytes(b"other")

    facts = back_up(filled, tmp_path / "copy")

    assert (facts.damaged, facts.is_whole, len(facts.files)) == ((sha256,), False, 1)


def test_a_check_finds_what_is_missing_and_what_is_nobody_s(filled):
    """A film that was lost, and bytes that no study names."""
    sha256 = sha256_of(filled)
    filled.originals.path(sha256).unlink()
    stray = filled.originals.keep([b"stray"])

    found = check(filled)

    assert (found.missing, found.unused, found.is_whole) == ((sha256,), (stray.path,), False)


def test_a_backup_is_taken_while_others_write(filled, take, tmp_path):
    """A film that comes meanwhile is in or out, and never half in."""
    import threading

    from bundles import write_film

    stop = threading.Event()

    def write() -> None:
        side = 210
        while not stop.is_set():
            side += 1
            take(write_film(tmp_path / f"{side}.png", side=side))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        facts = back_up(filled, tmp_path / "copy")
    finally:
        stop.set()
        writer.join()

    assert facts.is_whole
