"""Imports from end to end: zips, folders, interruptions, hostile archives, and places not to write to."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.data import measuring
from hilum.data.importing import ImportRequest, import_films
from hilum.data.manifest import read_manifest
from hilum.data.measuring import LOG_NAME
from hilum.data.recognition import recognised_source
from hilum.data.sources.folder import FolderSource
from hilum.data.sources.table import TableOptions
from hilum.errors import ArchiveRefused, DatasetMissing, NameUnknown, OutputRefused
from hilum.records import Film

THREE = {
    "CHNCXR_0001_0": "male 45yrs\r\nnormal",
    "CHNCXR_0002_1": "femal 32yrs\r\nbilateral PTB",
    "MCUCXR_0003_1": "Patient's Sex: F\r\nPatient's Age: 027Y\r\ninfiltrate RUL",
}


@pytest.fixture
def out(tmp_path) -> Path:
    """Where the test imports to."""
    return tmp_path / "out"


def names(films: tuple[Film, ...]) -> list[str]:
    """The films' names."""
    return [film.film for film in films]


def test_a_folder_is_imported_where_it_stands(make_set, out):
    """The manifest names the source's own files, and every row is filled."""
    folder = make_set(THREE)
    result = import_films(ImportRequest(folder, out))
    first = result.films[1]

    assert names(result.films) == ["MCUCXR_0003_1", "CHNCXR_0001_0", "CHNCXR_0002_1"]
    assert read_manifest(out) == list(result.films)
    assert first.image_path.is_relative_to(folder)
    assert (first.width, first.height, first.bit_depth, first.age_years) == (40, 48, 8, 45)


def test_a_zip_is_unpacked_beside_the_manifest(make_set, zip_folder, tmp_path, out):
    """A zip and its folder give the same films."""
    folder = make_set(THREE)
    of_zip = import_films(ImportRequest(zip_folder(folder, tmp_path / "set.zip"), out))
    of_folder = import_films(ImportRequest(folder, tmp_path / "other"))

    assert all(film.image_path.is_relative_to(out / "films") for film in of_zip.films)
    assert [film.sha256 for film in of_zip.films] == [film.sha256 for film in of_folder.films]


def test_an_import_folder_can_be_moved(make_set, zip_folder, tmp_path, out):
    """A manifest of unpacked films finds them wherever it goes."""
    import_films(ImportRequest(zip_folder(make_set(THREE), tmp_path / "set.zip"), out))
    out.rename(tmp_path / "moved")

    assert all(film.image_path.is_file() for film in read_manifest(tmp_path / "moved"))


def test_importing_again_changes_nothing(make_set, zip_folder, tmp_path, out):
    """The same zip gives the same bytes of manifest, and the same card."""
    request = ImportRequest(zip_folder(make_set(THREE), tmp_path / "set.zip"), out)
    first = import_films(request)
    content = first.manifest_path.read_bytes()
    second = import_films(request)

    assert (second.card, second.manifest_path.read_bytes()) == (first.card, content)


def test_an_import_goes_on_where_it_stopped(make_set, out, monkeypatch):
    """Films measured before a stop are not read again."""
    request = ImportRequest(make_set({f"CHNCXR_{n:04}_0": None for n in range(40)}), out)
    read: list[Path] = []
    read_radiograph = measuring.read_radiograph

    def read_until_stopped(path: Path, **options: int):
        read.append(path)
        if len(read) == 36:
            raise KeyboardInterrupt
        return read_radiograph(path, **options)

    monkeypatch.setattr(measuring, "read_radiograph", read_until_stopped)
    with pytest.raises(KeyboardInterrupt):
        import_films(request)
    stopped = len(read)
    result = import_films(request)

    assert not (out / "manifest.parquet.part").exists()
    assert len(result.films) == 40
    assert len(read) - stopped == 5  # 40 films less the 35 that were read whole


def test_a_log_cut_off_in_a_line_is_used_as_far_as_it_goes(make_set, out, monkeypatch):
    """A kill in the middle of writing costs one film's reading, once."""
    request = ImportRequest(make_set(THREE), out)
    first = import_films(request)
    log = out / LOG_NAME
    log.write_bytes(log.read_bytes()[:-100] + b"\xff")
    second = import_films(request)
    monkeypatch.setattr(measuring, "read_radiograph", None)  # a third reading would fail
    third = import_films(request)

    assert first.films == second.films == third.films


def test_an_import_leaves_nothing_half_written(make_set, out):
    """Beside the manifest, its card, and the log nothing stays."""
    import_films(ImportRequest(make_set(THREE), out))

    assert sorted(path.name for path in out.iterdir()) == [LOG_NAME, "data-card.json", "manifest.parquet"]


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"<html>"])
def test_a_damaged_film_is_refused_by_name_and_the_rest_goes_on(make_set, out, content):
    """The reason is in the card, and the film in no row."""
    folder = make_set(THREE)
    next(folder.rglob("CHNCXR_0001_0.png")).write_bytes(content)
    result = import_films(ImportRequest(folder, out))

    assert names(result.films) == ["MCUCXR_0003_1", "CHNCXR_0002_1"]
    (refused,) = result.card["problems"]["refused"]
    assert refused["name"] == "CHNCXR_0001_0"


def test_a_film_cut_short_is_refused(make_set, out):
    """Half a PNG is no film."""
    folder = make_set(THREE)
    film = next(folder.rglob("CHNCXR_0001_0.png"))
    film.write_bytes(film.read_bytes()[:300])

    assert "CHNCXR_0001_0" not in names(import_films(ImportRequest(folder, out)).films)


def test_a_set_of_damaged_films_is_missing_and_each_is_named(make_set, out):
    """An empty manifest would only put the failure off; what is wrong with each film is told, and no folder
    stays.
    """
    folder = make_set({"CHNCXR_0001_0": None})
    next(folder.rglob("*.png")).write_bytes(b"gone")

    with pytest.raises(DatasetMissing, match="all 1 found are damaged") as caught:
        import_films(ImportRequest(folder, out))
    assert "refused: CHNCXR_0001_0 (CHNCXR_0001_0.png: The file is not a picture" in str(caught.value)
    assert not out.exists()


def broken_zip(zip_path: Path, *, n: int) -> Path:
    """A zip of readings, and of `n` films whose bytes are not what their checksums say."""
    content = b"film" * 20
    with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(n):
            archive.writestr(f"CHNCXR_{number:04}_0.png", content)
            archive.writestr(f"CHNCXR_{number:04}_0.txt", "male 45yrs\nnormal")
    zip_path.write_bytes(zip_path.read_bytes().replace(content, b"mlif" * 20))
    return zip_path


def test_refused_members_are_named_where_no_film_remains(tmp_path, out):
    """The first five with their reasons, the number of the others, and the zip that was given."""
    zip_path = broken_zip(tmp_path / "set.zip", n=7)

    with pytest.raises(DatasetMissing) as caught:
        import_films(ImportRequest(zip_path, out))
    said = str(caught.value)

    assert f"a film named MCUCXR_NNNN_L.png or CHNCXR_NNNN_L.png not found in {zip_path}" in said
    assert "CHNCXR_0000_0.png (damaged: " in said
    assert "CHNCXR_0004_0.png" in said
    assert "CHNCXR_0005_0.png" not in said
    assert "and 2 more" in said


def test_an_import_without_a_film_leaves_nothing(tmp_path, out):
    """Neither the films' folder, nor the readings in it, nor the folders on the way to it."""
    with pytest.raises(DatasetMissing):
        import_films(ImportRequest(broken_zip(tmp_path / "set.zip", n=1), out / "deep/er"))

    assert not out.exists()


def test_a_failed_import_leaves_what_was_there(make_set, zip_folder, tmp_path, out):
    """Films of an earlier import, and files of one's own, outlive a second one that finds no film."""
    import_films(ImportRequest(zip_folder(make_set(THREE), tmp_path / "set.zip"), out))
    (out / "mine.txt").write_text("mine")
    before = sorted(path for path in out.rglob("*.png"))

    with pytest.raises(DatasetMissing):
        import_films(ImportRequest(broken_zip(tmp_path / "bad.zip", n=1), out, FolderSource(
            TableOptions(table(tmp_path))), may_replace=True))  # fmt: skip

    assert (out / "mine.txt").is_file()
    assert len(before) == 3
    assert all(path.is_file() for path in before)
    assert read_manifest(out)


def table(folder: Path) -> Path:
    """A table of a film that is nowhere."""
    path = folder / "table.csv"
    path.write_text("path,label\nnowhere.png,1\n")
    return path


def test_a_film_refused_on_unpacking_is_not_missing_besides(make_set, zip_folder, tmp_path, out):
    """Its reading is there, and so was the film; the card says once what became of it."""
    zip_path = zip_folder(make_set(THREE), tmp_path / "set.zip")
    content = bytearray(zip_path.read_bytes())
    start = content.index(b"CHNCXR_0001_0.png") + len("CHNCXR_0001_0.png")
    content[start + 20] ^= 0xFF
    zip_path.write_bytes(content)
    problems = import_films(ImportRequest(zip_path, out)).card["problems"]

    assert [Path(problem["name"]).name for problem in problems["refused"]] == ["CHNCXR_0001_0.png"]
    assert problems["missing film"] == []


def test_hostile_entries_are_refused_by_name_and_the_rest_goes_on(make_set, zip_folder, tmp_path, out):
    """A climbing entry and a damaged one are told; the good films come in."""
    zip_path = zip_folder(make_set(THREE), tmp_path / "set.zip")
    with zipfile.ZipFile(zip_path, "a") as archive:
        archive.writestr("../../CHNCXR_0666_1.png", b"climbs")
    content = bytearray(zip_path.read_bytes())
    start = content.index(b"CHNCXR_0001_0.png") + len("CHNCXR_0001_0.png")
    content[start + 20] ^= 0xFF
    zip_path.write_bytes(content)
    result = import_films(ImportRequest(zip_path, out))
    refused = {problem["name"] for problem in result.card["problems"]["refused"]}

    assert names(result.films) == ["MCUCXR_0003_1", "CHNCXR_0002_1"]
    assert {Path(name).name for name in refused} == {"CHNCXR_0666_1.png", "CHNCXR_0001_0.png"}
    assert not list(tmp_path.rglob("CHNCXR_0666_1.png"))


def test_a_file_that_is_no_zip_is_refused(tmp_path, out):
    """The message says so."""
    path = tmp_path / "set.zip"
    path.write_bytes(b"PK\x03\x04 cut off")

    with pytest.raises(ArchiveRefused, match=r"set\.zip"):
        import_films(ImportRequest(path, out))


def test_a_path_that_is_not_there_is_refused(tmp_path, out):
    """Nothing is made for it."""
    with pytest.raises(ArchiveRefused, match="no such file or folder"):
        import_films(ImportRequest(tmp_path / "gone", out))
    assert not out.exists()


@pytest.mark.parametrize("place", [".", "inside", "ChinaSet_AllFiles"])
def test_the_source_is_not_written_to(make_set, place):
    """An output folder that is the source, or lies in it, is refused before anything is made."""
    folder = make_set(THREE)
    before = sorted(folder.rglob("*"))

    with pytest.raises(OutputRefused, match="only read"):
        import_films(ImportRequest(folder, folder / place))
    assert sorted(folder.rglob("*")) == before


def test_a_link_to_the_source_is_the_source(make_set, tmp_path):
    """A symbolic link does not get round the refusal."""
    folder = make_set(THREE)
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)

    with pytest.raises(OutputRefused, match="only read"):
        import_films(ImportRequest(folder, tmp_path / "link"))


def test_masks_are_not_written_to(make_set, tmp_path):
    """A folder of masks is a source too."""
    (tmp_path / "masks").mkdir()

    with pytest.raises(OutputRefused, match="only read"):
        import_films(ImportRequest(make_set(THREE), tmp_path / "masks/out", masks=tmp_path / "masks"))


def test_an_output_that_is_a_file_is_refused(make_set, out):
    """Nothing is overwritten."""
    out.write_text("mine")

    with pytest.raises(OutputRefused):
        import_films(ImportRequest(make_set(THREE), out))
    assert out.read_text() == "mine"


def test_another_set_does_not_take_a_manifest_s_place(make_set, out, tmp_path):
    """A folder belongs to one set, unless the user says otherwise."""
    import_films(ImportRequest(make_set(THREE), out))
    other = make_set({"CHNCXR_0009_0": None}, tmp_path / "other")

    with pytest.raises(OutputRefused, match="--replace"):
        import_films(ImportRequest(other, out))
    assert names(import_films(ImportRequest(other, out, may_replace=True)).films) == ["CHNCXR_0009_0"]


def test_films_of_another_zip_do_not_slip_in(make_set, zip_folder, tmp_path, out):
    """What an earlier zip left in the folder is not counted among this one's films."""
    first = zip_folder(make_set(THREE), tmp_path / "first.zip")
    second = zip_folder(make_set({"CHNCXR_0009_0": None}, tmp_path / "other"), tmp_path / "second.zip")
    import_films(ImportRequest(first, out))

    with pytest.raises(OutputRefused, match="not of this zip"):
        import_films(ImportRequest(second, out, may_replace=True))


def test_the_same_film_under_two_names_is_reported(make_set, out):
    """Equal bytes are found, across sets too."""
    folder = make_set(THREE)
    shutil.copy(next(folder.rglob("CHNCXR_0001_0.png")), next(folder.rglob("MCUCXR_0003_1.png")))
    (pair,) = import_films(ImportRequest(folder, out)).card["duplicates"]

    assert (pair["first"], pair["second"], pair["kind"]) == ("CHNCXR_0001_0", "MCUCXR_0003_1", "content")
    assert pair["is_across_datasets"]


def test_palette_and_sixteen_bit_films_come_in(make_set, out):
    """A palette film has its look, not its indices; a deep one its depth."""
    folder = make_set({"CHNCXR_0001_0": None, "CHNCXR_0002_0": None, "CHNCXR_0003_0": None})
    grey = Image.open(next(folder.rglob("CHNCXR_0001_0.png"))).copy()
    inverted = Image.fromarray(255 - np.asarray(grey)).convert("P")
    inverted.putpalette([255 - level for level in range(256) for _ in range(3)])
    inverted.save(next(folder.rglob("CHNCXR_0002_0.png")))
    deep = np.asarray(grey).astype(np.uint16) * 257
    Image.fromarray(deep).save(next(folder.rglob("CHNCXR_0003_0.png")))
    plain, palette, sixteen = import_films(ImportRequest(folder, out)).films

    assert palette.perceptual_hash == plain.perceptual_hash
    assert (plain.bit_depth, sixteen.bit_depth) == (8, 16)


def test_jsrt_masks_are_drawn_from_label_maps(tmp_path, make_film, out):
    """Lungs 1 and 2 become a mask, the heart 3 does not; the label map stays as it was."""
    make_film(tmp_path / "set/images/JPCLN001.png")
    (tmp_path / "set/labels").mkdir()
    levels = np.array([[0, 1], [2, 3]], np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    Image.fromarray(levels).save(tmp_path / "set/labels/JPCLN001.png")
    (film,) = import_films(ImportRequest(tmp_path / "set", out)).films
    (mask,) = film.lung_mask_paths

    assert mask == out / "masks/JPCLN001_mask.png"
    assert np.asarray(Image.open(mask))[::20, ::20].tolist() == [[0, 255], [255, 0]]


def test_a_damaged_label_map_is_a_missing_mask(tmp_path, make_film, out):
    """The film comes in without one."""
    make_film(tmp_path / "set/images/JPCLN001.png")
    (tmp_path / "set/labels").mkdir()
    (tmp_path / "set/labels/JPCLN001.png").write_bytes(b"no map")
    result = import_films(ImportRequest(tmp_path / "set", out))

    assert result.films[0].lung_mask_paths == ()
    assert "label map not used" in result.card["problems"]["missing mask"][0]["reason"]


def test_the_source_is_told_from_file_names(tmp_path, make_film):
    """Names of a public set decide; others are a folder; two sets at once are a question."""
    make_film(tmp_path / "set/JPCLN001.png")
    assert recognised_source(tmp_path / "set").name == "jsrt"

    make_film(tmp_path / "set/da_train_nx1.jpg")
    with pytest.raises(NameUnknown, match="films of india and jsrt"):
        recognised_source(tmp_path / "set")

    make_film(tmp_path / "own/anything.png")
    assert recognised_source(tmp_path / "own").name == "folder"


def test_a_folder_without_a_picture_is_missing(tmp_path, out):
    """Text alone is no set of films."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set/notes.txt").write_text("x")

    with pytest.raises(DatasetMissing, match="a PNG, JPEG, or DICOM file"):
        import_films(ImportRequest(tmp_path / "set", out))


@pytest.mark.shared
def test_the_kaggle_zip_here_imports_with_an_account(shared, out):
    """550 films, 112 readings without one, no Montgomery, three labels that the text does not bear out."""
    request = ImportRequest(
        shared / "data/pulmonary-chest-xray-abnormalities.zip", out, masks=shared / "data/lung-masks"
    )
    result = import_films(request)
    problems = result.card["problems"]
    missing = [problem["name"] for problem in problems["missing film"]]

    assert [row["n_films"] for row in result.card["labels"]] == [263, 287]
    assert missing[0] == "montgomery (whole set)"
    assert len(missing) == 1 + 112
    assert {problem["name"] for problem in problems["disagreement"]} == {
        "CHNCXR_0391_1",
        "CHNCXR_0633_1",
        "CHNCXR_0649_1",
    }
    assert (result.card["n_with_lung_masks"], result.card["n_ignored_files"]) == (550, 1)
    assert problems["refused"] == problems["missing mask"] == result.card["duplicates"] == []


@pytest.mark.shared
def test_the_indian_films_come_in(shared, out, tmp_path):
    """Both labels, from ten of the 156 films."""
    (tmp_path / "set").mkdir()
    for kind in ("nx", "px"):
        for film in sorted((shared / "data/india-da").glob(f"da_test_{kind}*.jpg"))[:5]:
            shutil.copy(film, tmp_path / "set")
    result = import_films(ImportRequest(tmp_path / "set", out))

    assert [row["n_films"] for row in result.card["labels"]] == [5, 5]
    assert {row["bit_depth"] for row in result.card["sizes"]} == {8}


@pytest.mark.shared
def test_the_jsrt_films_come_in_with_lungs(shared, out):
    """247 films, each with a mask drawn from its label map."""
    result = import_films(ImportRequest(shared / "data/jsrt", out))

    assert (len(result.films), result.card["n_with_lung_masks"]) == (247, 247)


@pytest.mark.shared
def test_dicom_films_take_from_the_header_what_a_table_lacks(shared, out, tmp_path):
    """The table gives the label; age, sex, and view come from the header and agree with the full table."""
    films = sorted((shared / "data/rsna-dicom").glob("*.dcm"))[:6]
    (tmp_path / "set").mkdir()
    for film in films:
        shutil.copy(film, tmp_path / "set")
    table = tmp_path / "films.csv"
    table.write_text("id,target\n" + "".join(f"{film.stem},1\n" for film in films))
    source = FolderSource(TableOptions(table, columns={"path": "id", "label": "target"}), site="rsna")
    result = import_films(ImportRequest(tmp_path / "set", out, source=source))
    rows = (shared / "data/rsna-dicom.csv").read_text().splitlines()[1:]
    stated = {row.split(",")[0]: row.split(",")[1:4] for row in rows}

    assert {film.film: [film.sex.value, f"{film.age_years:g}", film.view] for film in result.films} == {
        film.stem: stated[film.stem] for film in films
    }
