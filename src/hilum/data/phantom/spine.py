"""The spine, from the neck to the loins, drawn all vertebrae at once in each one's own measure.

A vertebra is a rounded, waisted block with end plates, two pedicles seen as rings, a spinous process, and two
transverse processes.
The trap: `t` is 0 at a vertebra's upper plate and 1 at its lower one, and runs on to the next below 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.rays import Floats, smooth_step
from hilum.data.phantom.thorax import Thorax

_TOP_MM = -130.0  # about the fourth neck vertebra
_FIRST_STEP_MM, _GROWTH_MM = (
    18.0,
    0.95,
)  # height of the first vertebra with its disc, and more with each one below
_DISC = 0.16  # share of a step


@dataclass(frozen=True)
class _Column:
    """The strip of the film that the spine covers, in the vertebrae's own measures."""

    columns: slice
    offset: Floats  # mm from the middle of the spine, (H, w)
    t: Floats  # (H, 1)
    step: Floats  # mm from one vertebra to the next, (H, 1)
    half: Floats  # half-width of the body, (H, 1)


def add_spine(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> None:
    """Add the vertebrae to the rays, in the stead of soft tissue."""
    column = _strip(lengths, thorax, rng)
    size, mineral = thorax.person.size, thorax.person.bone
    body, plate, wall = _bodies(column)
    pedicle = _ring(column, x=0.62, y=0.36, a=4.0 * size, b=5.2 * size)
    spinous = _blob(column, x=0.0, y=0.92, a=3.2 * size, b=6.0 * size)
    transverse = _transverse(column, size)
    compact = 2.4 * plate + 2.4 * wall + 2.4 * pedicle + 1.8 * spinous + 2.0 * transverse
    spongy = body + 3 * spinous + 5 * transverse
    for material, length in ((Material.COMPACT_BONE, compact * mineral), (Material.SPONGY_BONE, spongy)):
        lengths[material][:, column.columns] += length.astype(np.float32)
        lengths[Material.SOFT][:, column.columns] -= length.astype(np.float32)


def _strip(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> _Column:
    grid, person = lengths.grid, thorax.person
    reach = 62 * person.size + 30
    first, last = np.searchsorted(grid.x[0], [-reach, reach])
    columns = slice(int(first), max(int(last), int(first) + 1))
    y = grid.y[:, 0] / person.size
    back = -0.5 * person.half_depth
    bend = rng.normal(0, 2.0) * np.sin(y / 95 + rng.uniform(0, 6.3)) + thorax.pose.turn_rad * back
    middle = bend + thorax.pose.tilt_rad * (grid.y[:, 0] - 120)
    edges = _TOP_MM + rng.uniform(0, 10) + np.cumsum(_FIRST_STEP_MM + _GROWTH_MM * np.arange(30))
    number = np.clip(np.searchsorted(edges, y, side="right"), 1, 29)
    step = edges[number] - edges[number - 1]
    t = (y - edges[number - 1]) / step
    half = np.interp(y, [-130, -40, 60, 220, 330], [12.0, 15.0, 15.0, 19.0, 23.0]) * person.size
    as_column = [np.asarray(values, np.float32)[:, None] for values in (t, step * person.size, half)]
    return _Column(columns, (grid.x[:, columns] - middle[:, None]).astype(np.float32), *as_column)


def _bodies(column: _Column) -> tuple[Floats, Floats, Floats]:
    """Spongy depth in mm, and shares of the end plates and of the side walls."""
    level = (column.t - _DISC / 2) / (1 - _DISC)  # 0 and 1 at the plates
    waist = 1 - 0.10 * np.sin(np.pi * np.clip(level, 0, 1))
    ratio = np.abs(column.offset) / (column.half * waist)
    deep = np.sqrt(np.clip(1 - ratio**4, 0, None))
    edge_mm = np.minimum(level, 1 - level) * column.step * (1 - _DISC)
    inside = 0.45 + 0.55 * smooth_step((edge_mm + 1.5) / 3)  # discs are not empty, and tilt against the rays
    plate = np.exp(-((edge_mm / 1.1) ** 2)) * deep
    wall = np.exp(-(((ratio - 0.95) * column.half / 1.3) ** 2)) * inside
    return (
        (2.1 * column.half * deep * inside).astype(np.float32),
        plate.astype(np.float32),
        wall.astype(np.float32),
    )


def _blob(column: _Column, *, x: float, y: float, a: float, b: float) -> Floats:
    """A soft ellipse at (x half-widths, y steps), of half-axes a and b in mm; both sides where x is not 0."""
    dx = (np.abs(column.offset) - x * column.half) / a
    dy = (((column.t - y + 0.5) % 1) - 0.5) * column.step / b
    return np.asarray(np.sqrt(np.clip(1 - dx**2 - dy**2, 0, None)), np.float32)


def _ring(column: _Column, *, x: float, y: float, a: float, b: float) -> Floats:
    dx = (np.abs(column.offset) - x * column.half) / a
    dy = (((column.t - y + 0.5) % 1) - 0.5) * column.step / b
    reach = np.sqrt(dx**2 + dy**2)
    return np.asarray(np.exp(-(((reach - 0.85) / 0.28) ** 2)), np.float32)


def _transverse(column: _Column, size: float) -> Floats:
    """Processes that leave the arch sideways and a little upwards."""
    out = (np.abs(column.offset) - 0.7 * column.half) / (20 * size)
    rise = ((column.t - 0.34 + 0.28 * np.clip(out, 0, 1) + 0.5) % 1 - 0.5) * column.step / (4.4 * size)
    share = np.clip(1 - rise**2, 0, None) ** 0.5 * smooth_step(out * 8) * smooth_step((1 - out) * 6)
    return np.asarray(share, np.float32)
