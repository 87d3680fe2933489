"""Figures of an exploration's counts and measures; each returns None where there is nothing to draw.

Trap: a set of many sites would draw unreadable rows, so a figure shows the `N_SITES` largest and its title
says so; the table under it has them all.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hilum.data.explore.counts import CHILD_BELOW_YEARS, GroupCount
from hilum.findings import Sex
from hilum.records import Film
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.words import (
    LABEL_COLOURS,
    LABEL_HATCHES,
    LABEL_NAMES,
    drawable,
    group_name,
    site_name,
)
from hilum.reports.figures import (
    AMBER,
    BLACK,
    GREY,
    PALETTE,
    PURPLE,
    SKY,
    build_axes,
    build_figure,
    style_axes,
    style_legend,
)

N_SITES = 6
AGE_STEP_YEARS = 5  # so that a bar ends at 15, where intended use begins
MARKERS = "osD^vP"


def shown_sites(exploration: Exploration) -> list[str]:
    """The sites that figures show."""
    return exploration.sites[:N_SITES]


def more_sites(exploration: Exploration) -> str:
    """What a title adds where sites are left out."""
    left_out = len(exploration.sites) - N_SITES
    return f", {left_out} smaller sites not drawn" if left_out > 0 else ""


def draw_class_balance(exploration: Exploration) -> Figure:
    """Films by site and label, as bars."""
    sites = shown_sites(exploration)
    counts = {(group.site, group.label): group.n for group in exploration.groups}
    figure = build_figure(6.4, 1.3 + 0.3 * len(sites) * len(exploration.labels))
    title = f"Films by site and label (n = {len(exploration.films):,}{more_sites(exploration)})"
    axes = build_axes(figure, title=title, x="films")
    height = 0.8 / len(exploration.labels)
    for turn, label in enumerate(exploration.labels):
        rows = np.arange(len(sites)) + (turn - (len(exploration.labels) - 1) / 2) * height
        widths = [counts.get((site, label), 0) for site in sites]
        bars = axes.barh(rows, widths, height * 0.92, label=LABEL_NAMES[label], color=LABEL_COLOURS[label],
                         hatch=LABEL_HATCHES[label], edgecolor="white", linewidth=0.5)  # fmt: skip
        axes.bar_label(bars, [f"{n:,}" for n in widths], fontsize=8, padding=3, color=BLACK)
    name_rows(axes, [drawable(site_name(site)) for site in sites])
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8, frameon=False)
    return figure


def draw_ages(exploration: Exploration) -> Figure | None:
    """Ages by label, a panel for each site with a stated age."""
    stated = [film for film in exploration.films if film.age_years is not None]
    sites = [site for site in shown_sites(exploration) if any(film.site == site for film in stated)]
    if not sites:
        return None
    top = max(film.age_years for film in stated if film.age_years is not None)
    edges = np.arange(0, top + AGE_STEP_YEARS + 1e-9, AGE_STEP_YEARS)
    figure = build_figure(7.6, 2.3 * len(sites))
    for axes, site in zip(
        figure.subplots(len(sites), 1, squeeze=False, sharex=True)[:, 0], sites, strict=True
    ):
        _draw_age_panel(axes, [film for film in stated if film.site == site], edges, site=site)
    axes.set_xlabel("age, years")
    return figure


def _draw_age_panel(axes: Axes, films: list[Film], edges: np.ndarray, *, site: str) -> None:
    style_axes(axes, title=f"{drawable(site_name(site))} (n = {len(films):,} with an age)", y="films")
    labels = [label for label in LABEL_NAMES if any(film.label == label for film in films)]
    width = 0.86 * AGE_STEP_YEARS / len(labels)
    for turn, label in enumerate(labels):
        ages = [film.age_years for film in films if film.label == label and film.age_years is not None]
        counts, _ = np.histogram(ages, edges)
        lefts = edges[:-1] + 0.07 * AGE_STEP_YEARS + turn * width
        name = f"{LABEL_NAMES[label]} (n = {len(ages):,},\nmedian {np.median(ages):.0f} years)"
        axes.bar(lefts, counts, width, align="edge", label=name, color=LABEL_COLOURS[label],
                 hatch=LABEL_HATCHES[label], edgecolor="white", linewidth=0.5)  # fmt: skip
    axes.axvline(CHILD_BELOW_YEARS, color=BLACK, linewidth=0.8, linestyle=":")
    axes.set_xticks(edges[::2])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, edges[-1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8, frameon=False)


SEX_PARTS: tuple[tuple[str, str, str], ...] = (
    ("n_female", "female", PURPLE),
    ("n_male", "male", SKY),
    ("n_other_sex", "other", AMBER),
    ("n_sex_not_stated", "not stated", "#d5dae0"),
)


def draw_sexes(exploration: Exploration) -> Figure | None:
    """Shares of the sexes, a row for each site and label; None where no film states one."""
    if not any(isinstance(film.sex, Sex) for film in exploration.films):
        return None
    groups = [group for group in exploration.groups if group.site in shown_sites(exploration)]
    figure = build_figure(6.4, 1.3 + 0.38 * len(groups))
    n = sum(film.sex is not None for film in exploration.films)
    title = f"Sex by site and label (n = {n:,} stated of {len(exploration.films):,}{more_sites(exploration)})"
    axes = build_axes(figure, title=title, x="share of the group's films, %")
    for row, group in enumerate(groups):
        _draw_sex_row(axes, row, group)
    several = len(exploration.sites) > 1
    name_rows(axes, [f"{group_name(g.site, g.label, several_sites=several)} (n = {g.n:,})" for g in groups])
    axes.set_xlim(0, 100)
    handles, words = axes.get_legend_handles_labels()
    first = dict(zip(reversed(words), reversed(handles), strict=True))  # one entry a sex, not one a row
    shown = [word for _, word, _ in SEX_PARTS if word in first]
    axes.legend([first[word] for word in shown], shown, loc="upper left", bbox_to_anchor=(1.01, 1),
                fontsize=8,
                frameon=False)  # fmt: skip
    return figure


def _draw_sex_row(axes: Axes, row: int, group: GroupCount) -> None:
    left = 0.0
    for attribute, name, colour in SEX_PARTS:
        n = getattr(group, attribute)
        if not n:
            continue
        share = 100 * n / group.n
        axes.barh(row, share, 0.72, left=left, color=colour, label=name, edgecolor="white")
        if share > 6:
            axes.text(left + share / 2, row, f"{n:,}", ha="center", va="center", fontsize=8, color=BLACK)
        left += share


def draw_dimensions(exploration: Exploration) -> Figure | None:
    """Width against height; None where all films have one size, which a sentence says better."""
    sizes = Counter((film.site, film.width, film.height) for film in exploration.films)
    if len({size[1:] for size in sizes}) == 1:
        return None
    figure = build_figure(5.6, 4.6)
    title = f"Size of the films (n = {len(exploration.films):,}{more_sites(exploration)})"
    axes = build_axes(figure, title=title, x="width, pixels", y="height, pixels")
    longest = max(max(width, height) for _, width, height in sizes)
    axes.plot(
        [0, longest * 1.05], [0, longest * 1.05], color=GREY, linewidth=0.8, linestyle=":", label="square"
    )
    for turn, site in enumerate(shown_sites(exploration)):
        own = [(width, height, n) for (name, width, height), n in sizes.items() if name == site]
        widths, heights, counts = zip(*own, strict=True)
        areas = 18 + 130 * np.sqrt(np.array(counts) / len(exploration.films))
        axes.scatter(widths, heights, s=areas, alpha=0.7, marker=MARKERS[turn], color=PALETTE[turn],
                     edgecolor="white", linewidth=0.5,
                     label=f"{drawable(site_name(site))} (n = {sum(counts):,})")  # fmt: skip
    axes.set_xlim(0, longest * 1.08)
    axes.set_ylim(0, longest * 1.08)
    style_legend(axes, "lower right" if _is_upright(sizes) else "upper left")
    return figure


def _is_upright(sizes: Counter[tuple[str, int, int]]) -> bool:
    return sum(n if height > width else -n for (_, width, height), n in sizes.items()) > 0


def name_rows(axes: Axes, names: list[str]) -> None:
    """Name the rows of bars or boxes, the first at the top."""
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False, axis="y")
