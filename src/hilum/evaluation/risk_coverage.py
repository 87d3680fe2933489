"""What leaving the least sure films to a person gains: error among the films kept, over their share.

A film's confidence is how far its score lies from the threshold, so the films kept are those farthest from
it, above and below. A score whose confidence means something errs less, the fewer films are kept.
Trap: the films left out are the hard ones, and somebody must read them; the error kept is no better reader.
Sources: El-Yaniv and Wiener 2010 (JMLR 11:1605) for the curve; Geifman and El-Yaniv 2017 (NeurIPS) for
networks; Geifman, Uziel, and El-Yaniv 2019 (ICLR) for the area and the best one that the errors allow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.evaluation.discrimination import Floats, Ranking, rank_films
from hilum.evaluation.intervals import logit_ends, unless_alike, wilson, wilson_by_patient
from hilum.evaluation.labelled import LabelledFilms
from hilum.evaluation.vectors import Codes, Scores, Truth, as_scores, as_truth
from hilum.records import Estimate

SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3, 0.1)  # of films to keep, in the table
ROUNDING = 1e-9  # of a film: 0.7 * 10 is 6.999999999999999


@dataclass(frozen=True, slots=True)
class KeptFilms:
    """The films whose score is at least so far from the threshold, and how well they are told."""

    share: float  # of all films, above 0 to 1
    least_distance: float  # of a score kept from the threshold, on the score's own scale
    error: Estimate  # share of the kept that lie on the wrong side of the threshold
    sensitivity: Estimate
    specificity: Estimate

    def as_json(self) -> dict[str, Any]:
        names = ("error", "sensitivity", "specificity")
        rates = {name: getattr(self, name).as_json() for name in names}
        # JSON has no infinity, which the distance of two enormous scores may be
        distance = self.least_distance if np.isfinite(self.least_distance) else None
        return {"share": self.share, "least_distance": distance, **rates}


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """Error against the share kept, a point at every distinct distance, from the surest films on."""

    share: Floats  # (G,) of films kept, rising to 1
    error: Floats  # (G,) share of those kept that are wrong
    n_kept: Floats  # (G,)


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Selective reading at one threshold."""

    threshold: float
    area: Estimate  # the mean error over all shares kept; that of a confidence by chance is the error of all
    best_area: float  # the least that as many errors allow: all of them among the least sure
    kept: tuple[KeptFilms, ...]  # from all films to the surest few; shares that ties do not allow are absent
    curve: RiskCurve

    @property
    def error(self) -> Estimate:
        """Of all films, none left to a person."""
        return self.kept[0].error

    def as_json(self) -> dict[str, Any]:
        return {
            "threshold": self.threshold,
            "confidence": "distance of the score from the threshold",
            "area": self.area.as_json(),
            "area_by_chance": self.error.value,
            "best_area": self.best_area,
            "kept": [one.as_json() for one in self.kept],
        }


def distances(score: Scores, threshold: float) -> Scores:
    """How far each score (N,) lies from the threshold."""
    with np.errstate(over="ignore"):  # of enormous scores; infinity sorts as well
        apart: Scores = np.abs(score - threshold)
    return apart


def risk_curve(wrong: npt.ArrayLike, confidence: npt.ArrayLike) -> RiskCurve:
    """Error among the most confident films, as ever more are kept; films that tie are kept together.

    Args:
        wrong: (N,) whether each film is told wrongly.
        confidence: (N,) any scale that rises with confidence.

    Raises:
        ValueError: the two do not fit, or there is no film.
    """
    errors = as_truth(wrong)
    if errors.size == 0:
        raise ValueError("a curve needs a film")
    ranking = rank_films(errors, as_scores(confidence, like=errors))
    return _Ties.of_counts(*ranking.counts()).curve()


def area_under_risk(wrong: npt.ArrayLike, confidence: npt.ArrayLike) -> float:
    """The mean over k = 1..N of the error among the k most confident films; ties in the mean of their orders.

    Raises:
        ValueError: as of `risk_curve`.
    """
    errors = as_truth(wrong)
    if errors.size == 0:
        raise ValueError("an area needs a film")
    return _Ties.of_counts(*rank_films(errors, as_scores(confidence, like=errors)).counts()).area()


def measure_risk_coverage(films: LabelledFilms, threshold: float) -> RiskCoverage:
    """The curve, its area, and the table, with intervals over patients where films repeat."""
    wrong = (films.score >= threshold) != films.truth
    apart = distances(films.score, threshold)
    ranking = rank_films(wrong, apart)
    ties = _Ties.of_counts(*ranking.counts())
    curve = ties.curve()
    return RiskCoverage(
        threshold=threshold,
        area=_area_estimate(films, ranking, ties),
        best_area=_Ties(np.array([0.0, wrong.sum()]), np.array([(~wrong).sum(), wrong.sum()])).area(),
        kept=tuple(_kept(films, wrong, apart, cut) for cut in _cuts(curve, ranking)),
        curve=curve,
    )


@dataclass(frozen=True, slots=True)
class _Ties:
    """Films at each distinct confidence, from the highest down.

    Inside a tie every film kept brings the tie's mean error, which is the mean over all orders of its films.
    """

    n_wrong: Floats  # (G,)
    n_films: Floats  # (G,)

    @classmethod
    def of_counts(cls, n_wrong: Floats, n_right: Floats) -> _Ties:
        return cls(n_wrong, n_wrong + n_right)

    def curve(self) -> RiskCurve:
        n_kept = np.cumsum(self.n_films)
        return RiskCurve(share=n_kept / n_kept[-1], error=np.cumsum(self.n_wrong) / n_kept, n_kept=n_kept)

    def area(self) -> float:
        """The sum over a tie of (wrong before + rise (k - first)) / k is a difference of harmonic numbers."""
        first, after, harmonic = self._places()
        rise = self.n_wrong / np.maximum(self.n_films, 1)
        before = np.cumsum(self.n_wrong) - self.n_wrong
        steps = harmonic[after] - harmonic[first]
        return float((self.n_wrong + (before - rise * first) * steps).sum() / after[-1])

    def pulls(self) -> tuple[Floats, Floats]:
        """How one more film would move the area, times the number of films: two (G,), right and wrong films.

        A film put at place k moves those after it on by one: the area gains the film's own error over all
        later places, sum of 1 / j, and loses to each later place the error that stood there.
        """
        first, after, harmonic = self._places()
        steps = harmonic[after] - harmonic[first]
        sums = (after + 1) * harmonic[after] - (first + 1) * harmonic[first] - self.n_films
        middle = sums / self.n_films  # of the harmonic numbers of a tie's places
        rise = self.n_wrong / self.n_films
        later = np.cumsum((rise * steps)[::-1])[::-1] - rise * steps
        of_right = -later - rise * (harmonic[after] - middle) + self.n_wrong.sum() / after[-1] - self.area()
        return of_right, of_right + harmonic[-1] - middle

    def _places(self) -> tuple[Codes, Codes, Floats]:
        """Films before and up to each tie, and the harmonic numbers from 0 to N."""
        after = np.cumsum(self.n_films).astype(np.int64)
        first = after - self.n_films.astype(np.int64)
        return first, after, np.r_[0.0, np.cumsum(1 / np.arange(1, after[-1] + 1))]


def _area_estimate(films: LabelledFilms, ranking: Ranking, ties: _Ties) -> Estimate:
    """The area with the normal interval, on its log odds, of how far each patient pulls it."""
    value = ties.area()
    plain = Estimate(value, None, None, n=films.n, n_positive=films.n_positive)
    if films.n_patients < 2:
        return replace(plain, why="no interval: it needs at least 2 patients")
    if not 0 < value < 1:
        return replace(plain, why="no interval: all films are told alike")
    of_right, of_wrong = ties.pulls()
    tie = np.repeat(np.arange(of_right.size), ties.n_films.astype(np.int64))
    pulls = np.where(ranking.truth, of_wrong[tie], of_right[tie])
    by_patient = np.bincount(films.codes[ranking.order], weights=pulls, minlength=films.n_patients)
    worth = films.n_patients / (films.n_patients - 1)
    low, high = logit_ends(value, float(np.sqrt(worth * (by_patient @ by_patient))) / films.n)
    method = "normal on the log odds" + (", by patient" if films.is_clustered else "")
    return unless_alike(replace(plain, low=low, high=high, method=method))


def _cuts(curve: RiskCurve, ranking: Ranking) -> list[float]:
    """The least distances that keep at most each of `SHARES`, as near to it as ties allow."""
    places = [int((curve.n_kept <= share * curve.n_kept[-1] + ROUNDING).sum()) for share in SHARES]
    return [float(ranking.cuts[place - 1]) for place in dict.fromkeys(places) if place]


def _kept(films: LabelledFilms, wrong: Truth, apart: Scores, cut: float) -> KeptFilms:
    chosen = apart >= cut
    return KeptFilms(
        share=float(chosen.mean()),
        least_distance=cut,
        error=_share(films, wrong, chosen),
        sensitivity=_share(films, ~wrong, chosen & films.truth),
        specificity=_share(films, ~wrong, chosen & ~films.truth),
    )


def _share(films: LabelledFilms, successes: Truth, chosen: Truth) -> Estimate:
    if not chosen.any():
        return replace(wilson(0, 0), why="no such film is kept")
    found = wilson_by_patient(successes[chosen], films.codes[chosen])
    return replace(found, n_positive=int((chosen & films.truth).sum()))
