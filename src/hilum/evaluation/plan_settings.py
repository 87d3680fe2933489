"""What a study is to answer and how its films come, checked as a whole.

Trap: expected figures are guesses; a plan for a sensitivity of 0.95 is too small where it turns out as 0.85.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from hilum.errors import SettingsInvalid

Sampling = Literal["consecutive", "enriched", "two-phase"]
SHARES = (
    "sensitivity", "specificity", "half_width", "least_sensitivity", "least_specificity", "auc",
    "auc_half_width", "least_auc", "reference_auc", "margin", "guarantee", "excess", "confidence",
    "assurance", "power", "prevalence",
)  # fmt: skip
LOSSES = ("correlation", "refused_share", "unverified_share", "icc")


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """The questions (each None where it is not asked), and the sampling.

    Raises:
        SettingsInvalid: nothing is asked, a number is out of its range, or two settings do not go together.
    """

    sensitivity: float | None = None  # expected, at the threshold in use
    specificity: float | None = None
    half_width: float = 0.05  # of the two-sided interval of either
    least_sensitivity: float | None = None  # that the lower bound must reach
    least_specificity: float | None = None
    auc: float | None = None  # expected
    auc_half_width: float | None = None
    least_auc: float | None = None  # that the AUC must be shown to exceed
    reference_auc: float | None = None  # of another reader of the same films
    correlation: float = 0.5  # of the two AUCs; Hanley and McNeil's table has 0.3 to 0.6 for like readers
    margin: float | None = None  # of non-inferiority in AUC
    guarantee: float | None = None  # the sensitivity that `hilum calibrate` is to promise
    excess: float = 0.05  # by which its threshold may be more sensitive than that
    confidence: float = 0.95
    assurance: float = 0.8  # the chance that a bound, or a number of positives, is reached
    power: float = 0.8
    sampling: Sampling = "consecutive"
    prevalence: float | None = None
    negatives_per_positive: float = 1.0  # of the enriched sampling
    verified_share: float | None = None  # of unflagged films, in the two-phase sampling
    icc: float = 0.0
    cluster_size: float = 1.0
    refused_share: float = 0.0
    unverified_share: float = 0.0  # without a reference test that should have one

    def __post_init__(self) -> None:
        self._check_ranges()
        self._check_questions()
        self._check_sampling()

    @property
    def ratio(self) -> float:
        """Films without the finding for each with it."""
        if self.sampling == "enriched" or self.prevalence is None:
            return self.negatives_per_positive
        return (1 - self.prevalence) / self.prevalence

    @property
    def usable_share(self) -> float:
        """Of films taken, those that are read and verified."""
        return (1 - self.refused_share) * (1 - self.unverified_share)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def _check_ranges(self) -> None:
        for name in SHARES:
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise SettingsInvalid(f"{_option(name)} must lie above 0 and below 1, not {value:g}")
        for name in LOSSES:
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise SettingsInvalid(f"{_option(name)} must lie from 0 to below 1, not {value:g}")
        if not self.cluster_size >= 1 or not self.negatives_per_positive > 0:
            raise SettingsInvalid("--cluster-size must be at least 1, and --negatives-per-positive above 0")

    def _check_questions(self) -> None:
        asked = (self.sensitivity, self.specificity, self.auc, self.guarantee)
        if all(one is None for one in asked):
            raise SettingsInvalid(
                "nothing to plan for: give --sensitivity, --specificity, --auc, or --guarantee"
            )
        self._needs("auc", "auc_half_width", "least_auc", "reference_auc", "margin")
        self._needs("sensitivity", "least_sensitivity")
        self._needs("specificity", "least_specificity")

    def _needs(self, wanted: str, *dependent: str) -> None:
        for name in dependent:
            if getattr(self, name) is not None and getattr(self, wanted) is None:
                raise SettingsInvalid(f"{_option(name)} needs the expected {_option(wanted)}")

    def _check_sampling(self) -> None:
        if self.sampling != "enriched" and self.prevalence is None:
            raise SettingsInvalid(
                f"a {self.sampling} study needs --prevalence, the share with the finding among those who come"
            )
        if self.sampling == "two-phase" and (
            self.verified_share is None or self.sensitivity is None or self.specificity is None
        ):
            raise SettingsInvalid(
                "a two-phase study needs --verified-share, --sensitivity, and --specificity: "
                "they say how many films are flagged, and how many of the others are verified"
            )
        if self.sampling != "two-phase" and self.verified_share is not None:
            raise SettingsInvalid("--verified-share belongs to --sampling two-phase")
        if self.icc > 0 and self.cluster_size == 1:
            raise SettingsInvalid("--icc needs --cluster-size, the films of a cluster")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
