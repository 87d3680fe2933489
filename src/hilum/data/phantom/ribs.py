"""Twelve pairs of ribs and the breastbone: tilted, drooping half-rings that follow the wall of the cavity.

The trap: a rib's ring is tilted, so its back part rises to the spine and its front part falls to the sternum;
seen along the rays the two cross, which is the lattice of a chest film.
"""

from __future__ import annotations

import numpy as np

from hilum.data.phantom.bone import Bones
from hilum.data.phantom.rays import Points, path
from hilum.data.phantom.thorax import Thorax

_BACK_DEG = 9.0  # where a rib leaves its vertebra; 0 is straight back, 90 the side
# By rib, from the first: end of the bony part in degrees, fall from back to front in mm, half-height in mm.
_FRONT_DEG = [152.0, 148, 143, 139, 135, 131, 127, 123, 119, 112, 88, 62]
_FALL_MM = [72.0, 84, 94, 101, 107, 111, 114, 115, 114, 111, 108, 104]
_HALF_HEIGHT_MM = [6.4, 5.6, 5.6, 5.9, 6.1, 6.2, 6.2, 6.1, 5.8, 5.4, 4.7, 4.2]


def add_ribs(bones: Bones, thorax: Thorax, rng: np.random.Generator) -> None:
    """Both sides' ribs, each with a little unevenness of its own."""
    spacing = 0.097 * thorax.base
    person = thorax.person
    for k in range(12):
        for side in (-1, 1):
            jitter = rng.standard_normal(4)
            start = (-13 - 4 * (k == 0)) * person.size + k * spacing * (1 - 0.006 * k) + 1.0 * jitter[0]
            fall = _FALL_MM[k] * person.rib_slope * person.size * (1 + 0.03 * jitter[1])
            degrees = np.linspace(
                _BACK_DEG, _FRONT_DEG[k] + 3 * jitter[2], bones.samples(2.2 * person.half_width)
            )
            angle = np.radians(degrees)
            y = start + fall * (1 - np.cos(angle)) / 2
            y = y + 4 * person.size * np.sin(2 * angle)  # the shaft sags behind and lifts before
            y = y - 8 * person.size * np.exp(-(((degrees - _BACK_DEG) / 14) ** 2)) * (k > 1)
            wide, deep = _wall(thorax, k, y)
            centre = np.stack([side * wide * np.sin(angle), y, -deep * np.cos(angle)], axis=1)
            tall = (
                _HALF_HEIGHT_MM[k]
                * person.size
                * np.interp(degrees, [9, 16, 35, 110, 150], [0.5, 0.75, 0.95, 1.0, 1.15])
            )
            tall = tall * (1 + 0.04 * jitter[3])
            shell = np.interp(degrees, [9, 20, 80, 110, 150], [0.5, 1.65, 1.5, 0.8, 0.4])
            thick = np.interp(degrees, [80, 150], [3.1, 2.2]) * person.size
            bones.tube(centre, tall=tall, thick=thick, shell_mm=shell)


def _wall(thorax: Thorax, k: int, y: Points) -> tuple[Points, Points]:
    """Half-width and half-depth of the ring that rib k (from 0) runs on."""
    half = thorax.person.half_width
    wide = thorax.outer(np.clip(y, 4, 0.9 * thorax.base)) + 3.5
    if k == 0:  # the first ribs are rings of their own about the apices
        wide = np.full_like(y, 0.52 * half)
    elif k == 1:
        wide = np.full_like(y, 0.75 * half)
    deep = np.maximum(thorax.depth(np.maximum(y, 4) + 20), 0.5 * thorax.person.half_depth) + 4
    return wide, deep


def add_breastbone(bones: Bones, thorax: Thorax) -> None:
    """Manubrium and body, seen faintly through the mediastinum."""
    size, front = thorax.person.size, 0.9 * thorax.person.half_depth
    n = bones.samples(150 * size)
    centre = path([[0, 28 * size, front - 20], [0, 80 * size, front], [0, 175 * size, front + 6]], n=n)
    wide = np.interp(np.linspace(0, 1, n), [0, 0.08, 0.3, 0.36, 0.9, 1], [20, 27, 15, 14, 17, 8]) * size
    bones.tube(centre, tall=wide, thick=np.full(n, 4.5 * size), shell_mm=0.4)
