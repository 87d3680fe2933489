"""The look that all figures share, and how they are saved.

Figures are built on `matplotlib.figure.Figure`, never through pyplot: pyplot keeps every figure alive and
sets a backend for the whole process.
Trap: colour alone tells nothing to one reader in twelve, so lines differ by dash and label as well.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from hilum.reports.document_letters import known_letters
from hilum.reports.page import data_uri, write_whole

# Okabe and Ito 2008, https://jfly.uni-koeln.de/color/: told apart with any colour vision.
BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
AMBER = "#e69f00"
BLACK = "#1d2733"
GREY = "#8a949e"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, SKY, AMBER, BLACK)
DASHES = ("-", "--", "-.", ":")

NEGATIVE = BLUE  # films with label 0, in every figure
POSITIVE = VERMILION  # films with label 1

DOTS_PER_INCH = 200  # enough for print

Corner = Literal["best", "upper left", "upper right", "lower left", "lower right"]


def build_figure(width_in: float = 5.2, height_in: float = 4.2) -> Figure:
    """An empty figure, white, that lays itself out; it belongs to nobody but the caller."""
    figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def build_axes(figure: Figure, *, title: str = "", x: str = "", y: str = "") -> Axes:
    """The one plot of a figure, in the shared style."""
    axes = figure.subplots()
    style_axes(axes, title=title, x=x, y=y)
    return axes


def style_axes(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Light grid, no box, title at the left; `x` and `y` are the axis labels with their units."""
    axes.set_title(title, loc="left", fontsize=10, color=BLACK)
    axes.set_xlabel(x, fontsize=9, color=BLACK)
    axes.set_ylabel(y, fontsize=9, color=BLACK)
    axes.tick_params(labelsize=8, colors=BLACK, length=3)
    axes.grid(True, color="#e4e8ec", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)


def style_legend(axes: Axes, where: Corner = "best") -> None:
    """A small legend without a frame around it."""
    legend = axes.legend(fontsize=8, frameon=True, framealpha=0.85, edgecolor="none", labelcolor=BLACK)
    legend.set_loc(where)


def png_bytes(figure: Figure) -> bytes:
    """The figure as a PNG file's bytes, without the version of the library in it."""
    spell_letters(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def svg_bytes(figure: Figure) -> bytes:
    """The figure as an SVG file's bytes; the same figure gives the same bytes."""
    return _vector_bytes(figure, "svg")


def spell_letters(figure: Figure) -> None:
    """Tell a letter that the font lacks by its code, `[U+75C5]`, as the PDFs do, and not as an empty box.

    A name's `$` is no formula. Numbers under an axis are left to matplotlib, which writes formulas for them.
    """
    on_axes = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        formatter = axis.get_major_formatter()
        if isinstance(formatter, FuncFormatter):  # of names given as ticks
            axis.set_major_formatter(FuncFormatter(functools.partial(_spelt_tick, formatter)))
        on_axes |= {text for tick in axis.get_major_ticks() for text in (tick.label1, tick.label2)}
        on_axes |= {text for tick in axis.get_minor_ticks() for text in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        if text not in on_axes:
            text.set_text(_spelt(text.get_text()))


def _spelt_tick(formatter: FuncFormatter, value: float, place: int | None = None) -> str:
    return _spelt(formatter(value, place))


def _spelt(text: str) -> str:
    return re.sub(r"(?<!\\)\$", r"\\$", known_letters(text, _glyphs()))


@functools.cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def figure_uri(figure: Figure) -> str:
    """The figure as text for an `src` attribute."""
    return data_uri(png_bytes(figure))


def save_figure(
    figure: Figure, folder: Path, *, name: str, formats: Sequence[str] = ("png", "svg")
) -> list[Path]:
    """Write `folder/name.png` and `folder/name.svg`; returns their paths.

    Pass `formats=("png",)` where the figure holds films, which an SVG would only wrap.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    paths = [folder / f"{name}.{ending}" for ending in formats]
    for path, ending in zip(paths, formats, strict=True):
        write_whole(path, png_bytes(figure) if ending == "png" else _vector_bytes(figure, ending))
    return paths


def _vector_bytes(figure: Figure, ending: str) -> bytes:
    spell_letters(figure)
    buffer = io.BytesIO()
    dateless = {"Date": None} if ending == "svg" else {"CreationDate": None}
    with rc_context({"svg.hashsalt": "hilum"}):  # or every identifier in an SVG is drawn by chance
        figure.savefig(buffer, format=ending, metadata=dateless)
    return buffer.getvalue()
