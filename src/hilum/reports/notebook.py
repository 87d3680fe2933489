"""The notebook's study beside the notebook's own figures: a table in Markdown, and its two figures.

Trap: seeds share films, so their test parts overlap and their accuracies are not independent; the interval is
of one split's size (Wilson at the mean accuracy and one test part's n), the spread over seeds stands beside
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hilum.evaluation.intervals import wilson
from hilum.records import Estimate
from hilum.reports.figures import BLUE, DASHES, PALETTE, VERMILION, build_axes, build_figure, style_legend

N_PUBLISHED = 160  # test films of the notebook

Rows = Sequence[Mapping[str, Any]]  # of hilum.training.notebook_study.run_study


@dataclass(frozen=True, slots=True)
class EntryResult:
    """One line of the table."""

    name: str
    published: float  # on 160 films
    accuracies: tuple[float, ...]  # a seed each, on its test part
    interval: Estimate  # of the mean, at one test part's size
    validation: float  # mean over seeds
    epochs: tuple[int, ...]  # chosen, a seed each


def entry_results(rows: Rows) -> list[EntryResult]:
    """A result an entry, in the order of the rows."""
    results = []
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        accuracies = tuple(row["n_right"] / row["n_test"] for row in own)
        n_test = round(np.mean([row["n_test"] for row in own]))
        results.append(
            EntryResult(
                name=name,
                published=own[0]["published_accuracy"],
                accuracies=accuracies,
                interval=wilson(round(np.mean(accuracies) * n_test), int(n_test)),
                validation=float(np.mean([row["validation_accuracy"] for row in own])),
                epochs=tuple(int(row["chosen_epoch"]) for row in own),
            )
        )
    return results


def headline(rows: Rows) -> list[Mapping[str, Any]]:
    """The row a seed that its validation films chose among all entries.

    The study's answer, its test touched once.
    """
    seeds = dict.fromkeys(row["seed"] for row in rows)
    return [
        max((row for row in rows if row["seed"] == seed), key=lambda row: row["validation_accuracy"])
        for seed in seeds
    ]


def notebook_table(rows: Rows) -> str:
    """The table in Markdown; the last line is the study's answer, the network that validation films chose."""
    n_seeds = len({row["seed"] for row in rows})
    lines = [
        f"| network | notebook, 160 films (95 %) | here, mean of {n_seeds} splits (95 % of one split) "
        "| lowest-highest split | epochs chosen |",
        "|---|---|---|---|---|",
    ]
    for result in entry_results(rows):
        theirs = _with_interval(wilson(round(result.published * N_PUBLISHED), N_PUBLISHED))
        lines.append(_table_line(result.name, theirs, result))
    chosen = headline(rows)
    answer = entry_results([{**row, "name": "chosen"} for row in chosen])[0]
    names = ", ".join(f"seed {row['seed']}: {row['name']}" for row in chosen)
    best = _with_interval(
        wilson(round(max(row["published_accuracy"] for row in rows) * N_PUBLISHED), N_PUBLISHED)
    )
    lines.append(
        _table_line(f"chosen on validation films ({names})", f"{best}, chosen on test films", answer)
    )
    return "\n".join(lines) + "\n"


def _table_line(name: str, theirs: str, result: EntryResult) -> str:
    spread = f"{min(result.accuracies):.3f}-{max(result.accuracies):.3f}"
    epochs = ", ".join(map(str, result.epochs))
    return f"| {name} | {theirs} | {_with_interval(result.interval)} | {spread} | {epochs} |"


def draw_accuracies(rows: Rows) -> Figure:
    """Test accuracy of each entry, a dot a seed, beside the notebook's own with its interval."""
    results = entry_results(rows)
    figure = build_figure(6.6, 4.0)
    axes = build_axes(figure, title="Test accuracy", x="accuracy", y="")
    for place, result in enumerate(reversed(results)):
        theirs = wilson(round(result.published * N_PUBLISHED), N_PUBLISHED)
        assert theirs.low is not None
        assert theirs.high is not None
        label = "notebook, 160 films, 95 %" if place == 0 else None
        axes.plot([theirs.low, theirs.high], [place + 0.18] * 2, color=VERMILION, linewidth=1.5)
        axes.plot(result.published, place + 0.18, "D", color=VERMILION, markersize=5, label=label)
        here = f"here, n = {result.interval.n} a split, by patient" if place == 0 else None
        axes.plot(
            result.accuracies, [place - 0.18] * len(result.accuracies), "o", color=BLUE, alpha=0.7, label=here
        )
    axes.set_yticks(range(len(results)), [result.name for result in reversed(results)])
    style_legend(axes, "lower left")
    return figure


def draw_sweep(rows: Rows) -> Figure:
    """Validation accuracy by epoch, the mean over seeds of each entry."""
    figure = build_figure(6.6, 4.2)
    axes = build_axes(figure, title="Validation accuracy, mean over splits", x="epochs", y="accuracy")
    for number, name in enumerate(dict.fromkeys(row["name"] for row in rows)):
        sweeps = [row["sweep"] for row in rows if row["name"] == name]
        epochs = [point["epoch"] for point in sweeps[0]]
        means = np.mean([[point["validation_accuracy"] for point in sweep] for sweep in sweeps], axis=0)
        colour, dash = PALETTE[number % len(PALETTE)], DASHES[number % len(DASHES)]
        axes.plot(epochs, means, dash, color=colour, label=f"{name} (n = {len(sweeps)} splits)", marker=".")
    axes.set_xscale("log")
    axes.set_xticks(epochs, [str(epoch) for epoch in epochs])
    axes.minorticks_off()
    style_legend(axes)
    return figure


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"
