"""The failure gallery: the worst misses and the worst false alarms, film by film, with their heat maps.

Trap: the score is the table's, the heat map is of the bundle that is given now. The two agree only where the
bundle made the table; the caption shows both numbers, and the section says when the bundle learnt from some.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from hilum.evaluation.cuts import OperatingPoint
from hilum.evaluation.labelled import LabelledFilms
from hilum.inference.heat_map import draw_overlay
from hilum.inference.predictor import Predictor, Screened
from hilum.records import Film, Prediction, Scored
from hilum.reports.document import Block, Gallery, Paragraph, Picture, Section
from hilum.reports.evidence.wording import counted, point_words

MOST_SHOWN = 8  # films of each kind
FILM_SIDE = 420  # pixels; a quarter of a page's width needs no more
LONGEST_READING = 160  # characters under a film
MISS, ALARM = "miss", "false-alarm"  # how the picture files begin


@dataclass(frozen=True, slots=True)
class Failures:
    """The films that a threshold gets wrong, worst first, `MOST_SHOWN` of each kind at most."""

    point_name: str
    threshold: float
    where: str  # the point in words
    misses: tuple[Prediction, ...]
    alarms: tuple[Prediction, ...]
    n_misses: int  # in all
    n_alarms: int


@dataclass(frozen=True, slots=True)
class FailedFilm:
    """A film of the gallery."""

    prediction: Prediction
    picture: bytes | None  # PNG with its heat map; None where the film could not be shown
    remark: str  # what the bundle makes of it, or why there is no picture
    reading: str = ""  # the radiologist's own words, where the manifest has them


@dataclass(frozen=True, slots=True)
class FailureGallery:
    """The failures as films."""

    failures: Failures
    misses: tuple[FailedFilm, ...]
    alarms: tuple[FailedFilm, ...]
    bundle: str  # "name version"
    n_learnt: int  # films shown that the bundle learnt from

    def as_json(self) -> dict[str, Any]:
        """Which films are shown; no picture and no reading."""
        return {
            "operating_point": self.failures.point_name,
            "threshold": self.failures.threshold,
            "bundle": self.bundle,
            "n_misses": self.failures.n_misses,
            "n_false_alarms": self.failures.n_alarms,
            "misses": [_named(film) for film in self.misses],
            "false_alarms": [_named(film) for film in self.alarms],
        }


def worst_failures(films: LabelledFilms, point: OperatingPoint) -> Failures:
    """The lowest scores of films with the finding, and the highest of films without, at an operating "
    "point."""
    threshold = point.threshold
    missed = np.flatnonzero(films.truth & (films.score < threshold))
    flagged = np.flatnonzero(~films.truth & (films.score >= threshold))
    lowest = missed[np.argsort(films.score[missed], kind="stable")][:MOST_SHOWN]
    highest = flagged[np.argsort(-films.score[flagged], kind="stable")][:MOST_SHOWN]
    return Failures(
        point_name=point.name,
        threshold=threshold,
        where=point_words(point, 4),
        misses=tuple(films.rows[row] for row in lowest),
        alarms=tuple(films.rows[row] for row in highest),
        n_misses=missed.size,
        n_alarms=flagged.size,
    )


def show_failures(
    failures: Failures, manifest: Mapping[str, Film], predictor: Predictor, *, learnt: frozenset[str]
) -> FailureGallery:
    """Read the failed films with a bundle, for their pictures.

    Args:
        failures: at the threshold of the report.
        manifest: films by name.
        predictor: of the bundle whose heat maps are shown.
        learnt: names of the films that the bundle learnt from.
    """

    def show(row: Prediction) -> FailedFilm:
        film = manifest.get(row.film)
        if film is None:
            return FailedFilm(row, None, "not in the manifest")
        reading = " ".join(film.reading.text.split()) if film.reading else ""
        return _failed(row, predictor.examine(film.image_path, with_picture=True), reading)

    shown = (*failures.misses, *failures.alarms)
    return FailureGallery(
        failures=failures,
        misses=tuple(show(row) for row in failures.misses),
        alarms=tuple(show(row) for row in failures.alarms),
        bundle=predictor.bundle.label,
        n_learnt=sum(row.film in learnt for row in shown),
    )


def gallery_section(gallery: FailureGallery) -> Section:
    """The section, each film small with its heat map."""
    failures = gallery.failures
    text = (
        f"At {failures.where} the score misses "
        f"{counted(failures.n_misses, 'film')} with the finding and flags "
        f"{counted(failures.n_alarms, 'film')} without. Shown are the worst of each, "
        f"up to {MOST_SHOWN}. Scores are the table's; heat maps are made now by {gallery.bundle}. "
        "A heat map is scaled to its own peak and compares places on one film, never two films."
    )
    blocks: list[Block] = [Paragraph(text)]
    if gallery.n_learnt:
        blocks.append(
            Paragraph(
                f"{gallery.bundle} learnt from {counted(gallery.n_learnt, 'film')} shown here, so that its "
                "own score and heat map of these may be better than those of a film it never saw.",
                look="warning",
            )
        )
    blocks += _kind(gallery.misses, MISS, "Misses: with the finding, below the threshold, lowest first")
    blocks += _kind(
        gallery.alarms, ALARM, "False alarms: without the finding, at or above the threshold, highest first"
    )
    return Section("Failure gallery", tuple(blocks), starts_page=True)


def _kind(films: Sequence[FailedFilm], kind: str, heading: str) -> list[Block]:
    if not films:
        return [Paragraph(f"{heading}: there is none.")]
    pictures = tuple(
        Picture(
            name=f"{kind}-{at:02d}",
            png=film.picture,
            caption=_caption(film),
            alternative=f"Film {film.prediction.film} with its heat map",
        )
        for at, film in enumerate(films, start=1)
        if film.picture is not None
    )
    blocks: list[Block] = [Paragraph(f"{heading}.")]
    if pictures:
        blocks.append(Gallery(pictures))
    absent = [f"{film.prediction.film}: {film.remark}" for film in films if film.picture is None]
    if absent:
        blocks.append(Paragraph(f"Without a picture: {'; '.join(absent)}.", look="note"))
    return blocks


def _caption(film: FailedFilm) -> str:
    lines = [film.prediction.film, f"score {film.prediction.score:.4g}", film.remark]
    if film.reading:
        cut = f"{film.reading[: LONGEST_READING - 1]}…"
        lines.append(f"Reading: {film.reading if len(film.reading) <= LONGEST_READING else cut}")
    return "\n".join(lines)


def _failed(row: Prediction, screened: Screened, reading: str) -> FailedFilm:
    outcome = screened.outcome
    if not isinstance(outcome, Scored):
        return FailedFilm(row, None, f"refused: {outcome.reason}", reading)
    if screened.preview is None:
        raise AssertionError("a scored film that was asked for with its picture has one")
    remark = f"bundle: {outcome.score:.1f} of 100"
    if outcome.heat_map is None:
        remark += ", nothing localised"
    return FailedFilm(row, _small(draw_overlay(screened.preview, outcome.heat_map)), remark, reading)


def _small(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        square = ImageOps.pad(picture.convert("RGB"), (FILM_SIDE, FILM_SIDE))
    buffer = io.BytesIO()
    square.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _named(film: FailedFilm) -> dict[str, Any]:
    return {"film": film.prediction.film, "score": film.prediction.score, "remark": film.remark}
