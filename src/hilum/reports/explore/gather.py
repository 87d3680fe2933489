"""All numbers of an exploration in one record, and the same as JSON.

Trap: everything is computed from the films that could be read, except counts, sizes, and readings, which are
the manifest's own; `n` beside each number says which.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hilum.data.explore.counts import (
    GroupCount,
    SiteDimensions,
    count_groups,
    labels_of,
    measure_dimensions,
    sites_of,
)
from hilum.data.explore.features import BORDER_AND_BRIGHTNESS, trivial_features
from hilum.data.explore.lungs import LungAreas, lung_area_by_label, measure_lungs
from hilum.data.explore.pixels import FilmMeasure
from hilum.data.explore.scan import Scan, scan_films
from hilum.data.explore.spread import spread
from hilum.data.explore.words import Vocabulary, read_vocabulary
from hilum.errors import ExtraMissing
from hilum.evaluation.controls import Control, trivial_controls
from hilum.records import Film

FORMAT = 1  # of explore.json
MEASURE_NAMES = tuple(field.name for field in dataclasses.fields(FilmMeasure))

OnStep = Callable[[str, int, int], None]  # what is being read, how many are done, how many there are


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a manifest holds."""

    films: tuple[Film, ...]
    seed: int
    groups: tuple[GroupCount, ...]
    dimensions: tuple[SiteDimensions, ...]
    scan: Scan
    vocabulary: Vocabulary
    lungs: LungAreas
    controls: tuple[Control, ...]
    controls_missing: str  # why there are none; "" where there are

    @property
    def sites(self) -> list[str]:
        return sites_of(self.films)

    @property
    def labels(self) -> list[int | None]:
        return labels_of(self.films)

    def measured(self, name: str, *, site: str, label: int | None) -> list[float]:
        """One measure of the readable films of a site and label."""
        measures = self.scan.measures
        return [
            getattr(measures[film.film], name)
            for film in self.films
            if film.site == site and film.label == label and film.film in measures
        ]


def explore_films(films: Sequence[Film], *, seed: int = 0, on_step: OnStep | None = None) -> Exploration:
    """Read every film and mask once, and compute everything.

    Args:
        films: one or more.
        seed: of the contact sheet and of the controls' folds.
        on_step: told of the progress.
    """

    def tell(what: str) -> Callable[[int, int], None]:
        return lambda done, n: on_step(what, done, n) if on_step is not None else None

    scan = scan_films(films, seed=seed, on_film=tell("films"))
    lungs = measure_lungs(films, on_film=tell("lung masks"))
    controls, controls_missing = _controls(films, scan, seed=seed)
    return Exploration(
        films=tuple(films),
        seed=seed,
        groups=tuple(count_groups(films)),
        dimensions=tuple(measure_dimensions(films)),
        scan=scan,
        vocabulary=read_vocabulary(films),
        lungs=lungs,
        controls=controls,
        controls_missing=controls_missing,
    )


def exploration_json(exploration: Exploration) -> dict[str, Any]:
    """The numbers as plain JSON values; pictures are left to the PNG files."""
    plain = dataclasses.asdict
    return {
        "format": FORMAT,
        "seed": exploration.seed,
        "n_films": len(exploration.films),
        "n_patients": len({film.patient for film in exploration.films}),
        "n_read": len(exploration.scan.measures),
        "unreadable": [plain(film) for film in exploration.scan.unreadable],
        "mended": exploration.scan.mended,
        "groups": [plain(group) for group in exploration.groups],
        "dimensions": [_with_text_keys(plain(site)) for site in exploration.dimensions],
        "grey_levels": _grey_levels(exploration),
        "mean_films": {
            "by_label": {str(label): film.n for label, film in exploration.scan.mean_by_label.items()},
            "by_site": {site: film.n for site, film in exploration.scan.mean_by_site.items()},
        },
        "contact_sheet": [film.film for film in exploration.scan.contact_sheet],
        "readings": plain(exploration.vocabulary),
        "lung_area": {
            "n_measured": len(exploration.lungs.areas),
            "by_label": [plain(row) for row in lung_area_by_label(exploration.films, exploration.lungs)],
            "unreadable": [plain(film) for film in exploration.lungs.unreadable],
        },
        "controls": [
            {"features": control.features, "target": control.target, "auc": control.auc.as_json()}
            for control in exploration.controls
        ],
        "controls_missing": exploration.controls_missing,
    }


def _controls(films: Sequence[Film], scan: Scan, *, seed: int) -> tuple[tuple[Control, ...], str]:
    read = [film for film in films if film.film in scan.measures]
    if not read:
        return (), "No film could be read."
    try:
        return tuple(trivial_controls(read, trivial_features(read, scan.measures), seed=seed)), ""
    except ExtraMissing as error:
        return (), str(error)


def _grey_levels(exploration: Exploration) -> list[dict[str, Any]]:
    """A row for each site and label with a readable film: the spread of each measure."""
    rows = []
    for group in exploration.groups:
        spreads = {
            name: spread(exploration.measured(name, site=group.site, label=group.label))
            for name in MEASURE_NAMES
        }
        stated = {name: dataclasses.asdict(lie) for name, lie in spreads.items() if lie is not None}
        if stated:
            n = stated[BORDER_AND_BRIGHTNESS[0]]["n"]
            rows.append({"site": group.site, "label": group.label, "n": n, "measures": stated})
    return rows


def _with_text_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON keeps no numbers as keys."""
    return {**row, "bit_depths": {str(bits): n for bits, n in row["bit_depths"].items()}}
