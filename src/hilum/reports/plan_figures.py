"""The pictures of a study plan: what more films buy.

Trap: these curves are worked out, not measured; they say what a study would see if the expected figures held.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from hilum.evaluation.guarantee import misses_allowed, positives_needed
from hilum.evaluation.guarantee_size import sensitivity_quantile
from hilum.evaluation.intervals import wilson
from hilum.evaluation.study_plan import StudyPlan
from hilum.reports import figures
from hilum.reports.document import Picture

PICTURES = ("precision", "promise")
N_POINTS = 60


def plan_pictures(plan: StudyPlan) -> tuple[Picture, ...]:
    """The pictures for what is asked."""
    settings = plan.settings
    found = []
    if settings.sensitivity is not None or settings.specificity is not None:
        caption = (
            "Half-width of the interval over the films that it rests on (Wilson), if the expected shares "
            "hold; "
            "the marks are the plan's."
        )
        found.append(_picture("precision", draw_precision(plan), caption))
    if settings.guarantee is not None:
        caption = (
            f"The true sensitivity of the threshold that hilum calibrate would choose to promise "
            f"{settings.guarantee:g}: the middle of all samples, and nine of ten. Too few positives keep the "
            "promise by being too careful."
        )
        found.append(_picture("promise", draw_promise(plan), caption))
    return tuple(found)


def draw_precision(plan: StudyPlan) -> Figure:
    """Half-width over films, for the expected sensitivity and specificity."""
    settings = plan.settings
    wanted = [("sensitivity", settings.sensitivity, figures.VERMILION, "-"),
              ("specificity", settings.specificity, figures.BLUE, "--")]  # fmt: skip
    needed = {need.figure: max(need.n_positive, need.n_negative) for need in plan.needs
              if need.question.startswith(("sensitivity of", "specificity of"))}  # fmt: skip
    figure = figures.build_figure(6.4, 3.9)
    title = f"Precision of a share ({100 * settings.confidence:g} % interval)"
    axes = figures.build_axes(figure, title=title, x="Films of the label, verified", y="Half-width")
    counts = np.unique(np.geomspace(10, 4 * max(needed.values()), N_POINTS).astype(int))
    for name, share, colour, dash in wanted:
        if share is None:
            continue
        widths = [_half_width(share, int(n), settings.confidence) for n in counts]
        axes.plot(counts, widths, color=colour, linestyle=dash, linewidth=1.7,
                  label=f"{name} of {share:g}: {needed[name]:,} films")  # fmt: skip
        axes.plot(
            [needed[name]], [settings.half_width], "o", color=colour, markersize=7, markeredgecolor="white"
        )
    axes.axhline(settings.half_width, color=figures.GREY, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylim(bottom=0)
    figures.style_legend(axes, "upper right")
    return figure


def draw_promise(plan: StudyPlan) -> Figure:
    """The spread of the true sensitivity over positives."""
    settings = plan.settings
    goal = settings.guarantee
    assert goal is not None
    fewest = positives_needed(sensitivity=goal, confidence=settings.confidence)
    planned = next(need for need in plan.needs if need.figure == "guarantee").n_positive
    last = max(10 * fewest, 2 * planned)
    allowed = misses_allowed(last, sensitivity=goal, confidence=settings.confidence) or 0
    misses = np.unique(np.linspace(0, allowed, N_POINTS).astype(int)).tolist()
    counts = [positives_needed(sensitivity=goal, confidence=settings.confidence, misses=k) for k in misses]
    low, middle, high = (
        [sensitivity_quantile(n, k, chance) for n, k in zip(counts, misses, strict=True)]
        for chance in (0.05, 0.5, 0.95)
    )
    figure = figures.build_figure(6.4, 3.9)
    title = f"True sensitivity of a threshold that promises {goal:g}"
    axes = figures.build_axes(figure, title=title, x="Patients with the finding", y="True sensitivity")
    axes.fill_between(
        counts, low, high, color=figures.BLUE, alpha=0.18, linewidth=0, label="nine of ten samples"
    )
    axes.plot(counts, middle, color=figures.BLUE, linewidth=1.7, label="the middle of all samples")
    axes.axhline(goal, color=figures.VERMILION, linestyle="--", linewidth=1.2, label=f"promised: {goal:g}")
    axes.axvline(planned, color=figures.BLACK, linestyle=":", linewidth=1, label=f"planned: {planned:,}")
    figures.style_legend(axes, "upper right")
    return figure


def _half_width(share: float, n: int, confidence: float) -> float:
    """Wilson's, between the two counts that the share lies between, so that the curve does not jump."""
    count = int(share * n)
    ends = [wilson(one, n, confidence) for one in (count, min(count + 1, n))]
    below, above = ((one.high or 0.0) - (one.low or 0.0) for one in ends)
    part = share * n - count
    return ((1 - part) * below + part * above) / 2


def _picture(name: str, figure: Figure, caption: str) -> Picture:
    return Picture(
        name=name,
        png=figures.png_bytes(figure),
        svg=figures.svg_bytes(figure),
        caption=caption,
        alternative=caption,
        width_share=0.8,
    )
