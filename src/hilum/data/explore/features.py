"""Trivial features: what could tell the label, or the site, without anyone looking at the lungs.

Trap: an age or sex that is not stated is a feature itself (a flag), because who left it out may depend on the
label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.explore.pixels import FilmMeasure
from hilum.findings import Sex
from hilum.records import Film

AGE_AND_SEX = ("age_years", "age_not_stated", "sex_female", "sex_male", "sex_not_stated")
BORDER_AND_BRIGHTNESS = (
    "border_top",
    "border_bottom",
    "border_left",
    "border_right",
    "brightness",
    "contrast",
    "dark_level",
    "bright_level",
    "black_share",
)
FILM_SHAPE = ("width", "height", "aspect", "padding_top", "padding_bottom", "padding_left", "padding_right")


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Some numbers of every film, under one name."""

    name: str
    columns: tuple[str, ...]  # F names
    values: npt.NDArray[np.float64]  # (N, F), all finite


def trivial_features(films: Sequence[Film], measures: Mapping[str, FilmMeasure]) -> list[FeatureSet]:
    """The three sets and all of them together, a row for each of `films`.

    Args:
        films: films that were read.
        measures: film -> its measure; holds every one of `films`.
    """
    sets = [
        FeatureSet("age and sex", AGE_AND_SEX, age_and_sex(films)),
        FeatureSet("border and brightness", BORDER_AND_BRIGHTNESS, border_and_brightness(films, measures)),
        FeatureSet("film shape", FILM_SHAPE, film_shape(films, measures)),
    ]
    columns = tuple(column for group in sets for column in group.columns)
    return [*sets, FeatureSet("all of these together", columns, np.hstack([group.values for group in sets]))]


def age_and_sex(films: Sequence[Film]) -> npt.NDArray[np.float64]:
    """(N, 5); an age that is not stated stands at the mean of those that are, with its flag up."""
    stated = [film.age_years for film in films if film.age_years is not None]
    mean = float(np.mean(stated)) if stated else 0.0
    rows = [
        (
            mean if film.age_years is None else film.age_years,
            film.age_years is None,
            film.sex is Sex.FEMALE,
            film.sex is Sex.MALE,
            film.sex is None,
        )
        for film in films
    ]
    return np.array(rows, np.float64).reshape(len(films), len(AGE_AND_SEX))


def border_and_brightness(
    films: Sequence[Film], measures: Mapping[str, FilmMeasure]
) -> npt.NDArray[np.float64]:
    """(N, 9): the four border strips, and the whole film's grey levels."""
    return _columns([measures[film.film] for film in films], BORDER_AND_BRIGHTNESS)


def film_shape(films: Sequence[Film], measures: Mapping[str, FilmMeasure]) -> npt.NDArray[np.float64]:
    """(N, 7): native width and height in pixels, their ratio, and the padding at each edge."""
    sizes = np.array([(film.width, film.height, film.width / film.height) for film in films], np.float64)
    padding = _columns([measures[film.film] for film in films], FILM_SHAPE[3:])
    return np.hstack([sizes.reshape(len(films), 3), padding])


def _columns(measures: list[FilmMeasure], names: tuple[str, ...]) -> npt.NDArray[np.float64]:
    rows = [[getattr(measure, name) for name in names] for measure in measures]
    return np.array(rows, np.float64).reshape(len(measures), len(names))
