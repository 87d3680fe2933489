"""From lengths of matter to a developed film: beam, scatter, blur, quanta, and the tone curve.

The order is that of the physics: primary beam by Beer-Lambert, scatter added, detector blur, quantum noise, then
density by an H&D-like curve of the logarithm of exposure, and only then the grey level, bone bright.
The trap: scatter comes from the body, not from the open field beside it, so the open field is left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.rays import Floats, Grid, blurred


@dataclass(frozen=True, slots=True)
class Technique:
    """One room's way of taking a film."""

    energy_kev: float  # effective, behind the patient
    scatter: float  # part of the signal behind the chest that is scatter, after the grid
    quanta_per_mm2: float  # in the open field, before the patient
    blur_mm: float  # detector and focus
    gamma: float  # bend of the tone curve's shoulder
    toe: float  # grey level of the lungs, 0..1
    shoulder: float  # grey level of the mediastinum, 0..1
    crispness: float  # edge enhancement by the console; 0 for none


def expose(attenuation: Floats, grid: Grid, technique: Technique, rng: np.random.Generator) -> Floats:
    """The logarithm of what the detector saw, relative to the open field (H, W)."""
    primary = np.exp(-attenuation)
    scattering = primary * (1 - np.exp(-1.2 * attenuation))
    wide = _wide_blur(scattering, sigma_px=38 / grid.pixel_mm)
    share = technique.scatter / (1 - technique.scatter)
    signal = primary + share * 0.5 * wide
    signal = blurred(signal.astype(np.float32), technique.blur_mm / grid.pixel_mm)
    n = np.maximum(signal, 1e-4) * technique.quanta_per_mm2 * grid.pixel_mm**2
    noise = rng.standard_normal(grid.shape, np.float32)
    return np.asarray(np.log(np.maximum(signal * (1 + noise / np.sqrt(n)), 1e-5)), np.float32)


def _wide_blur(image: Floats, *, sigma_px: float) -> Floats:
    """A blur far wider than a pixel, done on a coarse copy."""
    factor = max(int(sigma_px / 6), 1)
    height, width = image.shape
    rows, columns = -(-height // factor), -(-width // factor)
    padded = np.pad(image, ((0, rows * factor - height), (0, columns * factor - width)), mode="edge")
    coarse = padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    soft = blurred(coarse.astype(np.float32), sigma_px / factor)
    across = _linear(soft, width, factor)
    return np.ascontiguousarray(_linear(across.T, height, factor).T)


def _linear(image: Floats, n: int, factor: int) -> Floats:
    """Rows (H, w) stretched to (H, n) by straight lines between cell centres."""
    position = np.clip((np.arange(n) + 0.5) / factor - 0.5, 0, image.shape[1] - 1)
    low = np.minimum(position.astype(int), max(image.shape[1] - 2, 0))
    part = (position - low).astype(np.float32)
    return image[:, low] * (1 - part) + image[:, np.minimum(low + 1, image.shape[1] - 1)] * part


def develop(signal: Floats, lung: npt.NDArray[np.bool_], grid: Grid, technique: Technique) -> Floats:
    """Grey levels 0..1, bone bright, as the console would show them: levels set by the film's own lungs and body.

    Above the lungs' level the curve bends to its shoulder, below it runs out into its toe; both join with one slope.
    """
    value = -signal
    if technique.crispness:
        value = value + technique.crispness * (value - blurred(value, 5.0 / grid.pixel_mm))
    dark = float(np.quantile(value[lung], 0.4))
    bright = max(float(np.quantile(value, 0.93)), dark + 0.8)
    part = (value - dark) / np.float32(bright - dark)
    rise = technique.shoulder - technique.toe
    bend = 1 - np.exp(-technique.gamma)
    slope = rise * technique.gamma / bend
    over = technique.toe + rise * (1 - np.exp(-technique.gamma * np.clip(part, 0, None))) / bend
    under = technique.toe * np.exp(slope / technique.toe * np.clip(part, None, 0))
    grey = np.where(part > 0, over, under)
    base = 0.9 * float(technique.toe * np.exp(-slope / technique.toe * dark / (bright - dark)))
    return np.clip((grey - base) / (1 - base), 0, 1).astype(np.float32)
