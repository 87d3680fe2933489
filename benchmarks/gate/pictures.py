"""The pictures that a gate's network learns from: films as they stand, films altered, and what is no chest.

Trap: an altered film is still of its hospital; whoever is left out of the learning is left out altered too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.errors import UnreadableImage
from hilum.imaging.border import Field, exposed_field
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import Canvas, Recipe, film_canvas
from hilum.imaging.resize import fit_within
from hilum.records import Pixels

SIDE = 256
RECIPE = Recipe(film_side=SIDE)
OTHER_XRAYS = ("hand", "bone", "dental")  # in the name of a folder; every other folder is no X-ray


@dataclass(frozen=True, slots=True)
class Picture:
    """One to learn from."""

    group: str  # a hospital, or the kind of what is no chest film
    kind: str  # as in hilum.inference.gate.kind
    is_plain: bool  # as its file is
    canvas: Canvas
    path: Path | None = None


def read_folder(folder: Path, *, group: str, kind: str) -> Iterator[Picture]:
    """The pictures of a folder that can be read."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            pixels = read_radiograph(path, max_side=2 * SIDE).pixels
        except UnreadableImage:
            continue
        yield Picture(group, kind, True, film_canvas(pixels, RECIPE), path)


def kind_of_folder(folder: Path) -> str:
    """What a folder of other pictures holds, by its name."""
    return "other X-ray" if any(word in folder.name for word in OTHER_XRAYS) else "no X-ray"


def altered_films(films: Sequence[Picture], rng: np.random.Generator) -> Iterator[Picture]:
    """Films that stay chest films, and films made into what a gate must refuse."""
    for share, kind, change in CHANGES:
        for place in rng.permutation(len(films))[: int(share * len(films))]:
            film = films[place]
            pixels = _square(change(_field(film.canvas), rng))
            yield Picture(film.group, kind, False, canvas_of(pixels))
    for _ in range(len(films) // 20):
        chosen = [films[place] for place in rng.integers(0, len(films), 4)]
        yield Picture(
            "made", "collage", False, canvas_of(_collage([_field(one.canvas) for one in chosen], rng))
        )


def drawings(n: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Noise, stripes, bars, and blots: whatever no X-ray may look like."""
    for place in range(n):
        yield Picture("made", "no X-ray", False, canvas_of(_DRAWN[place % len(_DRAWN)](rng)))


def canvas_of(pixels: Pixels) -> Canvas:
    """A made picture as a canvas."""
    return Canvas(np.asarray(pixels, np.float32), Field.whole(pixels.shape))


def _field(canvas: Canvas) -> Pixels:
    return exposed_field(canvas.pixels).cut(canvas.pixels)


def _square(pixels: Pixels) -> Pixels:
    height, width = pixels.shape
    side = max(height, width)
    square = np.zeros((side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    return fit_within(square, SIDE)


def _still_a_chest(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another exposure, a slight turn, a border, a marker, JPEG, blur, and noise, by chance."""
    pixels = pixels ** rng.uniform(0.6, 1.6)
    picture = Image.fromarray(pixels.astype(np.float32))
    pixels = np.array(picture.rotate(rng.uniform(-10, 10), Image.Resampling.BILINEAR))
    if rng.random() < 0.3:
        pixels = np.pad(pixels, int(rng.uniform(0, 0.25) * pixels.shape[0]))
    if rng.random() < 0.3:
        pixels[8:22, 8:40] = 1
    if rng.random() < 0.3:
        buffer = io.BytesIO()
        Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8)).save(buffer, "JPEG", quality=50)
        pixels = np.asarray(Image.open(buffer), np.float32) / 255
    if rng.random() < 0.3:
        height, width = pixels.shape
        factor = rng.uniform(1, 2.2)
        small = fit_within(pixels, int(max(height, width) / factor))
        pixels = np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR))
    if rng.random() < 0.3:
        pixels = pixels + rng.normal(0, 0.04, pixels.shape)
    return np.clip(pixels, 0, 1).astype(np.float32)


def _turned(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.rot90(pixels, rng.integers(1, 4)).copy()


def _inverted(pixels: Pixels, _: np.random.Generator) -> Pixels:
    return 1 - pixels


def _mirrored(pixels: Pixels, _: np.random.Generator) -> Pixels:
    return np.fliplr(pixels).copy()


def _part(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape
    down, across = slice(None), slice(None)
    place = rng.integers(0, 5)
    if place in (0, 1):
        across = (slice(0, width // 2), slice(width // 2, width))[place]
    elif place in (2, 3):
        down = (slice(0, height // 2), slice(height // 2, height))[place - 2]
    else:
        down, across = slice(height // 4, 3 * height // 4), slice(width // 4, 3 * width // 4)
    return pixels[down, across]


def _collage(films: Sequence[Pixels], rng: np.random.Generator) -> Pixels:
    small = [fit_within(_square(film), SIDE // 2) for film in films]
    if rng.random() < 0.5:
        return np.block([[small[0], small[1]], [small[2], small[3]]])
    return _square(np.hstack(small[:2]))


def _noise(rng: np.random.Generator) -> Pixels:
    coarse = rng.standard_normal((int(rng.choice([8, 16, 32, 64])),) * 2).astype(np.float32)
    return _scaled(np.array(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)))


def _stripes(rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    waves = np.sin(x * rng.uniform(2, 40) + y * rng.uniform(-20, 20))
    return _scaled(waves + 0.1 * rng.standard_normal(waves.shape))


def _page(rng: np.random.Generator) -> Pixels:
    page = np.full((SIDE, SIDE), 0.9)
    for top in range(12, SIDE - 12, int(rng.integers(7, 14))):
        for left in range(12, SIDE - 14, 7):
            if rng.random() < 0.8:
                page[top : top + 4, left : left + int(rng.integers(2, 6))] = 0.1
    return _scaled(page)


def _blots(rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    drawn = 0.05 * rng.standard_normal((SIDE, SIDE))
    for _ in range(int(rng.integers(2, 12))):
        (centre_x, centre_y), (wide, high) = rng.uniform(0.1, 0.9, 2), rng.uniform(0.03, 0.35, 2)
        drawn[((x - centre_x) / wide) ** 2 + ((y - centre_y) / high) ** 2 < 1] += rng.uniform(-0.5, 1)
    return _scaled(drawn)


def _bars(rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    drawn = 0.03 * rng.standard_normal((SIDE, SIDE))
    for _ in range(int(rng.integers(1, 6))):
        angle, width, place = rng.uniform(0, np.pi), rng.uniform(0.02, 0.12), rng.uniform(0.2, 0.8, 2)
        away = np.abs((x - place[0]) * np.cos(angle) + (y - place[1]) * np.sin(angle)) / width
        drawn += rng.uniform(0.3, 1) * (np.exp(-(away**4)) + 0.4 * np.exp(-((away / 2.5) ** 4)))
    return _scaled(drawn)


def _fan(rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    away, angle = np.hypot(x - 0.5, y + 0.2), np.arctan2(x - 0.5, y + 0.2)
    grains = Image.fromarray(rng.gamma(1, 1, (64, 64)).astype(np.float32)).resize((SIDE, SIDE))
    return _scaled(np.asarray(grains) * ((np.abs(angle) < 0.6) & (away < 1.1) & (away > 0.3)))


def _scaled(drawn: np.ndarray) -> Pixels:
    return np.asarray((drawn - drawn.min()) / (np.ptp(drawn) + 1e-6), np.float32)


Change = Callable[[Pixels, np.random.Generator], Pixels]
# How many of the films, what they become, and how
CHANGES: tuple[tuple[float, str, Change], ...] = (
    (0.5, "chest", _still_a_chest), (0.25, "turned", _turned), (0.3, "mirrored", _mirrored),
    (0.07, "inverted", _inverted), (0.25, "part", _part),
)  # fmt: skip
_DRAWN = (_noise, _stripes, _page, _blots, _bars, _fan)
