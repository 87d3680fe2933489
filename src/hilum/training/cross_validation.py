"""Cross-validation by patient: each film is scored once, by a network that saw neither it nor its patient.

Trap: the probabilities in the table are calibrated for each fold on the other folds' scores, so that no
film's own label shaped its number.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.data.manifest import read_manifest
from hilum.data.splits import check_no_leak, check_trainable, patient_folds, patient_split
from hilum.errors import SettingsInvalid, TrainingRefused
from hilum.evaluation.calibration import fit_platt, sigmoid
from hilum.evaluation.table import write_predictions
from hilum.records import Film, Prediction
from hilum.training.checkpoint import check_network
from hilum.training.finding_masks import check_masks
from hilum.training.loader import Control, FilmArrays, load_films, load_masked
from hilum.training.loop import Trained, predicted_logits, train_network
from hilum.training.pool import NO_OTHERS, Others
from hilum.training.run_folder import open_run, write_json
from hilum.training.setting_ranges import check_ranges
from hilum.training.settings import TrainSettings

log = logging.getLogger(__name__)

PREDICTIONS_NAME = "predictions.parquet"
BLANKED_NAME = "predictions-lungs-blanked.parquet"


@dataclass(frozen=True, slots=True)
class RunData:
    """The labelled films of a run as the network gets them."""

    settings: TrainSettings
    arrays: FilmArrays
    blanked: FilmArrays | None  # the same films with their lungs painted over; None where nobody finds lungs
    others: Others = NO_OTHERS

    @property
    def films(self) -> Sequence[Film]:
        return self.arrays.films


def load_run(settings: TrainSettings, folder: Path, *, cache: Path | None = None) -> RunData:
    """Check that the films may be trained on, open the run's folder, and read the films.

    Raises:
        TrainingRefused: a class comes from one site only, there is no labelled film, or masks of findings
            are missing.
        SplitLeak: a film, or its patient, stands among the weakly labelled or the masked too.
        SettingsInvalid: a setting is out of its range, no network can be built by them, or the shares of
            others leave no film of a kind in a batch.
    """
    check_ranges(settings)
    check_network(settings)
    films = labelled_films(settings.manifest)
    check_trainable(films, allow_single_site_class=settings.allow_single_site_class)
    weak = [] if settings.weak_manifest is None else labelled_films(settings.weak_manifest)
    masked = [] if settings.masked_manifest is None else labelled_films(settings.masked_manifest)
    if settings.masked_manifest is not None:
        check_masks(masked, settings.masked_manifest)
    _check_shares(settings)
    if len(films) < settings.n_own:
        raise TrainingRefused(
            f"{len(films)} films are fewer than one batch, batch_size = {settings.batch_size}"
        )
    check_no_leak({"judged": films, "weakly labelled": weak, "masked": masked})
    open_run(folder, settings, films, weak=weak, masked=masked)
    kept = cache or folder / "cache"

    def load(these: Sequence[Film], control: Control = "none") -> FilmArrays:
        return load_films(these, settings.recipe, settings.lungs, kept, control=control)

    blanked = None if settings.recipe.region == "film" else load(films, "lungs-blanked")
    others = Others(
        load(weak) if weak else None,
        load_masked(masked, settings.recipe, settings.lungs, kept) if masked else None,
    )
    return RunData(settings, load(films), blanked, others)


def _check_shares(settings: TrainSettings) -> None:
    """Refuse shares of others that leave no film of a kind in a batch."""
    for key, manifest, n in (
        ("weak_share", settings.weak_manifest, settings.n_weak),
        ("masked_share", settings.masked_manifest, settings.n_masked),
    ):
        if manifest is not None and (n == 0 or settings.n_own < 1):
            raise SettingsInvalid(
                f"{key} = {getattr(settings, key)} leaves no film of a kind in a batch of "
                f"{settings.batch_size}"
            )


def labelled_films(manifest: Path) -> list[Film]:
    """The films of a manifest that have a label."""
    return [film for film in read_manifest(manifest) if film.label is not None]


def train_on_all(run: RunData, folder: Path) -> Trained:
    """One network on all films, less an inner part where the settings hold one out."""
    training, inner = inner_split(run.films, range(len(run.films)), run.settings)
    trained = train_network(run.arrays, training, inner, run.settings, folder, others=run.others)
    write_history(folder, trained)
    if inner:
        logits = predicted_logits(trained.network, run.arrays, inner)[:, 0]
        rows = [prediction(run.films[place], logit) for place, logit in zip(inner, logits, strict=True)]
        write_predictions(rows, folder / PREDICTIONS_NAME)
    return trained


def cross_validate(run: RunData, folder: Path) -> list[Prediction]:
    """Train a network a fold and write one prediction table for all films; takes up a killed run.

    A second table holds what the same networks make of the same films with the lungs painted over.
    """
    folds = np.array(patient_folds(run.films, n_folds=run.settings.n_folds, seed=run.settings.seed))
    logits, blanked = np.full(len(folds), np.nan), np.full(len(folds), np.nan)
    for fold in range(run.settings.n_folds):
        trained = train_fold(run, folds, fold, folder)
        inside = np.flatnonzero(folds == fold).tolist()
        logits[inside] = predicted_logits(trained.network, run.arrays, inside)[:, 0]
        if run.blanked is not None:
            blanked[inside] = predicted_logits(trained.network, run.blanked, inside)[:, 0]
    rows = _prediction_rows(run.films, logits, folds)
    write_predictions(rows, folder / PREDICTIONS_NAME)
    if run.blanked is not None:
        write_predictions(_prediction_rows(run.films, blanked, folds), folder / BLANKED_NAME)
    return rows


def check_folds(settings: TrainSettings) -> None:
    """Refuse a cross-validation that no folds, or no batch of a fold, can be made for.

    Raises:
        TrainingRefused: too few patients of a label for the folds, or too few films for a batch.
    """
    films = labelled_films(settings.manifest)
    folds = np.array(patient_folds(films, n_folds=settings.n_folds, seed=settings.seed))
    for fold in range(settings.n_folds):
        training, _ = inner_split(films, np.flatnonzero(folds != fold).tolist(), settings)
        if len(training) < settings.n_own:
            raise TrainingRefused(
                f"fold {fold} has {len(training)} films to learn from, fewer than the {settings.n_own} of "
                "one batch"
            )


def train_fold(run: RunData, folds: npt.NDArray[np.int64], fold: int, folder: Path) -> Trained:
    """The network that learns from every fold but one."""
    outside, inside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
    training, inner = inner_split(run.films, outside, run.settings)
    parts = {"training": training, "inner": inner, "test": inside}
    check_no_leak({name: [run.films[place] for place in places] for name, places in parts.items()})
    own = fold_folder(folder, fold)
    trained = train_network(run.arrays, training, inner, run.settings, own, others=run.others)
    write_history(own, trained)
    return trained


def inner_split(
    films: Sequence[Film], places: Sequence[int], settings: TrainSettings
) -> tuple[list[int], list[int]]:
    """Places to learn from and, by patient, places that decide when to stop."""
    if settings.inner_share == 0:
        return list(places), []
    parts = patient_split(
        [films[place] for place in places],
        parts={"training": 1 - settings.inner_share, "inner": settings.inner_share},
        seed=settings.seed,
    )
    named = list(zip(places, parts, strict=True))
    return [place for place, part in named if part == "training"], [
        place for place, part in named if part == "inner"
    ]


def fold_folder(folder: Path, fold: int) -> Path:
    """Where one fold's network lies in a cross-validation's folder."""
    return folder / f"fold-{fold}"


def write_history(folder: Path, trained: Trained) -> None:
    """The losses by epoch, as JSON; reports draw them."""
    write_json(folder / "history.json", {"best_epoch": trained.best_epoch, "epochs": trained.history})


def prediction(
    film: Film, logit: float, *, fold: int | None = None, probability: float | None = None
) -> Prediction:
    """A film's row in the prediction table.

    The score is the network's own probability, before calibration.
    """
    extra = {"logit": f"{logit:.6f}"} | ({} if probability is None else {"probability": f"{probability:.6f}"})
    return Prediction.of_film(film, score=float(sigmoid(np.array(logit, np.float64))), fold=fold, extra=extra)


def _prediction_rows(
    films: Sequence[Film], logits: npt.NDArray[np.float64], folds: npt.NDArray[np.int64]
) -> list[Prediction]:
    truth = np.array([film.label for film in films])
    probability = np.full(len(films), np.nan)
    for fold in np.unique(folds):
        slope, intercept = fit_platt(truth[folds != fold], logits[folds != fold])
        probability[folds == fold] = sigmoid(slope * logits[folds == fold] + intercept)
    return [
        prediction(film, logit, fold=int(fold), probability=chance)
        for film, logit, fold, chance in zip(films, logits, folds, probability, strict=True)
    ]
