"""Figures made of films: means, their difference, and the contact sheet.

Trap: these hold pixels of patients' films; the page says so, and they are as private as the films are.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.data.explore.composite import MeanFilm, difference_of_means
from hilum.data.explore.scan import ContactPrint
from hilum.records import Pixels
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.words import LABEL_COLOURS, LABEL_NAMES, drawable, n_films, site_name
from hilum.reports.figures import BLACK, GREY, build_figure

EMPTY = "#eceff2"  # where too few films reach
DIVERGING = "PuOr"  # purple and orange, told apart with any colour vision
CONTACT_COLUMNS = 6
STANDARDISED_LIMIT = 1.0  # Cohen's d; 0.8 is called large (Cohen 1988)


def draw_mean_by_label(exploration: Exploration) -> Figure | None:
    """The mean film of each label."""
    means = exploration.scan.mean_by_label
    panels = [(LABEL_NAMES[label], means[label]) for label in LABEL_NAMES if label in means]
    return _draw_means(panels, "Mean film by label") if panels else None


def draw_mean_by_site(exploration: Exploration) -> Figure | None:
    """The mean film of each of the largest sites; None with one site."""
    if len(exploration.scan.mean_by_site) < 2:
        return None
    panels = [(site_name(site), film) for site, film in exploration.scan.mean_by_site.items()]
    return _draw_means(panels, "Mean film by site")


def draw_difference(exploration: Exploration) -> Figure | None:
    """Tuberculosis less normal, in grey levels and in standard deviations; None without both."""
    means = exploration.scan.mean_by_label
    if 0 not in means or 1 not in means:
        return None
    difference = difference_of_means(means[1], means[0])
    figure = build_figure(8.4, 4.0)
    counts = f"n = {means[1].n:,} and {means[0].n:,}"
    figure.suptitle(
        f"Mean of tuberculosis films less mean of normal films ({counts})", fontsize=10, color=BLACK
    )
    left, right = figure.subplots(1, 2)
    limit = max(float(np.nanmax(np.abs(difference.grey), initial=0)), 0.01)
    _draw_signed(left, difference.grey, limit, title="in grey levels (0 black to 1 white)")
    _draw_signed(
        right, difference.standardised, STANDARDISED_LIMIT, title="in standard deviations between films"
    )
    return figure


def draw_contact_sheet(exploration: Exploration) -> Figure:
    """Films drawn at random, each with its name and label."""
    prints = exploration.scan.contact_sheet
    n_rows = -(-len(prints) // CONTACT_COLUMNS)
    figure = build_figure(9.0, 0.45 + 1.78 * n_rows)
    drawn = (
        f"{n_films(len(prints))} of {len(exploration.films):,}, drawn at random with seed {exploration.seed}"
    )
    figure.suptitle(drawn, fontsize=10, color=BLACK)
    panels = figure.subplots(n_rows, CONTACT_COLUMNS, squeeze=False).ravel()
    for axes, film in zip(panels, prints, strict=False):
        _draw_print(axes, film, several_sites=len(exploration.sites) > 1)
    for axes in panels[len(prints) :]:
        axes.set_axis_off()
    return figure


def _draw_means(panels: list[tuple[str, MeanFilm]], title: str) -> Figure:
    figure = build_figure(1.2 + 2.9 * len(panels), 3.7)
    figure.suptitle(title, fontsize=10, color=BLACK)
    for axes, (name, film) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        shown = axes.imshow(np.ma.masked_invalid(film.mean), cmap="gray", vmin=0, vmax=1)
        _frame(axes, f"{drawable(name, 28)} (n = {film.n:,})")
    bar = figure.colorbar(shown, ax=figure.axes, shrink=0.75)
    bar.set_label("grey level, 0 black to 1 white", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def _draw_signed(axes: Axes, picture: Pixels, limit: float, *, title: str) -> None:
    shown = axes.imshow(np.ma.masked_invalid(picture), cmap=DIVERGING, vmin=-limit, vmax=limit)
    _frame(axes, title)
    assert axes.figure is not None
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.75, extend="both")
    bar.set_label("orange: normal brighter; purple: tuberculosis brighter", fontsize=7)
    bar.ax.tick_params(labelsize=7)


def _draw_print(axes: Axes, film: ContactPrint, *, several_sites: bool) -> None:
    label = LABEL_NAMES[film.label]
    below = f"{label}, {site_name(film.site)}" if several_sites else label
    if film.pixels is None:
        axes.text(0.5, 0.5, "unreadable", ha="center", va="center", fontsize=8, transform=axes.transAxes)
    else:
        axes.imshow(film.pixels, cmap="gray", vmin=0, vmax=1)
        height, width = film.pixels.shape
        half = max(height, width) / 2
        axes.set_xlim(width / 2 - half, width / 2 + half)  # every film in a square, so that rows stand level
        axes.set_ylim(height / 2 + half, height / 2 - half)
    _frame(axes, drawable(film.film, 22))
    axes.title.set_fontsize(7)
    axes.set_xlabel(drawable(below, 26), fontsize=7, color=BLACK)
    for side in axes.spines.values():
        side.set(color=LABEL_COLOURS[film.label], linewidth=1.6)


def _frame(axes: Axes, title: str) -> None:
    axes.set_facecolor(EMPTY)
    axes.set_title(title, fontsize=8, color=BLACK)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(GREY)
