"""The exploration on disk: explore.html, explore.json, and visualisations/*.png.

Trap: a picture of an earlier run must not stay beside a page that has none, so those of our own names are
taken away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hilum.errors import OutputRefused
from hilum.records import Film
from hilum.reports.explore.gather import Exploration, exploration_json
from hilum.reports.explore.notes import notes_of
from hilum.reports.explore.sections import Section, sections_of
from hilum.reports.figures import png_bytes
from hilum.reports.page import data_uri, render_page, write_whole

PAGE_NAME = "explore.html"
NUMBERS_NAME = "explore.json"
PICTURES_NAME = "visualisations"
PICTURE_NAMES = (
    "controls", "class-balance", "age", "sex", "contact-sheet", "dimensions", "brightness-contrast",
    "mean-by-label", "mean-difference", "mean-by-site", "lung-area", "words", "findings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """Where an exploration was written."""

    page: Path
    numbers: Path
    pictures: tuple[Path, ...]


def check_output(out: Path, films: Iterable[Film]) -> None:
    """Refuse a folder in which one of our names is a film's.

    Raises:
        OutputRefused: it is a file, or writing would overwrite a film or mask of the manifest.
    """
    if out.exists() and not out.is_dir():
        raise OutputRefused(f"{out}: is a file; name a folder")
    ours = {path.resolve() for path in _paths(out)}
    for film in films:
        taken = ours & {path.resolve() for path in (film.image_path, *film.lung_mask_paths)}
        if taken:
            raise OutputRefused(f"{taken.pop()} is a film of the manifest; name another folder")


def write_exploration(exploration: Exploration, out: Path, *, title: str) -> Written:
    """Draw and write everything under `out`.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    sections = sections_of(exploration)
    pngs = {picture.name: png_bytes(picture.figure) for section in sections for picture in section.pictures}
    assert pngs.keys() <= set(PICTURE_NAMES)
    folder = out / PICTURES_NAME
    for name, png in pngs.items():
        write_whole(folder / f"{name}.png", png)
    for name in PICTURE_NAMES:
        if name not in pngs:
            (folder / f"{name}.png").unlink(missing_ok=True)
    numbers = json.dumps(exploration_json(exploration), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(out / NUMBERS_NAME, numbers + "\n")
    write_whole(out / PAGE_NAME, _html(exploration, sections, pngs, title=title))
    return Written(out / PAGE_NAME, out / NUMBERS_NAME, tuple(folder / f"{name}.png" for name in pngs))


def _html(exploration: Exploration, sections: list[Section], pngs: dict[str, bytes], *, title: str) -> str:
    return render_page(
        "explore.html",
        title=title,
        n_films=len(exploration.films),
        n_patients=len({film.patient for film in exploration.films}),
        n_sites=len(exploration.sites),
        n_label={label: sum(film.label == label for film in exploration.films) for label in (0, 1, None)},
        seed=exploration.seed,
        notes=notes_of(exploration),
        sections=sections,
        uris={name: data_uri(png) for name, png in pngs.items()},
    )


def _paths(out: Path) -> list[Path]:
    names = [f"{PICTURES_NAME}/{name}.png" for name in PICTURE_NAMES]
    return [out / name for name in (PAGE_NAME, NUMBERS_NAME, *names)]
