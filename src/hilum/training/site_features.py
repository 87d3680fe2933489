"""Films of two sites as a run's networks see them, and as they are before any network.

Trap: a home film is seen by the network that did not learn from it; no network learnt from the other site's
films, so all see them. Features of different networks are never pooled, see `hilum.evaluation.site_told`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hilum.data.explore.features import border_and_brightness
from hilum.data.explore.looks import Looks, flat_rows, read_looks, small_copy
from hilum.data.explore.scan import OnFilm
from hilum.data.manifest import read_manifest
from hilum.data.splits import check_no_leak
from hilum.errors import ManifestInvalid
from hilum.evaluation.controls import Matrix
from hilum.evaluation.site_told import SiteTold, TwoSites, site_told
from hilum.training.checkpoint import read_network
from hilum.training.controls import judged_films
from hilum.training.cross_validation import fold_folder
from hilum.training.finished_run import FinishedRun
from hilum.training.loader import FilmArrays, load_films
from hilum.training.loop import WEIGHTS_NAME

NETWORK, RAW, ARRAY = "the network's features", "border and brightness", "16x16 copy of the network's input"


@dataclass(frozen=True, slots=True)
class SiteControl:
    """How well a run's networks, and what goes into them, tell home from the films of another manifest."""

    manifest: Path
    sites: tuple[str, ...]  # of the other manifest
    n_home: int
    n_away: int
    told: tuple[SiteTold, ...]  # NETWORK, RAW, ARRAY

    def as_json(self) -> dict[str, Any]:
        return {"manifest": str(self.manifest), "sites": list(self.sites), "n_home": self.n_home,
                "n_away": self.n_away, "told": [each.as_json() for each in self.told]}  # fmt: skip


def site_control(
    run: FinishedRun, manifest: Path, home: Looks, *, cache: Path | None = None, on_film: OnFilm | None = None
) -> SiteControl:
    """Tell a run's films from those of another manifest.

    Args:
        run: a finished cross-validation.
        manifest: of the other site; its labels are not used.
        home: `home_looks` of the run.
        cache: where the films, as the recipe makes them, are kept; the run's own where left out.
        on_film: told of each of the other site's films read.

    Raises:
        ManifestInvalid: it holds no films.
        SplitLeak: a film, or its patient, is the run's own too.
    """
    judged, away = judged_films(run), read_manifest(manifest)
    if not away:
        raise ManifestInvalid(f"{manifest}: holds no films to tell those of {run.folder} from")
    check_no_leak({"the run": run.films, f"{manifest}": away})
    for what, others in (("weakly labelled", run.weak), ("masked", run.masked)):
        check_no_leak({what: others, f"{manifest}": away})
    recipe, kept = run.settings.recipe, cache or run.folder / "cache"
    ours = load_films(judged.films, recipe, run.settings.lungs, kept)
    theirs = load_films(away, recipe, run.settings.lungs, kept)
    looks = _joined(home, read_looks(theirs.films, recipe, on_film=on_film))
    ours, theirs = _still_readable(ours, looks), _still_readable(theirs, looks)
    fold_of = {film.film: int(fold) for film, fold in zip(judged.films, judged.folds, strict=True)}
    parts = []
    for fold in sorted(set(fold_of.values())):
        places = [place for place, film in enumerate(ours.films) if fold_of[film.film] == fold]
        parts.append(_two_sites(run, fold, _at(ours, places), theirs, looks))
    told = tuple(site_told(parts, name, seed=run.settings.seed) for name in (NETWORK, RAW, ARRAY))
    return SiteControl(manifest, tuple(sorted({film.site for film in away})), len(ours), len(theirs), told)


def pooled_features(
    network: torch.nn.Module, arrays: FilmArrays, *, batch_size: int = 64
) -> npt.NDArray[np.float64]:
    """The mean over each of a network's feature maps: (N, C); what its linear layer sees."""
    network.eval()
    with torch.no_grad():
        pooled = [
            network.features(part.float()).mean(dim=(2, 3))  # type: ignore[operator]
            for part in arrays.arrays.split(batch_size)
        ]
    return torch.cat(pooled).numpy().astype(np.float64)


def _two_sites(run: FinishedRun, fold: int, home: FilmArrays, away: FilmArrays, looks: Looks) -> TwoSites:
    films = [*home.films, *away.films]
    measures = {film.film: looks.by_film[film.film].measure for film in films}
    features: dict[str, Matrix] = {
        RAW: border_and_brightness(films, measures),
        ARRAY: flat_rows([small_copy(array) for each in (home, away) for array in _squares(each)]),
    }
    network = read_network(fold_folder(run.folder, fold) / WEIGHTS_NAME, run.settings)
    if hasattr(network, "features"):
        features[NETWORK] = np.vstack([pooled_features(network, each) for each in (home, away)])
    return TwoSites(home.films, away.films, features)


def _joined(home: Looks, away: Looks) -> Looks:
    return Looks(home.by_film | away.by_film, home.unreadable + away.unreadable)


def _squares(arrays: FilmArrays) -> npt.NDArray[np.float32]:
    """(N, H, W)."""
    return np.asarray(arrays.arrays[:, 0].float().numpy())


def _still_readable(arrays: FilmArrays, looks: Looks) -> FilmArrays:
    """Without films whose arrays were kept and whose files have gone since."""
    return _at(arrays, [place for place, film in enumerate(arrays.films) if film.film in looks.by_film])


def _at(arrays: FilmArrays, places: Sequence[int]) -> FilmArrays:
    films = tuple(arrays.films[place] for place in places)
    at = torch.tensor(places, dtype=torch.long)
    return FilmArrays(films, arrays.arrays[at], arrays.labels[at], arrays.sides[at])
