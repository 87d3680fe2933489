"""Figures of what readings say and of what trivial features tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hilum.data.explore.words import TermCount
from hilum.evaluation.controls import Control
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.words import LABEL_COLOURS, LABEL_HATCHES, LABEL_NAMES, drawable, target_name
from hilum.reports.figures import BLACK, GREY, PALETTE, build_axes, build_figure, style_axes

N_TERMS = 16
N_TARGETS = 6


def draw_words(exploration: Exploration) -> Figure | None:
    """The most frequent words and phrases by label; None without readings."""
    vocabulary = exploration.vocabulary
    panels = [("Words", vocabulary.words), ("Phrases", vocabulary.phrases)]
    return _draw_term_panels(panels, vocabulary.n_readings)


def draw_findings(exploration: Exploration) -> Figure | None:
    """Kinds, zones, and sides that the readings name, by label; None where they name none."""
    vocabulary = exploration.vocabulary
    panels = [("Kind", vocabulary.kinds), ("Zone", vocabulary.zones), ("Side", vocabulary.laterality)]
    return _draw_term_panels(panels, vocabulary.n_readings)


def draw_controls(exploration: Exploration) -> Figure | None:
    """AUC of each set of trivial features with its interval; None where none can be estimated."""
    estimated = [control for control in exploration.controls if control.auc.value is not None]
    targets = list(dict.fromkeys(control.target for control in estimated))[:N_TARGETS]
    if not targets:
        return None
    rows = [control for control in estimated if control.target in targets]
    figure = build_figure(7.6, 1.5 + 0.32 * (len(rows) + len(targets)))
    title = "What trivial features tell (AUC with 95 % interval)"
    axes = build_axes(figure, title=title, x="AUC: 0.5 is guessing, 1 is perfect")
    least = _least_shown(rows)
    names, places, place = [], [], 0.0
    for target in targets:
        own = [control for control in rows if control.target == target]
        heading = f"{drawable(target_name(target), 44)} (n = {max(c.auc.n for c in own):,})"
        axes.text(least + 0.015, place, heading, fontsize=8.5, va="center", weight="bold", color=BLACK,
                  zorder=3, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        for turn, control in enumerate(own, start=1):
            _draw_estimate(figure, control, place + turn)
            names.append(control.features)
            places.append(place + turn)
        place += len(own) + 1
    axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1)
    axes.set_xlim(least, 1.09)
    axes.set_xticks(np.arange(least, 1.01, 0.1))
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(place - 0.3, -0.7)
    axes.grid(False, axis="y")
    return figure


def _least_shown(controls: list[Control]) -> float:
    """Where the axis begins: a tenth that lies below every interval, 0.3 at most."""
    lows = [control.auc.low for control in controls if control.auc.low is not None]
    return min([0.3, *(math.floor(low * 10) / 10 for low in lows)])


def _draw_estimate(figure: Figure, control: Control, place: float) -> None:
    (axes,) = figure.axes
    value, low, high = control.auc.value, control.auc.low, control.auc.high
    assert value is not None
    colour = PALETTE[0] if control.target.startswith("label") else PALETTE[2]
    if low is not None and high is not None:
        axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
    axes.plot([value], [place], marker="o", color=colour, markersize=6)
    axes.text(1.015, place, f"{value:.2f}", fontsize=8, va="center", color=BLACK)


def _draw_term_panels(panels: Sequence[tuple[str, tuple[TermCount, ...]]], n_readings: int) -> Figure | None:
    shown = [(title, terms[:N_TERMS]) for title, terms in panels if terms]
    if not shown:
        return None
    figure = build_figure(4.3 * len(shown), 1.5 + 0.24 * max(len(terms) for _, terms in shown))
    figure.suptitle(f"From {n_readings:,} readings", fontsize=10, color=BLACK)
    for axes, (title, terms) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        style_axes(axes, title=title, x="films whose reading says it")
        left = np.zeros(len(terms))
        for label, attribute in ((0, "n_normal"), (1, "n_tuberculosis"), (None, "n_not_stated")):
            counts = np.array([getattr(term, attribute) for term in terms])
            if counts.any():
                axes.barh(range(len(terms)), counts, left=left, color=LABEL_COLOURS[label], edgecolor="white",
                          hatch=LABEL_HATCHES[label], linewidth=0.5, label=LABEL_NAMES[label])  # fmt: skip
            left += counts
        axes.set_yticks(range(len(terms)), [drawable(term.term, 34) for term in terms], fontsize=8)
        axes.set_ylim(len(terms) - 0.4, -0.6)
        axes.grid(False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.axes[0].legend(loc="lower right", fontsize=8, frameon=True, framealpha=0.85, edgecolor="none")
    return figure
