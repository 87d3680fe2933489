"""Colour and transparency become grey, and are spoken of where they were more than a way of saving grey.

A film saved as RGB has equal channels and loses nothing. A photograph of a film does not: it is read by
luminance (ITU-R Rec. 601, with Pillow's integer weights, so that 8 and 16 bits agree) and a note says so;
whether it is good enough is for the gate. A light box or a toned scan gives each grey its own faint colour,
which is a tint and not a colour of things: it is told, and taken off before colour is measured.
Transparent parts are shown on black, the background of a film.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

Array = npt.NDArray[Any]
_LUMINANCE = np.array([19595, 38470, 7471], dtype=np.uint32)  # of 65536
# Of 255 between the channels. JPEG leaves under 8 on a grey film; slightly tinted scans (two CT prints of the
# development set) have 95 and 99.9 % of their pixels within this, and photographs 81 % at most.
_TOLERANCE = 16
_DEEP = 257  # 65535 / 255
_TINT_BINS = 16  # of luminance, each with one colour of its own
_TINT_SIDE = 256  # rows and columns that the tint is taken from
_LEAST_TINTED = 64  # rows and columns; a palette or a thumbnail has too few pixels to tell a tint by
# Of 255 between the channels of a tint, at the most: light boxes and blue-based film have 10 to 50, stained
# tissue and skin more (assumed)
_MOST_TINT = 60


@dataclass(frozen=True, slots=True)
class Shades:
    """A picture as grey levels, with what was lost in making it grey."""

    levels: Array  # (H, W) uint8 or uint16
    is_coloured: Array | None  # (H, W) bool: the channels differ; None where all are equal
    is_clear: Array | None  # (H, W) bool: not fully opaque; None where all is opaque
    tint: int = 0  # of 255 between the channels that a grey has all over the picture

    def coloured_share(self, counts: Array | None = None) -> float:
        """Of the pixels, 0..1; `counts` says how often each occurs, where the picture is a palette."""
        return 0.0 if self.is_coloured is None else float(np.average(self.is_coloured, weights=counts))

    def notes(self, counts: Array | None = None) -> tuple[str, ...]:
        """What to tell; `counts` as above."""
        notes = []
        share = self.coloured_share(counts)
        if share > 0:
            notes.append(f"{share:.1%} of the picture is coloured; it was made grey by luminance.")
        if self.tint > _TOLERANCE:
            notes.append(
                f"The picture is tinted by {self.tint} of 255, like a photograph of a film or a toned scan; "
                "send the original file where there is one."
            )
        if self.is_clear is not None and np.average(self.is_clear, weights=counts) > 0:
            notes.append("Transparent parts of the picture are shown on black.")
        return tuple(notes)


def shades(image: Image.Image) -> Shades:
    """Grey levels of an 8-bit picture of mode 1, L, LA, RGB, or RGBA."""
    if "transparency" in image.info:  # one grey level or colour is named transparent
        image = image.convert("RGBA" if image.mode == "RGB" else "LA")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    tint = 0
    if image.mode in ("RGB", "RGBA"):
        grey, is_coloured = _grey_of_colour(image)
        if is_coloured is not None and is_coloured.any() and min(image.size) >= _LEAST_TINTED:
            is_coloured, tint = _without_tint(image, np.asarray(grey), is_coloured)
    else:
        grey, is_coloured = image.getchannel(0).convert("L"), None
    made = _over_black(np.asarray(grey), is_coloured, None if alpha is None else np.asarray(alpha))
    return replace(made, tint=tint)


def deep_shades(samples: npt.NDArray[np.uint16]) -> Shades:
    """Grey levels of a 16-bit picture (H, W, C): C is 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha."""
    channels = samples.shape[2]
    alpha = samples[..., -1] if channels in (2, 4) else None
    levels, is_coloured = samples[..., 0], None
    if channels > 2:
        spread = np.ptp(samples[..., :3], axis=2)
        if spread.any():
            is_coloured = spread > _TOLERANCE * _DEEP
            weighed = samples[..., :3] @ _LUMINANCE  # fits uint32: the weights' sum is 65536
            levels = ((weighed + np.uint32(1 << 15)) >> 16).astype(np.uint16)
    return _over_black(levels, is_coloured, alpha)


def _grey_of_colour(image: Image.Image) -> tuple[Image.Image, Array | None]:
    red, green, blue = image.split()[:3]
    spread = ImageChops.lighter(ImageChops.difference(red, green), ImageChops.difference(green, blue))
    if spread.getextrema() == (0, 0):
        return red, None
    spread = ImageChops.lighter(spread, ImageChops.difference(red, blue))
    return image.convert("L"), np.asarray(spread) > _TOLERANCE


def _without_tint(image: Image.Image, grey: Array, is_coloured: Array) -> tuple[Array, int]:
    """Which pixels are coloured once each grey's usual colour is taken off, and how strong that colour is.

    A tint stronger than `_MOST_TINT` is none: what was coloured before stays so.
    """
    step_y, step_x = (-(-side // _TINT_SIDE) for side in grey.shape)
    bins = (grey.astype(np.intp) * _TINT_BINS) // 256
    sampled = bins[::step_y, ::step_x]
    offsets = [np.asarray(image.getchannel(place)).astype(np.int16) - grey for place in range(3)]
    curves = np.zeros((3, _TINT_BINS), np.int16)
    for level in np.unique(sampled):
        curves[:, level] = [np.median(one[::step_y, ::step_x][sampled == level]) for one in offsets]
    shares = np.bincount(sampled.ravel(), minlength=_TINT_BINS) / sampled.size
    tint = int(np.ptp(curves, axis=0)[shares > 0.01].max(initial=0))
    if tint > _MOST_TINT:
        return is_coloured, 0
    left = np.stack([one - curve[bins] for one, curve in zip(offsets, curves, strict=True)])
    return np.ptp(left, axis=0) > _TOLERANCE, tint


def _over_black(levels: Array, is_coloured: Array | None, alpha: Array | None) -> Shades:
    if alpha is None:
        return Shades(levels, is_coloured, None)
    opaque = np.iinfo(alpha.dtype).max
    is_clear = alpha < opaque
    if not is_clear.any():
        return Shades(levels, is_coloured, None)
    shown = (levels.astype(np.uint32) * alpha + opaque // 2) // opaque
    return Shades(shown.astype(levels.dtype), is_coloured, is_clear)
