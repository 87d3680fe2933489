"""The notebook's study beside the notebook's own figures: tables in Markdown, and two figures.

Trap: seeds share films, so their test parts overlap and their accuracies are not independent. The interval
beside a mean is therefore of one split's size (Wilson), as wide as the notebook's own; networks are compared
in pairs on the same films, by resampled patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hilum.evaluation.intervals import Resampling, bootstrap_counts, from_draws, wilson
from hilum.evaluation.table import read_predictions
from hilum.evaluation.vectors import cluster_codes
from hilum.records import Estimate
from hilum.reports.figures import BLUE, DASHES, PALETTE, VERMILION, build_axes, build_figure

N_PUBLISHED = 160  # test films of the notebook
REFERENCE = "model 1"  # that the others are compared with: the plain stack of three convolutions
CUT = 0.5  # of the probability: the more probable of two outputs

Rows = Sequence[Mapping[str, Any]]  # of hilum.training.notebook_study.run_study


@dataclass(frozen=True, slots=True)
class EntryResult:
    """One line of the table."""

    name: str
    published: Estimate
    accuracies: tuple[float, ...]  # a seed each, on its test part
    mean: Estimate  # of these, with the interval of one test part
    epochs: tuple[int, ...]  # chosen, a seed each


def entry_results(rows: Rows) -> list[EntryResult]:
    """A result an entry, in the order of the rows."""
    names = dict.fromkeys(row["name"] for row in rows)
    return [_entry_result(name, [row for row in rows if row["name"] == name]) for name in names]


def headline(rows: Rows) -> list[Mapping[str, Any]]:
    """The row a seed that its validation films chose among all entries; the study's answer."""
    seeds = dict.fromkeys(row["seed"] for row in rows)
    return [
        max((row for row in rows if row["seed"] == seed), key=lambda row: row["validation_accuracy"])
        for seed in seeds
    ]


def paired_differences(rows: Rows, folder: Path, *, reference: str = REFERENCE) -> dict[str, Estimate]:
    """Accuracy of each other entry less the reference's, on the same test films of the same splits.

    The interval resamples patients, each with all its films and splits: it holds the luck of the films, and
    not that of training, beyond the mean over the seeds.

    Args:
        folder: of the study, where the prediction tables lie.

    Raises:
        TableInvalid: a table is gone or damaged.
    """
    right = {name: _right_answers(rows, name, folder) for name in dict.fromkeys(row["name"] for row in rows)}
    return {name: _difference(own, right[reference]) for name, own in right.items() if name != reference}


def notebook_table(rows: Rows) -> str:
    """The accuracies in Markdown; the last line is the study's answer, the network validation films chose."""
    n_splits = len({row["seed"] for row in rows})
    lines = [
        f"| network | notebook, {N_PUBLISHED} films (95 %) | here, mean of {n_splits} splits (95 % of one "
        "split) | test films a split | lowest to highest split | epochs chosen |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_table_line(result, _number(result.published)) for result in entry_results(rows)]
    chosen = headline(rows)
    best = max(
        (result.published for result in entry_results(rows)), key=lambda published: published.value or 0
    )
    answer = entry_results([{**row, "name": "chosen on validation films"} for row in chosen])[0]
    lines.append(_table_line(answer, f"{_number(best)}, chosen on test films"))
    names = "; ".join(f"split {row['seed']}: {row['name']}" for row in chosen)
    return "\n".join([*lines, "", f"Chosen on validation films: {names}."]) + "\n"


def difference_table(differences: Mapping[str, Estimate], *, reference: str = REFERENCE) -> str:
    """The paired differences in Markdown."""
    lines = [
        f"| network | accuracy less {reference}'s, same films (95 %) | patients tested |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {_number(difference, '+.3f')} | {difference.n} |"
        for name, difference in differences.items()
    ]
    return "\n".join(lines) + "\n"


def draw_accuracies(rows: Rows) -> Figure:
    """Test accuracy of each entry, a dot a seed, beside the notebook's own with its interval."""
    results = list(reversed(entry_results(rows)))
    figure = build_figure(6.6, 4.4)
    axes = build_axes(figure, title="Test accuracy", x="accuracy", y="")
    for place, result in enumerate(results):
        value, low, high = _known(result.published)
        is_last = place == 0
        axes.plot([low, high], [place + 0.18] * 2, color=VERMILION, linewidth=1.5)
        axes.plot(
            value, place + 0.18, "D", color=VERMILION, markersize=5,
            label=f"notebook, n = {N_PUBLISHED} films, one split by film, 95 %" if is_last else None,
        )  # fmt: skip
        axes.plot(
            result.accuracies, [place - 0.18] * len(result.accuracies), "o", color=BLUE, alpha=0.6,
            label=f"here, n = {result.mean.n} films a split, by patient, a dot a split" if is_last else None,
        )  # fmt: skip
    axes.axvline(0.5, color="#8a949e", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(results)), [result.name for result in results])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", fontsize=8, frameon=False)
    return figure


def draw_sweep(rows: Rows) -> Figure:
    """Validation accuracy by epoch, the mean over seeds of each entry."""
    figure = build_figure(7.2, 4.2)
    n_splits = len({row["seed"] for row in rows})
    axes = build_axes(
        figure, title=f"Validation accuracy, mean over {n_splits} splits", x="epochs", y="accuracy"
    )
    epochs: list[int] = []
    for number, name in enumerate(dict.fromkeys(row["name"] for row in rows)):
        sweeps = [row["sweep"] for row in rows if row["name"] == name]
        epochs = [point["epoch"] for point in sweeps[0]]
        means = np.mean([[point["validation_accuracy"] for point in sweep] for sweep in sweeps], axis=0)
        colour, dash = PALETTE[number % len(PALETTE)], DASHES[number % len(DASHES)]
        axes.plot(epochs, means, dash, color=colour, label=name, marker=".")
    axes.set_xscale("log")
    axes.set_xticks(epochs, [str(epoch) for epoch in epochs])
    axes.minorticks_off()
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=8, frameon=False)
    return figure


def _entry_result(name: str, rows: Rows) -> EntryResult:
    accuracies = tuple(row["n_right"] / row["n_test"] for row in rows)
    mean = float(np.mean(accuracies))
    n_test = round(float(np.mean([row["n_test"] for row in rows])))
    return EntryResult(
        name=name,
        published=wilson(round(rows[0]["published_accuracy"] * N_PUBLISHED), N_PUBLISHED),
        accuracies=accuracies,
        mean=replace(wilson(round(mean * n_test), n_test), value=mean),
        epochs=tuple(int(row["chosen_epoch"]) for row in rows),
    )


def _right_answers(rows: Rows, name: str, folder: Path) -> dict[tuple[int, str], tuple[str, int]]:
    """(seed, film) -> patient and 1 where the entry was right."""
    return {
        (row["seed"], film.film): (film.patient or film.film, int((film.score >= CUT) == bool(film.label)))
        for row in rows
        if row["name"] == name
        for film in read_predictions(folder / row["predictions"])
    }


def _difference(
    own: Mapping[tuple[int, str], tuple[str, int]], other: Mapping[tuple[int, str], tuple[str, int]]
) -> Estimate:
    shared = sorted(own.keys() & other.keys())
    patients = cluster_codes(own[key][0] for key in shared)
    gains = np.array([own[key][1] - other[key][1] for key in shared])
    counts = np.stack([gains, np.ones_like(gains)], axis=1)
    sums = bootstrap_counts(counts, Resampling(patients, np.random.default_rng(0)))
    estimate = Estimate(float(gains.mean()), None, None, n=int(patients.max()) + 1)
    return from_draws(estimate, sums[:, 0] / sums[:, 1])


def _table_line(result: EntryResult, theirs: str) -> str:
    spread = f"{min(result.accuracies):.3f} to {max(result.accuracies):.3f}"
    epochs = ", ".join(map(str, result.epochs))
    return f"| {result.name} | {theirs} | {_number(result.mean)} | {result.mean.n} | {spread} | {epochs} |"


def _number(estimate: Estimate, form: str = ".3f") -> str:
    value, low, high = _known(estimate)
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def _known(estimate: Estimate) -> tuple[float, float, float]:
    """Value and interval; every figure of this report has both, for its parts have films."""
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.value, estimate.low, estimate.high
