"""How often the 95 % intervals hold the truth, in tables drawn from normals whose figures are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from truth import CUT, SHIFT, Floats, probability, truth_at

from hilum.evaluation.adjusted_auc import adjusted_auroc
from hilum.evaluation.calibration import brier, ece
from hilum.evaluation.calibration_line import calibration_line
from hilum.evaluation.confusion import performance
from hilum.evaluation.decision_curve import decision_curve
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.intervals import Resampling, newcombe_auc, squared_and_added, wilson, wilson_by_patient
from hilum.evaluation.obuchowski import auroc_by_patient
from hilum.evaluation.partial_auc import partial_auroc
from hilum.evaluation.predictive_values import predictive_values
from hilum.evaluation.resampled_ranking import auroc_clustered
from hilum.records import Estimate

SIZES = (20, 50, 100, 200)
PREVALENCES = (0.5, 0.1)
N_TABLES = 2000
N_TABLES_DRAWN = 500  # of figures whose interval is itself a bootstrap
N_DRAWS = 300  # of each such bootstrap
PATIENT_SHARE = 0.5  # of the spread of the log score that a patient's films share
GROUP_SHIFTS = (0.0, 0.5, 1.0, 1.5)  # of the log score, by stratum of sex and age

Told = dict[str, tuple[Estimate, float]]  # figure -> its estimate and the truth


@dataclass(frozen=True, slots=True)
class Covered:
    """How one figure's interval did."""

    figure: str
    prevalence: float
    n: int
    n_tables: int
    share_estimated: float  # tables in which there is an interval
    coverage: float  # of those
    n_low: int  # truth below the interval
    n_high: int  # truth above it


@dataclass(frozen=True, slots=True)
class Drawn:
    """One table."""

    truth: npt.NDArray[np.bool_]  # (N,)
    log_score: Floats  # (N,)
    patient: npt.NDArray[np.int64]  # (N,)
    prevalence: float


def single_films(rng: np.random.Generator, n: int, prevalence: float) -> Drawn:
    """Films of as many patients."""
    truth = rng.random(n) < prevalence
    return Drawn(truth, rng.normal(size=n) + SHIFT * truth, np.arange(n), prevalence)


def two_films_each(rng: np.random.Generator, n: int, prevalence: float) -> Drawn:
    """Two films of each patient, alike in label and in part of the score."""
    patient = np.repeat(np.arange(n // 2), 2)
    truth = (rng.random(n // 2) < prevalence)[patient]
    shared, own = rng.normal(size=n // 2)[patient], rng.normal(size=n)
    noise = np.sqrt(PATIENT_SHARE) * shared + np.sqrt(1 - PATIENT_SHARE) * own
    return Drawn(truth, noise + SHIFT * truth, patient, prevalence)


def quick_figures(table: Drawn, rng: np.random.Generator) -> Told:
    """Those whose intervals need no draws."""
    known = truth_of(table.prevalence)
    area = auroc(table.truth, table.log_score)
    said = probability(table.log_score, table.prevalence)
    rates = performance(table.truth, table.log_score >= CUT)
    line = calibration_line(table.truth, said)
    told: Told = {
        "AUC, DeLong (Newcombe where it has no spread)": (area, known.auroc),
        "AUC, Newcombe alone": (_newcombe(area), known.auroc),
        "sensitivity, Wilson": (rates.sensitivity, known.sensitivity),
        "specificity, Wilson": (rates.specificity, known.specificity),
        "difference of two specificities, Newcombe": (_difference(table, rng), 0.0),
        "positive likelihood ratio, Simel": (
            rates.positive_likelihood_ratio,
            known.positive_likelihood_ratio,
        ),
        "negative likelihood ratio, Simel": (
            rates.negative_likelihood_ratio,
            known.negative_likelihood_ratio,
        ),
        "Brier score, normal on log odds": (brier(table.truth, said), known.brier),
        "calibration slope": (line.slope, known.calibration_slope),
        "calibration in the large": (line.in_the_large, known.calibration_in_the_large),
        "net benefit at 0.2, normal": (_net_benefit(table, said), known.net_benefit),
    }
    if rates.sensitivity.value is not None and rates.specificity.value is not None:
        values = predictive_values(rates, 0.05)
        told["PPV at prevalence 0.05"] = (values.positive, known.positive_predictive_value)
        told["NPV at prevalence 0.05"] = (values.negative, known.negative_predictive_value)
    return told


def drawn_figures(table: Drawn, rng: np.random.Generator) -> Told:
    """Those whose intervals are a bootstrap."""
    known = truth_of(table.prevalence)
    said = probability(table.log_score, table.prevalence)

    def draws() -> Resampling:
        return Resampling(table.patient, rng, N_DRAWS, "film")

    partial = partial_auroc(table.truth, table.log_score, resampling=draws()).standardised
    strata = rng.integers(4, size=table.truth.size)
    moved = table.log_score + np.array(GROUP_SHIFTS)[strata]
    names = [f"stratum {one}" for one in strata]
    adjusted = adjusted_auroc(table.truth, moved, names, resampling=draws()).adjusted
    error = ece(table.truth, said, resampling=draws())
    return {
        "partial AUC, standardised, bootstrap": (partial, known.partial_auroc),
        "adjusted AUC, four strata, bootstrap": (adjusted, known.auroc),
        "calibration error, bootstrap less bias": (error, known.expected_calibration_error),
    }


def patient_figures(table: Drawn, rng: np.random.Generator) -> Told:
    """Those of two films a patient."""
    known = truth_of(table.prevalence)
    flags, truth = table.log_score >= CUT, table.truth
    seed = int(rng.integers(2**32))
    area = auroc_clustered(truth, table.log_score, table.patient.tolist(), n_draws=N_DRAWS, seed=seed)
    told: Told = {
        "two films a patient: AUC, bootstrap by patient": (area, known.auroc),
        "two films a patient: AUC, Obuchowski": (
            auroc_by_patient(truth, table.log_score, table.patient),
            known.auroc,
        ),
        "two films a patient: AUC, DeLong (wrong there)": (auroc(truth, table.log_score), known.auroc),
    }
    by_draws = performance(truth, flags, Resampling(table.patient, rng, N_DRAWS)).specificity
    told["two films a patient: specificity, bootstrap by patient"] = (by_draws, known.specificity)
    if not truth.all():
        rate = wilson_by_patient(~flags[~truth], table.patient[~truth])
        told["two films a patient: specificity, Wilson by patient"] = (rate, known.specificity)
    return told


def measured(seed: int, *, n_tables: int, n_tables_drawn: int) -> list[Covered]:
    """Every figure at every size and prevalence."""
    plans: list[tuple[Callable[..., Drawn], Callable[..., Told], int]] = [
        (single_films, quick_figures, n_tables),
        (single_films, drawn_figures, n_tables_drawn),
        (two_films_each, patient_figures, n_tables_drawn),
    ]
    found = []
    for at, (draw, figures, times) in enumerate(plans):
        for prevalence in PREVALENCES:
            for n in SIZES:
                rng = np.random.default_rng([seed, at, n, int(100 * prevalence)])
                tables = [figures(draw(rng, n, prevalence), rng) for _ in range(times)]
                found += _counted(tables, n=n, prevalence=prevalence)
    return found


def _counted(tables: list[Told], *, n: int, prevalence: float) -> list[Covered]:
    found = []
    for figure in dict.fromkeys(name for told in tables for name in told):
        pairs = [told[figure] for told in tables if figure in told]
        ends = np.array(
            [
                (one.low, np.inf if one.high is None else one.high, known)
                for one, known in pairs
                if one.low is not None
            ]
        ).reshape(-1, 3)
        low, high = int((ends[:, 2] < ends[:, 0]).sum()), int((ends[:, 2] > ends[:, 1]).sum())
        share = len(ends) / len(tables)
        held = 1 - (low + high) / max(len(ends), 1)
        found.append(Covered(figure, prevalence, n, len(tables), share, held, low, high))
    return found


def _newcombe(area: Estimate) -> Estimate:
    if area.value is None or area.n_positive is None:
        return area
    return newcombe_auc(area.value, area.n_positive, area.n - area.n_positive)


def _difference(table: Drawn, rng: np.random.Generator) -> Estimate:
    """Of these films' specificity and that of as many others."""
    n = int((~table.truth).sum())
    share = 1 - NormalDist().cdf(CUT)
    if n == 0:
        return Estimate(None, None, None, n=0)
    first = wilson(int((table.log_score[~table.truth] < CUT).sum()), n)
    second = wilson(n - int(rng.binomial(n, share)), n)
    low, high = squared_and_added(first, second)
    return Estimate((first.value or 0.0) - (second.value or 0.0), low, high, n=2 * n)


def _net_benefit(table: Drawn, said: Floats) -> Estimate:
    curve = decision_curve(table.truth, said, thresholds=[0.2])
    return curve.points[0].model if curve.points else Estimate(None, None, None, n=table.truth.size)


_known = {prevalence: truth_at(prevalence) for prevalence in PREVALENCES}
truth_of = _known.__getitem__
