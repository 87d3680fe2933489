"""Does the promise of `hilum calibrate` hold? Draws of films from known populations, judged on the latter.

Each draw is a table of n films; the command's own functions choose a threshold or refuse; its sensitivity is
that of 400,000 patients of the population, found where all of their positive films are flagged.

    python benchmarks/guarantee/run.py > benchmarks/guarantee/results.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from hilum.errors import TableInvalid
from hilum.evaluation.calibration_films import CalibrationFilms, calibration_films
from hilum.evaluation.intervals import wilson
from hilum.evaluation.threshold_choice import Chosen, Goal, calibration_positives, choose
from hilum.records import Prediction

SIZES = (20, 50, 100, 200)
N_POPULATION = 400_000
GOALS = (Goal(0.9, 0.95), Goal(0.9, 0.95, "average"))
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Whom the films are of."""

    name: str
    prevalence: float | None  # None for n positive films and as many negative ones
    decimals: int | None = None  # scores rounded, so that they are tied
    most_films: int = 1  # of a patient
    is_weighted: bool = False  # the film of a low score is drawn one time in four, and stands for four


POPULATIONS = (
    Population("n positive and n negative", None),
    Population("half positive", 0.5),
    Population("a third positive", 1 / 3),
    Population("a tenth positive", 0.1),
    Population("half positive, scores of one decimal", 0.5, decimals=1),
    Population("half positive, scores of no decimal (0 or 1)", 0.5, decimals=0),
    Population("half positive, one to four films a patient", 0.5, most_films=4),
    Population("half positive, low scores drawn one time in four, weighted", 0.5, is_weighted=True),
)


def draw_scores(truth: npt.NDArray[np.bool_], population: Population, rng: np.random.Generator) -> Floats:
    """Scores (patients, films), 0..1; films of one patient lie together, and the healthy lie lower."""
    centre = rng.normal(np.where(truth, 1.5, -1.5), 1.3)[:, None]
    score = 1 / (1 + np.exp(-(centre + rng.normal(0, 0.5, (truth.size, population.most_films)))))
    return score if population.decimals is None else np.round(score, population.decimals)


def lowest_of_sick(population: Population, rng: np.random.Generator) -> Floats:
    """The lowest score of each of many positive patients, rising."""
    truth = np.ones(N_POPULATION, dtype=np.bool_)
    n_films = rng.integers(1, population.most_films + 1, truth.size)
    scores = draw_scores(truth, population, rng)
    scores[np.arange(population.most_films) >= n_films[:, None]] = np.inf
    return np.sort(scores.min(axis=1))


def draw_films(n: int, population: Population, rng: np.random.Generator) -> CalibrationFilms | None:
    """A table of n films; None where the command refuses it for having one label only."""
    if population.prevalence is None:
        truth, n = np.arange(2 * n) < n, 2 * n
    else:
        truth = rng.random(4 * n) < population.prevalence  # more patients than are needed
    n_films = rng.integers(1, population.most_films + 1, truth.size)
    scores = draw_scores(truth, population, rng)
    weight = np.where(population.is_weighted & (scores[:, 0] < 0.8), 4.0, 1.0)
    is_drawn = rng.random(truth.size) < 1 / weight
    rows = [
        Prediction(f"{who}-{film}", int(truth[who]), float(scores[who, film]), patient=str(who),
                   extra={"weight": str(weight[who])})
        for who in np.flatnonzero(is_drawn)
        for film in range(n_films[who])
    ][:n]  # fmt: skip
    try:
        return calibration_films(rows, weight_column="weight" if population.is_weighted else None)
    except TableInvalid:
        return None


def simulate(
    n: int, population: Population, *, n_draws: int, rng: np.random.Generator
) -> dict[str, list[float | None]]:
    """The true sensitivity at each draw's threshold, by rule; None where there was no threshold."""
    truth = lowest_of_sick(population, rng)
    found: dict[str, list[float | None]] = {goal.rule: [] for goal in GOALS}
    for draw in range(n_draws):
        films = draw_films(n, population, rng)
        positives = None if films is None else calibration_positives(films, seed=draw)
        for goal in GOALS:
            chosen = None if positives is None else choose(positives, goal)
            found[goal.rule].append(
                1 - float(np.searchsorted(truth, chosen.threshold, side="left")) / truth.size
                if isinstance(chosen, Chosen)
                else None
            )
    return found


def as_row(n: int, population: Population, found: dict[str, list[float | None]]) -> str:
    """One line of the Markdown table."""
    sure = np.array([value for value in found["confidence"] if value is not None])
    mean = np.array([value for value in found["average"] if value is not None])
    n_draws = len(found["confidence"])
    held = wilson(int((sure >= 0.9).sum()), sure.size)
    shown = (
        "– (all refused)" if held.value is None else f"{held.value:.4f} ({held.low:.4f} to {held.high:.4f})"
    )
    broken = 0 if held.value is None else round((1 - held.value) * sure.size)
    average = f"{mean.mean():.4f}" if mean.size else "–"
    return (
        f"| {population.name} | {n} | {n_draws - sure.size} | {sure.size} | {shown} | "
        f"{1 - broken / n_draws:.4f} | {n_draws - mean.size} | {average} |"
    )


def report(rows: list[str], *, n_draws: int, seed: int, tell: Callable[[str], object]) -> None:
    """Write the page."""
    tell(
        f"# Does the promise of a sensitivity hold?\n\n"
        f"Made by `python benchmarks/guarantee/run.py --draws {n_draws} --seed {seed}` on {date.today()}.\n"
        "Goal: sensitivity 0.90 with 0.95 confidence, and 0.90 on average (conformal risk control).\n"
        f"{n_draws:,} draws a line, of n films; the true sensitivity is that of {N_POPULATION:,} patients.\n"
        '"Refused" are draws with too few positive patients for the promise, or of one label: no threshold.\n'
        '"Holds" is the share of the given thresholds whose true sensitivity is 0.90 or more, with its 95 % '
        "Wilson interval.\n"
        '"Never broken" is the share of all draws in which no promise was broken.\n\n'
        "| population | films | refused | given | holds | never broken | average: refused | average: mean |\n"
        "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    rows = []
    for population in POPULATIONS:
        for n in SIZES:
            rows.append(as_row(n, population, simulate(n, population, n_draws=asked.draws, rng=rng)))
            sys.stderr.write(f"{rows[-1]}\n")
    report(rows, n_draws=asked.draws, seed=asked.seed, tell=sys.stdout.write)


if __name__ == "__main__":
    main()
