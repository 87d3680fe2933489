"""Arguments become films: in order, once each, and with nothing left out in silence."""

from __future__ import annotations

import os

import pytest

from bundles import write_film
from hilum.inference.search import FilmSearch, looks_like_picture


@pytest.fixture
def tree(tmp_path):
    """A folder as they come: films, a folder of films, and litter."""
    for name in ("b.png", "a.PNG", "sub/c.jpg", "sub/.hidden.png", "__MACOSX/._b.png", ".git/d.png"):
        write_film(tmp_path / name, side=20)
    for name in ("Thumbs.db", "readings.txt", "sub/notes.csv"):
        (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0 text")
    return tmp_path


def names(search: FilmSearch) -> list[str]:
    """The names of what was found."""
    return [path.name for path in search]


def test_a_folder_is_walked_in_sorted_order(tree):
    """Films come by name, folders in their place, litter not at all."""
    assert names(FilmSearch([tree])) == ["a.PNG", "b.png", "c.jpg"]


def test_what_was_passed_over_is_counted(tree):
    """Three files that are no pictures, one hidden film, and two folders."""
    search = FilmSearch([tree])
    list(search)

    assert search.n_passed_over == 6


def test_files_come_in_the_order_given(tree):
    """The command line's order is kept."""
    assert names(FilmSearch([tree / "b.png", tree / "a.PNG"])) == ["b.png", "a.PNG"]


@pytest.mark.parametrize("name", ["readings.txt", "nowhere.png", "sub/.hidden.png"])
def test_a_named_file_always_comes(tree, name):
    """Whatever was named gets its row, to be refused if need be."""
    assert list(FilmSearch([tree / name])) == [tree / name]


def test_a_film_is_read_once(tree):
    """Named twice, by another spelling, and inside a folder named too: one row, at the name's place."""
    search = FilmSearch([tree / "b.png", tree / "sub" / ".." / "b.png", tree])

    assert names(search) == ["b.png", "a.PNG", "c.jpg"]
    assert search.n_repeated == 1


def test_a_folder_is_walked_once(tree):
    """A folder and the one above it do not double its films."""
    assert names(FilmSearch([tree / "sub", tree, tree])) == ["c.jpg", "a.PNG", "b.png"]


def test_links_that_turn_back_end(tree):
    """A link to the folder above is walked no second time."""
    (tree / "sub" / "loop").symlink_to(tree)
    (tree / "self").symlink_to(tree / "self")

    assert names(FilmSearch([tree])) == ["a.PNG", "b.png", "c.jpg"]


def test_a_link_to_a_folder_is_followed(tree, tmp_path_factory):
    """Films on another disk are found."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_film(elsewhere / "far.png", side=20)
    (tree / "far").symlink_to(elsewhere)

    assert "far.png" in names(FilmSearch([tree]))


def test_a_folder_without_films_comes_out_itself(tmp_path):
    """So that a row says that nothing was there."""
    (tmp_path / "readme.txt").write_text("no films")

    assert list(FilmSearch([tmp_path])) == [tmp_path]


def test_a_folder_whose_films_were_named_is_not_empty(tree):
    """Naming its only film beside the folder leaves no row for the folder."""
    assert names(FilmSearch([tree / "sub" / "c.jpg", tree / "sub"])) == ["c.jpg"]


def test_the_folder_written_to_is_left_out(tree):
    """Heat maps of this very run are not screened."""
    write_film(tree / "out" / "heat-maps" / "old.png", side=20)

    assert names(FilmSearch([tree], leave_out=tree / "out" / "heat-maps")) == ["a.PNG", "b.png", "c.jpg"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_may_not_be_listed_comes_out_itself(tree):
    """A closed folder is told, not skipped."""
    (tree / "sub").chmod(0)
    found = list(FilmSearch([tree]))
    (tree / "sub").chmod(0o755)

    assert tree / "sub" in found


@pytest.mark.parametrize(
    ("name", "content", "is_picture"),
    [
        ("empty.png", b"", True),
        ("film", b"\x89PNG\r\n\x1a\n" + bytes(200), True),
        ("film", b"\xff\xd8\xff\xe0" + bytes(200), True),
        ("film", bytes(128) + b"DICM" + bytes(99), True),
        ("film", b"\x08\0\x05\0CS\x0a\0ISO_IR 100" + bytes(200), True),
        ("film", b"\x08\0\0\0\x04\0\0\0" + bytes(200), True),
        ("scan", b"II*\0" + bytes(200), True),
        ("notes.txt", b"text", False),
        ("film", b"", False),
        ("a.npy", b"\x93NUMPY" + bytes(200), False),
    ],
)
def test_a_picture_is_known_by_its_start_or_its_name(tmp_path, name, content, is_picture):
    """Files without a suffix, as PACS write them, are films too."""
    (tmp_path / name).write_bytes(content)

    assert looks_like_picture(tmp_path / name) is is_picture
