"""Loss curves of a run, drawn from its history.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hilum.reports.figures import BLUE, GREEN, VERMILION, build_figure, style_axes, style_legend


def draw_loss_curves(epochs: Sequence[Mapping[str, float]], *, best_epoch: int, title: str) -> Figure:
    """Training and, where there is one, inner loss by epoch, with the inner AUC below.

    Args:
        epochs: rows with `epoch`, `training_loss`, and perhaps `inner_loss` and `inner_auc`.
        best_epoch: the one whose weights were kept; marked.
        title: of the figure.
    """
    has_inner = any("inner_loss" in row for row in epochs)
    figure = build_figure(5.6, 5.6 if has_inner else 3.6)
    panels = figure.subplots(2 if has_inner else 1, 1, sharex=True, squeeze=False)[:, 0]
    style_axes(panels[0], title=title, x="" if has_inner else "epoch", y="cross-entropy")
    _draw_line(panels[0], epochs, "training_loss", BLUE, "training (augmented films)", "-")
    if has_inner:
        _draw_line(panels[0], epochs, "inner_loss", VERMILION, "inner films", "--")
        style_axes(panels[1], x="epoch", y="AUC on inner films")
        _draw_line(panels[1], epochs, "inner_auc", GREEN, "inner films", "-")
    for panel in panels:
        panel.axvline(
            best_epoch, color="#8a949e", linewidth=1, linestyle=":", label=f"kept: epoch {best_epoch}"
        )
        style_legend(panel)
    return figure


def _draw_line(
    panel: Axes, epochs: Sequence[Mapping[str, float]], key: str, colour: str, label: str, dash: str
) -> None:
    rows = [(row["epoch"], row[key]) for row in epochs if key in row]
    panel.plot(*zip(*rows, strict=True), color=colour, label=label, linestyle=dash, linewidth=1.5)
