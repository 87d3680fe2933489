"""The plane of the film in millimetres, and the two ways in which matter meets its rays.

Rays run along z (parallel, back to front: a PA film), x grows towards the patient's left (right on the film),
y grows downwards, and (0, 0) is the midline at the height of the lung apices.
Large volumes give the length of each ray inside them in closed form; bones and vessels are sampled as points
that each carry a volume, so the sum over a pixel divided by its area is again a length.
The trap: a length is in millimetres whatever the grid, so never scale by the number of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.floating[Any]]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """The film's pixels: `left` and `top` are the mm position of the outer corner of pixel (0, 0)."""

    height: int
    width: int
    pixel_mm: float
    left: float
    top: float

    @cached_property
    def x(self) -> Floats:  # (1, W)
        centres = self.left + (np.arange(self.width) + 0.5) * self.pixel_mm
        return centres.astype(np.float32)[None, :]

    @cached_property
    def y(self) -> Floats:  # (H, 1)
        centres = self.top + (np.arange(self.height) + 0.5) * self.pixel_mm
        return centres.astype(np.float32)[:, None]

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def zeros(self) -> Floats:
        return np.zeros(self.shape, np.float32)

    def finer(self, factor: int) -> Grid:
        """The same field with `factor` times as many pixels along each side."""
        return Grid(self.height * factor, self.width * factor, self.pixel_mm / factor, self.left, self.top)


def splat(grid: Grid, points: Points, volume_mm3: Points) -> Floats:
    """Mean length in mm inside matter that is given as points (N, 2 or more) with volumes (N,)."""
    # one pixel of padding all round takes the feet that fall outside
    column = (points[:, 0] - grid.left) / grid.pixel_mm + 0.5
    row = (points[:, 1] - grid.top) / grid.pixel_mm + 0.5
    inside = (column >= 0) & (column < grid.width + 1) & (row >= 0) & (row < grid.height + 1)
    column, row, weight = column[inside], row[inside], volume_mm3[inside]
    left, top = column.astype(np.int64), row.astype(np.int64)
    column -= left
    row -= top
    stride, size = grid.width + 2, (grid.height + 2) * (grid.width + 2)
    corner = top * stride + left
    lower = weight * row
    upper = weight - lower
    total = np.bincount(corner, upper * (1 - column), size)
    for step, share in ((1, upper * column), (stride, lower * (1 - column)), (stride + 1, lower * column)):
        total[step:] += np.bincount(corner, share, size)[: size - step]
    padded = total.reshape(grid.height + 2, stride)
    return (padded[1:-1, 1:-1] / grid.pixel_mm**2).astype(np.float32)


def curve(knots: npt.ArrayLike, values: npt.ArrayLike, at: npt.ArrayLike) -> Points:
    """A natural cubic spline through the knots, held constant beyond both ends."""
    t, v = np.asarray(knots, float), np.asarray(values, float)
    step = np.diff(t)
    system = np.eye(len(t))
    right = np.zeros_like(v)
    for k in range(1, len(t) - 1):
        system[k, k - 1 : k + 2] = step[k - 1], 2 * (step[k - 1] + step[k]), step[k]
        right[k] = 6 * ((v[k + 1] - v[k]) / step[k] - (v[k] - v[k - 1]) / step[k - 1])
    bend = np.linalg.solve(system, right)
    x = np.clip(np.asarray(at, float), t[0], t[-1])
    k = np.clip(np.searchsorted(t, x, side="right") - 1, 0, len(t) - 2)
    h, before, after = step[k], t[k + 1] - x, x - t[k]
    return np.asarray(
        (bend[k] * before**3 + bend[k + 1] * after**3) / (6 * h)
        + (v[k] / h - bend[k] * h / 6) * before
        + (v[k + 1] / h - bend[k + 1] * h / 6) * after
    )


def path(corners: Points | list[list[float]], *, n: int) -> Points:
    """`n` points evenly spread along a smooth line through 3-D corners (M, 3)."""
    corners = np.asarray(corners, float)
    t = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    at = np.linspace(0, t[-1], n)
    return np.stack([curve(t, corners[:, k], at) for k in range(3)], axis=1)


def smooth_step(value: Reals) -> Floats:
    """0 below 0, 1 above 1, and a cubic between."""
    t = np.clip(value, 0, 1).astype(np.float32)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blurred(image: Floats, sigma_px: float) -> Floats:
    """Gaussian blur with mirrored margins: shifted sums where narrow, a Fourier transform where wide."""
    if sigma_px < 0.1:
        return image
    margin = min(int(3 * sigma_px) + 1, min(image.shape) - 1)
    if sigma_px < 2:
        weights = np.exp(-0.5 * (np.arange(-margin, margin + 1) / sigma_px) ** 2).astype(np.float32)
        weights /= weights.sum()
        return _shifted_sum(_shifted_sum(image, weights).T, weights).T
    height, width = (_smooth_size(n + 2 * margin) for n in image.shape)
    beyond = (height - image.shape[0] - margin, width - image.shape[1] - margin)
    padded = np.pad(image, ((margin, beyond[0]), (margin, beyond[1])), "symmetric")
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    response = np.exp(-2 * (np.pi * sigma_px) ** 2 * (fy**2 + fx**2)).astype(np.float32)
    soft = np.fft.irfft2(np.fft.rfft2(padded) * response, s=padded.shape)
    return np.asarray(soft[margin : margin + image.shape[0], margin : margin + image.shape[1]], np.float32)


def _shifted_sum(image: Floats, weights: Floats) -> Floats:
    """Columns of (H, W) blended with their neighbours above and below."""
    margin, height = len(weights) // 2, image.shape[0]
    padded = np.pad(image, ((margin, margin), (0, 0)), "symmetric")
    total = np.asarray(weights[margin] * image, np.float32)
    for k in range(margin):  # the weights are symmetric
        total += weights[k] * (padded[k : k + height] + padded[2 * margin - k : 2 * margin - k + height])
    return total


def _smooth_size(n: int) -> int:
    """The next whole number that has no prime factor above 5, for a fast transform."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1


def cloud(
    grid: Grid, rng: np.random.Generator, *, scale_mm: float, slope: float = 1.5, step_mm: float = 4.0
) -> Floats:
    """Random field of mean 0 and deviation 1 whose amplitude falls as frequency**-slope beyond 1/scale_mm.

    It is drawn on a lattice of `step_mm`, not on the pixels, so that a film keeps its look at every size.
    """
    n = 128 if step_mm >= 4 else 320
    fy, fx = np.fft.fftfreq(n, step_mm)[:, None], np.fft.rfftfreq(n, step_mm)[None, :]
    strength = (fy**2 + fx**2 + scale_mm**-2.0) ** (-slope / 2)
    strength[0, 0] = 0
    spectrum = np.fft.rfft2(rng.standard_normal((n, n), np.float32)) * strength
    field = np.fft.irfft2(spectrum, s=(n, n))
    return interpolated(field / field.std(), grid, step_mm=step_mm)


def interpolated(field: Reals, grid: Grid, *, step_mm: float) -> Floats:
    """A lattice of `step_mm` centred on (0, 130 mm), read at the film's pixels by cubic weights."""
    n = field.shape[0]
    rows = _cubic(np.clip((grid.y[:, 0] - 130) / step_mm + n / 2, 1, n - 3), n)
    columns = _cubic(np.clip(grid.x[0] / step_mm + n / 2, 1, n - 3), n)
    return (rows @ field.astype(np.float32) @ columns.T).astype(np.float32)


def _cubic(position: Reals, n: int) -> Floats:
    """B-spline weights (len(position), n) of a lattice of n samples."""
    base = np.floor(position).astype(int)
    t = position - base
    weights = np.zeros((len(position), n), np.float32)
    rows = np.arange(len(position))
    for offset, w in (
        (-1, (1 - t) ** 3 / 6),
        (0, (3 * t**3 - 6 * t**2 + 4) / 6),
        (1, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6),
        (2, t**3 / 6),
    ):
        weights[rows, base + offset] = w
    return weights
