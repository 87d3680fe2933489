"""A zip of films, whatever it holds: the good come out, the bad are named, nothing else is touched."""

from __future__ import annotations

import shutil
import stat
import struct
import warnings
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from hilum.data.archive import PART_SUFFIX, damaged_entries, unpack_films
from hilum.data.archive_entries import UnpackLimits
from hilum.errors import ArchiveRefused, OutputRefused

FILM = bytes(range(256)) * 40


@pytest.fixture
def make_zip(tmp_path):
    """Build a zip from (name or ZipInfo, bytes) pairs."""

    def build(*entries, compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / "films.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
            warnings.simplefilter("ignore")  # zipfile warns of doubled names
            for name, content in entries:
                archive.writestr(name, content)
        return path

    return build


@pytest.fixture
def out(tmp_path):
    return tmp_path / "deep" / "out"


def everything(name):
    return True


def names_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def reasons(report):
    return {entry.name: entry.reason for entry in report.refused}


def special(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system = 3  # Unix
    info.external_attr = mode << 16
    return info


def flip(path, needle, replacement):
    """Change the bytes of a zip after it was written."""
    content = path.read_bytes()
    assert needle in content
    path.write_bytes(content.replace(needle, replacement, 1))


def test_wanted_entries_come_out_whole_and_the_rest_is_passed_over(make_zip, out):
    """Films keep their folders and bytes; Thumbs.db stays in the archive."""
    path = make_zip(("set/CXR_png/a.png", FILM), ("set/CXR_png/Thumbs.db", b"x"), ("set/", b""))
    report = unpack_films(path, out, wanted=lambda name: name.endswith(".png"))

    assert (out / "set/CXR_png/a.png").read_bytes() == FILM
    assert report.unpacked == (out.resolve() / "set/CXR_png/a.png",)
    assert (report.kept, report.refused, report.n_passed_over) == ((), (), 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.png", "climbs out"),
        ("a/../../evil.png", "climbs out"),
        ("/etc/evil.png", "absolute"),
        ("C:/evil.png", "colon"),
        ("c:evil.png", "colon"),
        ("..\\evil.png", "backslash"),
        ("a\\b.png", "backslash"),
        ("a//evil.png", "empty part"),
        ("./evil.png", "empty part"),
        ("a/\nevil.png", "unprintable"),
        ("a/\u202egnp.live", "unprintable"),
        ("x" * 250 + ".png", "longer"),
        ("/".join(["abc"] * 400), "longer"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_by_name_and_the_rest_goes_on(make_zip, out, name, reason):
    """Nothing is written outside of the destination, and the good film comes out."""
    report = unpack_films(make_zip((name, FILM), ("good.png", FILM)), out, wanted=everything)

    assert names_below(out.parent) == ["out/good.png"]
    ((named, why),) = reasons(report).items()
    assert reason in why
    assert named.isprintable()


def test_a_climbing_entry_is_named_even_where_it_is_not_wanted(make_zip, out):
    """An archive that tries this deserves a word about it."""
    report = unpack_films(make_zip(("../evil.sh", b"x")), out, wanted=lambda name: name.endswith(".png"))

    assert list(reasons(report)) == ["../evil.sh"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(stat.S_IFLNK | 0o777, "symbolic link"), (stat.S_IFIFO | 0o644, "neither a file nor")],
)
def test_a_link_or_a_pipe_is_refused(make_zip, out, mode, reason):
    """Only files and folders come out."""
    report = unpack_films(
        make_zip((special("link.png", mode), b"/etc/passwd"), ("a.png", FILM)), out, wanted=everything
    )

    assert reason in reasons(report)["link.png"]
    assert names_below(out) == ["a.png"]


def test_an_encrypted_entry_is_refused(make_zip, out):
    """Bit 0 of the flags, in the central directory, says that it is locked."""
    path = make_zip(("locked.png", FILM), compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    assert reasons(unpack_films(path, out, wanted=everything)) == {"locked.png": "it is encrypted"}


def test_an_unknown_compression_is_refused(make_zip, out):
    """Method 9 is Deflate64, which Windows writes for large files and Python cannot read."""
    path = make_zip(("odd.png", FILM), ("good.png", FILM))
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 10, 9)
    path.write_bytes(content)

    assert "method 9" in reasons(unpack_films(path, out, wanted=everything))["odd.png"]
    assert names_below(out) == ["good.png"]


def test_a_bomb_is_refused_by_its_ratio(make_zip, out):
    """Ten megabytes of nothing pack a thousandfold; no film does."""
    report = unpack_films(make_zip(("bomb.png", bytes(10 << 20)), ("good.png", FILM)), out, wanted=everything)

    assert "zip bomb" in reasons(report)["bomb.png"]
    assert names_below(out) == ["good.png"]


def test_an_entry_larger_than_any_film_is_refused(make_zip, out):
    """The limit is on the stated size, and more than is stated never comes out."""
    report = unpack_films(
        make_zip(("big.png", FILM)), out, wanted=everything, limits=UnpackLimits(entry_bytes=1000)
    )

    assert "more than the 1000 of any film" in reasons(report)["big.png"]


def test_an_entry_that_states_less_than_it_holds_is_damaged(make_zip, out):
    """The stated size is believed for the limits, so it is checked against the bytes that come."""
    path = make_zip(("liar.png", FILM), compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 5000)
    path.write_bytes(content)

    assert "damaged" in reasons(unpack_films(path, out, wanted=everything))["liar.png"]
    assert names_below(out) == []


def test_an_entry_that_states_more_than_it_holds_is_damaged(make_zip, out):
    """A film cut short is not half a film."""
    path = make_zip(("liar.png", FILM))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, len(FILM) + 5)
    path.write_bytes(content)

    assert "damaged" in reasons(unpack_films(path, out, wanted=everything))["liar.png"]
    assert names_below(out) == []


def test_an_archive_that_is_a_bomb_as_a_whole_is_refused(make_zip, out):
    """Many small bombs make a large one: over a gibibyte from a file a hundred times smaller."""
    path = make_zip(("a.png", FILM))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 0xFFFF_0000)
    path.write_bytes(content)

    with pytest.raises(ArchiveRefused, match="no archive of films"):
        unpack_films(path, out, wanted=everything)


def test_entries_that_share_their_bytes_are_refused(make_zip, out):
    """Two names on one stretch of the file is how the densest bombs are made."""
    path = make_zip(("a.png", FILM), ("b.png", FILM), ("c.png", FILM))
    content = bytearray(path.read_bytes())
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", content, second + 42, 0)  # the second's local header is now the first's
    path.write_bytes(content)
    report = unpack_films(path, out, wanted=everything)

    assert set(reasons(report)) == {"a.png", "b.png"}
    assert names_below(out) == ["c.png"]


def test_too_many_entries_are_refused(make_zip, out):
    """A directory of millions of names is not a set of films."""
    path = make_zip(*((f"{number}.png", b"") for number in range(12)))

    with pytest.raises(ArchiveRefused, match="12 entries, more than 10"):
        unpack_films(path, out, wanted=everything, limits=UnpackLimits(n_entries=10))


def test_a_damaged_film_is_refused_by_name_and_leaves_nothing(make_zip, out):
    """One byte wrong in the middle: the checksum tells."""
    path = make_zip(("bad.png", FILM), ("good.png", FILM[::-1]), compression=zipfile.ZIP_STORED)
    flip(path, FILM[:200], FILM[:100] + b"\xff" + FILM[101:200])
    report = unpack_films(path, out, wanted=everything)

    assert "CRC" in reasons(report)["bad.png"]
    assert names_below(out) == ["good.png"]


def test_a_film_whose_packed_bytes_are_garbage_is_refused(make_zip, out):
    """Garbage in the deflate stream, not only a wrong checksum."""
    path = make_zip(("bad.png", FILM), ("good.png", FILM))
    content = bytearray(path.read_bytes())
    content[37:60] = b"\xff" * 23
    path.write_bytes(content)

    assert list(reasons(unpack_films(path, out, wanted=everything))) == ["bad.png"]
    assert names_below(out) == ["good.png"]


def test_doubled_names_with_different_content_are_all_refused(make_zip, out):
    """Which of the two is the film cannot be known; letter case makes no difference on some disks."""
    report = unpack_films(
        make_zip(("a.png", FILM), ("A.PNG", b"other"), ("b.png", FILM)), out, wanted=everything
    )

    assert set(reasons(report)) == {"a.png", "A.PNG"}
    assert names_below(out) == ["b.png"]


def test_doubled_names_with_equal_content_are_one_film(make_zip, out):
    """A harmless slip of whoever packed it."""
    report = unpack_films(make_zip(("a.png", FILM), ("a.png", FILM)), out, wanted=everything)

    assert (report.refused, len(report.unpacked), len(report.kept)) == ((), 1, 1)


def test_undeclared_utf8_names_are_read_as_utf8(make_zip, out):
    """macOS writes UTF-8 names and does not set the flag."""
    path = make_zip(("pneumo-\u00e9.png", FILM))
    content = path.read_bytes()
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(header) + offset + 1
        content = content[:place] + b"\x00" + content[place + 1 :]
    path.write_bytes(content)
    unpack_films(path, out, wanted=everything)

    assert names_below(out) == ["pneumo-\u00e9.png"]


def test_a_name_in_no_encoding_refuses_the_archive(make_zip, out):
    """The zip says UTF-8 and is not; Python cannot list it."""
    path = make_zip(("f\u00fclm.png", FILM))
    flip(path, "f\u00fclm".encode(), b"f\xff\xfelm")
    flip(path, "f\u00fclm".encode(), b"f\xff\xfelm")

    with pytest.raises(ArchiveRefused, match="encoding"):
        unpack_films(path, out, wanted=everything)


def test_an_equal_film_is_kept_and_a_different_one_is_never_overwritten(make_zip, out):
    """What is there already wins, and the clash is reported by name."""
    out.mkdir(parents=True)
    (out / "a.png").write_bytes(FILM)
    (out / "b.png").write_bytes(b"mine")
    report = unpack_films(make_zip(("a.png", FILM), ("b.png", FILM)), out, wanted=everything)

    assert report.kept == (out.resolve() / "a.png",)
    assert "not overwritten" in reasons(report)["b.png"]
    assert (out / "b.png").read_bytes() == b"mine"


def test_a_different_film_of_equal_length_is_not_overwritten(make_zip, out):
    """Size alone does not make two films equal."""
    out.mkdir(parents=True)
    (out / "a.png").write_bytes(FILM[::-1])
    report = unpack_films(make_zip(("a.png", FILM)), out, wanted=everything)

    assert "not overwritten" in reasons(report)["a.png"]
    assert (out / "a.png").read_bytes() == FILM[::-1]


def test_a_link_in_the_destination_is_not_followed(make_zip, out, tmp_path):
    """Neither a linked folder nor a linked file leads the writing elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.png").write_bytes(b"mine")
    out.mkdir(parents=True)
    (out / "linked").symlink_to(elsewhere)
    (out / "b.png").symlink_to(elsewhere / "new.png")
    report = unpack_films(make_zip(("linked/precious.png", FILM), ("b.png", FILM)), out, wanted=everything)

    assert set(reasons(report)) == {"linked/precious.png", "b.png"}
    assert names_below(elsewhere) == ["precious.png"]
    assert (elsewhere / "precious.png").read_bytes() == b"mine"


def test_a_file_where_a_folder_should_be_refuses_that_entry_only(make_zip, out):
    """One archive holds `set` as a file and as a folder."""
    report = unpack_films(
        make_zip(("set", b"x"), ("set/a.png", FILM), ("b.png", FILM)), out, wanted=everything
    )

    assert "where its folder should be" in reasons(report)["set/a.png"]
    assert names_below(out) == ["b.png", "set"]


def test_an_interrupted_run_leaves_nothing_half_written_and_resumes(make_zip, out):
    """Ctrl-C in the middle: the films so far are whole, and the next run adds the others."""
    path = make_zip(*((f"{number}.png", FILM + bytes([number])) for number in range(6)))

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack_films(path, out, wanted=everything, progress=interrupt)
    n_first = len(names_below(out))
    report = unpack_films(path, out, wanted=everything)

    assert 0 < n_first < 6
    assert (len(report.kept), len(report.unpacked)) == (n_first, 6 - n_first)
    assert names_below(out) == [f"{number}.png" for number in range(6)]


def test_the_part_left_by_a_killed_run_is_replaced(make_zip, out):
    """A kill gives no time to tidy up; the next run does it."""
    out.mkdir(parents=True)
    (out / f".a.png{PART_SUFFIX}").write_bytes(b"half")
    unpack_films(make_zip(("a.png", FILM)), out, wanted=everything)

    assert names_below(out) == ["a.png"]


def test_progress_ends_at_the_total(make_zip, out):
    """The bar reaches its end, refused films included."""
    seen = []
    unpack_films(
        make_zip(("a.png", FILM), ("b.png", FILM)),
        out,
        wanted=everything,
        progress=lambda *step: seen.append(step),
    )

    assert seen == [(len(FILM), 2 * len(FILM)), (2 * len(FILM), 2 * len(FILM))]


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(make_zip, out, monkeypatch):
    """The message says how much is needed and how much is free."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 50, 50))

    with pytest.raises(OutputRefused, match="GB free"):
        unpack_films(make_zip(("a.png", FILM)), out, wanted=everything)
    assert names_below(out) == []


def test_a_full_disk_stops_the_run_and_leaves_nothing_half_written(make_zip, out, monkeypatch):
    """Writing fails in the middle of a film."""

    def full(archive, info, stream):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hilum.data.archive._copy", full)
    with pytest.raises(OutputRefused, match="No space left"):
        unpack_films(make_zip(("a.png", FILM)), out, wanted=everything)
    assert names_below(out) == []


@pytest.mark.parametrize("keep", [0, 10, 5000, -30])
def test_a_zip_that_broke_off_is_refused_with_what_to_do(make_zip, out, keep):
    """Without its end a zip has no directory."""
    path = make_zip(("a.png", FILM), ("b.png", FILM), compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(ArchiveRefused, match="hilum data fetch resumes"):
        unpack_films(path, out, wanted=everything)
    assert not out.exists()


def test_a_folder_and_a_missing_file_are_refused(tmp_path, out):
    """Each has its own message."""
    with pytest.raises(ArchiveRefused, match="is a folder"):
        unpack_films(tmp_path, out, wanted=everything)
    with pytest.raises(ArchiveRefused, match="no such file"):
        unpack_films(tmp_path / "none.zip", out, wanted=everything)


def test_damaged_entries_are_found_without_unpacking(make_zip):
    """The check after a download reads all and writes nothing."""
    path = make_zip(("bad.png", FILM), ("good.png", FILM[::-1]), compression=zipfile.ZIP_STORED)
    assert damaged_entries(path) == []
    flip(path, FILM[:200], FILM[:100] + b"\xff" + FILM[101:200])

    assert [entry.name for entry in damaged_entries(path)] == ["bad.png"]


def test_random_damage_never_crashes_nor_leaves_a_part(make_zip, out, chance):
    """Bytes changed anywhere end in a report or a refusal, and every film that came out is whole."""
    entries = [(f"set/{number}.png", FILM[number:]) for number in range(5)]
    path = make_zip(*entries)
    good = path.read_bytes()
    contents = dict(entries)
    n_whole = 0
    for trial in range(150):
        content = bytearray(good)
        for place in chance.integers(0, len(good), size=chance.integers(1, 8)):
            content[place] = chance.integers(0, 256)
        path.write_bytes(content)
        try:
            unpack_films(path, out / str(trial), wanted=everything)
        except (ArchiveRefused, OutputRefused):
            continue
        for name in names_below(out / str(trial)) if (out / str(trial)).exists() else []:
            assert (out / str(trial) / name).read_bytes() in contents.values()
            n_whole += 1

    assert n_whole > 150  # most trials damage a part of the films and leave the others


def test_the_shenzhen_zip_unpacks_and_unpacks_again(shared, out):
    """550 films and 662 readings come out of the real layout, and a second run keeps them all."""
    path = shared / "data" / "pulmonary-chest-xray-abnormalities.zip"
    first = unpack_films(path, out, wanted=lambda name: Path(name).suffix in {".png", ".txt"})
    second = unpack_films(path, out, wanted=lambda name: Path(name).suffix in {".png", ".txt"})

    assert (len(first.unpacked), first.refused, first.n_passed_over) == (1212, (), 1)
    assert (len(second.kept), second.unpacked) == (1212, ())
