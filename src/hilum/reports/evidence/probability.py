"""The sections that take the score for a probability: calibration, and what acting on it is worth.

Trap: a score on another scale is no probability; each figure then says so, and the section names the option.
"""

from __future__ import annotations

from hilum.evaluation.decision_curve import DecisionCurve
from hilum.evaluation.summary import Evaluation
from hilum.records import Estimate
from hilum.reports.document import Block, Paragraph, Section, Table
from hilum.reports.evidence.wording import Pictures, counted, estimate_table, interval_cell, some

AS_THEY_ARE = (
    "The scores are taken as they are. Where they were calibrated to films with a larger share of the "
    "finding than "
    "the stated prevalence, they are too high for the people screened, and the curve shows what that costs: "
    "calibrate to the place first (hilum calibrate)."
)
SHOWN_AT = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # threshold probabilities of the table of net benefit


def calibration_section(evaluation: Evaluation, pictures: Pictures) -> Section:
    """Whether a score is the probability it looks like."""
    found = evaluation.calibration
    off_scale = _off_scale(evaluation)
    if off_scale:
        return Section("Calibration", (Paragraph(off_scale, look="note"),))
    rows: tuple[tuple[str, Estimate], ...] = (
        ("Calibration slope (1 is best; below 1 too bold)", found.line.slope),
        ("Calibration intercept, log odds", found.line.intercept),
        ("Calibration in the large, log odds (0 is best; above 0 too low)", found.line.in_the_large),
        ("Expected calibration error (0 is best)", found.expected_calibration_error),
        ("Brier score (0 is best)", found.brier),
        ("Brier: reliability (0 is best)", found.brier_parts.reliability),
        ("Brier: resolution (more is better)", found.brier_parts.resolution),
        ("Brier: uncertainty of these films", found.brier_parts.uncertainty),
        ("Brier: variance within bins", found.brier_parts.within_bin_variance),
        ("Brier: covariance within bins", found.brier_parts.within_bin_covariance),
    )
    blocks: list[Block] = [
        Paragraph(
            "Calibration is of these films and their share of the finding. Where people are screened, "
            "fewer have "
            "the finding, and the same score stands for a lower probability."
        ),
        estimate_table(rows, "Calibration", digits=4),
        *some(pictures, "reliability"),
    ]
    if found.line.n_moved:
        blocks.append(
            Paragraph(
                "A score of exactly 0 or 1 has no log odds; for the line "
                f"{counted(found.line.n_moved, 'such score was', 'such scores were')} moved inwards."
            )
        )
    return Section("Calibration", tuple(blocks))


def decisions_section(evaluation: Evaluation, pictures: Pictures) -> Section:
    """Net benefit over threshold probabilities."""
    curve = evaluation.decision_curve
    if not curve.points:
        why = _off_scale(evaluation) or f"Not estimable: {curve.why}."
        return Section("Decision curve", (Paragraph(why, look="note"),))
    where = (
        f"at the stated prevalence of {100 * (curve.prevalence or 0):.3g} %"
        if curve.is_stated
        else f"at these films' share of the finding, {100 * (curve.prevalence or 0):.1f} %, and at no other"
    )
    text = (
        "At the threshold probability t a programme would test 1/t people to find one case. Net benefit "
        "counts "
        f"cases found per person, less false alarms weighed by t/(1 - t); {where}. The score is worth "
        "using where "
        "its line lies above both testing all and testing none."
    )
    at = {round(point.threshold, 4): point for point in curve.points}
    rows = tuple(
        (f"{threshold:.2f}", _benefit(point.model), _benefit(point.treat_all), "0")
        for threshold in SHOWN_AT
        if (point := at.get(threshold))
    )
    table = Table(
        ("Threshold probability", "By the score (95 %)", "Test all", "Test none"),
        rows,
        caption="Net benefit per person",
        note=f"Intervals: {_methods(curve)}, pointwise; none where all films count alike.",
    )
    warned = (Paragraph(AS_THEY_ARE, look="warning"),) if curve.is_stated else ()
    return Section("Decision curve", (Paragraph(text), *warned, table, *some(pictures, "decision_curve")))


def _methods(curve: DecisionCurve) -> str:
    found = dict.fromkeys(point.model.method for point in curve.points if point.model.method)
    return "; ".join(found) or "none"


def _benefit(one: Estimate) -> str:
    """An interval that cannot be had leaves the value alone; the note below says why."""
    return interval_cell(one, 4) if one.low is not None else f"{round(one.value or 0.0, 4) + 0.0:.4f}"


def _off_scale(evaluation: Evaluation) -> str:
    """Why the scores are no probabilities; empty where they are."""
    if evaluation.films.are_probabilities:
        return ""
    low, high = evaluation.films.score.min(), evaluation.films.score.max()
    return (
        f"Not estimable: the scores run from {low:.6g} to {high:.6g}, and a probability lies in 0..1. "
        "Where they "
        "are probabilities on another scale, say so: --score-scale 100 where 100 means certainty."
    )
