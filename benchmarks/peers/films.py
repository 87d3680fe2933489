"""The benchmark's films: phantoms, enlarged to 3000 x 3000 with a film's noise, as 8-bit grey PNG.

A program of its own: a process that measures others' memory must stay small, because Linux counts the
parent's size at the moment of the fork into the child's peak.

    python films.py FOLDER N SEED
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.imaging.read import read_radiograph

SIDE = 3000  # pixels
NOISE = 1.5  # grey levels of 255; gives files of the size of Shenzhen's originals, 4 to 8 MB
N_DRAWN = 6  # phantoms; films are these with noise of their own


def draw_films(folder: Path, n_films: int, seed: int) -> None:
    """Write `film-000.png` and so on."""
    drawn = folder / "phantoms"
    words = ["data", "phantom", "--out", str(drawn), "--n", str(N_DRAWN), "--seed", str(seed)]
    words += ["--side", "1024", "--format", "png"]
    subprocess.run([sys.executable, "-m", "hilum.cli.main", *words], check=True, stdout=subprocess.DEVNULL)
    chance = np.random.default_rng(seed)
    sources = sorted((drawn / "films").glob("*.png"))
    for place in range(n_films):
        enlarge(sources[place % len(sources)], chance).save(folder / f"film-{place:03}.png")


def enlarge(source: Path, chance: np.random.Generator) -> Image.Image:
    """One film: 8 bits, square, with its own noise."""
    film = Image.fromarray(read_radiograph(source).pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    noisy = np.asarray(film) * 255 + chance.normal(0, NOISE, (SIDE, SIDE))
    return Image.fromarray(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    draw_films(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
