"""The scores that judge a run, made again by its networks, so that a table of other code or weights is told.

Trap: weights stored in half precision are other weights; they move a logit by more than another machine does,
so the tolerance is of what is exported.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hilum.errors import RunInvalid
from hilum.inference.bundle import Rescoring
from hilum.records import Prediction
from hilum.training.checkpoint import read_network
from hilum.training.cross_validation import fold_folder
from hilum.training.finished_run import FinishedRun
from hilum.training.loader import FilmArrays, recipe_code_hash
from hilum.training.loop import WEIGHTS_NAME, predicted_logits

TOLERANCE = 0.01  # of a logit; another processor or number of threads moves it by less
HALF_TOLERANCE = 0.02  # of a logit, weights in half precision; measured, see docs/training.md


def judge_logits(
    run: FinishedRun, arrays: FilmArrays, folds: npt.NDArray[np.int64], *, in_half: bool = False
) -> npt.NDArray[np.float64]:
    """The logit (N,) of each film by the judging network of its fold (N,), which did not learn from it.

    Args:
        run: whose judge is asked.
        arrays: the films.
        folds: of the films; all -1 where the judge is one network with an inner part.
        in_half: round the networks' weights to half precision first.

    Raises:
        RunInvalid: a fold's weights are missing.
    """
    logits = np.empty(len(arrays))
    for fold in np.unique(folds).tolist():
        folder = run.judge if fold < 0 else fold_folder(run.judge, fold)
        network = read_network(folder / WEIGHTS_NAME, run.settings)
        if in_half:
            network = network.half().float()
        inside = np.flatnonzero(folds == fold).tolist()
        logits[inside] = predicted_logits(network, arrays, inside)[:, 0]
    return logits


def rescore(run: FinishedRun, arrays: FilmArrays, *, in_half: bool = False) -> Rescoring:
    """Score every judging film again and compare with the prediction table.

    Args:
        run: a finished run.
        arrays: the judging films, by the run's recipe.
        in_half: whether the bundle's weights will be of half precision.

    Raises:
        RunInvalid: a logit differs by more than the tolerance; the message names the film and both logits.
    """
    rows: dict[str, Prediction] = {row.film: row for row in run.judged}
    films = [film.film for film in arrays.films]
    stated = np.array([float(rows[film].extra["logit"]) for film in films])
    folds = np.array([-1 if (fold := rows[film].fold) is None else fold for film in films], np.int64)
    found = judge_logits(run, arrays, folds, in_half=in_half)
    gaps = np.abs(found - stated)
    worst = int(gaps.argmax())
    tolerance = HALF_TOLERANCE if in_half else TOLERANCE
    if not gaps[worst] <= tolerance:  # a network of NaN is beyond every tolerance
        raise RunInvalid(
            f"{run.table} was not made by these networks and this source: {films[worst]} has the logit "
            f"{stated[worst]:.3f} there and {found[worst]:.3f} now, which differ by more than {tolerance}; "
            f"cross-validate again with one source, or export with the one that made it"
        )
    return Rescoring(len(films), float(gaps[worst]), tolerance, in_half, recipe_code_hash())
