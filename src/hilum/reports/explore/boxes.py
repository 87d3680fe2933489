"""Figures of grey levels and lung areas as boxes, a row for each group of films.

Trap: a box hides how many films are in it, so every row says its n.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.reports.explore.charts import name_rows, shown_sites
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.words import LABEL_COLOURS, LABEL_HATCHES, LABEL_NAMES, MEASURE_TITLES, group_name
from hilum.reports.figures import BLACK, GREY, build_axes, build_figure, style_axes


def draw_grey_levels(exploration: Exploration) -> Figure | None:
    """Brightness and contrast as boxes, a row for each site and label."""
    groups = [
        (group.site, group.label)
        for group in exploration.groups
        if group.site in shown_sites(exploration)
        and exploration.measured("brightness", site=group.site, label=group.label)
    ]
    if not groups:
        return None
    several = len(exploration.sites) > 1
    figure = build_figure(8.6, 1.3 + 0.42 * len(groups))
    for axes, (name, words) in zip(figure.subplots(1, 2, sharey=True), MEASURE_TITLES.items(), strict=True):
        rows = [exploration.measured(name, site=site, label=label) for site, label in groups]
        style_axes(axes, title=words, x="0 is black, 1 is white")
        _draw_boxes(axes, rows, [label for _, label in groups])
        names = [group_name(*group, several_sites=several) for group in groups]
        name_rows(axes, [f"{name} (n = {len(row):,})" for name, row in zip(names, rows, strict=True)])
    return figure


def draw_lung_areas(exploration: Exploration) -> Figure | None:
    """The share of the film that is lung, a box for each label; None without masks."""
    rows, labels = [], []
    for label in exploration.labels:
        names = [film.film for film in exploration.films if film.label == label]
        areas = [100 * exploration.lungs.areas[name] for name in names if name in exploration.lungs.areas]
        if areas:
            rows.append(areas)
            labels.append(label)
    if not rows:
        return None
    figure = build_figure(6.4, 1.3 + 0.42 * len(rows))
    title = f"Lung area (n = {sum(map(len, rows)):,} with masks)"
    axes = build_axes(figure, title=title, x="share of the film that is lung, %")
    _draw_boxes(axes, rows, labels)
    name_rows(
        axes, [f"{LABEL_NAMES[label]} (n = {len(row):,})" for label, row in zip(labels, rows, strict=True)]
    )
    return figure


def _draw_boxes(axes: Axes, rows: list[list[float]], labels: list[int | None]) -> None:
    """A box a row: quartiles, whiskers from the 5th to the 95th percentile, the rest as dots."""
    drawn = axes.boxplot(rows, positions=range(len(rows)), orientation="horizontal", widths=0.6, whis=(5, 95),
                         patch_artist=True, medianprops={"color": BLACK, "linewidth": 1.4},
                         flierprops={"marker": ".", "markersize": 3, "markeredgecolor": GREY})  # fmt: skip
    for box, label in zip(drawn["boxes"], labels, strict=True):
        box.set(facecolor=LABEL_COLOURS[label], hatch=LABEL_HATCHES[label], edgecolor="white", alpha=0.85)
