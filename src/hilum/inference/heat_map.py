"""Where on the film the score comes from: the class activation map, laid back over the film.

B. Zhou et al., Learning deep features for discriminative localization, CVPR 2016. Trap: a map is scaled to
its own peak, so its colours compare places on one film, never two films; the score compares films.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from hilum.imaging.lungs import LungMask
from hilum.imaging.resize import fit_within
from hilum.records import Pixels

Grey = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

PREVIEW_SIDE = 768  # pixels; the longest side of an overlay
LUNGS_REACH = 0.03  # of the mask's side, beyond it: what the recipe shows of the lungs' surroundings
OPACITY = 0.6  # of the hottest place; below it the film shines through
FAINTEST = 0.15  # of the peak; below it the film stays bare, lest all of it be tinted
VISIBLE_POWER = 0.7  # of the height above the faintest; below 1, so that what barely shows can be seen
COLDEST = 0.3  # of the colour table; what lies below is so dark that it would hide the film it is laid on
# Every 16th colour of matplotlib's "inferno" (N. J. Smith and S. van der Walt, CC0), whose lightness rises
# evenly; as numbers, because matplotlib takes longer to load than a film to read.
INFERNO = np.array(
    [(0, 0, 4), (11, 7, 36), (33, 12, 74), (61, 9, 101), (87, 16, 110), (113, 25, 110),
     (138, 34, 106), (163, 44, 97), (188, 55, 84), (210, 70, 68), (228, 90, 49), (241, 115, 29),
     (249, 142, 9), (252, 172, 17), (249, 203, 53), (242, 234, 105), (252, 255, 164)],
    np.float32,
)  # fmt: skip


def film_preview(pixels: Pixels) -> Grey:
    """A film (H, W) for the eye: at most `PREVIEW_SIDE`, its 0.5th to 99.5th percentile on 0..255."""
    small = fit_within(pixels, min(PREVIEW_SIDE, max(pixels.shape)))
    low, high = np.quantile(small, (0.005, 0.995))
    return np.asarray(np.clip((small - low) / max(high - low, 1e-6), 0, 1) * 255 + 0.5, np.uint8)


def lungs_on_film(lungs: LungMask, box: Box, *, native: tuple[int, int], shape: tuple[int, int]) -> Pixels:
    """The lungs as a picture (H, W) of the film, 1 inside, fading to 0 a little beyond the mask's edge.

    Args:
        box: left, top, right, bottom of the mask's square in native pixels; may reach past the film.
        native: height and width of the film.
        shape: H and W.
    """
    reach = 2 * round(lungs.mask.shape[0] * LUNGS_REACH) + 1
    mask = Image.fromarray(lungs.mask.astype(np.uint8) * 255)
    soft = mask.filter(ImageFilter.MaxFilter(reach)).filter(ImageFilter.GaussianBlur(reach / 2))
    return _placed(soft, box, native, shape, resample=Image.Resampling.BILINEAR) / np.float32(255)


def lay_over_film(activation: Pixels, box: Box, *, native: tuple[int, int], within: Pixels) -> Pixels | None:
    """An activation map (h, w) as a picture (H, W) of the whole film, 0 outside the box, 1 at its peak.

    None where no place within is above 0.

    Args:
        activation: what is below 0 counts as 0, after the smoothing, so that edges stay in place.
        box: left, top, right, bottom of the map in native pixels; may reach past the film.
        native: height and width of the film.
        within: (H, W) weights of 0..1; where the map may show.
    """
    cells = Image.fromarray(np.asarray(activation, np.float32))
    film = _placed(cells, box, native, within.shape, resample=Image.Resampling.BICUBIC)
    peak = film.max(where=within >= 0.5, initial=0)  # an edge's faint weight is not evidence of its own
    return np.clip(film * within / peak, 0, 1) if peak > 0 else None


def _placed(
    picture: Image.Image, box: Box, native: tuple[int, int], shape: tuple[int, int], *,
    resample: Image.Resampling,
) -> Pixels:  # fmt: skip
    """A picture of a box, given in native pixels, as part of a film (H, W) that is 0 elsewhere."""
    height, width = shape
    scale = np.array([width / native[1], height / native[0]] * 2)
    left, top, right, bottom = (round(edge) for edge in np.array(box) * scale)
    sized = np.asarray(picture.resize((max(1, right - left), max(1, bottom - top)), resample), np.float32)
    film = np.zeros((height, width), np.float32)
    rows = slice(min(max(top, 0), height), min(max(bottom, 0), height))
    columns = slice(min(max(left, 0), width), min(max(right, 0), width))
    inside = film[rows, columns]
    inside[...] = sized[rows.start - top :, columns.start - left :][: inside.shape[0], : inside.shape[1]]
    return film


def draw_overlay(film: Grey, heat: Pixels | None) -> bytes:
    """A PNG of the film (H, W), with the heat map (H, W) over it where there is one."""
    if heat is None:
        return _png(np.repeat(film[:, :, None], 3, axis=2), "nothing localised")
    return _png(_tinted(film, heat), "class activation map, scaled to its own peak")


def draw_layer(heat: Pixels) -> bytes:
    """The heat map (H, W) alone, as a PNG with opacity: laid over the film it looks as `draw_overlay`'s."""
    colours, opacity = _layer(heat)
    picture = np.concatenate([colours, 255 * opacity], axis=2)  # (H, W, 4)
    return _png(np.asarray((picture + 0.5).astype(np.uint8)), "class activation map, scaled to its own peak")


def read_layer(png: bytes) -> Pixels:
    """The heat map (H, W) of 0..1 that `draw_layer` drew, to within 0.01; what was too faint to show is 0."""
    with Image.open(BytesIO(png)) as picture:
        opacity = np.asarray(picture.getchannel("A"), np.float32) / 255
    shown = (opacity / OPACITY) ** (1 / VISIBLE_POWER)
    heat = np.where(opacity > 0, FAINTEST + (1 - FAINTEST) * shown, 0)
    return np.asarray(np.clip(heat, 0, 1), np.float32)


def scale_colours(n: int) -> Grey:
    """The colours (n, 3) of a scale, from the faintest that shows to the peak, as they lie on middle grey.

    For beside a picture, never in it: an overlay stays in the film's coordinates, and no film is covered.
    """
    heat = np.linspace(FAINTEST, 1, n, dtype=np.float32)[None]
    colours: Grey = _tinted(np.full(heat.shape, 128, np.uint8), heat)[0]
    return colours


def _tinted(film: Grey, heat: Pixels) -> Grey:
    """Film and heat, both (H, W), as one picture (H, W, 3)."""
    colours, opacity = _layer(heat)
    blended = film[:, :, None] * (1 - opacity) + colours * opacity
    return np.asarray((blended + 0.5).astype(np.uint8))


def _layer(heat: Pixels) -> tuple[Pixels, Pixels]:
    """The colours (H, W, 3) of 0..255 and the opacity (H, W, 1) of 0..1 of a heat map (H, W)."""
    opacity = OPACITY * np.clip((heat - FAINTEST) / (1 - FAINTEST), 0, 1)[:, :, None] ** VISIBLE_POWER
    return _inferno(COLDEST + (1 - COLDEST) * heat), np.asarray(opacity, np.float32)


def _inferno(heat: Pixels) -> Pixels:
    place = heat * (len(INFERNO) - 1)
    lower = np.minimum(place.astype(np.intp), len(INFERNO) - 2)
    share = (place - lower)[:, :, None]
    return np.asarray(INFERNO[lower] * (1 - share) + INFERNO[lower + 1] * share, np.float32)


def _png(colours: Grey, comment: str) -> bytes:
    told = PngInfo()
    told.add_text("Comment", f"Hilum: {comment}; for research use only")
    buffer = BytesIO()
    Image.fromarray(colours).save(buffer, "PNG", pnginfo=told, compress_level=3)
    return buffer.getvalue()
