"""The exploration's page, pictures, and numbers."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from explorable import chest, chest_films, film_on_disk, film_row, write_grey
from hilum.data.readings import clinical_reading
from hilum.errors import OutputRefused
from hilum.records import Film
from hilum.reports.explore.gather import exploration_json, explore_films
from hilum.reports.explore.notes import notes_of
from hilum.reports.explore.page import check_output, write_exploration


def explored(films, out, *, seed: int = 0) -> str:
    """The page of an exploration written to `out`."""
    write_exploration(explore_films(films, seed=seed), out, title="Films")
    return (out / "explore.html").read_text(encoding="utf-8")


@pytest.fixture
def coarse_figures(monkeypatch):
    """Figures drawn at a third of the resolution, for tests that do not look at them."""
    monkeypatch.setattr("hilum.reports.figures.DOTS_PER_INCH", 50)


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """48 films of two sites with ages, sexes, readings, and masks, explored once; (films, out, page)."""
    folder = tmp_path_factory.mktemp("rich")
    mask = write_grey(folder / "mask.png", np.pad(np.full((40, 40), 255), 12))
    texts = ("male 30yrs\nnormal", "female 40yrs\nsecondary PTB in the right upper field")
    films = [
        replace(film, reading=clinical_reading(texts[film.label]), lung_mask_paths=(mask,))
        for film in chest_films(folder / "films", n=48, sites=("A", "B"))
    ]
    return films, folder / "out", explored(films, folder / "out")


def test_every_figure_is_also_a_png(rich):
    """Thirteen for a set that has everything but films of several sizes."""
    _, out, page = rich

    names = {path.stem for path in (out / "visualisations").iterdir()}

    assert names == {
        "controls", "class-balance", "age", "sex", "contact-sheet", "brightness-contrast", "mean-by-label",
        "mean-difference", "mean-by-site", "lung-area", "words", "findings",
    }  # fmt: skip
    assert page.count("<img") == len(names)


def test_the_pngs_are_pictures_of_a_readable_size(rich):
    """None is empty or cut to a line."""
    _, out, _ = rich

    paths = list((out / "visualisations").iterdir())
    assert len(paths) > 5
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 150, path.name


def test_the_page_stands_alone(rich):
    """No script, and nothing from another address."""
    _, _, page = rich

    assert not re.findall(r"(?:src|href)=[\"'](?!data:|#)", page)
    assert "<script" not in page


def test_the_numbers_are_strict_json(rich):
    """NaN is not JSON, and a reader in another language would stop at it."""
    _, out, _ = rich

    def refuse(word):
        raise AssertionError(word)

    numbers = json.loads((out / "explore.json").read_text(encoding="utf-8"), parse_constant=refuse)

    assert (numbers["n_films"], numbers["n_read"], numbers["unreadable"]) == (48, 48, [])
    assert [row["n"] for row in numbers["groups"]] == [12, 12, 12, 12]


def test_the_numbers_carry_interval_and_denominator(rich):
    """Every control is an estimate with its n."""
    _, out, _ = rich

    controls = json.loads((out / "explore.json").read_text(encoding="utf-8"))["controls"]

    estimated = [control["auc"] for control in controls if control["auc"]["value"] is not None]
    assert estimated
    assert all(auc["low"] <= auc["value"] <= auc["high"] and auc["n"] for auc in estimated)


def test_two_runs_give_the_same_bytes(rich, tmp_path):
    """Page, numbers, and pictures depend on the films and the seed alone."""
    films, out, page = rich

    assert explored(films, tmp_path) == page
    for path in (out / "visualisations").iterdir():
        assert (tmp_path / "visualisations" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("coarse_figures")
def test_bare_films_are_described_in_words(tmp_path):
    """No ages, sexes, labels, masks, or readings: the page says so, and draws no empty plot."""
    chance = np.random.default_rng(0)
    films = [film_on_disk(tmp_path, f"f{i}", chest(chance), label=None) for i in range(3)]

    page = explored(films, tmp_path / "out")

    for words in (
        "No film states an age.", "No film states a sex.", "All 3 films are 64 × 72 pixels",
        "The manifest holds no lung masks.", "The manifest holds no readings.",
        "No difference of means", "no film has a label", "one site",
    ):  # fmt: skip
        assert words in page, words
    names = {path.stem for path in (tmp_path / "out" / "visualisations").iterdir()}
    assert names == {"class-balance", "contact-sheet", "brightness-contrast", "mean-by-label"}


@pytest.mark.usefixtures("coarse_figures")
def test_a_set_without_a_readable_film_still_has_a_page(tmp_path):
    """Counts, sizes, and reasons are there; pixels are not."""
    films = [film_row(f"f{i}", image_path=tmp_path / f"f{i}.png") for i in range(2)]

    page = explored(films, tmp_path / "out")

    assert "There is no such file." in page
    assert "Not measured: No film could be read." in page


@pytest.mark.usefixtures("coarse_figures")
def test_a_single_film_can_be_explored(tmp_path, chance):
    """One of everything, and no division by nought."""
    page = explored([film_on_disk(tmp_path, "only", chest(chance), age_years=0.0)], tmp_path / "out")

    assert "No film is labelled tuberculosis" in page


@pytest.mark.usefixtures("coarse_figures")
def test_hostile_names_are_shown_as_they_are(tmp_path, chance):
    """Markup is escaped; formulas, line ends, and letters without a glyph are drawn without a warning."""
    names = ("$x_{1$", "<script>alert(1)</script>", "a\nb", "肺", "x" * 300)
    films = [
        replace(film_on_disk(tmp_path, f"f{i}", chest(chance)), film=name, site=name, label=i % 2,
                reading=clinical_reading(f"PTB {name} $"))
        for i, name in enumerate(names * 2)
    ]  # fmt: skip
    films = [replace(film, film=f"{film.film}{i}") for i, film in enumerate(films)]

    page = explored(films, tmp_path / "out")

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.usefixtures("coarse_figures")
def test_an_empty_site_is_named(tmp_path, chance):
    """A manifest may leave the site out."""
    films = [film_on_disk(tmp_path, "f", chest(chance), site="")]

    assert "(site not stated)" in explored(films, tmp_path / "out")


@pytest.mark.usefixtures("coarse_figures")
def test_many_sites_are_all_in_the_table_and_some_in_the_figures(tmp_path, chance):
    """Nine sites do not make nine mean films."""
    films = [film_on_disk(tmp_path, f"f{i}", chest(chance), site=f"site {i}", label=i % 2) for i in range(9)]

    page = explored(films, tmp_path / "out")

    assert all(f"site {i}</td>" in page for i in range(9))


@pytest.mark.usefixtures("coarse_figures")
def test_a_picture_of_an_earlier_run_does_not_stay(tmp_path, chance):
    """The page without ages has no picture of ages beside it."""
    write_grey(tmp_path / "out" / "visualisations" / "age.png", chest(chance))

    explored([film_on_disk(tmp_path, "f", chest(chance))], tmp_path / "out")

    assert not (tmp_path / "out" / "visualisations" / "age.png").exists()


def test_a_film_is_never_overwritten(tmp_path, chance):
    """A film that stands where a figure would go refuses the folder."""
    film = film_on_disk(tmp_path / "visualisations", "age", chest(chance))

    with pytest.raises(OutputRefused, match="is a film of the manifest"):
        check_output(tmp_path, [film])


def test_a_file_is_no_folder_to_write_to(tmp_path):
    """The message asks for a folder."""
    (tmp_path / "out").write_text("")

    with pytest.raises(OutputRefused, match="name a folder"):
        check_output(tmp_path / "out", [])


@pytest.mark.usefixtures("coarse_figures")
def test_without_scikit_learn_the_rest_is_there(tmp_path, monkeypatch):
    """The station explores; only the controls are missing, and the page says what to install."""
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)

    page = explored(chest_films(tmp_path, n=20), tmp_path)

    assert ".[train]" in page
    assert (tmp_path / "visualisations" / "age.png").exists()


def test_a_class_of_one_site_is_named_first(tmp_path, chance):
    """It is what training refuses."""
    films: list[Film] = [
        film_on_disk(tmp_path, f"f{i}", chest(chance), site="AB"[i % 2], label=i % 2) for i in range(4)
    ]

    first, *_ = notes_of(explore_films(films))

    assert first == "Every normal film comes from A: a network could learn the site instead of the disease."


def test_a_telling_control_is_named_in_the_notes(tmp_path):
    """Tuberculosis films exposed darker are told by their brightness, and the note says by how much."""
    chance = np.random.default_rng(3)
    films = [
        film_on_disk(tmp_path, f"f{i:02}", chest(chance, darker=40 * (i % 2)), label=i % 2) for i in range(40)
    ]

    notes = " ".join(notes_of(explore_films(films)))

    assert "border and brightness, AUC 1.00" in notes


def test_the_json_holds_no_patient(rich):
    """Patients' names are no part of a description."""
    films, _, _ = rich
    films = [replace(film, patient=f"secret-{film.patient}") for film in films]

    assert "secret" not in json.dumps(exploration_json(explore_films(films)))
