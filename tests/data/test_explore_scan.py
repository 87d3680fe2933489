"""One pass over the films: means, the contact sheet, and films that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from explorable import chest, chest_films, film_on_disk, film_row
from hilum.data.explore.composite import FilmSum, difference_of_means
from hilum.data.explore.pixels import MEASURED_SIDE
from hilum.data.explore.scan import draw_contact_films, scan_films

SIDE = MEASURED_SIDE


def test_an_unreadable_film_is_listed_and_the_rest_goes_on(tmp_path, chance):
    """A missing and a damaged file each get a line with a reason."""
    good = film_on_disk(tmp_path, "good", chest(chance))
    missing = film_row("missing", image_path=tmp_path / "missing.png")
    (tmp_path / "damaged.png").write_bytes(good.image_path.read_bytes()[:200])
    damaged = film_row("damaged", image_path=tmp_path / "damaged.png")

    scan = scan_films([missing, good, damaged], seed=0)

    assert list(scan.measures) == ["good"]
    assert [film.film for film in scan.unreadable] == ["missing", "damaged"]
    assert all(film.reason for film in scan.unreadable)


def test_an_unreadable_film_keeps_its_place_on_the_contact_sheet(tmp_path):
    """Its print has no pixels, which the figure says."""
    scan = scan_films([film_row("missing", image_path=tmp_path / "missing.png")], seed=0)

    assert [film.pixels for film in scan.contact_sheet] == [None]
    assert scan.mean_by_label == {}


def test_progress_is_told_after_every_film(tmp_path):
    """The last word is that all are done."""
    told = []
    films = chest_films(tmp_path, n=3)

    scan_films(films, seed=0, on_film=lambda done, n: told.append((done, n)))

    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_mean_film_is_the_mean_of_its_label(tmp_path):
    """Two uniform films of 51 and 153 have the mean 102, which is 0.4 of 255."""
    films = [
        film_on_disk(tmp_path, f"f{level}", np.full((SIDE, SIDE), level), label=1) for level in (51, 153)
    ]

    mean = scan_films(films, seed=0).mean_by_label[1]

    assert mean.n == 2
    assert np.allclose(mean.mean, 0.4, atol=1e-6)
    assert np.allclose(mean.deviation, np.sqrt(2) * 0.2, atol=1e-6)


def test_films_of_other_shapes_do_not_darken_the_rim():
    """Where a wide film has no pixels, the mean is that of the square ones alone."""
    films = FilmSum()
    films.add(np.full((SIDE, SIDE), 0.8, np.float32))
    films.add(np.full((SIDE // 2, SIDE), 0.8, np.float32))

    assert np.allclose(films.mean_film().mean, 0.8, atol=1e-6)


def test_pixels_that_few_films_reach_are_left_empty():
    """One square film among four wide ones does not speak for the rim."""
    films = FilmSum()
    films.add(np.ones((SIDE, SIDE), np.float32))
    for _ in range(4):
        films.add(np.zeros((SIDE // 2, SIDE), np.float32))

    mean = films.mean_film().mean

    assert np.isnan(mean[0]).all()
    assert mean[SIDE // 2] == pytest.approx(np.full(SIDE, 0.2))


def test_the_difference_of_means_has_the_sign_of_tuberculosis_less_normal():
    """Brighter tuberculosis films give a positive difference, in units of the spread between films."""
    normal, tuberculosis = FilmSum(), FilmSum()
    for step in (-0.1, 0.1):
        normal.add(np.full((SIDE, SIDE), 0.4 + step, np.float32))
        tuberculosis.add(np.full((SIDE, SIDE), 0.6 + step, np.float32))

    difference = difference_of_means(tuberculosis.mean_film(), normal.mean_film())

    assert np.allclose(difference.grey, 0.2, atol=1e-5)
    # 0.2 over the pooled SD of (-0.1, 0.1), which is sqrt(0.02)
    assert np.allclose(difference.standardised, 0.2 / np.sqrt(0.02), atol=1e-3)


def test_pixels_without_spread_have_no_standardised_difference():
    """A rim that is black on every film is not infinitely different."""
    normal, tuberculosis = FilmSum(), FilmSum()
    for _ in range(2):
        normal.add(np.zeros((SIDE, SIDE), np.float32))
        tuberculosis.add(np.zeros((SIDE, SIDE), np.float32))

    difference = difference_of_means(tuberculosis.mean_film(), normal.mean_film())

    assert np.isnan(difference.standardised).all()


def test_a_small_film_is_measured_like_a_large_one(tmp_path):
    """Growing a film changes its brightness by less than a grey level."""
    pixels = chest(np.random.default_rng(1))
    small = film_on_disk(tmp_path, "small", pixels)
    large = film_on_disk(tmp_path, "large", pixels.repeat(8, axis=0).repeat(8, axis=1))

    measures = scan_films([small, large], seed=0).measures

    assert measures["small"].brightness == pytest.approx(measures["large"].brightness, abs=1 / 255)


def test_what_was_mended_on_reading_is_counted(tmp_path):
    """A film that shows bone dark is inverted by the reader, and the scan says so."""
    pixels = np.kron(np.array([[200, 90, 200]]), np.ones((120, 40)))  # lungs bright, spine dark
    film = film_on_disk(tmp_path, "inverted", pixels)

    mended = scan_films([film], seed=0).mended

    assert list(mended.values()) == [1]


def test_the_contact_sheet_is_the_same_for_one_seed_whatever_the_order():
    """The draw goes by names, so a re-sorted manifest shows the same films."""
    films = [film_row(f"f{i:03}", label=i % 2) for i in range(100)]

    forward = {film.film for film in draw_contact_films(films, seed=3)}
    backward = {film.film for film in draw_contact_films(films[::-1], seed=3)}
    other = {film.film for film in draw_contact_films(films, seed=4)}

    assert forward == backward != other


def test_the_contact_sheet_draws_evenly_from_sites_and_labels():
    """Ninety films of one kind do not crowd out ten of another."""
    films = [film_row(f"f{i:03}", label=int(i >= 90)) for i in range(100)]

    drawn = draw_contact_films(films, seed=0, n=12)

    assert sum(film.label == 1 for film in drawn) == 6


def test_the_contact_sheet_takes_all_of_a_small_set():
    """Five films are all shown."""
    assert len(draw_contact_films([film_row(f"f{i}") for i in range(5)], seed=0)) == 5


def test_no_native_film_is_kept(tmp_path, chance):
    """What stays of a film is thirteen numbers and, for those drawn, a small print."""
    films = [film_on_disk(tmp_path, "large", chest(chance, height=900, width=800))]

    (shown,) = scan_films(films, seed=0).contact_sheet

    assert shown.pixels is not None
    assert max(shown.pixels.shape) == 128
    assert shown.pixels.base is None or shown.pixels.base.size < 900 * 800
