"""Draws a finding into the lungs as matter: fluid, nodules, strands, walls, and air where a cavity is.

Every pattern gives lengths along the rays, so a finding lies under ribs and over vessels as on a film.
The trap: a mask says where the finding can be seen in the lung field, so it never reaches over the heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.lesion import Lesion, Pattern, Spot
from hilum.data.phantom.rays import Floats, Grid, Points, blurred, cloud, path, smooth_step, splat
from hilum.data.phantom.thorax import Cavity, Thorax

# Blur of a finding's own edges; strands and small nodules are crisp, fluid and infiltrates are not.
_EDGE_MM = {Pattern.MILIARY: 0.4, Pattern.FIBROSIS: 0.35, Pattern.OLD: 0.35}


@dataclass
class Change:
    """What a finding adds to the rays, in mm: soft matter for lung, lime for lung, air for lung."""

    soft: Floats
    lime: Floats
    air: Floats


@dataclass(frozen=True)
class Canvas:
    """Where a finding is drawn."""

    grid: Grid
    thorax: Thorax
    cavity: Cavity
    rng: np.random.Generator

    def centre(self, spot: Spot) -> tuple[float, float]:
        return self.thorax.place(spot.side, across=spot.across, down=spot.down)


def add_finding(lengths: Lengths, thorax: Thorax, cavity: Cavity, lesion: Lesion) -> npt.NDArray[np.bool_]:
    """Draw a lesion and return where it can be seen (H, W)."""
    canvas = Canvas(lengths.grid, thorax, cavity, np.random.default_rng(lesion.seed))
    grid = lengths.grid
    change = Change(grid.zeros(), grid.zeros(), grid.zeros())
    draw = _DRAW[lesion.pattern]
    for spot in lesion.spots:
        draw(canvas, spot, lesion.strength, change)
    change.soft = blurred(change.soft, _EDGE_MM.get(lesion.pattern, 0.9) / grid.pixel_mm)
    most = cavity.lung * np.float32(0.95)
    change.soft = np.minimum(change.soft, most)
    change.air = np.minimum(change.air, most - change.soft)
    lengths.add(Material.SOFT, change.soft, instead_of=Material.LUNG)
    lengths.add(Material.COMPACT_BONE, np.minimum(change.lime, 12), instead_of=Material.LUNG)
    lengths.remove(Material.LUNG, change.air)
    reach_mm, floor = (12.0, 0.3) if lesion.pattern is Pattern.MILIARY else (3.5, 2.0)
    seen = blurred(change.soft + 6 * change.lime + 0.3 * change.air, reach_mm / grid.pixel_mm)
    mask = (seen > floor) & cavity.field
    return mask if mask.any() else (seen >= seen[cavity.field].max()) & cavity.field


def _envelope(canvas: Canvas, spot: Spot, *, radius: float, ragged: float) -> Floats:
    """A soft-edged blob of height 1 with an uneven margin, about `radius` mm."""
    x, y = canvas.centre(spot)
    reach = np.hypot((canvas.grid.x - x) / radius, (canvas.grid.y - y) / (1.15 * radius))
    uneven = ragged * cloud(canvas.grid, canvas.rng, scale_mm=0.7 * radius)
    return smooth_step((1.25 - reach + uneven) / 0.9)


def _nodules(canvas: Canvas, centres: Points, radii: Points) -> Floats:
    """Soft balls (N, 2) of radii (N,) in mm."""
    n = 80 if radii.max() > 2 else 56
    k = np.arange(n)
    radius = ((k + 0.5) / n) ** (1 / 3)
    height = 1 - 2 * ((k * 0.6180339887) % 1)
    flat = np.sqrt(1 - height**2) * radius
    ball = np.stack([flat * np.cos(2.399963 * k), flat * np.sin(2.399963 * k)], axis=1)
    points = centres[:, None] + ball[None] * radii[:, None, None]
    volume = np.repeat(4 / 3 * np.pi * radii**3 / n, n)
    return splat(canvas.grid, points.reshape(-1, 2), volume)


def _scatter_nodules(
    canvas: Canvas, spot: Spot, *, n: int, spread: float, radii: tuple[float, float]
) -> Floats:
    x, y = canvas.centre(spot)
    places = np.array([x, y]) + canvas.rng.standard_normal((n, 2)) * spread
    return _nodules(canvas, places, canvas.rng.uniform(*radii, n))


def _strands(canvas: Canvas, spot: Spot, *, n: int, calibre_mm: float) -> Floats:
    """Thin curved cords, most of which run towards the hilum."""
    rng, (x, y) = canvas.rng, canvas.centre(spot)
    hilum = np.array(canvas.thorax.place(spot.side, across=0.05, down=0.5))
    points, volumes = [], []
    for _ in range(n):
        start = np.array([x, y]) + rng.standard_normal(2) * spot.radius_mm * 0.7
        heading = (hilum - start) * rng.uniform(0.15, 0.7) + rng.standard_normal(2) * 11
        bow = rng.standard_normal(2) * 6
        corners = np.zeros((3, 3))
        corners[:, :2] = start, start + heading / 2 + bow, start + heading
        m = max(int(np.linalg.norm(heading) / (0.5 * canvas.grid.pixel_mm)), 8)
        line = path(corners, n=m)
        width = calibre_mm * rng.uniform(0.5, 1.4)
        line[:, :2] += rng.uniform(-0.5, 0.5, (m, 2)) * width
        points.append(line)
        volumes.append(
            np.full(m, np.linalg.norm(heading) / m * width * width * 2.2)
        )  # sheets, deeper than wide
    return splat(canvas.grid, np.concatenate(points), np.concatenate(volumes))


def _infiltrate(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    patchy = np.clip(1 + 0.7 * cloud(canvas.grid, canvas.rng, scale_mm=14, slope=2.0), 0, 2.2)
    change.soft += strength * 20 * _envelope(canvas, spot, radius=spot.radius_mm, ragged=0.3) * patchy
    n = int(110 * (spot.radius_mm / 25) ** 2)
    change.soft += (
        strength * 1.4 * _scatter_nodules(canvas, spot, n=n, spread=0.6 * spot.radius_mm, radii=(2.0, 5.0))
    )
    change.soft += strength * 1.6 * _strands(canvas, spot, n=14, calibre_mm=1.5)


def _cavity(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    rng, grid = canvas.rng, canvas.grid
    x, y = canvas.centre(spot)
    dx, dy = grid.x - x, (grid.y - y) * np.float32(rng.uniform(0.85, 1.15))
    angle = np.arctan2(dy, dx)
    lobes = sum(rng.normal(0, 0.07 / k) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in range(1, 6))
    reach = np.hypot(dx, dy) / (1 + lobes)
    wall = rng.uniform(3.5, 6.5) * (1 + 0.3 * np.cos(angle + rng.uniform(0, 6.3)))
    outer, inner = spot.radius_mm, spot.radius_mm - wall
    whole = 2 * np.sqrt(np.clip(outer**2 - reach**2, 0, None))
    hollow = 2 * np.sqrt(np.clip(inner**2 - reach**2, 0, None))
    change.soft += (1.7 * strength * (whole - hollow)).astype(np.float32)
    change.air += hollow.astype(np.float32)
    around = Spot(spot.side, spot.across, spot.down, spot.radius_mm * 1.9)
    ring = _envelope(canvas, around, radius=spot.radius_mm * 1.7, ragged=0.35) * smooth_step(
        (reach - inner + 1) / 3
    )
    change.soft += strength * 15 * ring * np.clip(1 + 0.6 * cloud(grid, rng, scale_mm=14, slope=2.0), 0, 2)
    change.soft += (
        strength * 1.4 * _scatter_nodules(canvas, around, n=55, spread=1.3 * spot.radius_mm, radii=(1.5, 3.8))
    )
    change.soft += strength * 1.6 * _strands(canvas, around, n=10, calibre_mm=1.5)


def _miliary(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    rng, thorax = canvas.rng, canvas.thorax
    n = 3600
    y = thorax.base * rng.uniform(0.01, 1, n) ** 0.9
    x = spot.side * thorax.outer(y) * rng.uniform(0.08, 0.98, n)
    # nodules fill the depth: fewer where the cavity is thin
    deep = np.sqrt(np.clip(1 - (x / np.maximum(thorax.outer(y), 1)) ** 2, 0, 1))
    keep = rng.random(n) < deep
    radii = spot.radius_mm * rng.uniform(0.75, 1.25, n)[keep]
    change.soft += 3.0 * max(strength, 0.85) * _nodules(canvas, np.stack([x, y], axis=1)[keep], radii)


def _effusion(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    grid, thorax, rng = canvas.grid, canvas.thorax, canvas.rng
    own = smooth_step((spot.side * grid.x - 4) / 30)  # fades behind the heart, where there is no wall
    outer = thorax.outer(grid.y[:, 0]).astype(np.float32)[:, None]
    to_wall = np.clip(outer - np.abs(grid.x), 0, None)
    to_heart = np.clip(np.abs(grid.x) - 40, 0, None)
    top = thorax.base - spot.radius_mm
    climb = (18 + 0.45 * spot.radius_mm) * np.exp(-to_wall / 15) + 0.16 * spot.radius_mm * np.exp(
        -to_heart / 22
    )
    depth = grid.y - (top + 0.28 * spot.radius_mm - climb) + 1.5 * cloud(grid, rng, scale_mm=60)
    share = smooth_step((depth + 10) / (18 + 0.22 * spot.radius_mm)) ** 1.6
    share = own * min(0.9, 0.85 * strength) * share
    change.soft += (share * canvas.cavity.lung).astype(np.float32)


def _consolidation(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    envelope = _envelope(canvas, spot, radius=spot.radius_mm, ragged=0.28)
    uneven = np.clip(1 + 0.28 * cloud(canvas.grid, canvas.rng, scale_mm=22, slope=2.2), 0.4, 1.6)
    bronchi = np.clip(_strands(canvas, spot, n=7, calibre_mm=2.2), 0, 8)
    solid = strength * 50 * envelope * uneven
    change.soft += np.clip(solid - 0.9 * bronchi * envelope, 0, None)


def _fibrosis(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    haze = _envelope(canvas, spot, radius=spot.radius_mm, ragged=0.4)
    change.soft += (
        strength * 8 * haze * np.clip(1 + 0.8 * cloud(canvas.grid, canvas.rng, scale_mm=10, slope=2.0), 0, 3)
    )
    change.soft += strength * 2.0 * _strands(canvas, spot, n=46, calibre_mm=1.6)
    change.lime += 0.6 * _scatter_nodules(canvas, spot, n=7, spread=0.6 * spot.radius_mm, radii=(0.8, 2.0))
    _apical_cap(canvas, spot, 7 * strength, change)


def _apical_cap(canvas: Canvas, spot: Spot, thick_mm: float, change: Change) -> None:
    """Pleural thickening over the apex."""
    grid, thorax = canvas.grid, canvas.thorax
    edge = np.clip(thorax.outer(grid.y[:, 0])[:, None] - np.abs(grid.x), 0, None)
    near = np.exp(-edge / thick_mm) * smooth_step((0.2 * thorax.height - grid.y) / 25)
    change.soft += np.where(spot.side * grid.x > 0, 0.7 * near * canvas.cavity.lung, 0).astype(np.float32)


def _tuberculoma(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    x, y = canvas.centre(spot)
    reach = np.hypot(canvas.grid.x - x, canvas.grid.y - y) * (
        1 + 0.05 * cloud(canvas.grid, canvas.rng, scale_mm=15)
    )
    ball = 2 * np.sqrt(np.clip(spot.radius_mm**2 - reach**2, 0, None))
    change.soft += (1.5 * max(strength, 0.85) * ball).astype(np.float32)
    change.lime += _scatter_nodules(canvas, spot, n=6, spread=0.25 * spot.radius_mm, radii=(0.8, 1.7))
    change.soft += (
        strength * 1.2 * _scatter_nodules(canvas, spot, n=8, spread=2.2 * spot.radius_mm, radii=(1.2, 2.4))
    )


def _old(canvas: Canvas, spot: Spot, strength: float, change: Change) -> None:
    n = int(canvas.rng.integers(6, 16))
    change.lime += 1.2 * _scatter_nodules(canvas, spot, n=n, spread=0.6 * spot.radius_mm, radii=(1.2, 3.0))
    change.soft += (
        strength * 1.5 * _scatter_nodules(canvas, spot, n=18, spread=0.7 * spot.radius_mm, radii=(1.5, 3.0))
    )
    change.soft += strength * 2.2 * _strands(canvas, spot, n=20, calibre_mm=1.6)
    _apical_cap(canvas, spot, 4 * strength, change)


_DRAW = {
    Pattern.INFILTRATE: _infiltrate,
    Pattern.CAVITY: _cavity,
    Pattern.MILIARY: _miliary,
    Pattern.EFFUSION: _effusion,
    Pattern.CONSOLIDATION: _consolidation,
    Pattern.FIBROSIS: _fibrosis,
    Pattern.TUBERCULOMA: _tuberculoma,
    Pattern.OLD: _old,
}
