"""The bones: ribs, clavicles, scapulae, spine, sternum, and upper arms, as hollow tubes and plates of points.

Every bone is a shell of compact bone about spongy bone; seen edge-on the shell piles up along the rays, which draws
the bright margins of a real film.
The trap: bone replaces soft tissue, so its length is taken out of the soft tissue as it is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.rays import Points, curve, path, splat
from hilum.data.phantom.thorax import Thorax
from hilum.data.phantom.trunk import arm_axis

_RINGS, _SPOKES = 3, 14


@dataclass
class _Matter:
    """Points and volumes gathered over all bones, so that they are laid on the grid once."""

    points: list[Points]
    volumes: list[Points]

    def add(self, points: Points, volumes: Points) -> None:
        self.points.append(points)
        self.volumes.append(volumes)


class Skeleton:
    """Gathers the bones of one chest and lays them on a film.

    Args:
        step_mm: distance of samples along a bone, about half a pixel.
    """

    def __init__(self, thorax: Thorax, rng: np.random.Generator, *, step_mm: float) -> None:
        self.thorax = thorax
        self.rng = rng
        self.step_mm = step_mm
        self.shell = _Matter([], [])
        self.core = _Matter([], [])

    def add_all(self) -> None:
        self.add_ribs()
        self.add_spine()
        for side in (-1, 1):
            self.add_clavicle(side)
            self.add_scapula(side)
            self.add_arm(side)
        self.add_sternum()

    def lay_on(self, lengths: Lengths) -> None:
        """Add all bones to the rays, in the stead of soft tissue."""
        pose = self.thorax.pose
        for matter, material in (
            (self.shell, Material.COMPACT_BONE),
            (self.core, Material.SPONGY_BONE),
        ):
            points = np.concatenate(matter.points)
            turned = points[:, 0] + pose.turn_rad * points[:, 2]
            turned = turned + pose.tilt_rad * (points[:, 1] - 120)
            places = np.stack([turned, points[:, 1]], axis=1)
            length = splat(lengths.grid, places, np.concatenate(matter.volumes))
            lengths.add(material, length, instead_of=Material.SOFT)

    def tube(self, centre: Points, *, tall: Points, thick: Points, shell_mm: float) -> None:
        """Fill a tube along `centre` (N, 3) of half-height `tall` and half-thickness `thick` (N,)."""
        along = np.gradient(centre, axis=0)
        step = np.linalg.norm(along, axis=1)
        along /= step[:, None]
        up = np.array([0.0, 1.0, 0.0]) - along * along[:, 1:2]
        flat = np.linalg.norm(up, axis=1) < 0.2  # a bone that runs straight down has no "up" but sideways
        up[flat] = np.array([1.0, 0.0, 0.0]) - along[flat] * along[flat, :1]
        up /= np.linalg.norm(up, axis=1)[:, None]
        out = np.cross(along, up)
        mineral = self.thorax.person.bone
        turn = np.arange(len(centre))[:, None] * 2.4  # golden angle: no stripes from one cut to the next
        spokes = np.arange(_SPOKES) * 2 * np.pi / _SPOKES + turn  # (N, spokes)
        circumference = np.pi * (tall + thick)
        ring = circumference * shell_mm * mineral * step / _SPOKES
        self.shell.add(
            _around(centre, up, out, np.cos(spokes) * tall[:, None], np.sin(spokes) * thick[:, None]),
            np.repeat(ring, _SPOKES),
        )
        n = _RINGS * 5
        radius = np.sqrt((np.arange(n) + 0.5) / n)[None, :]
        angle = np.arange(n)[None, :] * 2.399963 + turn
        inner = np.pi * tall * thick * step / n
        self.core.add(
            _around(centre, up, out, radius * np.cos(angle) * tall[:, None], radius * np.sin(angle) * thick[:, None]),
            np.repeat(inner, n),
        )

    def line(self, corners: list[list[float]], *, tall: float, thick: float, shell_mm: float) -> None:
        """A tube of one calibre through 3-D corners."""
        span = float(np.linalg.norm(np.diff(np.asarray(corners), axis=0), axis=1).sum())
        n = max(int(span / self.step_mm), 6)
        self.tube(path(corners, n=n), tall=np.full(n, tall), thick=np.full(n, thick), shell_mm=shell_mm)

    def add_ribs(self) -> None:
        """Twelve pairs: tilted, drooping half-ellipses that follow the cavity's wall from the spine to the front."""
        thorax, person = self.thorax, self.thorax.person
        spacing = 0.098 * thorax.base
        for k in range(12):
            for side in (-1, 1):
                jitter = self.rng.standard_normal(3)
                start = -9 * person.size + k * spacing * (1 - 0.008 * k) + jitter[0]
                fall = np.interp(k, [0, 1, 4, 8, 11], [36, 58, 96, 112, 104]) * person.rib_slope * person.size
                reach = np.interp(k, [0, 1, 5, 8, 9, 10, 11], [150, 146, 134, 122, 112, 88, 62]) + 3 * jitter[1]
                angle = np.radians(np.linspace(14, reach, max(int(330 / self.step_mm), 24)))
                y = start + fall * (1 - np.cos(angle)) / 2 + 3 * person.size * np.sin(2 * angle) * (k > 0)
                y = y - 9 * np.exp(-(((np.degrees(angle) - 14) / 16) ** 2)) * (k > 1)
                wide, deep = self._wall(k, y)
                centre = np.stack([side * wide * np.sin(angle), y, -deep * np.cos(angle)], axis=1)
                tall = np.interp(np.degrees(angle), [14, 40, 110, 150], [4.6, 6.0, 6.4, 7.2]) * person.size
                tall = tall * (1 + 0.05 * jitter[2]) * (0.85 if k in (0, 10, 11) else 1)
                self.tube(centre, tall=tall, thick=np.full_like(tall, 3.1 * person.size), shell_mm=0.75)

    def _wall(self, k: int, y: Points) -> tuple[Points, Points]:
        """Half-width and half-depth of the ring that rib k runs on."""
        thorax = self.thorax
        level = np.maximum(y, 4.0)
        wide = thorax.outer(np.minimum(level, 0.9 * thorax.base)) + 4
        if k < 2:  # the first ribs are rings of their own about the apices
            wide = np.full_like(y, (0.52 if k == 0 else 0.68) * thorax.person.half_width)
        return wide, np.maximum(thorax.depth(level + 20), 0.5 * thorax.person.half_depth) + 4

    def add_spine(self) -> None:
        """Vertebrae from C5 to L2: end plates, waisted bodies, pedicles, and spinous and transverse processes."""
        size, bend = self.thorax.person.size, 2.5 * self.rng.standard_normal()
        y, number = -105.0 * size, -3
        while y < 340 * size:
            part = np.clip((number + 3) / 16, 0, 1)
            half, tall = (11 + 11 * part) * size, (14 + 12 * part) * size
            x = bend * np.sin(y / 90)
            self._vertebra(x, y, half=half, tall=tall)
            y += tall + (3.5 + 3 * part) * size
            number += 1

    def _vertebra(self, x: float, y: float, *, half: float, tall: float) -> None:
        z = -0.45 * self.thorax.person.half_depth
        n = max(int(2 * half / self.step_mm), 8)
        across = np.linspace(-half, half, n)
        for level in np.linspace(0, 1, 9):
            edge = 1 - 0.12 * np.sin(np.pi * level)
            centre = np.stack([x + across * edge, np.full(n, y + level * tall), np.full(n, z)], axis=1)
            plate = level in (0.0, 1.0)
            deep = 0.9 * half * np.sqrt(np.clip(1 - (across / half) ** 2 * 0.8, 0, 1))
            self.tube(centre, tall=np.full(n, tall / 16), thick=deep, shell_mm=0.35 if plate else 0.02)
        for side in (-1, 1):
            wall = x + side * half * 0.95
            self.line([[wall, y, z], [wall - side * half * 0.1, y + tall / 2, z], [wall, y + tall, z]],
                      tall=1.0, thick=0.5 * half, shell_mm=0.3)  # fmt: skip
            self.line([[x + side * half * 0.62, y + 0.25 * tall, z - 18], [x + side * half * 0.62, y + 0.6 * tall, z - 20]],
                      tall=3.2, thick=5, shell_mm=0.8)  # fmt: skip
            self.line([[x + side * half * 0.8, y + 0.4 * tall, z - 25], [x + side * (half + 13), y + 0.2 * tall, z - 32]],
                      tall=4.0, thick=4, shell_mm=0.6)  # fmt: skip
        self.line([[x, y + 0.5 * tall, z - 30], [x, y + 1.1 * tall, z - 45]], tall=2.6, thick=8, shell_mm=0.8)

    def add_clavicle(self, side: int) -> None:
        """An S from the breastbone to the shoulder."""
        size, wide = self.thorax.person.size, self.thorax.person.half_width / 141
        lift = 4 * self.rng.standard_normal() + 8 * self.thorax.pose.arm
        front = 0.55 * self.thorax.person.half_depth
        corners = [
            [side * 15 * wide, 34 * size, front],
            [side * 45 * wide, 27 * size - 0.3 * lift, front + 8],
            [side * 85 * wide, 19 * size - 0.7 * lift, front - 5],
            [side * 125 * wide, 8 * size - lift, front - 30],
            [side * 152 * wide, 6 * size - lift, front - 42],
        ]
        n = max(int(165 / self.step_mm), 12)
        tall = np.interp(np.linspace(0, 1, n), [0, 0.12, 0.5, 0.85, 1], [9.5, 6.5, 5.6, 6.2, 7.5]) * size
        self.tube(path(corners, n=n), tall=tall, thick=0.85 * tall, shell_mm=1.1)

    def add_scapula(self, side: int) -> None:
        """A thin blade with stout margins, its spine, the acromion, the coracoid, and the socket."""
        size, wide = self.thorax.person.size, self.thorax.person.half_width / 141
        away = 6 + 16 * self.thorax.pose.arm + 3 * self.rng.standard_normal()
        z = -0.6 * self.thorax.person.half_depth
        top = [side * (98 * wide + away), 12 * size, z]
        tip = [side * (112 * wide + away), 135 * size, z - 5]
        socket = [side * (146 * wide + 0.3 * away), 38 * size, z + 30]
        self.line([top, [(top[0] + tip[0]) / 2 - side * 3, 75 * size, z], tip], tall=2.0, thick=2.2, shell_mm=0.9)
        self.line([tip, [(tip[0] + socket[0]) / 2 + side * 2, 88 * size, z + 12], socket],
                  tall=3.4, thick=4.2, shell_mm=1.2)  # fmt: skip
        self.line([top, [(top[0] + socket[0]) / 2, 12 * size, z + 12], socket], tall=1.8, thick=2, shell_mm=0.8)
        self.line([socket, [socket[0] + side * 2, 54 * size, z + 34]], tall=5, thick=11, shell_mm=1.2)
        spine_end = [side * 170 * wide, 0.0, z + 40]
        self.line([[top[0] + side * 4, 34 * size, z - 8], [side * (128 * wide + 0.6 * away), 16 * size, z + 2], spine_end],
                  tall=4, thick=5, shell_mm=0.9)  # fmt: skip
        self.line([socket, [side * 132 * wide, 20 * size, z + 62]], tall=6, thick=6, shell_mm=1.0)
        self._blade(np.array([top, tip, socket]))

    def _blade(self, triangle: Points) -> None:
        area = np.linalg.norm(np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0])) / 2
        n = int(area / (0.5 * self.step_mm**2))
        u = (np.arange(n) + 0.5) / n
        v = (np.arange(n) * 0.6180339887) % 1  # a lattice of rank one: even and free of stripes
        root = np.sqrt(u)
        points = (1 - root)[:, None] * triangle[0] + (root * (1 - v))[:, None] * triangle[1] + (root * v)[:, None] * triangle[2]
        self.shell.add(points, np.full(n, area * 1.1 * self.thorax.person.bone / n))

    def add_arm(self, side: int) -> None:
        """Head and shaft of the humerus."""
        (x0, y0), (x1, y1) = arm_axis(self.thorax.person, self.thorax.pose, side)
        size = self.thorax.person.size
        z = -0.3 * self.thorax.person.half_depth
        n = max(int(300 / self.step_mm), 24)
        t = np.linspace(-0.06, 1, n)
        centre = np.stack([x0 + t * (x1 - x0), y0 + t * (y1 - y0), np.full(n, z)], axis=1)
        wide = np.interp(t, [-0.06, -0.03, 0.02, 0.09, 0.18, 0.9], [6, 18, 23, 19, 12, 11]) * size
        shaft = curve([-0.06, 0.1, 0.25, 0.9], [0.8, 1.0, 3.5, 4.0], t)
        for part in (t < 0.12, t >= 0.12):
            self.tube(centre[part], tall=wide[part], thick=wide[part], shell_mm=float(shaft[part].mean()))

    def add_sternum(self) -> None:
        """Manubrium and body, seen through the mediastinum."""
        size, front = self.thorax.person.size, 0.9 * self.thorax.person.half_depth
        n = max(int(150 / self.step_mm), 12)
        centre = path([[0, 26 * size, front - 20], [0, 80 * size, front], [0, 175 * size, front + 6]], n=n)
        wide = np.interp(np.linspace(0, 1, n), [0, 0.08, 0.3, 0.36, 0.9, 1], [20, 26, 15, 14, 17, 8]) * size
        self.tube(centre, tall=wide, thick=np.full(n, 4.5 * size), shell_mm=0.5)


def _around(centre: Points, up: Points, out: Points, along_up: Points, along_out: Points) -> Points:
    """Points (N * M, 3) at offsets (N, M) from each centre (N, 3) in its own cross-section."""
    offset = along_up[:, :, None] * up[:, None, :] + along_out[:, :, None] * out[:, None, :]
    return np.asarray((centre[:, None, :] + offset).reshape(-1, 3))
