"""Whether a table's scores are a bundle's probabilities, before a threshold on them goes into the bundle.

Trap: a bundle's page shows 0-100, its threshold is on 0..1, and a run's own table holds a score that is not
calibrated beside the probability. A threshold on the wrong one would flag everybody or nobody, so none is
guessed: what is not said, or does not fit, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from hilum.errors import TableInvalid
from hilum.inference.bundle import Bundle
from hilum.records import Prediction, public_label

Scale = Literal["probability", "percent"]
HALF_STEP = 0.05  # of a score of 0-100, which is rounded to one decimal (records.Scored)
SAME = 1e-3  # a probability and a score that differ by less are one figure, rounded
BUNDLE_COLUMN, PROBABILITY_COLUMN, LEARNT_COLUMN = "bundle", "probability", "learnt_from"


def as_probabilities(
    rows: Sequence[Prediction], bundle: Bundle, *, scale: Scale = "probability"
) -> list[Prediction]:
    """The rows with scores on the bundle's probability, 0..1.

    A score of 0-100 is rounded, so it becomes the lowest probability that is shown as that score: a threshold
    taken from it then flags every film that reads so.

    Raises:
        TableInvalid: the rows name another bundle, films it learnt from, or scores on another scale.
    """
    refuse_other_bundle(rows, bundle)
    _refuse_learnt_films(rows, bundle)
    if scale == "probability":
        refuse_second_scale(rows)
    top = 1.0 if scale == "probability" else 100.0
    for row in rows:
        if not 0 <= row.score <= top:
            hint = "; say --score-is percent" if scale == "probability" and 0 <= row.score <= 100 else ""
            raise TableInvalid(
                f"film {row.film!r} has the score {row.score:g}, and a {scale} of {bundle.label} lies in "
                f"0..{top:g}{hint}"
            )
    if scale == "probability":
        return list(rows)
    return [replace(row, score=max(row.score - HALF_STEP, 0.0) / 100) for row in rows]


def names_bundle(rows: Sequence[Prediction]) -> bool:
    """Whether the table says which bundle scored it."""
    return any(row.extra.get(BUNDLE_COLUMN) for row in rows)


def refuse_other_bundle(rows: Sequence[Prediction], bundle: Bundle) -> None:
    """Refuse rows whose column `bundle` names another one; a local version is the same reader.

    Raises:
        TableInvalid: names the film.
    """
    for row in rows:
        named = row.extra.get(BUNDLE_COLUMN, "").strip()
        if named and public_label(named) != public_label(bundle.label):
            raise TableInvalid(
                f"film {row.film!r} was scored by {named!r}, not by {bundle.label!r}; a threshold holds for "
                "the bundle whose scores it was chosen on"
            )
    unnamed = next((row for row in rows if not row.extra.get(BUNDLE_COLUMN, "").strip()), None)
    if unnamed is not None and names_bundle(rows):
        raise TableInvalid(f"film {unnamed.film!r} names no bundle, and other films do")


def refuse_second_scale(rows: Sequence[Prediction]) -> None:
    """Refuse a table with a column `probability` beside a score that is not the same.

    Raises:
        TableInvalid: names the film and how to say which is meant.
    """
    for row in rows:
        stated = row.extra.get(PROBABILITY_COLUMN, "").strip()
        if stated and not _is_same(stated, row.score):
            raise TableInvalid(
                f"film {row.film!r} has the probability {stated} beside the score {row.score:g}; a threshold "
                "is on the probability: name the column that holds it as the score column"
            )


def _is_same(stated: str, score: float) -> bool:
    try:
        return abs(float(stated) - score) <= SAME
    except ValueError:
        return False


def _refuse_learnt_films(rows: Sequence[Prediction], bundle: Bundle) -> None:
    learnt = [row.film for row in rows if row.extra.get(LEARNT_COLUMN, "").strip().lower() == "yes"]
    if learnt:
        raise TableInvalid(
            f"{bundle.label} learnt from {len(learnt)} of the {len(rows)} films ({learnt[0]!r} is one), "
            "whose scores flatter it; leave them out"
        )
