"""The inside of the rib cage: cavity, mediastinum and heart, diaphragm, and the lungs that are left.

On every ray the cavity is one interval of z, the heart or mediastinum a second, the diaphragm a third; the
lung is the first less the union of the others, so lung behind the heart and behind the dome comes by itself.
The trap: `side` is the patient's, -1 right and +1 left, and the right lung is on the left of the film.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.person import Person, Pose
from hilum.data.phantom.rays import Floats, Grid, Reals, curve

RIGHT, LEFT = -1, 1
Values = npt.NDArray[np.float64]

# Borders of the mediastinum in mm from the midline of a middling man, by height: 0 apex, 1 right dome.
_LEFT_HEIGHTS = [0.0, 0.12, 0.22, 0.28, 0.34, 0.40, 0.45, 0.52, 0.60, 0.70, 0.80, 0.90, 1.0, 1.1, 1.3]
_LEFT_BORDER = [24.0, 25, 27, 34, 37, 32, 30, 35, 42, 57, 73, 85, 91, 88, 60]
_RIGHT_HEIGHTS = [0.0, 0.15, 0.30, 0.42, 0.52, 0.62, 0.72, 0.82, 0.92, 1.02, 1.3]
_RIGHT_BORDER = [22.0, 22, 25, 27, 29, 36, 43, 46, 45, 41, 36]


@dataclass(frozen=True)
class Thorax:
    """The measured shape of one chest on one film; all lengths in mm."""

    person: Person
    pose: Pose
    border_noise: tuple[float, ...]  # 6 standard normals, the person's own
    dome_lift: tuple[float, float] = (0.0, 0.0)  # mm, right and left: volume loss pulls a dome up
    shift: float = 0.0  # mm of the upper mediastinum to the patient's left

    @cached_property
    def height(self) -> float:
        """Apex to the right dome."""
        return 2 * self.person.half_width * self.person.height_ratio * self.pose.breath

    @cached_property
    def base(self) -> float:
        """Height of the costophrenic angles."""
        return self.height + 42 * self.person.size

    def outer(self, y: npt.ArrayLike) -> Values:
        """Distance of the lung's outer border from the midline; 0 outside the lung's height."""
        v = np.asarray(y, float) / self.base
        arch = np.sqrt(np.clip(1 - np.clip(1 - v / 0.72, 0, None) ** 2.0, 0, 1)) ** 1.24
        width = 0.31 + 0.69 * arch - 0.03 * np.clip(v - 0.85, 0, None) / 0.15
        return np.where(v < 0, 0.0, self.person.half_width * width)

    def depth(self, y: npt.ArrayLike) -> Values:
        """Half the cavity from front to back, on the midline."""
        v = np.clip(np.asarray(y, float) / (0.62 * self.base), 0, 1)
        return self.person.half_depth * (0.22 + 0.78 * np.sqrt(1 - (1 - v) ** 2))

    def border(self, y: npt.ArrayLike, side: int) -> Values:
        """Distance of the mediastinal border from the midline, on one side."""
        v = np.asarray(y, float) / self.height
        noise, person = self.border_noise, self.person
        if side == LEFT:
            shape = np.array(_LEFT_BORDER)
            shape[3:6] += np.array([7, 9, 5]) * (person.knob - 1) * 2 + 1.5 * noise[0]
            shape[7] += 2.5 * noise[1]
            shape[9:13] *= 1 + 0.04 * noise[2]
            border = curve(_LEFT_HEIGHTS, shape, v)
        else:
            shape = np.array(_RIGHT_BORDER)
            shape[:4] += 1.5 * noise[3]
            shape[5:9] += 2.5 * noise[4]
            border = curve(_RIGHT_HEIGHTS, shape, v)
        growth = 1 + (person.heart - 1) * np.clip((v - 0.4) / 0.3, 0, 1)
        border = border * growth * person.half_width / 141
        lean = self.lean(y)
        apex = np.asarray(y, float) / (0.07 * self.base)
        tip = person.half_width * (0.31 - 0.15 * np.sqrt(np.clip(1 - np.clip(1 - apex, 0, None) ** 2, 0, 1)))
        tip = tip - 40 * np.clip(apex - 1, 0, None)  # below the tip the mediastinum's own border takes over
        return np.maximum(border + side * lean, tip)

    def lean(self, y: npt.ArrayLike) -> Values:
        """How far turning and traction move the middle of the mediastinum to the patient's left."""
        v = np.asarray(y, float) / self.height
        front = curve([0, 0.4, 0.8, 1.2], [5, 10, 38, 40], v)
        return self.pose.turn_rad * front + self.shift * np.clip(1.3 - 1.2 * np.abs(v - 0.1), 0, 1)

    def dome(self, x: npt.ArrayLike, side: int) -> Values:
        """Height of the diaphragm's silhouette at distance |x| from the midline."""
        half = self.person.half_width
        peak = 0.5 * half
        drop = (np.abs(np.asarray(x, float)) - peak) / np.where(np.abs(x) > peak, half - peak, peak)
        low = np.where(drop > 0, 44.0, 16.0) * self.person.size
        level = self.height + (0 if side == RIGHT else 11 * self.person.size + 3 * self.border_noise[5])
        return np.asarray(level - self.dome_lift[0 if side == RIGHT else 1] + low * np.abs(drop) ** 2.1)

    def place(self, side: int, *, across: float, down: float) -> tuple[float, float]:
        """A point (x, y) of a lung: `across` 0 mediastinum to 1 ribs, `down` 0 apex to 1 dome."""
        y = down * self.height
        inner, outer = float(self.border(y, side)), float(self.outer(y))
        return side * (inner + across * (outer - inner)), y


@dataclass(frozen=True)
class Cavity:
    """The thorax laid on a grid; maps are (H, W), lengths in mm."""

    chord: Floats  # of the whole cavity
    lung: Floats  # of air-bearing lung
    dome: Floats  # of what lies under the diaphragm, inside the cavity's outline
    right: npt.NDArray[np.bool_]  # the lung field as drawn by hand: no heart, nothing below the dome
    left: npt.NDArray[np.bool_]

    @property
    def field(self) -> npt.NDArray[np.bool_]:
        return self.right | self.left


def lay_out(thorax: Thorax, grid: Grid) -> Cavity:
    """Measure every ray's way through the cavity, the diaphragm, and the lungs."""
    x = grid.x - np.float32(thorax.pose.tilt_rad) * (grid.y - 120)  # (H, W)
    y = grid.y
    across, rows = np.abs(x), y[:, 0]
    half = _half_depth(thorax, across, y)
    left_side = x > 0
    inside = np.where(left_side, thorax.border(rows, LEFT)[:, None], thorax.border(rows, RIGHT)[:, None])
    inside = (inside - across).astype(np.float32)  # mm inside the mediastinal border
    heart = _mediastinum(thorax, inside, across=across, y=y) * half
    middle = 0.2 * half  # heart and great vessels lie in front of the middle

    columns = grid.x[0]
    silhouette = np.where(columns > 0, thorax.dome(columns, LEFT), thorax.dome(columns, RIGHT))
    front = np.float32(0.15 * thorax.person.half_depth)  # z of the top of the dome
    bend = 68 * thorax.person.size / (thorax.person.half_depth + front) ** 2
    below = np.sqrt(np.clip(y - silhouette.astype(np.float32), 0, None) / np.float32(bend))
    dome = _overlap(front - below, front + below, half)
    heart_in = _overlap(middle - heart, middle + heart, half)
    both = _overlap(
        np.maximum(front - below, middle - heart), np.minimum(front + below, middle + heart), half
    )
    lung = np.clip(2 * half - dome - heart_in + both, 0, None)
    visible = (half > 6) & (inside < 0) & (y < silhouette + bend * np.clip(front - half, 0, None) ** 2)
    return Cavity(2 * half, lung, dome, visible & ~left_side, visible & left_side)


def _half_depth(thorax: Thorax, across: Floats, y: Floats) -> Floats:
    """Half the cavity from front to back on every ray."""
    outer = thorax.outer(y[:, 0]).astype(np.float32)[:, None]
    deep = thorax.depth(y[:, 0]).astype(np.float32)[:, None]
    ratio = np.clip(across / np.maximum(outer, 1e-3), 0, 1)
    tip = np.clip(y / 30, 0, 1) ** np.float32(0.7)
    return np.asarray(deep * (1 - ratio**2.4) ** np.float32(1 / 2.4) * (outer > 0) * tip, np.float32)


def _mediastinum(thorax: Thorax, inside: Floats, *, across: Floats, y: Floats) -> Floats:
    """Share of the cavity's depth that the mediastinum or heart takes, from its border inwards."""
    v = y / np.float32(thorax.height)
    roundness = np.interp(v, [0.1, 0.5, 0.8], [22, 30, 58]).astype(np.float32) * thorax.person.size
    softness = np.interp(v, [0.2, 0.5, 0.7], [0.85, 0.6, 0.5]).astype(np.float32)
    onset = np.clip(1 - np.clip(1 - inside / roundness, 0, 1) ** 2, 0, None) ** softness
    fill = np.interp(v, [0.1, 0.3, 0.7], [0.85, 0.62, 0.46]).astype(np.float32)
    central = np.interp(across, [8, 46], [1, 0]).astype(np.float32)
    share = fill * onset + central * onset * 0.3
    return np.asarray(np.where(inside > 0, np.clip(share, 0, 1.25), 0), np.float32)


def _overlap(low: Reals, high: Reals, half: Floats) -> Floats:
    """Length of the interval from low to high that lies in the cavity, -half to half."""
    return np.asarray(np.clip(np.minimum(high, half) - np.maximum(low, -half), 0, None), np.float32)
