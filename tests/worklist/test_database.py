"""The database: its URL, its two kinds of session, and what it keeps of times and words."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from hilum.errors import DatabaseRefused
from hilum.worklist import database as opening
from hilum.worklist.database import Database, database_url
from hilum.worklist.states import Role
from hilum.worklist.tables import Patient, Person, Upload


def test_without_a_url_it_is_a_file_in_the_folder(tmp_path):
    """A station without a URL keeps its tables in its folder."""
    assert database_url(tmp_path).database == str(tmp_path / "hilum.sqlite")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_url_takes_psycopg(scheme):
    """However PostgreSQL is called, the driver is the one that the extra installs."""
    url = database_url(Path(), f"{scheme}://hilum@db/hilum")

    assert url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", ["mysql://db/hilum", "nonsense", "", "oracle://x"])
def test_another_database_is_refused(url):
    """What Hilum does not run on is refused by name."""
    with pytest.raises(DatabaseRefused):
        database_url(Path(), url)


def test_a_writing_session_commits_at_its_end(station):
    """What was added is there for the next session."""
    with station.database.writing() as session:
        session.add(Upload(who="rosa", started_at=station.now()))

    with station.database.reading() as session:
        assert session.scalars(select(Upload.who)).all() == ["rosa"]


def test_a_writing_session_undoes_all_where_something_is_raised(station):
    """Half of a change is none."""

    def fail_half_way() -> None:
        with station.database.writing() as session:
            session.add(Upload(who="rosa", started_at=station.now()))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()

    with station.database.reading() as session:
        assert session.scalars(select(Upload)).all() == []


def test_twenty_writers_all_get_their_turn(station):
    """Twenty threads that write ten times each lose nothing and are never told of a lock."""
    failures = []

    def write(number: int) -> None:
        try:
            for _ in range(10):
                with station.database.writing() as session:
                    session.execute(select(Upload.id).limit(1)).all()  # a read that turns into a write
                    session.add(Upload(who=f"writer {number}", started_at=station.now()))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with station.database.reading() as session:
        assert (failures, len(session.scalars(select(Upload)).all())) == ([], 200)


def test_a_writer_within_a_writer_is_told_and_does_not_wait_for_ever(tmp_path, monkeypatch):
    """It is a bug, which must show as one."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.05)
    database = Database(database_url(tmp_path))

    def write_twice() -> None:
        with database.writing(), database.writing():
            pass

    with pytest.raises(OperationalError, match="locked"):
        write_twice()
    database.close()


def test_sqlite_survives_a_power_cut(station):
    """SQLite writes ahead and syncs every commit."""
    if not station.database.is_sqlite:
        pytest.skip("PostgreSQL does so by itself")
    with station.database.reading() as session:
        pragmas = [session.scalar(text(f"PRAGMA {name}"))
                   for name in ("journal_mode", "synchronous", "foreign_keys")]  # fmt: skip

    assert pragmas == ["wal", 2, 1]  # 2 is FULL


def test_a_time_comes_back_in_utc(station):
    """A time of another zone is the same moment when it is read again."""
    nairobi = datetime(2026, 11, 24, 15, tzinfo=timezone(timedelta(hours=3)))
    with station.database.writing() as session:
        session.add(Upload(who="rosa", started_at=nairobi))

    with station.database.reading() as session:
        found = session.scalars(select(Upload.started_at)).one()
    assert (found, found.utcoffset()) == (nairobi, timedelta(0))


def test_a_time_without_a_zone_is_a_bug(station):
    """A naive time would mean another moment on every machine."""
    with pytest.raises(Exception, match="without a zone"), station.database.writing() as session:
        session.add(Upload(who="rosa", started_at=datetime(2026, 11, 24)))  # noqa: DTZ001


def test_a_word_is_kept_as_its_value(station):
    """A dump can be read without this program."""
    with station.database.writing() as session:
        session.add(Person(login="rosa", role=Role.READER, created_at=station.now()))

    with station.database.reading() as session:
        assert session.scalar(text("SELECT role FROM person")) == "reader"


@pytest.mark.parametrize("hostile", ["a\0b", "x" * 5000, "\ud800", "line\nline", "\u202eright"])
def test_hostile_text_fits_its_column(station, hostile):
    """NUL, surrogates, and long lines are made fit, on PostgreSQL too."""
    with station.database.writing() as session:
        session.add(Patient(patient_id=hostile, issuer=hostile, name=hostile))

    with station.database.reading() as session:
        found = session.scalars(select(Patient)).one()
    assert (len(found.patient_id) <= 64, "\0" in found.name) == (True, False)
