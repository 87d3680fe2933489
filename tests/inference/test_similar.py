"""Films are likened by the bundle's own features, and an index is of one bundle."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from bundles import write_film, write_tiny_bundle
from explorable import film_row, write_grey
from hilum.cli.main import cli
from hilum.data.manifest import write_manifest
from hilum.errors import IndexInvalid, UnreadableImage
from hilum.inference.similar import (
    FeatureReader,
    FilmIndex,
    ReferenceFilm,
    build_index,
    check_index,
    labels_told,
    read_index,
    write_index,
)
from hilum.records import ClinicalReading


@pytest.fixture
def reader(tiny_bundle):
    return FeatureReader(tiny_bundle)


@pytest.fixture
def films(tmp_path):
    """A film with a spot and a reading, one without, and one that the gate refuses."""
    reading = ClinicalReading("right upper infiltrate")
    spotted = film_row(
        "spot", image_path=write_film(tmp_path / "a.png", has_spot=True), label=1, reading=reading
    )
    plain = film_row("plain", image_path=write_film(tmp_path / "b.png"), label=0)
    blank = film_row("blank", image_path=write_grey(tmp_path / "c.png", np.zeros((200, 200), np.uint8)))
    return [spotted, plain, blank]


def test_a_film_is_most_like_itself(reader, tmp_path):
    """Its features have unit length, so the cosine is 1."""
    spotted, plain = write_film(tmp_path / "a.png", has_spot=True), write_film(tmp_path / "b.png")
    features = np.stack([reader.read(path) for path in (spotted, plain)])
    index = FilmIndex((named("a", 1), named("b", 0)), features, "tiny 0.1", "")

    (first, likeness), (second, lesser) = index.nearest(features[0], 2)

    assert (first.film, second.film) == ("a", "b")
    assert likeness == pytest.approx(1, abs=1e-5)
    assert lesser < likeness


def named(film, label):
    return ReferenceFilm(film, f"{film}.png", "here", label, "")


def test_an_index_names_its_films_and_leaves_refused_ones_out(reader, films):
    """Each refused film has its reason."""
    index, refused = build_index(films, reader)

    assert [(film.film, film.label, film.reading) for film in index.films] == [
        ("spot", 1, "right upper infiltrate"),
        ("plain", 0, ""),
    ]
    assert [film.film for film, _ in refused] == ["blank"]
    np.testing.assert_allclose(np.linalg.norm(index.features, axis=1), 1, rtol=1e-5)


def test_an_index_is_read_back_the_same(reader, films, tmp_path):
    """Films, features, and whose they are."""
    index, _ = build_index(films, reader)
    write_index(index, tmp_path / "deep" / "index.parquet")
    again = read_index(tmp_path / "deep" / "index.parquet")

    assert (again.films, again.bundle, again.classifiers) == (index.films, index.bundle, index.classifiers)
    np.testing.assert_array_equal(again.features, index.features)


def test_members_have_a_say_each(films, tmp_path):
    """Two members' features stand side by side, of unit length together."""
    bundle = write_tiny_bundle(tmp_path / "two", biases=(-1.0, 0.5))
    features = FeatureReader(bundle).read(films[0].image_path)
    single = FeatureReader(write_tiny_bundle(tmp_path / "one")).read(films[0].image_path)

    assert features.size == 2 * single.size
    assert np.linalg.norm(features) == pytest.approx(1, abs=1e-5)


def test_an_index_of_other_classifiers_is_refused(reader, films, tiny_bundle, tmp_path):
    """Their features have nothing to do with one another."""
    index, _ = build_index(films, reader)
    other = write_tiny_bundle(tmp_path / "other", biases=(0.5,))

    check_index(index, tiny_bundle, where=tmp_path)
    with pytest.raises(IndexInvalid, match="build it again"):
        check_index(index, other, where=tmp_path)


def test_an_index_of_nothing_is_refused(reader, films):
    """Where no film was left there is nothing to liken a film to."""
    with pytest.raises(IndexInvalid, match="none of the films"):
        build_index(films[2:], reader)


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", None])
def test_a_file_that_is_no_index_is_refused(content, tmp_path):
    """Damaged, foreign, or not there."""
    path = tmp_path / "index.parquet"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(IndexInvalid, match=r"index\.parquet"):
        read_index(path)


def test_a_film_that_the_gate_refuses_is_not_likened(reader, films):
    """As it gets no score."""
    with pytest.raises(UnreadableImage):
        reader.read(films[2].image_path)


def test_the_commands_build_and_search_an_index(films, tiny_bundle, tmp_path):
    """`index` from a manifest, then `similar`, as text and as JSON."""
    write_manifest(films, tmp_path / "manifest.parquet")
    where, bundle = str(tmp_path / "index.parquet"), ["--bundle", str(tiny_bundle.folder)]
    run = CliRunner().invoke
    built = run(cli, ["index", str(tmp_path / "manifest.parquet"), "--out", where, *bundle])
    asked = ["similar", str(films[0].image_path), "--index", where, *bundle]
    text, rows = run(cli, asked), json.loads(run(cli, [*asked, "--json", "-n", "1"]).stdout)

    assert (built.exit_code, text.exit_code) == (0, 0)
    assert "2 films by tiny 0.1, 1 refused" in built.stdout
    assert "spot: right upper infiltrate" in text.stdout.splitlines()[1]
    assert "1 of the 2 labelled films found have tuberculosis" in text.stdout
    assert [(row["film"], row["label"]) for row in rows] == [("spot", 1)]


def test_films_without_labels_say_so():
    """Nothing is counted that nobody stated."""
    assert labels_told([(named("a", None), 0.5)]) == "None of the films found has a label."
