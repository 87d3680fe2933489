"""Zips that are sent: films come out of them, and nothing else that a zip can do."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from uploading import (
    a_bomb,
    a_dicom,
    a_link,
    a_png,
    a_zip,
    a_zip_of_many_names,
    a_zip_with_a_lying_end,
    an_encrypted_zip,
)

from hilum.records import RefusalCode
from hilum.web import uploads
from hilum.web.uploads import Outcome, SentFile, take_upload
from hilum.web.visitor import Visitor
from hilum.worklist.states import Role
from hilum.worklist.tables import Study


@pytest.fixture
def take(station):
    """Send one zip, and get what became of its entries."""
    visitor = Visitor(1, "grace", "Grace", Role.RADIOGRAPHER, "", "", is_token=False)

    def taken(content, name="films.zip"):
        return take_upload(station, visitor, [SentFile(name, io.BytesIO(content))]).files

    return taken


def n_studies(station):
    with station.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Study))


def test_every_film_of_a_zip_is_taken(take, station):
    """In folders too; what systems leave beside films is passed over in silence."""
    told = take(a_zip(("a.png", a_png(1)), ("deep/er/b.dcm", a_dicom()), ("__MACOSX/._a.png", b"x"),
                      (".DS_Store", b"x"), ("Thumbs.db", b"x"), ("folder/", b"")))  # fmt: skip

    assert [(file.name, file.outcome) for file in told] == [
        ("films.zip/a.png", Outcome.ACCEPTED), ("films.zip/b.dcm", Outcome.ACCEPTED)
    ]  # fmt: skip
    assert n_studies(station) == 2


def test_a_zip_is_known_by_its_bytes(take):
    """Whatever it is called; and a film called .zip is a film."""
    assert take(a_zip(("a.png", a_png())), name="films.bin")[0].outcome is Outcome.ACCEPTED
    assert take(a_png(3), name="film.zip")[0].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "name", ["../a.png", "/etc/a.png", "a/../../b.png", "C:\\a.png", "a\0.png", "\u202ea.png"]
)
def test_a_name_that_leads_elsewhere_is_refused(take, station, name):
    """By name, and the rest goes on."""
    told = take(a_zip((name, a_png(1)), ("good.png", a_png(2))))

    assert [file.outcome for file in told] in ([Outcome.REFUSED, Outcome.ACCEPTED], [Outcome.ACCEPTED] * 2)
    assert n_studies(station) == sum(file.outcome is Outcome.ACCEPTED for file in told)
    assert not any(".." in file.name or "\0" in file.name for file in told)


def test_a_link_is_refused(take, station):
    """It could point anywhere."""
    (file,) = take(a_zip((a_link("film.png"), b"/etc/passwd")))

    assert "symbolic link" in file.reason
    assert n_studies(station) == 0


def test_an_encrypted_entry_is_refused(take):
    """We have no password for it, and say so."""
    (file,) = take(an_encrypted_zip())

    assert "encrypted" in file.reason


def test_a_bomb_is_refused_before_it_goes_off(take, station):
    """64 MB of zeros in 64 kB: no disk and no memory is spent on it."""
    bomb = a_bomb()
    tracemalloc.start()
    (file,) = take(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert file.outcome is Outcome.REFUSED
    assert peak < 8 << 20
    assert n_studies(station) == 0


def test_a_zip_within_a_zip_is_not_opened(take):
    """Nor the next one within that."""
    (file,) = take(a_zip(("inner.zip", a_zip(("a.png", a_png())))))

    assert file.code is RefusalCode.NOT_AN_IMAGE


def test_a_hundred_thousand_entries_are_refused_at_once(take):
    """By the count at the zip's end, before its table of contents is read."""
    (file,) = take(a_zip_of_many_names(100_000))

    assert file.outcome is Outcome.REFUSED
    assert "entries" in file.reason


@pytest.mark.parametrize("contents_bytes", [17 << 20, 0xFFFFFFFF])
def test_a_table_of_contents_of_gigabytes_is_not_read(take, contents_bytes):
    """Python's zipfile would read as much as the zip says."""
    (file,) = take(a_zip_with_a_lying_end(contents_bytes))

    assert file.outcome is Outcome.REFUSED


@pytest.mark.parametrize("cut", [10, 30, 100, -1, -10])
def test_a_zip_that_broke_off_is_refused_whole(take, station, cut):
    """With what to do, and without a path of ours."""
    (file,) = take(a_zip(("a.png", a_png()))[:cut])

    assert file.outcome is Outcome.REFUSED
    assert str(station.settings.folder) not in file.reason
    assert n_studies(station) == 0


def test_an_entry_whose_bytes_are_damaged_is_refused_alone(take):
    """Its checksum does not fit; the other one is taken."""
    content = bytearray(a_zip(("a.png", a_png(1)), ("b.png", a_png(2)), compression=zipfile.ZIP_STORED))
    content[60] ^= 0xFF
    told = take(bytes(content))

    assert [file.outcome for file in told] == [Outcome.REFUSED, Outcome.ACCEPTED]


def test_an_empty_zip_has_no_films(take):
    """It is no error, and says that nothing was in it."""
    (file,) = take(a_zip())

    assert file.outcome is Outcome.REFUSED
    assert file.code is RefusalCode.EMPTY


def test_an_entry_that_is_too_large_is_refused(take, monkeypatch):
    """As a film by itself would be."""
    monkeypatch.setattr(uploads, "MOST_FILM_BYTES", 50)
    (file,) = take(a_zip(("a.png", a_png())))

    assert file.outcome is Outcome.REFUSED


def test_the_same_film_twice_in_a_zip_is_one_study(take, station):
    """The second is a duplicate."""
    told = take(a_zip(("a.png", a_png()), ("b.png", a_png())))

    assert [file.outcome for file in told] == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    assert n_studies(station) == 1


def test_nothing_is_left_of_a_zip(take, station):
    """The films are kept, the zip is not."""
    take(a_zip(("a.png", a_png()), ("notes.txt", b"x")))

    assert len([path for path in station.originals.folder.rglob("*") if path.is_file()]) == 1


def test_another_s_film_gets_its_turn_between_a_zip_s_films(take, monkeypatch):
    """A zip of a thousand keeps nobody waiting until its end: a turn for the zip, and one for each film."""
    turns = []

    @contextmanager
    def turn():
        turns.append("begins")
        yield
        turns.append("ends")

    monkeypatch.setattr(uploads, "_in_turn", turn)
    take(a_zip(("a.png", a_png(1)), ("b.png", a_png(2))))

    assert turns == 3 * ["begins", "ends"]
