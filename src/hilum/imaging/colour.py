"""Colour and transparency become grey, and are spoken of where they were more than a way of saving grey.

A film saved as RGB has equal channels and loses nothing. A photograph of a film does not: it is read by
luminance (ITU-R Rec. 601, with Pillow's integer weights, so that 8 and 16 bits agree) and a note says so;
whether it is good enough is for the gate. Transparent parts are shown on black, the background of a film.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Shades:
    """A picture as grey levels, with what was lost in making it grey."""

    levels: Array  # (H, W) uint8 or uint16
    is_coloured: Array | None  # (H, W) bool: the channels differ; None where all are equal
    is_clear: Array | None  # (H, W) bool: not fully opaque; None where all is opaque

    def coloured_share(self, counts: Array | None = None) -> float:
        """Of the pixels, 0..1; `counts` says how often each occurs, where the picture is a palette."""
        return 0.0 if self.is_coloured is None else float(np.average(self.is_coloured, weights=counts))

    def notes(self, counts: Array | None = None) -> tuple[str, ...]:
        """What to tell; `counts` as above."""
        notes = []
        share = self.coloured_share(counts)
        if share > 0:
            notes.append(f"{share:.1%} of the picture is coloured; it was made grey by luminance.")
        if self.is_clear is not None and np.average(self.is_clear, weights=counts) > 0:
            notes.append("Transparent parts of the picture are shown on black.")
        return tuple(notes)


def shades(image: Image.Image) -> Shades:
    """Grey levels of an 8-bit picture of mode 1, L, LA, RGB, or RGBA."""
    if "transparency" in image.info:  # one grey level or colour is named transparent
        image = image.convert("RGBA" if image.mode == "RGB" else "LA")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    if image.mode in ("RGB", "RGBA"):
        grey, is_coloured = _grey_of_colour(image)
    else:
        grey, is_coloured = image.getchannel(0).convert("L"), None
    return _over_black(np.asarray(grey), is_coloured, None if alpha is None else np.asarray(alpha))


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


def _over_black(levels: Array, is_coloured: Array | None, alpha: Array | None) -> Shades:
    if alpha is None:
        return Shades(levels, is_coloured, None)
    opaque = np.iinfo(alpha.dtype).max
    is_clear = alpha < opaque
    if not is_clear.any():
        return Shades(levels, is_coloured, None)
    shown = (levels.astype(np.uint32) * alpha + opaque // 2) // opaque
    return Shades(shown.astype(levels.dtype), is_coloured, is_clear)
