"""Does `hilum monitor` raise the false alarms that it states, and how small a change does it see?

Each trial draws a reference of 1,000 films and one window from known populations, with two sites, two
devices, ages, sexes, and refusals, and judges the window by the command's own functions.

    python benchmarks/monitor/run.py > benchmarks/monitor/results.md
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from itertools import repeat

import numpy as np

from hilum.evaluation.alarm import AlarmRule, judge
from hilum.evaluation.intervals import wilson
from hilum.evaluation.watched_vectors import WatchedVectors, pooled
from hilum.evaluation.window_summary import Compared, watched_figures

N_REFERENCE = 1000
SIZES = (50, 200, 1000)
THRESHOLD = 0.5
SPREAD = 1.5  # standard deviation of a logit
PROBE = 7_919  # keeps the seeds of trials apart from those of their alarms


@dataclass(frozen=True)
class Population:
    """Whom the films are of."""

    name: str
    median: float = 0.35  # of the scores, 0..1
    refused: float = 0.04
    at_first_site: float = 0.5
    decimals: int | None = None  # scores rounded, so that they are tied


SAME = Population("as the reference")
TIED = Population("as the reference, scores of one decimal", decimals=1)
CHANGES = (
    Population("median .35 to .37", median=0.37),
    Population("median .35 to .40", median=0.40),
    Population("median .35 to .45", median=0.45),
    Population("median .35 to .61, as published of one product", median=0.61),
    Population("refusals 4 % to 8 %", refused=0.08),
    Population("refusals 4 % to 15 %", refused=0.15),
    Population("first site 50 % to 65 % of films", at_first_site=0.65),
)


def draw_films(n: int, population: Population, rng: np.random.Generator) -> WatchedVectors:
    """N films; the second site scores a little lower."""
    is_first = rng.random(n) < population.at_first_site
    centre = np.log(population.median / (1 - population.median)) + np.where(is_first, 0.2, -0.2)
    score = 1 / (1 + np.exp(-rng.normal(centre, SPREAD)))
    if population.decimals is not None:
        score = np.round(score, population.decimals)
    is_refused = rng.random(n) < population.refused
    codes = rng.choice(["blank", "no-lungs", "turned"], n)
    return WatchedVectors(
        score=np.where(is_refused, np.nan, score),
        code=tuple(code if refused else None for code, refused in zip(codes, is_refused, strict=True)),
        cut=np.full(n, THRESHOLD),
        label=np.full(n, np.nan),
        groups={
            "site": tuple(np.where(is_first, "A", "B")),
            "device": tuple(np.where(rng.random(n) < 0.8, is_first, ~is_first).astype(str)),
            "age": tuple(rng.choice(["15-24", "25-44", "45-64", "65+"], n)),
            "sex": tuple(rng.choice(["F", "M"], n)),
        },
    )


def is_alarm(seed: int, n: int, population: Population, rule: AlarmRule) -> bool:
    """One trial: a reference, a window, the verdict."""
    rng = np.random.default_rng(seed)
    before = replace(SAME, decimals=population.decimals)
    films = pooled(draw_films(N_REFERENCE, before, rng), draw_films(n, population, rng))
    in_window = np.arange(films.n) >= N_REFERENCE
    figures = watched_figures(films, in_window, Compared())
    return judge(figures, in_window, replace(rule, seed=seed + PROBE)).is_alarm


def share_of_alarms(trials: int, n: int, population: Population, *, windows: int, jobs: int) -> str:
    """Alarms of so many trials, as a cell of a table."""
    start = time.perf_counter()
    rule = AlarmRule(windows)
    seeds: Iterable[int] = range(n * 1_000_000, n * 1_000_000 + trials)
    with ProcessPoolExecutor(jobs) as pool:
        found = list(pool.map(is_alarm, seeds, repeat(n), repeat(population), repeat(rule), chunksize=10))
    share = wilson(sum(found), trials)
    print(f"{population.name}, n {n}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return f"{share.value:.4f} ({share.low:.4f} to {share.high:.4f})"


def main() -> None:
    """Print the results as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=2000, help="windows a false-alarm rate")
    parser.add_argument("--power-trials", type=int, default=200, help="windows a power")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    print("# The alarm of `hilum monitor`\n")
    command = (
        f"python benchmarks/monitor/run.py --trials {options.trials} --power-trials {options.power_trials}"
    )
    print(f"{date.today().isoformat()}; `{command}`; the seed of each trial is its number.")
    print(f"Each window stands against a reference of {N_REFERENCE} films of its own.")
    print("Intervals are Wilson's, 95 %.\n")
    print(f"## False alarms, {options.trials} windows a row\n")
    print("| films | stated | scores | found |\n|---|---|---|---|")
    for windows, sizes, population in ((20, SIZES, SAME), (100, SIZES[:2], SAME), (20, SIZES[:2], TIED)):
        for n in sizes:
            found = share_of_alarms(options.trials, n, population, windows=windows, jobs=options.jobs)
            told = "tied, one decimal" if population.decimals else "continuous"
            print(f"| {n} | {1 / windows:.2f} | {told} | {found} |", flush=True)
    print(f"\n## Power at one false alarm in 100 windows, {options.power_trials} windows a cell\n")
    print(f"| change | {' | '.join(f'{n} films' for n in SIZES)} |\n|---{'|---' * len(SIZES)}|")
    for change in CHANGES:
        cells = [
            share_of_alarms(options.power_trials, n, change, windows=100, jobs=options.jobs) for n in SIZES
        ]
        print(f"| {change.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
