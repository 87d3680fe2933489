"""The sections on the score as a whole: ranking, operating points, and people screened.

Trap: a table in a document is text; a cell with a figure holds its interval or the reason that it has none.
"""

from __future__ import annotations

from hilum.evaluation.confusion import Performance
from hilum.evaluation.summary import OPTIMISTIC, Evaluation, OperatingPoint
from hilum.records import Estimate
from hilum.reports.document import Block, Paragraph, Section, Table
from hilum.reports.evidence.facts import Evidence, Screened, main_point
from hilum.reports.evidence.wording import Pictures, estimate_table, interval_cell, point_words, some
from hilum.reports.page import cut_text

RATES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "positive_predictive_value": "Positive predictive value",
    "negative_predictive_value": "Negative predictive value",
    "positive_likelihood_ratio": "Positive likelihood ratio",
    "negative_likelihood_ratio": "Negative likelihood ratio",
    "accuracy": "Accuracy",
}
CROSS_FITTED = "Cross-fitted: each fold at the threshold that the other folds chose, so not optimistic."
ILLUSTRATIONS = (0.005, 0.02, 0.1)  # prevalences of a table where none was stated


def caveats_section(evaluation: Evaluation) -> Section:
    """What a reader must know before believing the figures."""
    notes = tuple(Paragraph(caveat, look="warning") for caveat in evaluation.caveats)
    return Section(
        "Read this first", notes or (Paragraph("Nothing in the table itself calls for a caveat."),)
    )


def ranking_section(evaluation: Evaluation, pictures: Pictures) -> Section:
    """AUC both ways, average precision, and the two curves."""
    found = evaluation.discrimination
    least = found.partial.least_specificity
    rows = (
        *_areas(evaluation),
        ("Average precision", found.average_precision),
        (f"Partial AUC, specificity from {least:g}", found.partial.area),
        ("Partial AUC, standardised (0.5 is chance)", found.partial.standardised),
        *((f"{rate.name[:1].upper()}{rate.name[1:]}", rate.estimate) for rate in found.stated_rates),
    )
    text = (
        f"The plain partial AUC is at most {1 - least:.2f}, the width of its range. Sensitivity at a "
        "specificity, "
        "and the reverse, are read off the curve, so that no threshold is chosen for them."
    )
    curves = some(pictures, "roc", "precision_recall")
    return Section("How well the score ranks", (estimate_table(rows, "Ranking"), Paragraph(text), *curves))


def _areas(evaluation: Evaluation) -> list[tuple[str, Estimate]]:
    """The AUC with each of its intervals; over patients where a patient has several films."""
    found = evaluation.discrimination
    rows = [("AUC, interval over films", found.auroc_by_film)]
    if evaluation.films.is_clustered:
        rows.append(("AUC, interval over patients", found.auroc_by_patient))
    return [*rows, ("AUC, interval that holds for few patients too", found.auroc_newcombe)]


def operating_section(evaluation: Evaluation, pictures: Pictures) -> Section:
    """Every operating point: its rates with intervals, its counts, and the confusion tables as a picture."""
    points = evaluation.operating_points
    if not points:
        why = "No threshold was given, and one cannot be chosen without films of both labels."
        return Section("Operating points", (Paragraph(why, look="note"), *some(pictures, "scores")))
    blocks: list[Block] = [
        Paragraph(
            "A film is flagged where its score is at or above the threshold. Predictive values hold at this "
            "table's share of films with the finding and at no other."
        )
    ]
    blocks += [_overview(points)]
    blocks += [_point_table(point) for point in points]
    return Section("Operating points", (*blocks, *some(pictures, "confusion", "scores")))


def screened_section(evidence: Evidence) -> Section | None:
    """What the main operating point would do among 1,000 people; None where there is no operating point."""
    point = main_point(evidence.evaluation)
    if point is None:
        return None
    shown = point.cross_fitted or point.performance
    prevalences = ILLUSTRATIONS if evidence.prevalence is None else (evidence.prevalence,)
    told = (
        "No prevalence was stated, so these are illustrations and claim nothing of any place; state yours "
        "with "
        "--prevalence."
        if evidence.prevalence is None
        else "The prevalence is as stated on the command line, and taken as known."
    )
    fitted = ", cross-fitted" if point.cross_fitted else ""
    text = (
        f"At {point_words(point)}{fitted}, sensitivity and specificity are taken to hold among those "
        "screened as they "
        "do here."
    )
    table = _screened_table([Screened.of(shown, prevalence) for prevalence in prevalences])
    return Section("Among 1,000 people screened", (Paragraph(f"{text} {told}"), table))


def _overview(points: tuple[OperatingPoint, ...]) -> Table:
    rows = []
    for point in points:
        shown = point.performance
        cells = [interval_cell(shown.sensitivity), interval_cell(shown.specificity)]
        rows.append((point.name, cut_text(point.threshold), *cells, point.source))
        if point.cross_fitted:
            fair = point.cross_fitted
            cells = [interval_cell(fair.sensitivity), interval_cell(fair.specificity)]
            rows.append((point.name, "by fold", *cells, "cross-fitted"))
    return Table(
        columns=("Operating point", "Threshold", "Sensitivity (95 %)", "Specificity (95 %)", "Threshold is"),
        rows=tuple(rows),
        caption="All operating points",
        note=CROSS_FITTED if any(point.cross_fitted for point in points) else "",
    )


def _point_table(point: OperatingPoint) -> Table:
    own, fair = point.performance, point.cross_fitted
    rows = []
    for name, title in RATES.items():
        one: Estimate = getattr(own, name)
        row = [title, interval_cell(one), count_cell(own, name)]
        if fair:
            row += [interval_cell(getattr(fair, name)), count_cell(fair, name)]
        rows.append(tuple(row))
    head = ("Measure", "On these films (95 %)", "Films")
    mark = "; optimistic: chosen on these films" if point.source == OPTIMISTIC else ""
    return Table(
        columns=(*head, "Cross-fitted (95 %)", "Films") if fair else head,
        rows=tuple(rows),
        caption=f"{point_words(point)[:1].upper()}{point_words(point)[1:]}{mark}",
        note=_counts_note(own) + (f" Cross-fitted: {_counts_note(fair)}" if fair else ""),
    )


def count_cell(performance: Performance, name: str) -> str:
    """Numerator and denominator of a rate, as `259/287`; the denominator alone of a ratio."""
    counts = performance.counts
    parts = {
        "sensitivity": (counts.true_positive, counts.n_positive),
        "specificity": (counts.true_negative, counts.n_negative),
        "positive_predictive_value": (counts.true_positive, counts.n_flagged),
        "negative_predictive_value": (counts.true_negative, counts.n - counts.n_flagged),
        "accuracy": (counts.true_positive + counts.true_negative, counts.n),
    }
    if name not in parts:
        return f"{counts.n:,}"
    part, whole = parts[name]
    return f"{part:,}/{whole:,}"


def _counts_note(performance: Performance) -> str:
    counts = performance.counts
    return (
        f"True positives {counts.true_positive:,}, false negatives {counts.false_negative:,}, "
        f"false positives {counts.false_positive:,}, true negatives {counts.true_negative:,}."
    )


def _screened_table(people: list[Screened]) -> Table:
    rows = (
        ("With the finding", [f"{1000 * one.prevalence:.3g}" for one in people]),
        ("Flagged", [interval_cell(one.outcome.tests, 0) for one in people]),
        ("Found: with the finding, flagged", [interval_cell(one.outcome.found, 1) for one in people]),
        ("Missed: with the finding, not flagged", [interval_cell(one.outcome.missed, 1) for one in people]),
        ("Flagged without the finding", [interval_cell(one.outcome.false_alarms, 0) for one in people]),
        ("Positive predictive value", [interval_cell(one.predictive.positive) for one in people]),
        ("Negative predictive value", [interval_cell(one.predictive.negative, 4) for one in people]),
    )
    heads = [f"Prevalence {100 * one.prevalence:.3g}\u00a0%" for one in people]
    return Table(
        columns=("Of 1,000 people", *heads),
        rows=tuple((name, *cells) for name, cells in rows),
        caption="People of 1,000 (95 % interval)",
        note="Predictive values follow from sensitivity and specificity by Bayes' rule.",
    )
