"""A finished run, read back from its folder with everything that must fit together before it is exported.

Trap: a run can be calibrated on another run's scores. Those are of this run's networks only where both had
the same settings, films, lungs network, and sources of the pixel recipe, so all are compared, and nothing is
left out to make them fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hilum.data.manifest import dataset_hash
from hilum.errors import RunInvalid
from hilum.evaluation.table import read_predictions
from hilum.inference.bundle import Session
from hilum.records import Film, Prediction
from hilum.settings import build_settings, settings_as_table
from hilum.training.cross_validation import PREDICTIONS_NAME, labelled_films
from hilum.training.finding_masks import masks_hash
from hilum.training.loop import WEIGHTS_NAME
from hilum.training.run_folder import FACTS_NAME, other_hashes, read_run_facts, seen_through, sessions
from hilum.training.settings import TrainSettings

NOT_OF_THE_NETWORK = frozenset(
    {"manifest", "weak_manifest", "masked_manifest", "weights", "n_folds", "seed", "n_threads",
     "allow_single_site_class"}
)  # fmt: skip
"""Settings that may differ between a run and what judges it; what the files hold is compared by its hash."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run folder, read and checked."""

    folder: Path
    settings: TrainSettings
    data_hash: str
    commit: str  # of the source that it was started with
    members: tuple[Path, ...]  # weights
    table: Path  # predictions of films the networks did not learn from, in the folder of what judges them
    judged: tuple[Prediction, ...]  # its rows
    films: tuple[Film, ...]  # all labelled films of the run's manifest, which the networks learnt from
    weak: tuple[Film, ...] = ()  # those of its weak manifest, learnt from too and judged by nobody
    masked: tuple[Film, ...] = ()  # those of its masked manifest, likewise
    sessions: tuple[Session, ...] = ()  # every sitting of the training, then of the judge where it is another
    recipe_code_sha256: str | None = None  # None of a run from before it was noted

    @property
    def judge(self) -> Path:
        """The folder of the run whose networks made the predictions: this one, or another of its kind."""
        return self.table.parent


def read_run(folder: Path, *, judged_by: Path | None = None) -> FinishedRun:
    """A finished run of `hilum train` or `hilum cross-validate`.

    Args:
        folder: the run's.
        judged_by: another run, whose predictions calibrate this one.

    Raises:
        RunInvalid: it is none, is not finished, nothing judges it, what judges it is of another study, or the
            films, the lungs network, or the recipe's code have changed since.
    """
    facts = read_run_facts(folder)
    settings = _settings(folder, facts)
    folds = [folder / f"fold-{fold}" / WEIGHTS_NAME for fold in range(settings.n_folds)]
    members = tuple(folds) if folds[0].parent.exists() else (folder / WEIGHTS_NAME,)
    for path in members:
        if not path.exists():
            raise RunInvalid(f"{folder} is not finished: {path.relative_to(folder)} is missing")
    judge = judged_by or folder
    if judged_by is not None:
        _check_same_study(folder, judged_by, n_members=len(members))
    table = judge / PREDICTIONS_NAME
    if not table.exists():
        raise RunInvalid(
            f"{judge} has no predictions to calibrate on; give a finished cross-validation of the same "
            "settings, or train with inner_share above 0"
        )
    judged = _read_judged(table)
    films = _same_films(settings.manifest, facts["data_hash"], folder)
    check_all_known(judged, films, f"{table} judges", settings.manifest)
    weak = settings.weak_manifest and _same_films(settings.weak_manifest, facts["weak_data_hash"], folder)
    masked = settings.masked_manifest and _same_films(
        settings.masked_manifest, facts["masked_data_hash"], folder, hashed=masks_hash
    )
    return FinishedRun(
        folder, settings, facts["data_hash"], facts["commit"], members, table, judged, films, weak or (),
        masked or (), sessions=_sittings(folder, facts, judged_by),
        recipe_code_sha256=facts.get("recipe_code_sha256"),
    )  # fmt: skip


def check_seen_alike(run: FinishedRun) -> None:
    """Refuse to score a run's films through other lungs than its networks learnt with.

    Sources of the recipe that changed since may pass: whether they show the films otherwise is for the scores
    to tell, which `rescoring.rescore` makes again of films that are read again.

    Raises:
        RunInvalid: names what differs, with both hashes; a run from before they were noted passes.
    """
    facts, now = read_run_facts(run.folder), seen_through(run.settings)
    then = {key: facts[key] for key in now if key in facts and key != "recipe_code_sha256"}
    differences = other_hashes({key: now[key] for key in then}, then)
    if differences:
        raise RunInvalid(
            f"{run.folder} (there) was trained by other means than are here now: {'; '.join(differences)}; "
            f"its source was at commit {run.commit}"
        )


def _sittings(folder: Path, facts: dict[str, Any], judged_by: Path | None) -> tuple[Session, ...]:
    """Every sitting of a run, and of what judges it."""
    own = tuple(session("training", each) for each in sessions(facts))
    if judged_by is None or judged_by == folder:
        return own
    return own + tuple(session("judging", each) for each in sessions(read_run_facts(judged_by)))


def session(work: Literal["training", "judging", "export"], noted: Mapping[str, Any]) -> Session:
    """A sitting as a bundle states it, from what a run's folder notes."""
    versions = tuple(f"{name} {number}" for name, number in noted["versions"].items())
    return Session(work, noted["started"], noted["commit"], versions)


def _same_films(
    manifest: Path,
    known: str,
    folder: Path,
    *,
    hashed: Callable[[Sequence[Film]], str] = dataset_hash,
) -> tuple[Film, ...]:
    films = tuple(labelled_films(manifest))
    if hashed(films) != known:
        raise RunInvalid(f"{manifest} does not hold the films any more that {folder} was trained on")
    return films


def _settings(folder: Path, facts: dict[str, Any]) -> TrainSettings:
    return build_settings(facts["settings"], TrainSettings, where=str(folder / FACTS_NAME), folder=folder)


def _read_judged(table: Path) -> tuple[Prediction, ...]:
    judged = tuple(read_predictions(table))
    if any(row.label is None or not row.extra.get("logit") for row in judged):
        raise RunInvalid(f"{table} is not of hilum train or cross-validate: it lacks labels or logits")
    return judged


def _check_same_study(folder: Path, judged_by: Path, *, n_members: int) -> None:
    """Refuse a judge whose scores are of other networks, or of other films, than the run's."""
    facts, other = read_run_facts(folder), read_run_facts(judged_by)
    ignored = NOT_OF_THE_NETWORK if n_members == 1 else NOT_OF_THE_NETWORK - {"n_folds"}
    if facts.get("lungs_sha256") and other.get("lungs_sha256"):
        ignored |= {"lungs"}  # the file may have moved
    ours, theirs = (
        _flat(settings_as_table(_settings(where, table)))
        for where, table in ((folder, facts), (judged_by, other))
    )
    differences = [
        f"{key} is {theirs.get(key)!r} there and {ours.get(key)!r} here"
        for key in sorted(ours.keys() | theirs.keys())
        if key.partition(".")[0] not in ignored and ours.get(key) != theirs.get(key)
    ]
    if facts["data_hash"] != other["data_hash"]:
        differences.append(
            f"the films are others ({other.get('n_films')} there, {facts.get('n_films')} here)"
        )
    for key, what in (("weak_data_hash", "weakly labelled films"), ("masked_data_hash", "masked films")):
        if facts.get(key) != other.get(key):
            differences.append(f"the {what} are others")
    differences += other_hashes(facts, other)
    if differences:
        raise RunInvalid(f"{judged_by} cannot judge {folder}: {'; '.join(differences)}")


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def check_all_known(judged: Sequence[Prediction], films: Sequence[Film], what: str, where: object) -> None:
    """Refuse to go on with fewer films than judged the run: figures of some would pass for those of all."""
    missing = sorted({row.film for row in judged} - {film.film for film in films})
    if missing:
        raise RunInvalid(
            f"{what} {len(judged)} films, and {len(missing)} of them, as {missing[0]}, are not in {where}"
        )
