"""Bones as points that carry volume: hollow tubes of compact bone about spongy bone, and thin plates.

Seen edge-on a shell piles up along the rays, which draws the bright margins of a real film.
The trap: samples must lie closer than a pixel in every direction, or a bone shows the pattern of its samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.person import Pose
from hilum.data.phantom.rays import Points, blurred, cloud, path, splat

_GOLDEN = 2.399963  # radians: points at this turn fill a disc evenly (Vogel, 1979)
_UNSHARPNESS_MM = 0.45  # breath, heartbeat, and focus; also evens out the samples


@dataclass(frozen=True, slots=True)
class _Section:
    """The cuts of a tube: centres (N, 3), two axes (N, 3), and half-axes (N,)."""

    centre: Points
    up: Points
    out: Points
    tall: Points
    thick: Points

    def points(self, radius: Points | float, angle: Points) -> Points:
        """Points (N * M, 3) at polar places (N, M) of every cut, radius 1 on its rim."""
        along_up = radius * np.cos(angle) * self.tall[:, None]
        along_out = radius * np.sin(angle) * self.thick[:, None]
        offset = along_up[:, :, None] * self.up[:, None] + along_out[:, :, None] * self.out[:, None]
        return np.asarray((self.centre[:, None] + offset).reshape(-1, 3))


class Bones:
    """Gathers bones and lays them on the rays once.

    Args:
        step_mm: greatest distance of samples, a little under a pixel.
        mineral: of the person, 1 for a healthy adult.
    """

    def __init__(self, *, step_mm: float, mineral: float) -> None:
        self.step_mm = step_mm
        self.mineral = mineral
        self._points: dict[Material, list[Points]] = {Material.COMPACT_BONE: [], Material.SPONGY_BONE: []}
        self._volumes: dict[Material, list[Points]] = {Material.COMPACT_BONE: [], Material.SPONGY_BONE: []}

    def samples(self, length_mm: float) -> int:
        """How many samples a length needs."""
        return max(int(length_mm / self.step_mm) + 1, 4)

    def tube(self, centre: Points, *, tall: Points, thick: Points, shell_mm: float | Points) -> None:
        """Fill a tube along `centre` (N, 3); `tall` and `thick` are half its height and depth (N,) in mm."""
        along = np.gradient(centre, axis=0)
        step = np.linalg.norm(along, axis=1)
        along /= step[:, None]
        up = np.array([0.0, 1.0, 0.0]) - along * along[:, 1:2]
        steep = np.linalg.norm(up, axis=1) < 0.2  # where a bone runs straight down, "up" is sideways
        up[steep] = np.array([1.0, 0.0, 0.0]) - along[steep] * along[steep, :1]
        up /= np.linalg.norm(up, axis=1)[:, None]
        out = np.cross(along, up)
        phase = np.random.default_rng(0).random((len(centre), 1))  # neighbouring cuts must not line up
        girth = np.pi * (tall + thick)
        spokes = int(np.clip(girth.max() / self.step_mm, 6, 160))
        angle = (np.arange(spokes) + phase) * (2 * np.pi / spokes)  # (N, spokes)
        section = _Section(centre, up, out, tall, thick)
        volume = girth * shell_mm * self.mineral * step / spokes
        self.add(Material.COMPACT_BONE, section.points(1.0, angle), np.repeat(volume, spokes))
        n = int(np.clip(2.2 * tall.max() / self.step_mm, 4, 60))
        radius = np.sqrt((np.arange(n) + 0.5) / n)
        angle = np.arange(n) * _GOLDEN + 2 * np.pi * phase
        volume = np.pi * tall * thick * step / n
        self.add(Material.SPONGY_BONE, section.points(radius, angle), np.repeat(volume, n))

    def line(self, corners: list[list[float]], *, tall: float, thick: float, shell_mm: float) -> None:
        """A tube of one calibre through 3-D corners."""
        n = self.samples(float(np.linalg.norm(np.diff(np.asarray(corners), axis=0), axis=1).sum()))
        self.tube(path(corners, n=n), tall=np.full(n, tall), thick=np.full(n, thick), shell_mm=shell_mm)

    def plate(self, triangle: Points, *, thick_mm: float) -> None:
        """A thin blade between three 3-D corners (3, 3)."""
        first, second, third = triangle
        area = float(np.linalg.norm(np.cross(second - first, third - first)) / 2)
        n = max(int(1.6 * area / self.step_mm**2), 50)
        root = np.sqrt((np.arange(n) + 0.5) / n)[:, None]
        v = ((np.arange(n) * 0.6180339887) % 1)[:, None]  # a lattice of rank one: even and free of stripes
        points = (1 - root) * first + root * (1 - v) * second + root * v * third
        self.add(Material.COMPACT_BONE, points, np.full(n, area * thick_mm * self.mineral / n))

    def add(self, material: Material, points: Points, volume_mm3: Points) -> None:
        self._points[material].append(points)
        self._volumes[material].append(volume_mm3)

    def lay_on(self, lengths: Lengths, pose: Pose, rng: np.random.Generator) -> None:
        """Add all bones to the rays, in the stead of soft tissue, turned and tilted as the patient stands."""
        grain = 1 + 0.16 * cloud(lengths.grid, rng, scale_mm=9, slope=0.8, step_mm=1.5)  # uneven mineral
        for material, pieces in self._points.items():
            points = np.concatenate(pieces)
            x = points[:, 0] + pose.turn_rad * points[:, 2] + pose.tilt_rad * (points[:, 1] - 120)
            places = np.stack([x, points[:, 1]], axis=1)
            length = splat(lengths.grid, places, np.concatenate(self._volumes[material]))
            length = blurred(length, _UNSHARPNESS_MM / lengths.grid.pixel_mm) * np.maximum(grain, 0.3)
            lengths.add(material, length, instead_of=Material.SOFT)
