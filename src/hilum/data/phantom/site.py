"""Three simulated hospitals: how each takes, frames, marks, and stores its films.

The trap: sites differ in what a network must not learn (borders, markers, tone), and each gives both labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.exposure import Technique, varied
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


_TECHNIQUES = {
    Site.A: Technique(
        energy_kev=64,
        scatter=0.34,
        quanta_per_mm2=1.2e5,
        blur_mm=0.2,
        gamma=2.0,
        toe=0.50,
        shoulder=0.86,
        crispness=0.45,
    ),
    Site.B: Technique(
        energy_kev=71,
        scatter=0.42,
        quanta_per_mm2=5e4,
        blur_mm=0.35,
        gamma=1.5,
        toe=0.38,
        shoulder=0.84,
        crispness=0.1,
    ),
    Site.C: Technique(
        energy_kev=67,
        scatter=0.38,
        quanta_per_mm2=8e4,
        blur_mm=0.25,
        gamma=1.7,
        toe=0.36,
        shoulder=0.82,
        crispness=0.25,
    ),
}
# Plates, width and height in mm. B's are those of 4892 x 4020 pixels of 0.0875 mm, either way round.
_PLATES_MM = {
    Site.A: ((385.0, 400.0), (385.0, 370.0), (400.0, 355.0)),
    Site.B: ((428.05, 351.75), (428.05, 351.75), (351.75, 428.05)),
    Site.C: ((425.0, 425.0), (355.0, 425.0)),
}
_MARGIN_SHARE = {Site.A: 0.35, Site.B: 0.7, Site.C: 0.4}  # how often an edge is black
_MARKERS = {Site.A: {"R": 0.2, "L": 0.2}, Site.B: {"R": 0.75, "L": 0.1}, Site.C: {"R": 0.4, "L": 0.5}}
_CAPTIONS = {Site.A: "CHEST PA", Site.B: "FILM 2", Site.C: "PA ERECT"}


def draw_setup(site: Site, rng: np.random.Generator) -> Setup:
    """Draw one exposure of a site."""
    width, height = _PLATES_MM[site][int(rng.integers(len(_PLATES_MM[site])))]
    width *= float(1 + 0.02 * rng.uniform(-1, 1)) if site is Site.A else 1.0
    portable = site is Site.C and rng.random() < 0.3
    margins = rng.uniform(0, 0.03, 4) * (rng.random(4) < _MARGIN_SHARE[site])
    left, top, right, bottom = (float(margin) for margin in margins)
    captioned = rng.random() < 0.3
    return Setup(
        site=site,
        technique=varied(_TECHNIQUES[site], rng),
        width_mm=width,
        height_mm=height,
        margins=(left, top, right, bottom),
        marker=_marker(site, float(rng.random())),
        caption="AP PORTABLE" if portable else _CAPTIONS[site] if captioned else "",
        blanked=site is Site.B and rng.random() < 0.5,
        view="AP" if portable else "PA",
    )


def _marker(site: Site, chance: float) -> str:
    for letter, share in _MARKERS[site].items():
        if chance < share:
            return letter
        chance -= share
    return ""


def film_grid(setup: Setup, thorax: Thorax, side: int) -> Grid:
    """The pixels of a film whose longest side is `side`; the field follows the patient and both lungs fit."""
    size, pose = thorax.person.size, thorax.pose
    scale = size if size < 0.75 else 1.0  # a child gets a smaller plate
    scale = max(scale, 1.12 * thorax.base / setup.height_mm)
    width, height = setup.width_mm * scale, setup.height_mm * scale
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
    return np.asarray(canvas, np.float32) / np.float32(255)
