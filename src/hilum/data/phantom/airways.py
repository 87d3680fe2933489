"""Trachea, bronchi, and the vessels that branch from the hila and taper through the lungs.

Vessels grow generation by generation, all branches at once; a branch that would leave the lung ends there.
The trap: vessels take the place of lung, but the trachea that of soft tissue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.rays import Floats, Points, Reals, blurred, splat
from hilum.data.phantom.thorax import LEFT, RIGHT, Cavity, Thorax

_GENERATIONS = 7
_HEARTBEAT_MM = 0.4  # blur; also evens out the samples
# The first branches: angle in the film's plane (-90 up to the apex, 0 outwards, 90 down) and radius in mm.
_ANGLES_DEG = [-84.0, -70, -58, -42, -26, -10, 4, 16, 30, 42, 52, 62, 72, 80, 90, 100]
_RADII_MM = [3.0, 4.2, 3.2, 3.4, 3.0, 2.8, 3.2, 3.0, 3.6, 3.6, 4.2, 3.8, 6.0, 4.8, 4.0, 3.2]


@dataclass(frozen=True, slots=True)
class _Branches:
    """Vessels of one generation: ends (N, 3), the bow between them (N, 3), and radii (N,), in mm."""

    start: Points
    end: Points
    bow: Points
    radius: Points

    def chosen(self, which: npt.NDArray[np.bool_]) -> _Branches:
        return _Branches(self.start[which], self.end[which], self.bow[which], self.radius[which])


def add_airways(lengths: Lengths, thorax: Thorax) -> None:
    """Take the trachea and the main bronchi out of the soft tissue."""
    grid, size = lengths.grid, thorax.person.size
    y = grid.y
    carina = 0.40 * thorax.height
    middle = (2 - 5 * np.clip(y / carina, 0, 1)) * size + thorax.lean(y[:, 0])[:, None]
    trachea = _air_tube(grid.x - middle, np.full_like(y, 8.6 * size)) * (y < carina)
    fall = np.clip(y - carina, 0, None)
    for side, slope, reach in ((RIGHT, 0.75, 34), (LEFT, 1.25, 40)):
        centre = middle + side * (3 + slope * fall)
        radius = 6.4 * size * np.clip((reach * size - fall * np.hypot(1, slope) / slope) / 8, 0, 1)
        air = _air_tube((grid.x - centre) / np.hypot(1, slope), radius) * (y >= carina)
        trachea = np.maximum(trachea, air)
    lengths.remove(Material.SOFT, np.minimum(trachea, 0.5 * lengths[Material.SOFT]))


def _air_tube(offset: Reals, radius: Reals) -> Floats:
    return np.asarray(2 * np.sqrt(np.clip(radius**2 - offset**2, 0, None)), np.float32)


def add_vessels(lengths: Lengths, thorax: Thorax, cavity: Cavity, rng: np.random.Generator) -> None:
    """Grow arteries and veins from both hila into the lungs; behind the heart there is less room for them."""
    step_mm = max(0.85 * lengths.grid.pixel_mm, 0.4)
    pieces = [_tree(thorax, side, rng, step_mm=step_mm) for side in (RIGHT, LEFT)]
    points = np.concatenate([points for points, _ in pieces])
    points[:, 0] += thorax.pose.turn_rad * points[:, 2] + thorax.pose.tilt_rad * (points[:, 1] - 120)
    blood = splat(lengths.grid, points, np.concatenate([volume for _, volume in pieces]))
    blood = blurred(blood, _HEARTBEAT_MM / lengths.grid.pixel_mm)
    room = np.minimum(1.2 * cavity.lung / np.maximum(cavity.chord, 1), 1)
    lengths.add(Material.SOFT, np.minimum(blood * room, cavity.lung), instead_of=Material.LUNG)


def _tree(thorax: Thorax, side: int, rng: np.random.Generator, *, step_mm: float) -> tuple[Points, Points]:
    """Points (N, 3) and their volumes (N,) of one lung's vessels."""
    size = thorax.person.size
    level = (0.53 if side == RIGHT else 0.49) * thorax.height
    root = np.array([float(thorax.border(level, side)) - 10, level, 0.0])
    angles = np.radians(_ANGLES_DEG) + 0.10 * rng.standard_normal(16)
    heading = _units(np.stack([np.cos(angles), np.sin(angles), rng.uniform(-0.5, 0.5, 16)], axis=1))
    start = root + rng.normal(0, [3, 9, 8], (16, 3)) * size
    radius = np.array(_RADII_MM) * thorax.person.vessels * size
    points, volumes = _hilum(root, size * thorax.person.vessels, rng)
    for generation in range(_GENERATIONS):
        length = (30 if generation == 0 else 18) * size * rng.uniform(0.6, 1.3, len(start))
        length *= (radius / 3.2) ** 0.35
        bow = 0.16 * rng.standard_normal((len(start), 3))
        branches = _Branches(start, start + heading * length[:, None], bow * length[:, None], radius)
        for more, volume in _by_calibre(branches, step_mm):
            points.append(more)
            volumes.append(volume)
        inside = _is_lung(thorax, side, branches.end)
        start, heading, radius = _fork(branches.chosen(inside), (heading + 0.5 * bow)[inside], rng)
    every = np.concatenate(points)
    every[:, 0] *= side
    return every, np.concatenate(volumes)


def _hilum(root: Points, size: float, rng: np.random.Generator) -> tuple[list[Points], list[Points]]:
    """The pulmonary artery's knot: a comma of overlapping soft balls at the root of the lung."""
    n = 9000
    t = rng.uniform(-1, 1, n)
    centre = root + np.stack([3 + 9 * (1 - t**2), 24 * t + 5, np.zeros(n)], axis=1) * size
    ball = rng.standard_normal((n, 3))
    ball *= (rng.uniform(0, 1, n) ** (1 / 3) / np.linalg.norm(ball, axis=1))[:, None]
    radius = (8.5 - 4.0 * np.abs(t)) * size
    return [centre + ball * radius[:, None]], [np.full(n, 11000 * size**3 / n)]


def _fork(branches: _Branches, heading: Points, rng: np.random.Generator) -> tuple[Points, Points, Points]:
    """Split each branch in two, a main one that bends little and a side one that bends more."""
    n, radius = len(branches.end), branches.radius
    turn = rng.standard_normal((2, n, 3))
    spread = np.stack([0.24 * np.ones(n), 0.58 * np.ones(n)])[:, :, None]
    headings = (heading[None] + turn * spread).reshape(-1, 3)
    share = rng.uniform(0.5, 0.9, n)
    radii = np.stack([radius * 0.84, radius * (0.38 + 0.36 * share)])
    keep = radii.reshape(-1) > 0.22
    return np.tile(branches.end, (2, 1))[keep], _units(headings)[keep], radii.reshape(-1)[keep]


def _units(vectors: Points) -> Points:
    """Vectors (N, 3) of length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1), 1e-6)[:, None])


def _is_lung(thorax: Thorax, side: int, at: Points) -> npt.NDArray[np.bool_]:
    outer = thorax.outer(at[:, 1])
    deep = thorax.depth(at[:, 1])
    wall = (at[:, 0] / np.maximum(outer - 5, 1)) ** 2 + (at[:, 2] / np.maximum(deep - 5, 1)) ** 2
    return (wall < 1) & (at[:, 1] > 4) & (at[:, 0] > 8) & (at[:, 1] < thorax.dome(at[:, 0], side) + 28)


def _by_calibre(branches: _Branches, step_mm: float) -> Iterator[tuple[Points, Points]]:
    """Sample branches with as many points over a cut as their calibre needs."""
    calibre = branches.radius / step_mm
    for chosen, across in ((calibre > 3, 24), ((calibre <= 3) & (calibre > 1), 7), (calibre <= 1, 2)):
        if chosen.any():
            yield _strokes(branches.chosen(chosen), step_mm=step_mm, across=across)


def _strokes(branches: _Branches, *, step_mm: float, across: int) -> tuple[Points, Points]:
    """Bowed, tapering cylinders as points and volumes, `across` points over each cut; z is the axis's."""
    start, end = branches.start, branches.end
    span = np.linalg.norm(end - start, axis=1)
    n = max(int(np.quantile(span, 0.9) / step_mm), 3)
    t = ((np.arange(n) + 0.5) / n)[None, :, None]
    line = start[:, None] * (1 - t) + end[:, None] * t + branches.bow[:, None] * (4 * t * (1 - t))
    calibre = branches.radius[:, None] * (1 - 0.18 * t[:, :, 0])  # (branches, n)
    axis = _units(end - start)
    first = _units(np.cross(axis, [0.0, 0.0, 1.0]))
    second = np.cross(axis, first)
    # neighbouring cuts must not line up, or the samples show as stripes
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (len(start), n, 1))
    angle = np.arange(across) * 2.399963 + phase  # (branches, n, across)
    far = np.sqrt((np.arange(across) + 0.5) / across) * calibre[:, :, None]
    along_first, along_second = far * np.cos(angle), far * np.sin(angle)
    points = np.empty((*far.shape, 3))
    for k in range(2):
        offset = along_first * first[:, None, None, k] + along_second * second[:, None, None, k]
        points[..., k] = line[:, :, None, k] + offset
    points[..., 2] = line[:, :, None, 2]
    volume = np.pi * calibre**2 * (span / n)[:, None] / across
    return points.reshape(-1, 3), np.repeat(volume.reshape(-1), across)
