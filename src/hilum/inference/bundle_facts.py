"""What a bundle says of itself: the records behind bundle.json, and their checks.

Trap: these names are the file's keys. Renaming a field changes the format, so `FORMAT` must rise with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hilum.errors import BundleInvalid, SettingsInvalid
from hilum.findings import Finding
from hilum.imaging.recipe import Recipe
from hilum.records import CertaintyLimits, Estimate
from hilum.settings import build_settings, settings_as_table

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Calibration:
    """Platt scaling of one finding's logit, member by member, before the members are averaged.

    J. Platt, Probabilistic outputs for support vector machines, 1999.
    """

    slope: float
    intercept: float

    def probability(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Calibrated probabilities (any shape) of raw logits (same shape)."""
        scaled = self.slope * np.asarray(logits, np.float64) + self.intercept
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scaled)))  # the logistic function, without overflow


@dataclass(frozen=True)
class OperatingPoint:
    """A cut on the calibrated probability, and where it came from."""

    name: str
    finding: str
    threshold: float  # on probability, 0..1; a film at or above it is flagged
    source: str  # the films and the rule that set it, as a sentence
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None


@dataclass(frozen=True)
class IntendedUse:
    """Whom the bundle is for."""

    text: str
    minimum_age_years: float  # WHO's guideline of 2021 on screening covers computer-aided detection from 15
    views: tuple[str, ...]  # DICOM View Position (0018,5101)


@dataclass(frozen=True)
class TrainingData:
    """What the bundle learned from."""

    text: str
    n: int  # films
    positives: int  # films
    hash: str  # of the manifest, SHA-256


@dataclass(frozen=True)
class Session:
    """One sitting of the work behind a bundle: a run that was stopped has several, of other code perhaps."""

    work: Literal["training", "judging", "export"]
    started: str  # ISO date and time
    commit: str  # of the source
    versions: tuple[str, ...]  # of packages, as in "torch 2.13.0"


@dataclass(frozen=True)
class Rescoring:
    """The judging films scored again at export, each by the network of its fold with weights as exported."""

    n: int  # films
    largest_difference: float  # of a logit from the one in the prediction table
    tolerance: float  # a larger one would have stopped the export
    in_half: bool  # whether the weights were rounded to half precision first
    recipe_code_sha256: str | None = None  # of the imaging code that the films were read through for it


@dataclass(frozen=True, kw_only=True)
class BundleFacts:
    """Everything in bundle.json but `format` and `sha256`."""

    name: str
    version: str
    created: str  # ISO date
    commit: str  # of the source that its training was started with; `sessions` has all
    findings: tuple[str, ...]  # K, in the order of the outputs
    recipe: Recipe
    classifiers: tuple[str, ...]  # file names; the members of the ensemble
    lungs: str | None = None  # file name of the lungs network
    calibration: tuple[Calibration, ...]  # one a finding
    operating_points: tuple[OperatingPoint, ...]
    default_operating_point: str
    certainty: tuple[CertaintyLimits, ...] = ()  # one an error rate, the usual one first
    intended_use: IntendedUse
    training_data: TrainingData
    licence: str
    sessions: tuple[Session, ...] = ()  # none in bundles from before they were noted, and so below
    recipe_code_sha256: str | None = None  # of the imaging code that its networks learnt through
    rescoring: Rescoring | None = None

    @property
    def label(self) -> str:
        """What rows and pages call the bundle: name and version."""
        return f"{self.name} {self.version}"

    @property
    def default_point(self) -> OperatingPoint:
        return next(point for point in self.operating_points if point.name == self.default_operating_point)

    def certainty_limits(self, error_rate: float | None = None) -> CertaintyLimits | None:
        """The limits for an error rate, or the usual ones; None where the bundle has none.

        Raises:
            BundleInvalid: this error rate was asked for, and there are no limits for it.
        """
        if error_rate is None:
            return next(iter(self.certainty), None)
        for limits in self.certainty:
            if limits.error_rate == error_rate:
                return limits
        known = ", ".join(f"{limits.error_rate:g}" for limits in self.certainty) or "none"
        raise BundleInvalid(f"{self.label} has no limits for an error rate of {error_rate:g} (has: {known})")

    @property
    def graph_names(self) -> tuple[str, ...]:
        """File names of every ONNX graph."""
        return self.classifiers + (() if self.lungs is None else (self.lungs,))


def facts_as_table(facts: BundleFacts) -> dict[str, Any]:
    """The facts as JSON values, in the records' order."""
    return settings_as_table(facts)


def build_facts(table: dict[str, Any], *, where: str) -> BundleFacts:
    """Facts from bundle.json's table, with every key, type, and cross-reference checked.

    Raises:
        BundleInvalid: names the key and what is wrong with it.
    """
    try:
        facts = build_settings(_without_nulls(table), BundleFacts, where=where, folder=Path())
    except (SettingsInvalid, OverflowError) as error:
        raise BundleInvalid(f"{error}") from None
    for name in facts_as_table(facts)["recipe"].keys() - table["recipe"].keys():
        raise BundleInvalid(f"{where}: recipe: missing key {name!r}; a default could change under the bundle")
    for problem in _problems(facts):
        raise BundleInvalid(f"{where}: {problem}")
    return facts


def is_plain_file_name(name: str) -> bool:
    """Whether a name stays inside its folder on every system: no separators, drives, or dots alone."""
    return bool(name) and name not in (".", "..") and not any(mark in name for mark in "/\\:\0")


def _without_nulls(value: Any) -> Any:
    """JSON's null is an absent key to `build_settings`, which refuses it where the key has no default."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _problems(facts: BundleFacts) -> Iterator[str]:
    yield from _identity_problems(facts)
    yield from _graph_problems(facts)
    yield from _output_problems(facts)
    yield from _operating_point_problems(facts)
    yield from _certainty_problems(facts)


def _identity_problems(facts: BundleFacts) -> Iterator[str]:
    if not _NAME.fullmatch(facts.name):
        yield f"name must be lower-case letters, digits, and . _ - (up to 64), not {facts.name!r}"
    if not facts.version.strip():
        yield "version is empty"
    try:
        date.fromisoformat(facts.created)
    except ValueError:
        yield f"created must be an ISO date, not {facts.created!r}"
    age = facts.intended_use.minimum_age_years
    if not 0 <= age < 130:
        yield f"intended_use: minimum_age_years must lie in 0..130, not {age}"
    if not 0 <= facts.training_data.positives <= facts.training_data.n:
        yield f"training_data: {facts.training_data.positives} positives of {facts.training_data.n} films"


def _graph_problems(facts: BundleFacts) -> Iterator[str]:
    if not facts.classifiers:
        yield "classifiers is empty"
    if len(set(facts.graph_names)) < len(facts.graph_names):
        yield "a graph is named twice"
    for name in facts.graph_names:
        if not is_plain_file_name(name):
            yield f"{name!r} is not a file name inside the bundle's folder"
    if facts.recipe.region == "lungs" and facts.lungs is None:
        yield "recipe: region is 'lungs', but no lungs network is named"


def _output_problems(facts: BundleFacts) -> Iterator[str]:
    known = [finding.value for finding in Finding]
    for name in facts.findings:
        if name not in known:
            yield f"findings: {name!r} is not in the vocabulary ({', '.join(known)})"
    if not facts.findings or len(set(facts.findings)) < len(facts.findings):
        yield "findings must name each output once"
    if len(facts.calibration) != len(facts.findings):
        yield f"calibration has {len(facts.calibration)} entries for {len(facts.findings)} findings"
    for entry in facts.calibration:
        if not (0 < entry.slope < math.inf and math.isfinite(entry.intercept)):
            yield f"calibration needs a positive slope and a finite intercept, not {entry}"


def _operating_point_problems(facts: BundleFacts) -> Iterator[str]:
    names = [point.name for point in facts.operating_points]
    if len(set(names)) < len(names):
        yield "operating_points: a name is there twice"
    if facts.default_operating_point not in names:
        yield f"default_operating_point {facts.default_operating_point!r} is not among operating_points"
    for point in facts.operating_points:
        if point.finding not in facts.findings:
            yield f"operating_points: {point.name} is for {point.finding!r}, which is no output"
        if not 0 <= point.threshold <= 1:
            yield f"operating_points: {point.name} has threshold {point.threshold}, outside 0..1"


def _certainty_problems(facts: BundleFacts) -> Iterator[str]:
    rates = [limits.error_rate for limits in facts.certainty]
    if len(set(rates)) < len(rates):
        yield "certainty: an error rate is there twice"
    for limits in facts.certainty:
        if not 0 < limits.error_rate < 1:
            yield f"certainty: an error rate must be above 0 and below 1, not {limits.error_rate}"
        for name in ("abnormal_from", "normal_up_to"):
            edge = getattr(limits, name)
            if edge is not None and not 0 <= edge <= 1:
                yield f"certainty: {name} is {edge}, outside 0..1"
