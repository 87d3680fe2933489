"""A contact sheet of phantoms and their heat maps, with the outline of each true finding, for the manual.

The trap: a sheet of chosen films shows what its maker likes, so the films are the first of a manifest that
have a finding and were scored, good and bad alike.

    python benchmarks/localisation/sheet.py MANIFEST --bundle BUNDLE --out docs/images/phantom-maps.png
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from run import finding_mask

from hilum.data.manifest import read_manifest
from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
from hilum.inference.heat_map import draw_overlay
from hilum.inference.predictor import Predictor
from hilum.records import Film, Scored

N_FILMS, N_COLUMNS = 24, 6
SIDE, GAP, CAPTION = 196, 6, 34  # pixels: of a film, between films, of the words under it
OUTLINE = (0, 255, 255)  # cyan, which the colour map does not hold
N_COLOURS = 256  # of the sheet's palette, which keeps the file small


@dataclass(frozen=True)
class Shown:
    """A phantom as the sheet shows it."""

    picture: Image.Image
    words: str


def main() -> None:
    """Read the command line and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("manifest", type=Path, help="of phantoms, as `hilum data phantom` writes it")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="name or folder")
    parser.add_argument("--out", type=Path, required=True, help="a .png file")
    arguments = parser.parse_args()
    predictor = Predictor(read_bundle(arguments.bundle), n_threads=1)
    films = list(islice(shown_films(read_manifest(arguments.manifest), predictor), N_FILMS))
    sheet = draw_sheet(films).quantize(N_COLOURS, dither=Image.Dither.NONE)
    sheet.save(arguments.out, optimize=True)
    size = arguments.out.stat().st_size
    print(f"{len(films)} phantoms by {predictor.bundle.label}: {arguments.out}, {size} bytes")


def shown_films(films: list[Film], predictor: Predictor) -> Iterator[Shown]:
    """Those with a finding that the gate lets through, in their order."""
    for film in films:
        if film.finding_mask_path is None:
            continue
        screened = predictor.examine(film.image_path, with_picture=True)
        outcome = screened.outcome
        if not isinstance(outcome, Scored) or screened.preview is None:
            continue
        mask = finding_mask(film.finding_mask_path, screened.preview.shape)
        picture = Image.open(io.BytesIO(draw_overlay(screened.preview, outcome.heat_map)))
        kinds = () if film.reading is None else film.reading.kinds
        told = "nothing localised" if outcome.heat_map is None else ", ".join(kind.value for kind in kinds)
        yield Shown(outlined(picture, mask), f"{film.film}: {outcome.score:.1f}\n{told}")


def outlined(picture: Image.Image, mask: np.ndarray) -> Image.Image:
    """The picture at the sheet's size, with the mask's edge drawn on it."""
    scale = SIDE / max(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    small = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)
    inside = small.point(lambda level: 255 if level > 64 else 0)
    edge = np.asarray(inside.filter(ImageFilter.MaxFilter(3))) > np.asarray(inside)
    colours = np.array(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    colours[edge] = OUTLINE
    return Image.fromarray(colours)


def draw_sheet(films: list[Shown]) -> Image.Image:
    """Films side by side, each over its words."""
    n_rows = -(-len(films) // N_COLUMNS)
    step, drop = SIDE + GAP, SIDE + CAPTION + GAP
    sheet = Image.new("RGB", (N_COLUMNS * step - GAP, n_rows * drop - GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, film in enumerate(films):
        left, top = place % N_COLUMNS * step, place // N_COLUMNS * drop
        beside = (SIDE - film.picture.width) // 2, (SIDE - film.picture.height) // 2
        sheet.paste(film.picture, (left + beside[0], top + beside[1]))
        pen.multiline_text((left + 2, top + SIDE + 2), film.words, fill="black", font=font, spacing=2)
    return sheet


if __name__ == "__main__":
    main()
