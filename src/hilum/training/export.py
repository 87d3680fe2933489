"""A finished run becomes a bundle: its networks as ONNX, calibrated and cut on films they did not learn from.

A cross-validation becomes an ensemble of its folds, calibrated on its out-of-fold scores; one network trained
on all films has none, and must be calibrated on a cross-validation of the same settings, or on its own inner
films. Trap: thresholds are chosen on the films they are first reported on. Each operating point says so in
its source.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hilum.errors import BundleInvalid, RunInvalid
from hilum.evaluation.calibration import fit_platt, sigmoid
from hilum.evaluation.conformal import conformal_limits
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.operating_points import at_threshold, threshold_for_sensitivity, youden_threshold
from hilum.findings import Finding
from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import (
    Bundle,
    BundleFacts,
    Calibration,
    IntendedUse,
    OperatingPoint,
    Rescoring,
    TrainingData,
    check_vacant,
    read_bundle,
    shipped_bundles,
    write_bundle,
)
from hilum.inference.gate.kind import GRAPH_NAME as GATE_NAME
from hilum.inference.session import Graph, Port
from hilum.inference.training_films import LIST_NAME, training_list
from hilum.training.checkpoint import read_network
from hilum.training.finished_run import FinishedRun, check_all_known, check_seen_alike, read_run, session
from hilum.training.loader import FilmArrays, load_films, lungs_graph
from hilum.training.loop import predicted_logits
from hilum.training.onnx_graph import OUTPUTS, ForScreening, store_in_half, write_graph
from hilum.training.rescoring import rescore
from hilum.training.run_folder import provenance

__all__ = ["AGREEMENT", "FinishedRun", "bundle_facts", "check_agreement", "export_bundle", "operating_points",
           "read_run", "write_members"]  # fmt: skip

LUNGS_NAME = "lungs.onnx"
WritePapers = Callable[[Bundle, Path], Sequence[Path]]

AGREEMENT = 1e-4  # largest difference between torch's and onnxruntime's probability of any judged film
ERROR_RATES = (0.1, 0.05)  # of what a bundle rules out; the first is the usual one
INTENDED_USE = (
    "Scores frontal chest radiographs (PA or AP) of people of 15 years and over for abnormality "
    "consistent with pulmonary tuberculosis. For research and decision support; not a cleared medical device."
)


@dataclass(frozen=True, slots=True)
class BundleTitle:
    """What a bundle is called."""

    name: str
    version: str
    licence: str  # of the weights, as a sentence


def export_bundle(
    run: FinishedRun,
    destination: Path,
    *,
    title: BundleTitle,
    in_half: bool = False,
    write_papers: WritePapers | None = None,
) -> Bundle:
    """Write the bundle after scoring every judging film again, and checking that onnxruntime gives torch's
    scores.

    Args:
        run: a finished run.
        destination: the bundle's folder, not there yet.
        title: of the bundle.
        in_half: store the weights in half precision, for half the size.
        write_papers: given the bundle as it will be and a folder, writes further files for it there, such as
            the model card, and returns them.

    Raises:
        BundleInvalid: a graph's scores differ from torch's by more than `AGREEMENT`.
        RunInvalid: the run's lungs network or recipe is not what is here, its predictions are not of its
            networks, these tell the labels no better than chance, or they keep no feature map, so that there
            is no heat map.
        OutputRefused: the destination already holds something.
    """
    check_vacant(destination)  # before the slow part
    check_seen_alike(run)
    lungs = None if run.settings.recipe.region == "film" else lungs_graph(run.settings.lungs)
    rescoring = rescore(run, judged_arrays(run), in_half=in_half)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        names = [_graph_name(run, number) for number in range(len(run.members))]
        facts = bundle_facts(
            run, title=title, graphs=names, rescoring=rescoring
        )  # refuses before the slow part
        graphs = write_members(run, folder, in_half=in_half)
        films = folder / LIST_NAME
        films.write_text(training_list([*run.films, *run.weak, *run.masked]), encoding="ascii")
        files = {path.name: path for path in (*graphs, films)} | (
            {} if lungs is None else {LUNGS_NAME: lungs}
        )
        gate = None if lungs is None else shipped_gate(lungs)
        if gate is not None:
            files[GATE_NAME] = gate
        if write_papers is not None:
            hashes = {name: file_sha256(path) for name, path in files.items()}
            papers = write_papers(Bundle(folder=destination, sha256=hashes, **vars(facts)), folder)
            files |= {path.name: path for path in papers}
        return write_bundle(destination, facts=facts, files=files)


def shipped_gate(lungs: Path) -> Path | None:
    """The gate's network of a shipped bundle that finds lungs by the same graph, whose features it uses."""
    for name in shipped_bundles():
        bundle = read_bundle(name)
        is_same = bundle.lungs is not None and bundle.sha256[bundle.lungs] == file_sha256(lungs)
        if is_same and GATE_NAME in bundle.sha256:
            return bundle.folder / GATE_NAME
    return None


def judged_arrays(run: FinishedRun) -> FilmArrays:
    """The films that judge a run, through its recipe.

    Raises:
        RunInvalid: one of them cannot be read any more.
    """
    rows = {row.film for row in run.judged}
    known = [film for film in run.films if film.film in rows]
    arrays = load_films(known, run.settings.recipe, run.settings.lungs, run.folder / "cache")
    check_all_known(run.judged, arrays.films, f"{run.table} judges", "those that can be read now")
    return arrays


def write_members(run: FinishedRun, folder: Path, *, in_half: bool = False) -> list[Path]:
    """Each network as an ONNX graph, checked against torch on the films that judge it.

    In half precision torch's weights are rounded too, so that both engines are asked the same question.
    """
    by_fold = {film.film: film.fold for film in run.judged}
    arrays = judged_arrays(run)
    paths = []
    for number, weights in enumerate(run.members):
        network = read_network(weights, run.settings)
        if not hasattr(network, "features"):
            raise RunInvalid(
                f"{run.settings.network} keeps no feature map, so that a bundle of it has no heat map"
            )
        if in_half:
            network = network.half().float()
        path = folder / _graph_name(run, number)
        side = run.settings.recipe.crop_side
        write_graph(ForScreening(network), path, example=torch.zeros(2, 1, side, side), outputs=OUTPUTS)
        if in_half:
            store_in_half(path)
        is_whole = len(run.members) == 1
        judged = [
            place for place, film in enumerate(arrays.films) if is_whole or by_fold[film.film] == number
        ]
        check_agreement(network, path, arrays, judged)
        paths.append(path)
    return paths


def check_agreement(network: nn.Module, path: Path, arrays: FilmArrays, judged: Sequence[int]) -> float:
    """The largest difference between the two engines' probabilities over films.

    Raises:
        BundleInvalid: it is above `AGREEMENT`.
    """
    side = arrays.arrays.shape[-1]
    graph = Graph(
        path,
        input_port=Port("film", (None, 1, side, side)),
        output_ports=[Port("logits", (None, None)), Port("map", (None, None, None, None))],
    )
    by_torch = sigmoid(predicted_logits(network, arrays, judged).astype(np.float64))
    batches = torch.tensor(judged).split(64)
    by_onnx = sigmoid(
        np.concatenate([graph.run(arrays.batch(index)[0].numpy())[0] for index in batches], dtype=np.float64)
    )
    difference = float(np.abs(by_torch - by_onnx).max())
    if difference > AGREEMENT:
        raise BundleInvalid(f"{path.name}: onnxruntime and torch differ by {difference:.1e} on a film")
    return difference


def bundle_facts(
    run: FinishedRun, *, title: BundleTitle, graphs: Sequence[str], rescoring: Rescoring | None = None
) -> BundleFacts:
    """What bundle.json says.

    Raises:
        RunInvalid: the judging films are of one label, or the networks tell their labels no better than
            chance.
    """
    truth = np.array([row.label for row in run.judged])
    logits = np.array([float(row.extra["logit"]) for row in run.judged])
    calibration = _calibration(truth, logits, run)
    probability = calibration.probability(logits)
    points = operating_points(truth, probability, run)
    positives = int(truth.sum())
    return BundleFacts(
        name=title.name,
        version=title.version,
        created=datetime.now(UTC).date().isoformat(),
        commit=run.commit,
        findings=(Finding.TUBERCULOSIS.value,),
        recipe=run.settings.recipe,
        classifiers=tuple(graphs),
        lungs=None if run.settings.recipe.region == "film" else LUNGS_NAME,
        calibration=(calibration,),
        operating_points=points,
        default_operating_point=points[0].name,
        certainty=tuple(conformal_limits(truth, probability, error_rate=rate) for rate in ERROR_RATES),
        intended_use=IntendedUse(INTENDED_USE, minimum_age_years=15.0, views=("PA", "AP")),
        training_data=TrainingData(
            _data_sentence(run), n=len(truth), positives=positives, hash=run.data_hash
        ),
        licence=title.licence,
        sessions=(*run.sessions, session("export", provenance())),
        recipe_code_sha256=run.recipe_code_sha256,
        rescoring=rescoring,
    )


def operating_points(
    truth: npt.NDArray[np.int64], probability: npt.NDArray[np.float64], run: FinishedRun
) -> tuple[OperatingPoint, ...]:
    """WHO's sensitivity of 90 % first, then the cut of Youden."""
    films = (
        f"{len(truth)} films of {', '.join(sorted({row.site or 'a site not named' for row in run.judged}))}"
    )
    rules = {
        "sensitivity-90": (
            threshold_for_sensitivity(truth, probability, 0.9),
            "the highest with sensitivity >= 0.90",
        ),
        "youden": (youden_threshold(truth, probability), "the highest sensitivity + specificity - 1"),
    }
    points = []
    for name, (threshold, rule) in rules.items():
        found = at_threshold(truth, probability, threshold)
        points.append(
            OperatingPoint(
                name=name,
                finding=Finding.TUBERCULOSIS.value,
                threshold=float(threshold),
                source=f"{rule} on {films}, each scored by a network that did not learn from it; chosen on "
                "the films its figures are of, so they flatter it; calibrate locally before use",
                sensitivity=found.sensitivity,
                specificity=found.specificity,
            )
        )
    return tuple(points)


def _calibration(
    truth: npt.NDArray[np.int64], logits: npt.NDArray[np.float64], run: FinishedRun
) -> Calibration:
    if np.ptp(truth) == 0:
        raise RunInvalid(
            f"{run.table}: all {len(truth)} films have the same label, so nothing can be calibrated"
        )
    slope, intercept = fit_platt(truth, logits)
    if slope <= 0:
        area = auroc(truth, logits)
        raise RunInvalid(
            f"the networks of {run.judge} tell the labels of the {len(truth)} films in {run.table.name} "
            f"no better than chance (AUC {area.value:.3f}, and the share of positives does not rise with the "
            "score); train on, or on more films, before an export"
        )
    return Calibration(slope, intercept)


def _graph_name(run: FinishedRun, number: int) -> str:
    return "classifier.onnx" if len(run.members) == 1 else f"classifier-{number}.onnx"


def _data_sentence(run: FinishedRun) -> str:
    sites = sorted({row.site or "a site not named" for row in run.judged})
    rule = (
        f"{len(run.members)} networks, each on all folds but one" if len(run.members) > 1 else "one network"
    )
    weights = run.settings.weights
    start = "" if weights is None else f", its trunk from {Path(weights).name}"  # no path of this machine
    others = ", ".join(sorted({film.site for film in run.weak}))
    weak = f", and {len(run.weak)} of {others}, labelled for something akin" if run.weak else ""
    made = ", ".join(sorted({film.dataset for film in run.masked}))
    masked = f", and {len(run.masked)} of {made}, with masks of their findings" if run.masked else ""
    films = f"{len(run.judged)} labelled films of {', '.join(sites)}{weak}{masked}"
    return f"{films}; {rule} ({run.settings.network}{start})"
