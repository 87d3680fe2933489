"""The trivial features as numbers, one row a film."""

from __future__ import annotations

import numpy as np
import pytest

from explorable import film_row
from hilum.data.explore.features import AGE_AND_SEX, age_and_sex, film_shape, trivial_features
from hilum.data.explore.pixels import measure_film
from hilum.findings import Sex


def measures_of(films):
    """One measure for all."""
    return {film.film: measure_film(np.full((8, 8), 0.5, np.float32)) for film in films}


def test_a_missing_age_stands_at_the_mean_with_its_flag_up():
    """Mean of 20 and 40; no film is dropped for what is not known of it."""
    films = [film_row("a", age_years=20.0), film_row("b"), film_row("c", age_years=40.0)]

    values = age_and_sex(films)

    assert values[:, AGE_AND_SEX.index("age_years")].tolist() == [20, 30, 40]
    assert values[:, AGE_AND_SEX.index("age_not_stated")].tolist() == [0, 1, 0]


def test_no_age_at_all_gives_finite_numbers():
    """The mean of nothing is not NaN here."""
    assert np.isfinite(age_and_sex([film_row("a"), film_row("b")])).all()


def test_other_sex_is_not_the_same_as_not_stated():
    """Both are neither female nor male, but only one has its flag up."""
    other, silent = age_and_sex([film_row("a", sex=Sex.OTHER), film_row("b")])

    assert other[-1] == 0
    assert silent[-1] == 1


def test_film_shape_holds_native_size():
    """Width, height, and their ratio, before the film is reduced."""
    films = [film_row("a", width=4020, height=4892)]

    assert film_shape(films, measures_of(films))[0, :3] == pytest.approx([4020, 4892, 4020 / 4892])


def test_the_last_set_is_all_the_others_side_by_side():
    """Its columns are theirs, in their order."""
    films = [film_row("a"), film_row("b")]

    *each, together = trivial_features(films, measures_of(films))

    assert together.columns == tuple(column for group in each for column in group.columns)
    assert (together.values == np.hstack([group.values for group in each])).all()


def test_no_films_give_empty_rows_of_the_right_width():
    """A manifest of unreadable films asks for no special care."""
    assert [group.values.shape for group in trivial_features([], {})] == [(0, 5), (0, 9), (0, 7), (0, 21)]
