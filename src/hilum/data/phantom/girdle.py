"""The shoulder girdle: clavicles, scapulae, and upper arms.

The trap: raised elbows turn the shoulder blades off the lungs, so their place follows the pose.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.bone import Bones
from hilum.data.phantom.rays import path
from hilum.data.phantom.thorax import Thorax
from hilum.data.phantom.trunk import arm_axis


def add_girdle(bones: Bones, thorax: Thorax, rng: np.random.Generator) -> None:
    """Both shoulders."""
    for side in (-1, 1):
        _add_clavicle(bones, thorax, side, lift=4 * rng.standard_normal() + 9 * thorax.pose.arm)
        _add_scapula(bones, thorax, side, away=6 + 20 * thorax.pose.arm + 3 * rng.standard_normal())


def _add_clavicle(bones: Bones, thorax: Thorax, side: int, *, lift: float) -> None:
    """An S from the breastbone to the shoulder."""
    size, wide = thorax.person.size, thorax.person.half_width / 141
    front = 0.55 * thorax.person.half_depth
    corners = [
        [side * 14 * wide, 36 * size, front],
        [side * 42 * wide, 30 * size - 0.3 * lift, front + 8],
        [side * 80 * wide, 21 * size - 0.7 * lift, front - 5],
        [side * 118 * wide, 6 * size - lift, front - 30],
        [side * 152 * wide, 3 * size - lift, front - 42],
    ]
    n = bones.samples(165 * size)
    tall = np.interp(np.linspace(0, 1, n), [0, 0.1, 0.45, 0.85, 1], [10.5, 7.2, 5.8, 6.6, 8.0]) * size
    shell = np.interp(np.linspace(0, 1, n), [0, 0.15, 0.5, 0.8, 1], [0.6, 1.2, 1.7, 1.2, 0.6])
    bones.tube(path(corners, n=n), tall=tall, thick=0.85 * tall, shell_mm=shell)


def _add_scapula(bones: Bones, thorax: Thorax, side: int, *, away: float) -> None:
    """A thin blade with stout margins, its spine, the acromion, the coracoid, and the socket."""
    size, wide = thorax.person.size, thorax.person.half_width / 141
    z = -0.6 * thorax.person.half_depth
    top = [side * (96 * wide + away), 14 * size, z]
    tip = [side * (112 * wide + 1.1 * away), 140 * size, z - 5]
    socket = [side * (147 * wide + 0.25 * away), 36 * size, z + 30]
    acromion = [side * 168 * wide, 2 * size, z + 40]
    bones.line([top, [top[0] - side * 4, 70 * size, z], tip], tall=1.9, thick=2.4, shell_mm=0.8)
    bones.line([tip, [(tip[0] + socket[0]) / 2 - side * 3, 92 * size, z + 12], socket],
               tall=3.2, thick=4.4, shell_mm=1.2)  # fmt: skip
    bones.line([top, [(top[0] + socket[0]) / 2, 15 * size, z + 12], socket], tall=1.6, thick=2, shell_mm=0.7)
    rim = [[socket[0] + side * bulge, y * size, z + 33] for bulge, y in ((0, 28), (3, 42), (0, 56))]
    bones.line(rim, tall=4.5, thick=11, shell_mm=0.9)
    middle = [side * (128 * wide + 0.6 * away), 20 * size, z + 2]
    bones.line([[top[0] + side * 4, 40 * size, z - 8], middle, acromion], tall=4, thick=5.5, shell_mm=0.9)
    bones.line([acromion, [side * 158 * wide, -1 * size, z + 66]], tall=7, thick=5, shell_mm=0.8)
    bones.line([socket, [side * 138 * wide, 18 * size, z + 55], [side * 128 * wide, 24 * size, z + 70]],
               tall=5.5, thick=6, shell_mm=0.9)  # fmt: skip
    bones.plate(np.array([top, tip, socket]), thick_mm=1.3)


def add_arms(lengths: Lengths, thorax: Thorax) -> None:
    """Heads and shafts of both upper arms, in closed form: straight tubes need no samples."""
    grid, size = lengths.grid, thorax.person.size
    for side in (-1, 1):
        (x0, y0), (x1, y1) = arm_axis(thorax.person, thorax.pose, side)
        span = np.hypot(x1 - x0, y1 - y0)
        along = ((grid.x - x0) * (x1 - x0) + (grid.y - y0) * (y1 - y0)) / (span * size)
        off = np.abs((grid.x - x0) * (y1 - y0) - (grid.y - y0) * (x1 - x0)) / (span * size)
        radius = np.maximum(np.interp(along, [-1, 0, 25, 55, 280], [0, 20, 18, 12, 11]), _ball(along, 23.0))
        shell = np.interp(along, [-20, 30, 75, 280], [0.8, 1.0, 3.2, 4.0])
        whole, hollow = _chord(radius, off), _chord(radius - shell, off)
        mineral = size * thorax.person.bone
        lengths.add(Material.COMPACT_BONE, (mineral * (whole - hollow)), instead_of=Material.SOFT)
        lengths.add(Material.SPONGY_BONE, (0.6 * size * hollow), instead_of=Material.SOFT)


def _ball(along: npt.NDArray[Any], radius: float) -> npt.NDArray[Any]:
    return np.sqrt(np.clip(radius**2 - along**2, 0, None))


def _chord(radius: npt.NDArray[Any], off: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(2 * np.sqrt(np.clip(np.clip(radius, 0, None) ** 2 - off**2, 0, None)))
