"""The controls of a finished cross-validation: what else than disease in the lungs tells the label.

Everything is asked by the folds of the run, of the films that judged it, each by the network that did not
learn from it. Trap: a film that a control cannot use (unreadable, no lungs found) is left out of that control
alone, and the network is compared with it on the films that remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.data.explore.features import age_and_sex, border_and_brightness, film_shape
from hilum.data.explore.looks import LUNG_SHAPE, Looks, flat_rows, read_looks
from hilum.data.explore.scan import OnFilm
from hilum.errors import BundleInvalid, NameUnknown, RunInvalid, TrainingRefused
from hilum.evaluation.comparison import fold_aurocs
from hilum.evaluation.controls import ControlScores, Matrix, label_scores, patient_auroc
from hilum.evaluation.recognition import N_NAMED, PartedCopies, most_alike, parted_copies
from hilum.evaluation.table import read_predictions
from hilum.evaluation.verdict import ControlFigures, FoldAreas, JudgedFilms, control_figures, verdict
from hilum.inference.lungs import LungFinder
from hilum.records import Estimate, Prediction
from hilum.training.cross_validation import BLANKED_NAME
from hilum.training.finished_run import FinishedRun, read_run
from hilum.training.loader import Control, load_films, lungs_graph
from hilum.training.rescoring import judge_logits
from hilum.training.run_folder import source_commit, write_json

CONTROLS_NAME = "controls.json"
LUNGS_BLANKED = "lungs painted over"
IS_LUNGS_ONLY = "the recipe blanks all but the lungs: the network's own figure is that of the lungs only"


@dataclass(frozen=True, slots=True)
class Controls:
    """What a run's AUC must be read against."""

    network: Estimate
    fold_aucs: FoldAreas
    controls: tuple[ControlFigures, ...]
    lungs_only: ControlFigures | None  # None where the recipe sees nothing else
    copies: PartedCopies
    unreadable: tuple[str, ...]  # films that no control of pixels could use
    verdict: str

    def as_json(self) -> dict[str, Any]:
        lungs_only = self.lungs_only.as_json() if self.lungs_only else {"is_the_network": IS_LUNGS_ONLY}
        named = [[pair.first.film, pair.second.film] for pair in self.copies.parted[:N_NAMED]]
        copies = {"n_pairs": self.copies.n_pairs, "n_parted": len(self.copies.parted), "parted": named}
        return {
            "network": {"auc": self.network.as_json(), "fold_aucs": list(self.fold_aucs)},
            "controls": [control.as_json() for control in self.controls],
            "lungs_only": lungs_only,
            "near_duplicates": copies,
            "unreadable": list(self.unreadable),
            "verdict": self.verdict,
        }


def read_folds(folder: Path) -> FinishedRun:
    """A finished cross-validation.

    Raises:
        RunInvalid: it is another kind of run, or not finished, or its films have changed.
    """
    run = read_run(folder)
    folds = {row.fold for row in run.judged}
    if not folds <= set(range(run.settings.n_folds)):
        raise RunInvalid(f"{folder} is no cross-validation: its predictions have no folds to compare by")
    return run


def judged_films(run: FinishedRun) -> JudgedFilms:
    """The films of a run's predictions, in their order."""
    by_name = {film.film: film for film in run.films}
    films = tuple(by_name[row.film] for row in run.judged)
    folds = np.array([row.fold for row in run.judged], np.int64)
    return JudgedFilms(films, folds, np.array([row.score for row in run.judged]))


def home_looks(run: FinishedRun, *, on_film: OnFilm | None = None) -> Looks:
    """One reading of the judged films, for all controls of a run.

    Args:
        run: of `read_folds`.
        on_film: told of each film read.
    """
    recipe = run.settings.recipe
    find = None if recipe.region == "film" else LungFinder(lungs_graph(run.settings.lungs), recipe).find
    return read_looks(judged_films(run).films, recipe, find=find, on_film=on_film)


def run_controls(run: FinishedRun, looks: Looks, *, cache: Path | None = None) -> Controls:
    """Every control of a finished cross-validation.

    Args:
        run: of `read_folds`.
        looks: of `home_looks`.
        cache: where films that were painted over are kept; the run's own where left out.
    """
    judged, recipe, seed = judged_films(run), run.settings.recipe, run.settings.seed
    scores = _feature_scores(judged, looks, has_lungs=recipe.region == "lungs")
    scores += [_blanked_scores(run, judged, cache), *_alike_scores(judged, looks)]
    figures = tuple(control_figures(judged, each, seed=seed) for each in scores)
    sees_lungs_only = recipe.region == "lungs" and recipe.outside == "blank"
    only = None if sees_lungs_only else _painted_scores(run, judged, cache, "outside-blanked", "lungs only")
    network = patient_auroc(judged.films, judged.scores, seed=seed)
    return Controls(
        network=network,
        fold_aucs=fold_aurocs(judged.truth, judged.scores, judged.folds),
        controls=figures,
        lungs_only=None if only is None else control_figures(judged, only, seed=seed),
        copies=_copies(judged, looks),
        unreadable=tuple(film.film for film in looks.unreadable),
        verdict=verdict(network, figures),
    )


def write_controls(controls: Controls, run: FinishedRun, *, sites: Sequence[dict[str, Any]] = ()) -> Path:
    """Write controls.json into the run's folder, whole or not at all."""
    facts = {"commit": source_commit(), "run_commit": run.commit, "data_hash": run.data_hash,
             "seed": run.settings.seed, "n_folds": run.settings.n_folds}  # fmt: skip
    write_json(run.folder / CONTROLS_NAME, facts | controls.as_json() | {"sites": list(sites)})
    return run.folder / CONTROLS_NAME


def _feature_scores(judged: JudgedFilms, looks: Looks, *, has_lungs: bool) -> list[ControlScores]:
    """Controls that are fitted, by the run's folds."""
    rows = _readable(judged, looks)
    films = [judged.films[row] for row in rows]
    measures = {name: look.measure for name, look in looks.by_film.items()}
    empty = (np.nan,) * len(LUNG_SHAPE)
    shapes = [looks.by_film[film.film].lung_shape or empty for film in films]
    sets: list[tuple[str, npt.NDArray[np.int64], Matrix]] = [
        ("age and sex", np.arange(len(judged.films)), age_and_sex(judged.films)),
        ("border and brightness", rows, border_and_brightness(films, measures)),
        ("film shape", rows, film_shape(films, measures)),
    ]
    if has_lungs:
        sets.append(("lung shape", rows, np.array(shapes, np.float64).reshape(len(films), len(LUNG_SHAPE))))
    return [_label_scores(judged, name, at, values) for name, at, values in sets]


def _label_scores(
    judged: JudgedFilms, name: str, rows: npt.NDArray[np.int64], values: Matrix
) -> ControlScores:
    """`label_scores` of the films at some places, by their places among all."""
    found = label_scores(name, [judged.films[row] for row in rows], values, judged.folds[rows])
    return replace(found, rows=rows[found.rows])


def _alike_scores(judged: JudgedFilms, looks: Looks) -> list[ControlScores]:
    rows = _readable(judged, looks)
    copies = [looks.by_film[judged.films[row].film].copy for row in rows]
    if not copies:
        return []
    return most_alike(flat_rows(copies), judged.truth[rows], judged.folds[rows], rows)


def _copies(judged: JudgedFilms, looks: Looks) -> PartedCopies:
    films = [judged.films[row] for row in _readable(judged, looks)]
    folds = {film.film: int(fold) for film, fold in zip(judged.films, judged.folds, strict=True)}
    return parted_copies(films, folds, {name: look.thumbnail for name, look in looks.by_film.items()})


def _blanked_scores(run: FinishedRun, judged: JudgedFilms, cache: Path | None) -> ControlScores:
    """From the table that the run wrote; made here where its recipe looks for no lungs, and wrote none."""
    table = run.folder / BLANKED_NAME
    if not table.exists():
        return _painted_scores(run, judged, cache, "lungs-blanked", LUNGS_BLANKED)
    found: dict[str, Prediction] = {row.film: row for row in read_predictions(table)}
    strange = sorted(found.keys() - {film.film for film in judged.films})
    if strange:
        raise RunInvalid(f"{table} holds {strange[0]}, which {run.table} does not; run the cross-validation")
    rows = np.array([row for row, film in enumerate(judged.films) if film.film in found], np.int64)
    scores = np.array([found[judged.films[row].film].score for row in rows])
    return ControlScores(LUNGS_BLANKED, rows, scores, "" if rows.size else f"{table.name} is empty")


def _painted_scores(
    run: FinishedRun, judged: JudgedFilms, cache: Path | None, control: Control, name: str
) -> ControlScores:
    """What the same networks make of the films, a part of them painted over."""
    settings = run.settings
    try:
        arrays = load_films(
            judged.films, settings.recipe, settings.lungs, cache or run.folder / "cache", control=control
        )
    except (
        BundleInvalid,
        NameUnknown,
        TrainingRefused,
    ) as error:  # a whole-film recipe needed no lungs so far
        return ControlScores(name, np.empty(0, np.int64), np.empty(0), f"no lungs to go by: {error}")
    places = {film.film: row for row, film in enumerate(judged.films)}
    rows = np.array([places[film.film] for film in arrays.films], np.int64)
    return ControlScores(name, rows, judge_logits(run, arrays, judged.folds[rows]))


def _readable(judged: JudgedFilms, looks: Looks) -> npt.NDArray[np.int64]:
    return np.array([row for row, film in enumerate(judged.films) if film.film in looks.by_film], np.int64)
