"""Harmless extras on films of both labels: nipples, leads, a necklace, an old calcified granuloma.

They are there so that "anything extra" is not the label; none of them is in a finding's mask.
"""

from __future__ import annotations

import numpy as np

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.rays import Points, path, splat
from hilum.data.phantom.thorax import Thorax
from hilum.findings import Sex


def add_distractors(
    lengths: Lengths, thorax: Thorax, nipples: list[tuple[float, float]], rng: np.random.Generator
) -> tuple[str, ...]:
    """Add what chance decides, and name it."""
    female = thorax.person.sex is Sex.FEMALE
    named = []
    if rng.random() < (0.3 if female else 0.2):
        _nipples(lengths, thorax, nipples, rng)
        named.append("nipple shadows")
    if rng.random() < 0.08:
        _leads(lengths, thorax, rng)
        named.append("ECG leads")
    if rng.random() < (0.14 if female else 0.04):
        _necklace(lengths, thorax, rng)
        named.append("necklace")
    if rng.random() < 0.1:
        _granuloma(lengths, thorax, rng)
        named.append("calcified granuloma")
    if female and rng.random() < 0.1:
        _hooks(lengths, thorax, rng)
        named.append("brassiere hooks")
    return tuple(named)


def _nipples(
    lengths: Lengths, thorax: Thorax, nipples: list[tuple[float, float]], rng: np.random.Generator
) -> None:
    if not nipples:
        level = 0.72 * thorax.height
        nipples = [
            (side * 0.68 * thorax.person.half_width, level + 5 * rng.standard_normal()) for side in (-1, 1)
        ]
    for x, y in nipples:
        reach = np.hypot(lengths.grid.x - x, lengths.grid.y - y)
        lengths.add(Material.SOFT, (9 * np.clip(1.15 - reach / 5.0, 0, 1) ** 0.7))


def _wire(lengths: Lengths, corners: list[list[float]], *, calibre_mm: float) -> None:
    flat = np.array([[x, y, 0.0] for x, y in corners])
    span = np.linalg.norm(np.diff(flat, axis=0), axis=1).sum()
    n = max(int(span / (0.4 * lengths.grid.pixel_mm)), 10)
    volume = np.full(n, np.pi / 4 * calibre_mm**2 * span / n)
    lengths.add(Material.METAL, splat(lengths.grid, path(flat, n=n), volume))


def _disc(lengths: Lengths, at: tuple[float, float], *, radius_mm: float, thick_mm: float) -> None:
    reach = np.hypot(lengths.grid.x - at[0], lengths.grid.y - at[1])
    edge = np.clip((radius_mm - reach) / lengths.grid.pixel_mm + 0.5, 0, 1)
    lengths.add(Material.METAL, (thick_mm * edge))


def _leads(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> None:
    wide = thorax.person.half_width
    for x, y in ((-0.75, 30), (0.75, 28), (0.8, 0.85 * thorax.height)):
        at = (x * wide + 8 * rng.standard_normal(), y + 8 * rng.standard_normal())
        _disc(lengths, at, radius_mm=4.5, thick_mm=0.35)
        _disc(lengths, at, radius_mm=1.8, thick_mm=1.2)
        bend = [at[0] + rng.normal(20, 20), at[1] + rng.uniform(40, 90)]
        _wire(lengths, [list(at), bend, [rng.normal(0, 60), 330.0]], calibre_mm=1.0)


def _necklace(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> None:
    low = rng.uniform(25, 60)
    n = 160
    t = np.linspace(-1, 1, n)
    beads: Points = np.stack(
        [58 * np.sign(t) * np.abs(t) ** 0.8, low - (low + 62) * np.abs(t) ** 2.2], axis=1
    )
    beads[:, 1] += 0.4 * rng.standard_normal(n)
    lengths.add(Material.METAL, splat(lengths.grid, beads, np.full(n, 1.4)))


def _granuloma(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> None:
    side = int(rng.choice([-1, 1]))
    x, y = thorax.place(side, across=float(rng.uniform(0.2, 0.85)), down=float(rng.uniform(0.3, 0.95)))
    radius = rng.uniform(1.5, 3.0)
    reach = np.hypot(lengths.grid.x - x, lengths.grid.y - y)
    lengths.add(Material.COMPACT_BONE, np.sqrt(np.clip(radius**2 - reach**2, 0, None)))


def _hooks(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> None:
    level = 0.8 * thorax.height + 8 * rng.standard_normal()
    for k in range(2):
        for side in (-1, 1):
            x = side * 5 + rng.normal(0, 0.6)
            y = level + 9 * k
            _wire(
                lengths,
                [[x, y], [x + side * 5, y - 1.5], [x + side * 5, y + 1.5], [x, y + 1]],
                calibre_mm=1.1,
            )
