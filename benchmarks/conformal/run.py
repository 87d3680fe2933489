"""Whether what is ruled out is ruled out rightly: at home fold by fold, elsewhere, and after local films.

The trap: limits set on the films they are judged on always look right, so at home each fold is judged by the
limits of the others, and elsewhere by limits of home, or of local films that are then left out.

    python benchmarks/conformal/run.py --home RUN/predictions.parquet --away AWAY.parquet
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.evaluation.conformal import (
    ConformalCoverage,
    certainties,
    conformal_coverage,
    conformal_limits,
    cross_fitted_certainties,
)
from hilum.evaluation.table import read_predictions
from hilum.records import Prediction
from hilum.reports.page import estimate_text

ERROR_RATES = (0.1, 0.05)
N_LOCAL = (20, 50)  # films of the other hospital with known labels
N_DRAWS = 200
SEED = 0


def main() -> None:
    """Read the command line and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="a cross-validation's predictions")
    parser.add_argument("--away", type=Path, required=True, help="what `hilum predict` says of another site")
    arguments = parser.parse_args()
    home, away = (labelled(read_predictions(path)) for path in (arguments.home, arguments.away))
    print(f"`{' '.join(['benchmarks/conformal/run.py', *sys.argv[1:]])}`, seed {SEED}\n")
    print("| films | promise | n | sick not called normal | healthy not called abnormal | left to a person |")
    print("|---|---|---|---|---|---|")
    for rate in ERROR_RATES:
        truth, chances = truth_of(home), stated(home)
        folds = np.array([row.fold for row in home])
        found = cross_fitted_certainties(truth, chances, folds, error_rate=rate)
        line("home, each fold by the others' limits", rate, conformal_coverage(truth, found), len(home))
        limits = conformal_limits(truth, chances, error_rate=rate)
        there = conformal_coverage(truth_of(away), certainties(limits, scored(away)))
        line("away, by the limits of home", rate, there, len(away))
        for n_local in N_LOCAL:
            after_local(away, rate, n_local)


def after_local(away: Sequence[Prediction], rate: float, n_local: int) -> None:
    """Print the mean over draws of local films, and the middle nine tenths of the draws."""
    truth, chances = truth_of(away), scored(away)
    rng, figures = np.random.default_rng(SEED), []
    for _ in range(N_DRAWS):
        order = rng.permutation(truth.size)
        local, rest = order[:n_local], order[n_local:]
        limits = conformal_limits(truth[local], chances[local], error_rate=rate)
        found = conformal_coverage(truth[rest], certainties(limits, chances[rest]))
        figures.append([found.of_positives.value, found.of_negatives.value, found.both.value])
    table = np.array(figures, np.float64)
    low, high = np.quantile(table, (0.05, 0.95), axis=0)
    bounds = zip(table.mean(axis=0), low, high, strict=True)
    cells = [f"{mean:.3f} ({least:.3f} to {most:.3f})" for mean, least, most in bounds]
    name = f"away, by {n_local} local films, mean and middle 90 % of {N_DRAWS} draws"
    print(f"| {name} | {1 - rate:.0%} | {truth.size - n_local} | {' | '.join(cells)} |")


def line(name: str, rate: float, found: ConformalCoverage, n: int) -> None:
    """Print one row."""
    cells = [estimate_text(one) for one in (found.of_positives, found.of_negatives, found.both)]
    print(f"| {name} | {1 - rate:.0%} | {n} | {' | '.join(cells)} |")


def labelled(rows: Sequence[Prediction]) -> list[Prediction]:
    """The rows whose label is known."""
    return [row for row in rows if row.label is not None]


def truth_of(rows: Sequence[Prediction]) -> npt.NDArray[np.int64]:
    """Labels (N,)."""
    return np.array([row.label for row in rows], np.int64)


def stated(rows: Sequence[Prediction]) -> npt.NDArray[np.float64]:
    """Probabilities (N,) that a cross-validation calibrated fold by fold."""
    return np.array([float(row.extra["probability"]) for row in rows])


def scored(rows: Sequence[Prediction]) -> npt.NDArray[np.float64]:
    """Scores (N,) of `hilum predict`, which are the bundle's calibrated probabilities."""
    return np.array([row.score for row in rows])


if __name__ == "__main__":
    main()
