"""From lengths of matter to a developed film: beam, scatter, blur, quanta, and the tone curve.

The order is that of the physics: primary beam by Beer-Lambert, scatter added, detector blur, quantum noise,
then an H&D-like curve of the logarithm of exposure gives the grey level, bone bright.
The trap: scatter comes from the body, not from the open field beside it, so the open field is left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    high = np.minimum(low + 1, image.shape[1] - 1)
    return np.asarray(image[:, low] * (1 - part) + image[:, high] * part, np.float32)


def develop(signal: Floats, lung: npt.NDArray[np.bool_], grid: Grid, technique: Technique) -> Floats:
    """Grey levels 0..1, bone bright, as a console shows them: set by the film's own lungs and body."""
    value = -signal
    if technique.crispness:
        value = value + technique.crispness * (value - blurred(value, 5.0 / grid.pixel_mm))
    dark = float(np.quantile(value[lung], 0.4))
    bright = max(float(np.quantile(value, 0.93)), dark + 0.8)
    grey = _tone((value - dark) / np.float32(bright - dark), technique)
    base = 0.9 * _tone(np.array([-dark / (bright - dark)], np.float32), technique)  # of the open field
    return np.asarray(np.clip((grey - base) / (1 - base), 0, 1), np.float32)


def _tone(position: Floats, technique: Technique) -> Floats:
    """Grey of a place between the lungs, 0, and the mediastinum, 1.

    Above 0 the curve bends to its shoulder, below it runs out into its toe; both join with one slope.
    """
    rise, bend = technique.shoulder - technique.toe, 1 - np.exp(-technique.gamma)
    slope = rise * technique.gamma / bend
    over = technique.toe + rise * (1 - np.exp(-technique.gamma * np.clip(position, 0, None))) / bend
    under = technique.toe * np.exp(slope / technique.toe * np.clip(position, None, 0))
    return np.asarray(np.where(position > 0, over, under), np.float32)


def varied(technique: Technique, rng: np.random.Generator) -> Technique:
    """The technique of one film: a room's own, as it drifts from day to day."""
    drift = np.clip(rng.standard_normal(5), -2, 2)
    return replace(
        technique,
        energy_kev=technique.energy_kev + drift[0],
        gamma=technique.gamma * (1 + 0.13 * drift[1]),
        toe=technique.toe + 0.045 * drift[2],
        shoulder=technique.shoulder + 0.02 * drift[3],
        crispness=technique.crispness * (1 + 0.3 * drift[4]),
    )
