"""Three simulated hospitals: how each takes, frames, marks, and stores its films.

The trap: sites differ in what a network must not learn from (borders, markers, tone), and both labels come from each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.exposure import Technique
from hilum.data.phantom.rays import Floats, Grid
from hilum.data.phantom.thorax import Thorax


class Site(StrEnum):
    """The simulated hospitals; values are what a manifest's `site` column holds."""

    A = "phantom-a"
    """Shenzhen-like: digital, crisp, near-square, eight bits."""
    B = "phantom-b"
    """Montgomery-like: softer, 4020 x 4892 or 4892 x 4020 shape, black margins, twelve bits."""
    C = "phantom-c"
    """A CR unit that speaks DICOM, some of its films portable."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One exposure: the room's technique, the field, and what is written on the film."""

    site: Site
    technique: Technique
    width_mm: float
    height_mm: float
    margins: tuple[float, float, float, float]  # black collimation, share of left, top, right, bottom
    marker: str  # lead letter on the film, or ""
    caption: str  # burned-in text, or ""
    blanked: bool  # a black box over a name
    view: str


def draw_setup(site: Site, rng: np.random.Generator) -> Setup:
    """Draw one exposure of a site."""
    jitter = rng.standard_normal(6)
    if site is Site.A:
        technique = Technique(64 + jitter[0], 0.34, 1.2e5, 0.2, 2.0 + 0.25 * jitter[1], 0.50 + 0.04 * jitter[2],
                              0.86 + 0.02 * jitter[3], float(np.clip(0.45 + 0.15 * jitter[4], 0, 0.9)))  # fmt: skip
        width, height = 385 + 12 * jitter[5], 0.0
        height = width * float(rng.uniform(0.88, 1.04))
    elif site is Site.B:
        technique = Technique(71 + jitter[0], 0.42, 5e4, 0.35, 1.5 + 0.2 * jitter[1], 0.38 + 0.05 * jitter[2],
                              0.84 + 0.02 * jitter[3], 0.1)  # fmt: skip
        width, height = (428.0, 352.0) if rng.random() < 0.6 else (352.0, 428.0)
    else:
        technique = Technique(67 + jitter[0], 0.38, 8e4, 0.25, 1.7 + 0.25 * jitter[1], 0.36 + 0.06 * jitter[2],
                              0.82 + 0.03 * jitter[3], float(np.clip(0.25 + 0.1 * jitter[4], 0, 0.6)))  # fmt: skip
        width, height = (425.0, 425.0) if rng.random() < 0.5 else (355.0, 425.0)
    return Setup(site, technique, width, height, *_dressing(site, rng))


def _dressing(site: Site, rng: np.random.Generator) -> tuple[tuple[float, float, float, float], str, str, bool, str]:
    portable = site is Site.C and rng.random() < 0.3
    share = {Site.A: 0.35, Site.B: 0.7, Site.C: 0.4}[site]
    widths = rng.uniform(0, 0.03, 4) * (rng.random(4) < share)
    marker = str(rng.choice(["R", "L", ""], p={Site.A: [0.2, 0.2, 0.6], Site.B: [0.75, 0.1, 0.15], Site.C: [0.4, 0.5, 0.1]}[site]))
    caption = {Site.A: "", Site.B: "", Site.C: "AP PORTABLE" if portable else ""}[site]
    if not caption and rng.random() < 0.3:
        caption = {Site.A: "CHEST PA", Site.B: "FILM 2", Site.C: "PA ERECT"}[site]
    left, top, right, bottom = (float(width) for width in widths)
    return (left, top, right, bottom), marker, caption, bool(rng.random() < 0.5 and site is Site.B), "AP" if portable else "PA"


def film_grid(setup: Setup, thorax: Thorax, side: int) -> Grid:
    """The pixels of a film whose longest side is `side`; the field follows the patient's size and both lungs fit."""
    size, pose = thorax.person.size, thorax.pose
    scale = size if size < 0.75 else 1.0  # a child gets a smaller plate
    width, height = setup.width_mm * scale, max(setup.height_mm * scale, 1.12 * thorax.base)
    pixel = max(width, height) / side
    rows, columns = max(round(height / pixel), 1), max(round(width / pixel), 1)
    spare = height - thorax.base
    top = -spare * 0.5 + np.clip(pose.offset_y * scale, -0.3 * spare, 0.3 * spare)
    return Grid(rows, columns, pixel, pose.offset_x * scale - width / 2, float(top))


def add_marker(lengths: Lengths, setup: Setup, rng: np.random.Generator) -> None:
    """A lead letter in an upper corner, on the side that it names."""
    if not setup.marker:
        return
    grid = lengths.grid
    at_left = setup.marker == "R"
    x = rng.uniform(0.05, 0.11) if at_left else rng.uniform(0.86, 0.92)
    lead = _lettering(grid, setup.marker, at=(x, rng.uniform(0.05, 0.12)), size_mm=17)
    lengths.add(Material.METAL, (4 * lead).astype(np.float32))


def dress(film: Floats, grid: Grid, setup: Setup) -> Floats:
    """Burn in the caption, black out the margins and the name."""
    film = film.copy()
    height, width = film.shape
    left, top, right, bottom = setup.margins
    film[: round(top * height)] = 0
    film[height - round(bottom * height) :] = 0
    film[:, : round(left * width)] = 0
    film[:, width - round(right * width) :] = 0
    if setup.blanked:
        film[round(0.01 * height) : round(0.06 * height), round(0.02 * width) : round(0.24 * width)] = 0
    if setup.caption:
        ink = _lettering(grid, setup.caption, at=(0.68, 0.015), size_mm=11)
        film = np.maximum(film, ink)
    return film


def _lettering(grid: Grid, text: str, *, at: tuple[float, float], size_mm: float) -> Floats:
    """Text as coverage 0..1 (H, W), its upper left corner at a share of width and height."""
    canvas = Image.new("L", (grid.width, grid.height))
    font = ImageFont.load_default(size=max(size_mm / grid.pixel_mm, 6.0))
    ImageDraw.Draw(canvas).text((at[0] * grid.width, at[1] * grid.height), text, fill=255, font=font)
    return np.asarray(canvas, np.float32) / 255
