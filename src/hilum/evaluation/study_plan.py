"""A study's size: what each question needs, and the films that must be taken for the most demanding.

Trap: each question is planned by itself; a study that must succeed in all of them at once has a smaller
chance of it than each has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from hilum.errors import SettingsInvalid
from hilum.evaluation.guarantee import misses_allowed, positives_needed
from hilum.evaluation.guarantee_size import GuaranteeStep, guarantee_step, guarantee_steps, positives_for_near
from hilum.evaluation.plan_settings import PlanSettings
from hilum.evaluation.sample_size import films_by_exact, films_by_normal, films_by_wilson, films_for_bound
from hilum.evaluation.sample_size_auc import (
    AucSize,
    films_for_auc_above,
    films_for_auc_difference,
    films_for_auc_margin,
    films_for_auc_width,
)
from hilum.evaluation.study_sampling import (
    design_effect,
    films_assured,
    films_expected,
    sensitivity_inflation,
    specificity_inflation,
)

Sizes = tuple[tuple[str, int], ...]  # films by method
SHOWN_PREVALENCES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Need:
    """What one question takes of films that are read, verified, and independent."""

    figure: str  # "sensitivity", "specificity", "auc", "guarantee"
    question: str
    n_positive: int
    n_negative: int  # 0 where the question is of positives alone
    sizes: Sizes  # by method; the question's own is the first
    source: str
    inflation: float = 1.0  # by clusters and partial verification
    is_large_sample: bool = False  # whether its formula holds for many films only

    @property
    def fewest(self) -> int:
        """Films of the rarer label that the question counts."""
        return min(n for n in (self.n_positive, self.n_negative) if n)

    @property
    def positives(self) -> int:
        return math.ceil(self.n_positive * self.inflation - 1e-9)

    @property
    def negatives(self) -> int:
        return math.ceil(self.n_negative * self.inflation - 1e-9)

    def as_json(self) -> dict[str, Any]:
        own = {"positives": self.positives, "negatives": self.negatives, "sizes": dict(self.sizes)}
        return asdict(self) | own


@dataclass(frozen=True, slots=True)
class Films:
    """The films to take, and the reference tests to make."""

    positives: int  # usable
    negatives: int
    expected: int  # films that hold them on average
    assured: int | None  # with the assurance; None where films are picked by label
    reference_tests: int  # of `assured`, or of `expected` where there is none
    clusters: int | None  # that hold the positives; None where each film is by itself
    screened_for_positives: int | None  # people to find the positives among, in an enriched study

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """All that `hilum plan` says."""

    settings: PlanSettings
    needs: tuple[Need, ...]
    design_effect: float
    films: Films
    by_prevalence: tuple[tuple[float, Films], ...]  # empty where films are picked by label
    steps: tuple[GuaranteeStep, ...]  # of the guarantee; empty where it is not asked

    def as_json(self) -> dict[str, Any]:
        return {
            "settings": self.settings.as_json(),
            "needs": [need.as_json() for need in self.needs],
            "design_effect": self.design_effect,
            "films": self.films.as_json(),
            "by_prevalence": [{"prevalence": at, **films.as_json()} for at, films in self.by_prevalence],
            "guarantee_steps": [step.as_json() for step in self.steps],
        }


def plan_study(settings: PlanSettings) -> StudyPlan:
    """Work out every question that is asked.

    Raises:
        SettingsInvalid: a question has no answer, as an expected share below the bound it must reach.
    """
    needs = _needs(settings)
    steps: tuple[GuaranteeStep, ...] = ()
    if settings.guarantee is not None:
        steps = guarantee_steps(sensitivity=settings.guarantee, confidence=settings.confidence)
        largest = next(need for need in needs if need.figure == "guarantee").sizes
        steps = tuple(sorted({*steps, *_asked_steps(settings, largest)}, key=lambda step: step.n_positive))
    by_prevalence: tuple[tuple[float, Films], ...] = ()
    if settings.sampling != "enriched":
        shown = sorted({*SHOWN_PREVALENCES, settings.prevalence or SHOWN_PREVALENCES[0]})
        by_prevalence = tuple((at, _films_at(settings, at)) for at in shown)
    return StudyPlan(
        settings=settings,
        needs=needs,
        design_effect=design_effect(settings.icc, settings.cluster_size),
        films=_films(settings, needs),
        by_prevalence=by_prevalence,
        steps=steps,
    )


def _needs(settings: PlanSettings) -> tuple[Need, ...]:
    """What every question takes, with what clusters and verification add to it."""
    effect = design_effect(settings.icc, settings.cluster_size)
    return tuple(
        replace(need, inflation=effect * _verification(settings, need.figure)) for need in _asked(settings)
    )


def _verification(settings: PlanSettings, figure: str) -> float:
    """How much more partial verification takes; a promise thins flagged positives to the verified share."""
    verified, sensitivity, specificity = settings.verified_share, settings.sensitivity, settings.specificity
    if verified is None or sensitivity is None or specificity is None or settings.prevalence is None:
        return 1.0
    if figure == "guarantee":
        return 1 / verified
    if figure == "specificity":
        return specificity_inflation(
            sensitivity, specificity, prevalence=settings.prevalence, verified=verified
        )
    return sensitivity_inflation(sensitivity, verified)


def _asked(settings: PlanSettings) -> Iterator[Need]:
    yield from _of_share(settings, "sensitivity", settings.sensitivity, settings.least_sensitivity)
    yield from _of_share(settings, "specificity", settings.specificity, settings.least_specificity)
    if settings.auc is not None:
        yield from _of_auc(settings, settings.auc)
    if settings.guarantee is not None:
        yield _of_guarantee(settings, settings.guarantee)


def _of_share(
    settings: PlanSettings, figure: str, expected: float | None, least: float | None
) -> Iterator[Need]:
    if expected is None:
        return
    width, level = settings.half_width, settings.confidence
    sizes: Sizes = (
        ("Wilson", films_by_wilson(expected, width, level)),
        ("Clopper-Pearson, exact", films_by_exact(expected, width, level)),
        ("normal (Buderer)", films_by_normal(expected, width, level)),
    )
    question = f"{figure} of {expected:g}, known to within {width:g} either way ({level:.4g} confidence)"
    source = "Buderer 1996, with Wilson's interval as hilum evaluate reports it"
    yield replace(_share_need(figure, question, sizes, source), is_large_sample=True)
    if least is None:
        return
    found = films_for_bound(expected, least, confidence=level, assurance=settings.assurance)
    sizes = (("from here on", found.n), ("smallest (Flahault)", found.n_smallest))
    question = (
        f"{figure} shown to be at least {least:g} ({level:.4g} confidence, one-sided), where it is "
        f"{expected:g}, "
        f"with a chance of {settings.assurance:g}"
    )
    yield _share_need(figure, question, sizes, "Flahault 2005, exact bound of Clopper and Pearson")


def _share_need(figure: str, question: str, sizes: Sizes, source: str) -> Need:
    n = sizes[0][1]
    n_positive, n_negative = (n, 0) if figure == "sensitivity" else (0, n)
    return Need(figure, question, n_positive, n_negative, sizes, source)


def _of_auc(settings: PlanSettings, auc: float) -> Iterator[Need]:
    ratio, level = settings.ratio, settings.confidence
    if settings.auc_half_width is not None or not _compares_auc(settings):
        width = settings.auc_half_width or settings.half_width
        found = films_for_auc_width(auc, width, ratio=ratio, confidence=level)
        yield _auc_need(
            f"AUC of {auc:g}, known to within {width:g} either way ({level:.4g} confidence)", found, ratio
        )
    if settings.least_auc is not None:
        found = films_for_auc_above(
            auc, settings.least_auc, ratio=ratio, confidence=level, power=settings.power
        )
        question = f"AUC of {auc:g} shown to be above {settings.least_auc:g}, one-sided"
        yield _auc_need(f"{question} ({level:.4g} confidence, power {settings.power:g})", found, ratio)
    yield from _of_comparison(settings, auc)


def _of_comparison(settings: PlanSettings, auc: float) -> Iterator[Need]:
    ratio, power, correlation = settings.ratio, settings.power, settings.correlation
    other = auc if settings.reference_auc is None else settings.reference_auc
    if settings.margin is not None:
        found = films_for_auc_margin(
            auc, other, margin=settings.margin, ratio=ratio, correlation=correlation, power=power
        )
        question = (
            f"AUC of {auc:g} shown not worse than another reader's {other:g} by {settings.margin:g} or more"
        )
        yield _auc_need(f"{question} (one-sided 97.5 % interval, power {power:g})", found, ratio)
    elif settings.reference_auc is not None:
        found = films_for_auc_difference(
            auc, other, ratio=ratio, correlation=correlation, confidence=settings.confidence, power=power
        )
        question = f"AUC of {auc:g} told from another reader's {other:g} on the same films"
        yield _auc_need(
            f"{question} (two-sided, {settings.confidence:.4g} confidence, power {power:g})", found, ratio
        )


def _compares_auc(settings: PlanSettings) -> bool:
    return any(one is not None for one in (settings.least_auc, settings.reference_auc, settings.margin))


def _auc_need(question: str, found: AucSize, ratio: float) -> Need:
    sizes = (("the larger of the two", found.n_positive), ("Hanley-McNeil", found.by_hanley_mcneil),
             ("binormal (Obuchowski)", found.by_binormal))  # fmt: skip
    n_negative = math.ceil(found.n_positive * ratio - 1e-9)
    source = "Hanley and McNeil 1982 and 1983; Obuchowski 1998"
    return Need("auc", question, found.n_positive, n_negative, sizes, source, is_large_sample=True)


def _of_guarantee(settings: PlanSettings, sensitivity: float) -> Need:
    level = settings.confidence
    try:
        fewest = positives_needed(sensitivity=sensitivity, confidence=level)
    except ValueError as error:
        raise SettingsInvalid(f"--guarantee {sensitivity:g}: {error}") from None
    near = positives_for_near(
        sensitivity=sensitivity, excess=settings.excess, confidence=level, assurance=settings.assurance
    )
    question = (
        f"a threshold with a promise: sensitivity of at least {sensitivity:g} with {level:.4g} confidence"
    )
    sizes: Sizes = (("any threshold at all", fewest),)
    if near is not None:
        question += (
            f", and with a chance of {settings.assurance:g} not above {sensitivity + settings.excess:g}, "
            "so that specificity is not given away"
        )
        sizes = (("near what was asked", near.n), *sizes)
    return Need("guarantee", question, sizes[0][1], 0, sizes, "Wilks 1941, as hilum calibrate chooses")


def _asked_steps(settings: PlanSettings, sizes: Sizes) -> tuple[GuaranteeStep, ...]:
    """The step of the size that the plan names."""
    assert settings.guarantee is not None
    n = sizes[0][1]
    allowed = misses_allowed(n, sensitivity=settings.guarantee, confidence=settings.confidence)
    return () if allowed is None else (guarantee_step(n, allowed),)


def _films_at(settings: PlanSettings, prevalence: float) -> Films:
    """The films at another prevalence, for which AUCs need another number of positives."""
    moved = replace(settings, prevalence=prevalence)
    return _films(moved, _needs(moved))


def _films(settings: PlanSettings, needs: tuple[Need, ...]) -> Films:
    positives, negatives = max(need.positives for need in needs), max(need.negatives for need in needs)
    usable = settings.usable_share
    if settings.sampling == "enriched":
        expected = films_expected(positives, usable) + films_expected(negatives, usable)
        found = (
            None if settings.prevalence is None else films_expected(positives, usable * settings.prevalence)
        )
        tests = math.ceil(expected * (1 - settings.refused_share) - 1e-9)
        return Films(positives, negatives, expected, None, tests, _clusters(settings, positives), found)
    assert settings.prevalence is not None
    chances = (settings.prevalence * usable, (1 - settings.prevalence) * usable)
    asked = tuple(zip((positives, negatives), chances, strict=True))
    expected = max(films_expected(n, chance) for n, chance in asked)
    assured = max(films_assured(n, chance, assurance=settings.assurance) for n, chance in asked)
    tests = _tests(settings, max(assured, expected))
    return Films(positives, negatives, expected, max(assured, expected), tests,
                 _clusters(settings, positives), None)  # fmt: skip


def _tests(settings: PlanSettings, films: int) -> int:
    """Reference tests that the films read take: of all, or of the flagged and a share of the others."""
    read = films * (1 - settings.refused_share)
    if settings.verified_share is None:
        return math.ceil(read - 1e-9)
    assert settings.sensitivity is not None
    assert settings.specificity is not None
    assert settings.prevalence is not None
    flagged = settings.prevalence * settings.sensitivity + (1 - settings.prevalence) * (
        1 - settings.specificity
    )
    return math.ceil(read * (flagged + (1 - flagged) * settings.verified_share) - 1e-9)


def _clusters(settings: PlanSettings, positives: int) -> int | None:
    return None if settings.cluster_size == 1 else math.ceil(positives / settings.cluster_size - 1e-9)
