"""`hilum predict`: a table for evaluation, and a warning where its figures would flatter the bundle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from bundles import FACTS, write_film, write_tiny_bundle
from hilum.cli.main import cli
from hilum.data.manifest import dataset_hash, write_manifest
from hilum.evaluation.summary import summarise
from hilum.evaluation.table import read_predictions
from hilum.inference.bundle import BundleFacts, write_bundle
from hilum.inference.training_films import LIST_NAME, learnt_films, training_list
from hilum.records import Film


@pytest.fixture
def films(tmp_path):
    """Four labelled films and one without a label, in a manifest."""
    rows = []
    for number in range(5):
        path = write_film(tmp_path / f"films/{number}.png", side=160 + number, has_spot=number % 2 == 1)
        label = None if number == 4 else number % 2
        rows.append(
            Film(film=f"film-{number}", image_path=path, dataset="folder", site="here", patient=f"p{number}",
                 label=label, width=160, height=160, bit_depth=8, sha256=f"{number:064x}",
                 perceptual_hash=f"{number:016x}")
        )  # fmt: skip
    write_manifest(rows, tmp_path / "films/manifest.parquet")
    return rows


@pytest.fixture
def make_bundle(tmp_path):
    """The tiny bundle, taught by these films as its hash says, and as its list says where there is one."""

    def make(films, *, is_listed=False):
        learnt = replace(FACTS.training_data, hash=dataset_hash(films))
        plain = write_tiny_bundle(tmp_path / "plain", training_data=learnt)
        if not is_listed:
            return plain
        (tmp_path / LIST_NAME).write_text(training_list(films))
        facts = BundleFacts(**{name: getattr(plain, name) for name in BundleFacts.__dataclass_fields__})
        files = {name: plain.folder / name for name in plain.sha256} | {LIST_NAME: tmp_path / LIST_NAME}
        return write_bundle(tmp_path / "listed", facts=facts, files=files)

    return make


def predict(tmp_path, bundle):
    """Runs the command; what it said on standard error, and the rows it wrote."""
    table = tmp_path / "table.csv"
    words = ["predict", tmp_path / "films/manifest.parquet", "--bundle", bundle.folder, "--out", table]
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stderr, read_predictions(table)


def test_films_that_the_bundle_learnt_from_are_told(films, make_bundle, tmp_path):
    """One line on standard error, and a column in the table; the film without a label is none of them."""
    said, rows = predict(tmp_path, make_bundle(films[:4]))

    (line,) = said.splitlines()
    assert line.startswith("warning: tiny 0.1 learnt from 4 of the 5 films")
    assert [row.extra["learnt_from"] for row in rows] == ["yes"] * 4 + ["no"]


def test_other_films_are_not_warned_of(films, make_bundle, tmp_path):
    """Nothing on standard error, and no further column."""
    said, rows = predict(tmp_path, make_bundle([replace(films[0], sha256="f" * 64)], is_listed=True))

    assert said == ""
    assert [set(row.extra) for row in rows] == [{"bundle"}] * 5
    assert len({row.extra["bundle"] for row in rows}) == 1


def test_a_part_of_the_films_is_told_where_the_bundle_lists_them(films, make_bundle):
    """The list knows film by film, whatever a film is called; the hash alone knows the whole set only."""
    renamed = [replace(film, film=f"other-{film.film}") for film in films]

    listed = make_bundle(films[1:3], is_listed=True)
    by_hash_alone = replace(listed, sha256=dict.fromkeys(listed.graph_names, ""))

    assert learnt_films(listed, renamed) == {"other-film-1", "other-film-2"}
    assert learnt_films(by_hash_alone, films) == frozenset()


def test_an_evaluation_of_learnt_films_says_so_first(films, make_bundle, tmp_path):
    """The column of `hilum predict` reaches the page's caveats."""
    _, rows = predict(tmp_path, make_bundle(films[:4]))

    caveats = summarise(rows).caveats

    assert caveats[0] == "All films are among those that the reader learnt from: the figures flatter it."
