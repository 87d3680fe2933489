"""How right and how quick the statistics are: coverage of intervals, DeLong's speed, a million films.

    python benchmarks/statistics/run.py delong
    python benchmarks/statistics/run.py coverage
    python benchmarks/statistics/run.py million

Each prints a table in Markdown; `results.md` holds what they printed. No film is read: all scores are drawn.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from coverage import N_DRAWS, N_TABLES, N_TABLES_DRAWN, PREVALENCES, SIZES, Covered, measured
from textbook import textbook_delong

from hilum.evaluation.discrimination import delong, rank_films
from hilum.evaluation.summary import summarise
from hilum.evaluation.table import read_predictions

N_SCORES = 100_000
N_FILMS = 1_000_000
N_QUICK = 20  # repeats of the quick form, of which the mean is told


def delong_lines(seed: int) -> list[str]:
    """The quick form beside the textbook's, on 1e5 scores of which half are of either label."""
    rng = np.random.default_rng(seed)
    truth = np.arange(N_SCORES) % 2 == 1
    score = np.round(rng.normal(size=N_SCORES) + truth, 3)  # to three places, so that there are ties
    start = time.process_time()
    slow = textbook_delong(score[truth], score[~truth])
    slow_s = time.process_time() - start
    start = time.process_time()
    for _ in range(N_QUICK):
        quick = delong(*rank_films(truth, score).counts())
    quick_s = (time.process_time() - start) / N_QUICK
    apart = max(abs(ours - theirs) for ours, theirs in zip(quick, slow, strict=True) if ours is not None)
    return [
        f"{N_SCORES} scores, {int(truth.sum())} positive; seed {seed}",
        "",
        "| form | AUC | variance | processor seconds |",
        "|---|---|---|---|",
        f"| textbook, O(mn) | {slow[0]:.15f} | {slow[1]:.15e} | {slow_s:.2f} |",
        f"| one sort | {quick[0]:.15f} | {quick[1]:.15e} | {quick_s:.4f} |",
        "",
        f"{slow_s / quick_s:.0f} times as quick; the largest difference of the two figures is {apart:.1e}.",
    ]


def coverage_lines(seed: int, n_tables: int, n_tables_drawn: int) -> list[str]:
    """Coverage by figure, prevalence, and size."""
    found = measured(seed, n_tables=n_tables, n_tables_drawn=n_tables_drawn)
    columns = [(prevalence, n) for prevalence in PREVALENCES for n in SIZES]
    head = [f"{100 * prevalence:.0f} %, n = {n}" for prevalence, n in columns]
    lines = [
        f"Seed {seed}; {n_tables} tables a cell, {n_tables_drawn} where the interval is a bootstrap of "
        f"{N_DRAWS} draws.",
        "A cell is the percentage of intervals that hold the truth; in brackets the percentage of tables "
        "that have an interval, where below 99.5.",
        "",
        f"| figure | {' | '.join(head)} |",
        f"|---|{'---|' * len(head)}",
    ]
    for figure in dict.fromkeys(one.figure for one in found):
        own = {(one.prevalence, one.n): one for one in found if one.figure == figure}
        lines.append(f"| {figure} | {' | '.join(_cell(own.get(column)) for column in columns)} |")
    return lines


def _cell(one: Covered | None) -> str:
    if one is None or one.share_estimated == 0:
        return "none"
    share = "" if one.share_estimated >= 0.995 else f" ({100 * one.share_estimated:.0f})"
    return f"{100 * one.coverage:.1f}{share}"


def million_lines(seed: int) -> list[str]:
    """Reading and measuring a million films in Parquet, on one core."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "million.parquet"
        _write_million(table, seed)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.process_time()
        rows = read_predictions(table)
        read_s = time.process_time() - start
        evaluation = summarise(rows)
        total_s = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        f"{evaluation.films.n} films of {evaluation.films.n_patients} patients, five sites, both sexes, ages "
        f"0 to 89; seed {seed}; {evaluation.films.n_draws} draws a bootstrap",
        "",
        "| step | processor seconds |",
        "|---|---|",
        f"| reading Parquet | {read_s:.1f} |",
        f"| every figure with its interval | {total_s - read_s:.1f} |",
        f"| both | {total_s:.1f} |",
        "",
        f"Largest memory of the process: {peak:.0f} MiB; making the table had taken {before:.0f} MiB.",
    ]


def _write_million(path: Path, seed: int) -> None:
    """Written by column, so that the memory told is that of reading and measuring."""
    rng = np.random.default_rng(seed)
    truth = rng.random(N_FILMS) < 0.1
    patient = rng.integers(int(0.8 * N_FILMS), size=N_FILMS)
    columns = {
        "film": pa.array([f"f{at}" for at in range(N_FILMS)]),
        "patient": pa.array([f"p{who}" for who in patient]),
        "site": pa.array(np.array([f"site {at}" for at in range(5)])[rng.integers(5, size=N_FILMS)]),
        "age": pa.array(rng.integers(90, size=N_FILMS).astype(np.float64)),
        "sex": pa.array(np.array(["F", "M"])[rng.integers(2, size=N_FILMS)]),
        "label": pa.array(truth.astype(np.int8)),
        "score": pa.array(1 / (1 + np.exp(-1.5 * rng.normal(size=N_FILMS) - 2 * truth + 3))),
    }
    pq.write_table(pa.table(columns), path)


def main() -> None:
    """Print one of the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("what", choices=("delong", "coverage", "million"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tables", type=int, default=N_TABLES, help="a cell of coverage")
    parser.add_argument("--tables-drawn", type=int, default=N_TABLES_DRAWN, help="where it is a bootstrap")
    asked = parser.parse_args()
    lines = {
        "delong": lambda: delong_lines(asked.seed),
        "coverage": lambda: coverage_lines(asked.seed, asked.tables, asked.tables_drawn),
        "million": lambda: million_lines(asked.seed),
    }[asked.what]()
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
