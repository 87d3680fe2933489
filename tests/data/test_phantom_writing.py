"""Sets of phantoms on disk: both layouts, every file form, and the same bytes from the same seed."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from PIL import Image

from hilum.cli.data_phantom import data_phantom
from hilum.data.manifest import read_manifest
from hilum.data.phantom import FileForm, Mix, build_phantom, write_phantoms
from hilum.data.phantom.files import write_png
from hilum.data.phantom.site import Site
from hilum.data.readings import clinical_reading, read_reading
from hilum.data.sources.montgomery_shenzhen import MontgomeryShenzhenSource
from hilum.data.sources.phantom import PhantomSource
from hilum.errors import DatasetMissing, OutputRefused
from hilum.findings import Sex
from hilum.imaging.read import read_radiograph


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A mixed set of twenty-four."""
    return write_phantoms(tmp_path_factory.mktemp("set") / "films", n=24, side=64)


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory):
    """The Kaggle tree, forty films, so that it has all quirks."""
    return write_phantoms(tmp_path_factory.mktemp("set") / "kaggle", n=40, side=64, layout="kaggle")


@pytest.fixture(scope="module")
def kaggle_read(kaggle):
    """The Kaggle tree as its source reads it, by film name."""
    return MontgomeryShenzhenSource().read_films(kaggle)


def opened(path):
    """A picture, its file closed."""
    with Image.open(path) as image:
        image.load()
        return image


def digest(folder):
    """Name and content of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("layout", ["films", "kaggle"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, layout):
    """Every file of a set, the manifest among them, is equal the second time; another seed differs."""
    sets = [
        write_phantoms(tmp_path / str(k), n=6, seed=seed, side=64, layout=layout)
        for k, seed in enumerate((5, 5, 6))
    ]

    assert digest(sets[0]) == digest(sets[1])
    assert digest(sets[0]) != digest(sets[2])


def test_the_manifest_holds_every_film_with_its_masks_and_truth(films):
    """Twenty-four rows: paths that exist, both lungs, a finding mask where the label is 1 and there alone."""
    rows = read_manifest(films / "manifest.parquet")

    assert len(rows) == 24
    assert {row.site for row in rows} == {site.value for site in Site}
    for row in rows:
        assert row.image_path.is_file()
        assert len(row.lung_mask_paths) == 2
        assert (row.finding_mask_path is not None) == (row.label == 1)
        assert row.reading is not None
        assert row.reading.is_normal == (row.label == 0)
        assert bool(row.reading.kinds) == bool(row.reading.zones) == (row.label == 1)


def test_masks_have_the_size_of_their_film(films):
    """Left, right, and finding are stored pixel for pixel, 0 or 255."""
    n_masks = 0
    for row in read_manifest(films / "manifest.parquet"):
        n_masks += len(row.lung_mask_paths) + (row.finding_mask_path is not None)
        for path in (*row.lung_mask_paths, *([row.finding_mask_path] if row.finding_mask_path else [])):
            mask = np.asarray(opened(path))
            assert mask.shape == (row.height, row.width)
            assert set(np.unique(mask)) == {0, 255}

    assert n_masks > 2 * len(read_manifest(films / "manifest.parquet"))  # both lungs of each, and findings


def test_every_site_has_both_labels_in_the_manifest(films):
    """No class comes from one site only, so training does not refuse phantoms."""
    rows = read_manifest(films / "manifest.parquet")

    assert {(row.site, row.label) for row in rows} == {
        (site.value, label) for site in Site for label in (0, 1)
    }


def test_some_patients_return(films):
    """The manifest ties second films to their patient."""
    patients = [row.patient for row in read_manifest(films / "manifest.parquet")]

    assert len(set(patients)) < len(patients)


def test_what_a_text_can_be_read_to_say_agrees_with_the_truth(films):
    """Where Shenzhen-like words name zones they are the true ones; age, sex, side, and kind always agree."""
    n_zoned = 0
    for row in read_manifest(films / "manifest.parquet"):
        parsed, truth = clinical_reading(row.reading.text), row.reading
        n_zoned += bool(parsed.zones)
        assert (parsed.sex, parsed.age_years) == (truth.sex, truth.age_years)
        assert parsed.is_normal == truth.is_normal
        assert parsed.laterality == truth.laterality
        assert not parsed.zones or set(parsed.zones) == set(truth.zones)
        if row.site != Site.B:
            assert set(parsed.kinds) == set(truth.kinds)

    assert n_zoned > 0


def test_every_form_reads_back_as_the_film_that_was_drawn(tmp_path):
    """Palette, RGB, 8- and 16-bit grey all come out within half a grey level of the pixels in memory."""
    for number in range(8):
        for site, levels in ((Site.A, 255), (Site.B, 4095 if number % 2 == 0 else 255)):
            phantom = build_phantom(number, side=48, site=site)
            write_png(phantom, tmp_path / "film.png", number=number)
            read = read_radiograph(tmp_path / "film.png").pixels
            assert read == pytest.approx(phantom.pixels, abs=0.51 / levels)


def test_shenzhen_like_films_are_inverted_palettes_and_some_rgb(kaggle):
    """The raw index is dark where the film is bright, and the RGB ones have equal channels."""
    folder = kaggle / "ChinaSet_AllFiles/ChinaSet_AllFiles/CXR_png"
    images = [opened(path) for path in sorted(folder.glob("*.png"))]
    palettes = [image for image in images if image.mode == "P"]
    colours = [np.asarray(image) for image in images if image.mode == "RGB"]

    assert len(palettes) + len(colours) == len(images)
    assert palettes
    assert colours
    for image in palettes:
        raw, shown = np.asarray(image), np.asarray(image.convert("L"))
        assert (raw == 255 - shown).all()
    assert all((colour[..., 0] == colour[..., k]).all() for colour in colours for k in (1, 2))


def test_montgomery_like_films_are_grey_of_eight_or_twelve_bits(kaggle):
    """Some 16-bit files with nothing above 4095, some 8-bit."""
    folder = kaggle / "Montgomery/MontgomerySet/CXR_png"
    images = [opened(path) for path in sorted(folder.glob("*.png"))]

    assert {image.mode for image in images} == {"I;16", "L"}
    assert all(255 < np.asarray(image).max() <= 4095 for image in images if image.mode == "I;16")


def test_the_kaggle_tree_is_that_of_the_zip(kaggle):
    """Its folders, its Thumbs.db, its names, and a reading for every film."""
    folders = {path.relative_to(kaggle).as_posix() for path in kaggle.rglob("*") if path.is_dir()}
    china, montgomery = kaggle / "ChinaSet_AllFiles/ChinaSet_AllFiles", kaggle / "Montgomery/MontgomerySet"

    assert folders == {
        "ChinaSet_AllFiles", "ChinaSet_AllFiles/ChinaSet_AllFiles",
        "ChinaSet_AllFiles/ChinaSet_AllFiles/CXR_png", "ChinaSet_AllFiles/ChinaSet_AllFiles/ClinicalReadings",
        "Montgomery", "Montgomery/MontgomerySet", "Montgomery/MontgomerySet/CXR_png",
        "Montgomery/MontgomerySet/ClinicalReadings", "Montgomery/MontgomerySet/ManualMask",
        "Montgomery/MontgomerySet/ManualMask/leftMask", "Montgomery/MontgomerySet/ManualMask/rightMask",
    }  # fmt: skip
    assert (china / "CXR_png/Thumbs.db").is_file()
    for folder in (china, montgomery):
        films = {path.stem for path in (folder / "CXR_png").glob("*.png")}
        assert films == {path.stem for path in (folder / "ClinicalReadings").glob("*.txt")}
    assert {path.name for path in (montgomery / "ManualMask/leftMask").iterdir()} == {
        path.name for path in (montgomery / "CXR_png").iterdir()
    }


def test_the_kaggle_tree_imports_without_a_problem(kaggle_read):
    """Forty films, none refused, and no label against its text."""
    assert len(kaggle_read.films) == 40
    assert kaggle_read.problems == ()
    assert all(film.sex is not None and film.age_years is not None for film in kaggle_read.films)


def test_all_quirks_of_the_readings_are_there(kaggle):
    """Every spelling that the real sets hold is in a tree of forty."""
    texts = [path.read_bytes() for path in sorted(kaggle.rglob("*.txt"))]
    wanted = [b"yrs", b"femal ", b"male 16month", b"female 64days", b"male , ", b"  \t", b"ale, ",
              b"normale", b";", b"\r\n", b"\xef\xbb\xbf", b"\xa0", b"COPD", b"Patient's Sex: F ",
              b"Patient's Age: 0", b"Sex: O", b"same pt as"]  # fmt: skip

    assert [quirk for quirk in wanted if not any(quirk in text for text in texts)] == []
    assert any(b"\r" in text.replace(b"\r\n", b"") for text in texts)  # a bare carriage return
    assert any(text.split(b"\n")[0].strip()[-1:].isdigit() for text in texts)  # an age without a unit


def test_same_patient_notes_tie_films_of_one_body(kaggle_read):
    """Montgomery-like notes give the importer its patients; Shenzhen-like films have one each."""
    of_patient = Counter(film.patient for film in kaggle_read.films)
    returning = [patient for patient, n in of_patient.items() if n > 1]

    assert returning
    assert all(patient.startswith("montgomery") for patient in returning)


def test_childrens_readings_are_in_months_and_days(kaggle):
    """Two of the Shenzhen-like films are of children, with the age in the film's own text."""
    readings = [read_reading(path) for path in sorted(kaggle.rglob("CHN*.txt"))]
    ages = sorted(reading.age_years for reading in readings)

    assert ages[0] == pytest.approx(64 / 365.25, abs=1e-3)
    assert any(age == pytest.approx(16 / 12, abs=1e-3) for age in ages)
    assert {reading.sex for reading in readings} == {Sex.FEMALE, Sex.MALE}


def test_dicom_films_have_header_window_and_polarity(tmp_path):
    """CR, twelve bits in sixteen, a window, age, sex, and view; both polarities; a UID a film."""
    folder = write_phantoms(tmp_path / "d", n=8, side=48, mix=Mix(form=FileForm.DICOM))
    headers = [pydicom.dcmread(path) for path in sorted((folder / "films").glob("*.dcm"))]

    assert len(headers) == 8
    assert {film.PhotometricInterpretation for film in headers} == {"MONOCHROME1", "MONOCHROME2"}
    assert len({film.SOPInstanceUID for film in headers}) == 8
    for film in headers:
        assert (film.Modality, film.BitsAllocated, film.BitsStored) == ("CR", 16, 12)
        assert film.pixel_array.max() <= 4095
        assert film.WindowWidth > 0
        assert film.PatientAge.endswith("Y")
        assert film.PatientSex in ("F", "M")
        assert film.ViewPosition in ("PA", "AP")


def test_both_polarities_are_read_bone_bright(tmp_path):
    """Every DICOM phantom comes out with lungs darker than the film's bright parts."""
    folder = write_phantoms(tmp_path / "d", n=12, side=48, mix=Mix(form=FileForm.DICOM))

    stored = set()
    for row in read_manifest(folder / "manifest.parquet"):
        stored.add(pydicom.dcmread(row.image_path).PhotometricInterpretation)
        pixels = read_radiograph(row.image_path).pixels
        lungs = np.logical_or(*(np.asarray(opened(mask)) > 0 for mask in row.lung_mask_paths))
        assert np.median(pixels[lungs]) < np.quantile(pixels, 0.8)

    assert stored == {"MONOCHROME1", "MONOCHROME2"}


def test_png_alone_leaves_dicom_out(tmp_path):
    """With the form png there are two sites and no DICOM."""
    folder = write_phantoms(tmp_path / "p", n=6, side=32, mix=Mix(form=FileForm.PNG))

    assert {path.suffix for path in (folder / "films").iterdir()} == {".png"}


def test_a_folder_that_holds_something_is_refused(tmp_path):
    """Nothing is overwritten, and nothing is left beside the folder."""
    (tmp_path / "own.txt").write_text("mine")

    with pytest.raises(OutputRefused, match="empty"):
        write_phantoms(tmp_path, n=1, side=32)
    assert [path.name for path in tmp_path.iterdir()] == ["own.txt"]


def test_an_empty_folder_is_used_as_it_is(tmp_path):
    """A folder made beforehand may be filled."""
    folder = write_phantoms(tmp_path, n=1, side=32)

    assert folder == tmp_path.resolve()
    assert (tmp_path / "manifest.parquet").is_file()


def test_nothing_half_written_is_left_when_drawing_fails(tmp_path, monkeypatch):
    """A fault in the middle of a set leaves no folder, hidden or not."""

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hilum.data.phantom.writing.write_mask", fail)

    with pytest.raises(OutputRefused, match="No space left"):
        write_phantoms(tmp_path / "set", n=2, side=32)
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_moves_with_its_folder(tmp_path):
    """Paths are stored relative, so a renamed set still reads."""
    folder = write_phantoms(tmp_path / "before", n=2, side=32)
    moved = folder.rename(tmp_path / "after")

    assert all(row.image_path.is_file() for row in read_manifest(moved / "manifest.parquet"))


def test_the_source_reads_the_truth_table(films):
    """Films and truth come from phantoms.csv; nothing is missing."""
    read = PhantomSource().read_films(films)

    assert len(read.films) == read.n_expected == 24
    assert read.problems == ()


def test_the_source_names_a_film_that_is_gone(tmp_path):
    """A row without its file is a problem by name, not a crash."""
    folder = write_phantoms(tmp_path / "set", n=3, side=32)
    (folder / "films/phantom_0002.png").unlink()
    read = PhantomSource().read_films(folder)

    assert [film.film for film in read.films] == ["phantom_0001", "phantom_0003"]
    assert [problem.name for problem in read.problems] == ["phantom_0002"]


def test_the_source_refuses_a_folder_without_a_truth_table(tmp_path):
    """No phantoms.csv, no phantoms."""
    with pytest.raises(DatasetMissing, match="phantoms.csv"):
        PhantomSource().read_films(tmp_path)


def test_the_truth_table_has_a_row_a_film(films):
    """Every column is filled for a sick film."""
    with (films / "phantoms.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))

    assert len(rows) == 24
    for row in rows:
        assert all(
            row[name] for name in ("film", "file", "site", "patient", "view", "age_years", "sex", "pixel_mm")
        )
        assert all(
            bool(row[name]) == (row["label"] == "1") for name in ("pattern", "laterality", "zones", "kinds")
        )


def test_the_command_writes_a_set_and_says_where(tmp_path):
    """One line: how many films, and the manifest for the next command."""
    result = CliRunner().invoke(data_phantom, ["--out", str(tmp_path / "x"), "--n", "2", "--side", "32"])

    assert result.exit_code == 0, result.output
    assert result.output.strip() == f"2 phantom films: {(tmp_path / 'x/manifest.parquet').resolve()}"


def test_the_command_refuses_dicom_in_the_kaggle_tree(tmp_path):
    """The zip holds PNG files; asking for both is a mistake to name."""
    result = CliRunner().invoke(
        data_phantom, ["--out", str(tmp_path / "x"), "--layout", "kaggle", "--format", "dicom"]
    )

    assert result.exit_code == 2
    assert "PNG files alone" in result.output
