"""Each source on fake sets: names, labels, patients, readings, masks, and what it will not settle."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from hilum.data.phantom.writing import write_phantoms
from hilum.data.source import ProblemKind, Source, SourceRead
from hilum.data.sources import SOURCES
from hilum.data.sources.india import IndiaSource
from hilum.data.sources.jsrt import JsrtSource
from hilum.data.sources.montgomery import MontgomerySource
from hilum.data.sources.montgomery_shenzhen import MontgomeryShenzhenSource
from hilum.data.sources.phantom import PhantomSource
from hilum.data.sources.shenzhen import ShenzhenSource
from hilum.errors import DatasetMissing, NameUnknown
from hilum.findings import Sex

EXAMPLES = {
    "folder": "anything.png",
    "india": "da_train_px1.jpg",
    "jsrt": "images/JPCLN001.png",
    "montgomery": "MCUCXR_0001_0.png",
    "montgomery-shenzhen": "CHNCXR_0001_0.png",
    "shenzhen": "CHNCXR_0001_0.png",
}
"""A film's name of each built-in source that needs nothing beside it."""


def named(read: SourceRead, kind: ProblemKind) -> dict[str, str]:
    """Name -> reason of one kind of problem."""
    return {problem.name: problem.reason for problem in read.problems if problem.kind is kind}


def check_source(source: Source, folder: Path) -> SourceRead:
    """The contract that every source keeps on a folder of its films; a plug-in's tests may use it too."""
    before = sorted(folder.rglob("*"))
    read = source.read_films(folder)
    card = source.card

    assert all((source.name, source.__doc__, card.title, card.licence, card.citation, card.label_origin))
    assert [film.film for film in read.films] == list(dict.fromkeys(film.film for film in read.films))
    for film in read.films:
        assert film.image_path.is_file()
        assert film.image_path.is_absolute()
        assert film.label in (0, 1, None)
        assert all((film.dataset, film.site, film.patient))
        assert all(path.is_absolute() for path in film.lung_mask_paths)
        entry = PurePosixPath(film.image_path.relative_to(folder))
        assert source.wants(entry)
        assert source.recognises(entry)
    assert not source.recognises(PurePosixPath("Thumbs.db"))
    assert not source.wants(PurePosixPath("Thumbs.db"))
    assert not source.wants(PurePosixPath("__MACOSX/._" + EXAMPLES.get(source.name, "film.png")))
    assert sorted(folder.rglob("*")) == before, "a source writes nothing"
    assert source.read_films(folder) == read, "a source reads the same twice"
    return read


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_source_keeps_the_contract(name, tmp_path, make_film):
    """Each built-in reads a folder with one film of its own."""
    make_film(tmp_path / EXAMPLES[name])
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")

    assert len(check_source(SOURCES.load(name)(), tmp_path).films) == 1


def test_the_phantom_source_keeps_the_contract(tmp_path):
    """The films that Hilum draws itself come in through the same contract."""
    folder = write_phantoms(tmp_path / "phantoms", n=2, side=64)

    assert len(check_source(PhantomSource(), folder).films) == 2


def test_every_registered_source_is_tested_here():
    """A new built-in needs an example above."""
    assert set(SOURCES.names()) == {*EXAMPLES, "phantom"}


def test_an_unknown_source_answers_with_the_nearest():
    """A slip of the finger is corrected."""
    with pytest.raises(NameUnknown, match="did you mean 'shenzhen'"):
        SOURCES.load("shenzen")


@pytest.mark.parametrize("name", sorted(SOURCES.names()))
def test_a_folder_without_films_is_missing(name, tmp_path):
    """The message names the set's page in the docs, and says once that nothing is there."""
    (tmp_path / "readme.txt").write_text("nothing here")

    with pytest.raises(DatasetMissing, match=rf"docs/datasets/{name}\.md") as caught:
        SOURCES.load(name)().read_films(tmp_path)
    assert "not found in" in str(caught.value)
    assert ": no " not in str(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        "ChinaSet_AllFiles/ChinaSet_AllFiles/CXR_png/CHNCXR_0327_1.png",
        "ChinaSet_AllFiles/CXR_png/CHNCXR_0327_1.png",
        "CHNCXR_0327_1.png",
        "anywhere at all/CHNCXR_0327_1.PNG",
        "lower/chncxr_0327_1.png",
    ],
)
def test_films_are_found_by_name_in_any_layout(place, tmp_path, make_film):
    """Kaggle's folders, the library's, a flat one, and other cases of letters all do."""
    make_film(tmp_path / place)
    (film,) = ShenzhenSource().read_films(tmp_path).films

    assert (film.film, film.label, film.patient, film.site) == (
        "CHNCXR_0327_1",
        1,
        "shenzhen-0327",
        "shenzhen",
    )


@pytest.mark.parametrize(
    "name", ["CHNCXR_0327_2.png", "CHNCXR_327_1.png", "CHNCXR_0327_1 (1).png", "xCHNCXR_0327_1.png",
             "CHNCXR_0327_1.jpg", "CHNCXR_0٣27_1.png", "__MACOSX/._CHNCXR_0327_1.png", "._CHNCXR_0327_1.png"],
)  # fmt: skip
def test_names_that_are_nearly_right_are_no_films(name, tmp_path, make_film):
    """Only the set's own form of a name counts, with Latin digits, and macOS's shadows never."""
    make_film(tmp_path / "CHNCXR_0001_0.png")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    shutil.copy(tmp_path / "CHNCXR_0001_0.png", path)

    assert [film.film for film in ShenzhenSource().read_films(tmp_path).films] == ["CHNCXR_0001_0"]


def test_other_files_are_counted_and_passed_over(make_set):
    """`Thumbs.db` among the films is no film and no problem."""
    folder = make_set({"CHNCXR_0001_0": "male 45yrs\nnormal"})
    (folder / "ChinaSet_AllFiles/ChinaSet_AllFiles/CXR_png/Thumbs.db").write_bytes(b"x")
    read = ShenzhenSource().read_films(folder)

    assert (read.n_ignored, read.problems) == (1, ())


def test_sex_and_age_come_from_the_reading(make_set):
    """The text beside a film fills its row."""
    (film,) = ShenzhenSource().read_films(make_set({"CHNCXR_0001_0": "femal 32yrs\nnormale"})).films

    assert (film.sex, film.age_years, film.reading.text) == (Sex.FEMALE, 32, "femal 32yrs\nnormale")


def test_what_is_missing_is_named(make_set, make_film):
    """A reading without a film, and a film without a reading, are both said."""
    folder = make_set({"CHNCXR_0001_0": "male 45yrs\nnormal", "CHNCXR_0002_0": None})
    (folder / "CHNCXR_0003_1.txt").write_text("male 45yrs\nPTB")
    read = ShenzhenSource().read_films(folder)

    assert list(named(read, ProblemKind.MISSING_FILM)) == ["CHNCXR_0003_1"]
    assert list(named(read, ProblemKind.MISSING_READING)) == ["CHNCXR_0002_0"]


@pytest.mark.parametrize(
    ("film", "text", "told"),
    [
        ("CHNCXR_0001_1", "normal", "label 1 (tuberculosis), but the text reads normal"),
        ("CHNCXR_0001_0", "bilateral PTB", "label 0 (normal), but the text names disease"),
        ("CHNCXR_0001_1", "mainly hyperplastic lesions", "the text does not name it"),
        ("MCUCXR_0001_1", "normal", "but the text reads normal"),
    ],
)
def test_a_label_that_the_text_does_not_bear_out_is_said(make_set, film, text, told):
    """Both stay as they are: the label of the name, the verdict of the text."""
    read = MontgomeryShenzhenSource().read_films(make_set({film: f"male 45yrs\n{text}"}))

    assert told in named(read, ProblemKind.DISAGREEMENT)[film]
    assert read.films[0].label == int(film[-1])


@pytest.mark.parametrize(("film", "text"), [("MCUCXR_0001_1", "infiltrate RUL"), ("CHNCXR_0001_1", "STB"),
                                            ("CHNCXR_0001_0", "normal"), ("CHNCXR_0001_0", "")])  # fmt: skip
def test_a_label_that_the_text_bears_out_is_no_problem(make_set, film, text):
    """Montgomery's texts describe disease without naming it, and a silent text contradicts nothing."""
    read = MontgomeryShenzhenSource().read_films(make_set({film: f"male 45yrs\n{text}"}))

    assert named(read, ProblemKind.DISAGREEMENT) == {}


def test_a_number_with_both_labels_is_said(make_set):
    """0001 cannot be normal and diseased; both films stay, of one patient."""
    read = ShenzhenSource().read_films(make_set({"CHNCXR_0001_0": None, "CHNCXR_0001_1": None}))

    assert list(named(read, ProblemKind.DISAGREEMENT)) == ["CHNCXR_0001"]
    assert {film.patient for film in read.films} == {"shenzhen-0001"}


def test_equal_copies_of_a_film_count_once(make_set, make_film):
    """The same bytes twice in a tree are one film, and it is said."""
    folder = make_set({"CHNCXR_0001_0": None})
    make_film(folder / "copy/CHNCXR_0001_0.png")
    read = ShenzhenSource().read_films(folder)

    assert len(read.films) == 1
    assert "2 files with equal bytes" in named(read, ProblemKind.COPY)["CHNCXR_0001_0"]


def test_two_different_films_of_a_name_are_both_refused(make_set, make_film):
    """Nobody knows which of them is the film, so neither is taken."""
    folder = make_set({"CHNCXR_0001_0": "male 45yrs\nnormal", "CHNCXR_0002_0": None})
    make_film(folder / "other/CHNCXR_0001_0.png", seed="another film")
    read = ShenzhenSource().read_films(folder)

    assert [film.film for film in read.films] == ["CHNCXR_0002_0"]
    assert "2 different files bear this film's name" in named(read, ProblemKind.REFUSED)["CHNCXR_0001_0"]
    assert named(read, ProblemKind.MISSING_FILM) == {}  # its reading is there, and so are two films


def test_two_different_readings_of_a_film_are_both_refused(make_set):
    """The film stays, without a reading."""
    folder = make_set({"CHNCXR_0001_0": "male 45yrs\nnormal"})
    (folder / "CHNCXR_0001_0.txt").write_text("male 45yrs\nbilateral PTB")
    read = ShenzhenSource().read_films(folder)

    assert read.films[0].reading is None
    assert "different files bear this reading's name" in named(read, ProblemKind.REFUSED)["CHNCXR_0001_0"]


def test_a_reading_too_long_is_refused_by_name(make_set):
    """A megabyte of text under a reading's name does not stop the set."""
    read = ShenzhenSource().read_films(make_set({"CHNCXR_0001_0": "x" * 1_000_000}))

    assert "too many for a reading" in named(read, ProblemKind.REFUSED)["CHNCXR_0001_0.txt"]


def test_known_ties_of_montgomery_are_one_patient(make_set):
    """0113 and 0117, and 0162, 0166, and 0170, are of one patient each, whatever the texts say."""
    numbers = ["0113_1", "0117_1", "0162_1", "0166_1", "0170_1", "0001_0"]
    films = MontgomerySource().read_films(make_set({f"MCUCXR_{number}": None for number in numbers})).films
    patients = {film.film[7:11]: film.patient for film in films}

    assert patients["0113"] == patients["0117"] == "montgomery-0113"
    assert patients["0162"] == patients["0166"] == patients["0170"] == "montgomery-0162"
    assert patients["0001"] == "montgomery-0001"


def test_same_patient_notes_tie_films(make_set):
    """Notes join films, also by way of a film that is not there."""
    texts = {
        "MCUCXR_0200_1": "Patient's Sex: F\ninfiltrate; same pt as 0300",
        "MCUCXR_0201_1": "Patient's Sex: F\nsame pt as 0300",
        "MCUCXR_0202_1": "Patient's Sex: F\ninfiltrate",
    }
    films = MontgomerySource().read_films(make_set(texts)).films

    assert [film.patient for film in films] == ["montgomery-0200", "montgomery-0200", "montgomery-0202"]


def test_manual_masks_are_told_from_films_of_the_same_name(make_set, make_mask):
    """Montgomery's masks bear their film's name; their folder tells, and left comes before right."""
    folder = make_set({"MCUCXR_0001_0": None})
    masks = folder / "Montgomery/MontgomerySet/ManualMask"
    left = make_mask(masks / "leftMask/MCUCXR_0001_0.png")
    right = make_mask(masks / "rightMask/MCUCXR_0001_0.png")
    (film,) = MontgomerySource().read_films(folder).films

    assert film.lung_mask_paths == (left, right)
    assert film.image_path.parent.name == "CXR_png"


def test_half_a_pair_of_masks_is_not_used(make_set, make_mask):
    """One lung's mask alone would teach that the other lung is none."""
    folder = make_set({"MCUCXR_0001_0": None})
    make_mask(folder / "Montgomery/MontgomerySet/ManualMask/leftMask/MCUCXR_0001_0.png")
    read = MontgomerySource().read_films(folder)

    assert read.films[0].lung_mask_paths == ()
    assert "only the left lung" in named(read, ProblemKind.MISSING_MASK)["MCUCXR_0001_0"]


def test_masks_of_another_folder_are_joined_by_name(make_set, make_mask, tmp_path):
    """`--masks` takes FILM_mask.png at any depth, and films without one are named."""
    folder = make_set({"CHNCXR_0001_0": None, "CHNCXR_0002_0": None})
    mask = make_mask(tmp_path / "masks/shenzhen/CHNCXR_0001_0_mask.png")
    read = ShenzhenSource().read_films(folder, masks=tmp_path / "masks")

    assert [film.lung_mask_paths for film in read.films] == [(mask,), ()]
    assert list(named(read, ProblemKind.MISSING_MASK)) == ["CHNCXR_0002_0"]


def test_without_any_mask_none_is_missed(make_set):
    """A set that came without masks is not told 662 times."""
    read = ShenzhenSource().read_films(make_set({"CHNCXR_0001_0": None}))

    assert named(read, ProblemKind.MISSING_MASK) == {}


def test_a_set_that_is_missing_whole_is_said(make_set):
    """Kaggle's zip without Montgomery imports, and says so."""
    read = MontgomeryShenzhenSource().read_films(make_set({"CHNCXR_0001_0": None}))

    assert "none of the 138 films" in named(read, ProblemKind.MISSING_FILM)["montgomery (whole set)"]


def test_both_sets_come_in_one_manifest(make_set):
    """Each film keeps its own dataset and site, and files that neither knows are counted once."""
    folder = make_set({"CHNCXR_0001_0": None, "MCUCXR_0001_0": None})
    (folder / "Thumbs.db").write_bytes(b"x")
    read = MontgomeryShenzhenSource().read_films(folder)

    assert [film.dataset for film in read.films] == ["montgomery", "shenzhen"]
    assert read.n_ignored == 1


def test_the_indian_label_is_in_the_name(tmp_path, make_film):
    """`nx` is normal, `px` tuberculosis, and each film is its own patient."""
    for name in ("da_train_nx1", "da_test_px1"):
        make_film(tmp_path / f"{name}.jpg")
    films = IndiaSource().read_films(tmp_path).films

    assert [(film.film, film.label) for film in films] == [("da_test_px1", 1), ("da_train_nx1", 0)]
    assert {film.site for film in films} == {"new-delhi"}


def test_jsrt_says_nothing_of_tuberculosis(tmp_path, make_film):
    """A film with or without a nodule has no tuberculosis label."""
    make_film(tmp_path / "images/JPCNN001.png")
    make_film(tmp_path / "images/JPCLN001.png")

    assert {film.label for film in JsrtSource().read_films(tmp_path).films} == {None}


def test_jsrt_label_maps_are_no_films(tmp_path, make_film):
    """A label map bears its film's name; its folder tells."""
    film = make_film(tmp_path / "images/JPCLN001.png")
    (tmp_path / "labels").mkdir()
    label_map = tmp_path / "labels/JPCLN001.png"
    Image.fromarray(np.full((48, 40), 1, np.uint8)).save(label_map)
    (found,) = JsrtSource().read_films(tmp_path).films

    assert (found.image_path, found.label_map.path, found.label_map.lung_values) == (film, label_map, (1, 2))


def test_links_that_go_round_end(tmp_path, make_film):
    """A folder that links to itself is walked once."""
    make_film(tmp_path / "CHNCXR_0001_0.png")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)

    assert len(ShenzhenSource().read_films(tmp_path).films) == 1
