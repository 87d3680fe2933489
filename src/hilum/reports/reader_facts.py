"""Who read a film, as a report or an object tells it: the bundle, its exact bytes, the cut, and its evidence.

Trap: the hash is of bundle.json, which lists the hash of every other file, so it names the networks as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import FACTS_NAME, Bundle, OperatingPoint
from hilum.records import Estimate

OWN_THRESHOLD = "set here"  # the name of a threshold that is none of the bundle's operating points
OWN_SOURCE = "A threshold set by this site; the bundle holds no evidence for it."


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """The reader of one film."""

    name: str  # of the bundle
    version: str
    sha256: str  # of bundle.json, hex
    threshold: float  # on the probability, 0..1
    operating_point: str = OWN_THRESHOLD  # its name
    evidence: str = OWN_SOURCE  # the films and the rule that set the threshold, as a sentence
    sensitivity: Estimate | None = None  # at the threshold
    specificity: Estimate | None = None
    intended_use: str = ""

    @property
    def label(self) -> str:
        """Name and version, as rows and pages write them."""
        return f"{self.name} {self.version}"


def reader_facts(bundle: Bundle, *, threshold: float | None = None) -> ReaderFacts:
    """The facts of a bundle on disk at a threshold; None takes its default operating point."""
    point = _point(bundle, threshold)
    cut = bundle.default_point.threshold if threshold is None else threshold
    known = {} if point is None else {
        "operating_point": point.name, "evidence": point.source,
        "sensitivity": point.sensitivity, "specificity": point.specificity,
    }  # fmt: skip
    return ReaderFacts(
        name=bundle.name,
        version=bundle.version,
        sha256=file_sha256(bundle.folder / FACTS_NAME),
        threshold=cut,
        intended_use=bundle.intended_use.text,
        **known,  # type: ignore[arg-type]
    )


def _point(bundle: Bundle, threshold: float | None) -> OperatingPoint | None:
    """The operating point that a threshold is of, the default first; None where it is none's."""
    points = (bundle.default_point, *bundle.operating_points)
    if threshold is None:
        return bundle.default_point
    return next((point for point in points if point.threshold == threshold), None)
