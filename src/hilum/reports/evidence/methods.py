"""How every figure was made: interval methods as estimates name them, seed, draws, table, command.

Trap: the list is gathered from the estimates, not written by hand, so that a method changed elsewhere is told
here; only what no estimate carries (binning, bands) is prose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import hilum
from hilum.reports.document import Block, Bullets, Paragraph, Section, Table
from hilum.reports.evidence.facts import Evidence

SOURCES = (
    "DeLong 1988, Sun and Xu 2014 (AUC); Newcombe 2006 (AUC of 1); Wilson 1927 (proportions); Simel 1991 "
    "(likelihood ratios); Donner and Zou 2012 (predictive values at a prevalence); Naeini 2015 "
    "(calibration "
    "error); Murphy 1973 (parts of the Brier score); Cox 1958 (calibration line); Vickers and Elkin 2006 "
    "(decision curve); El-Yaniv and Wiener 2010, Geifman and El-Yaniv 2017 (error among the surest films)."
)
WHOLES = {  # figures of a table that all have one name, by the JSON's key
    "auroc": "AUC",
    "auroc_by_film": "AUC over films",
    "auroc_by_patient": "AUC over patients",
    "auroc_newcombe": "AUC by Newcombe",
    "partial_auroc": "partial AUC",
    "stated_rates": "sensitivity and specificity at a stated rate",
    "adjusted_auroc": "AUC adjusted for age and sex",
    "brier_parts": "parts of the Brier score",
    "calibration_line": "calibration line",
    "bins": "reliability bins",
    "decision_curve": "net benefit",
    "risk_coverage": "error among the surest films",
    "folds": "AUC of a fold",
    "gaps": "gaps between groups",
    "controls": "controls",
}
PARTS = {"subgroups": " of a subgroup", "per_thousand": " of 1,000 people"}
PROSE = (
    "A film is flagged where its score is at or above the threshold.",
    "Intervals hold 95 %. Where a patient has several films they are over patients, and over films "
    "elsewhere.",
    "DeLong's interval takes each film as another patient's; where the AUC is 1 it is Newcombe's.",
    "Predictive values of the operating points hold at this table's share of films with the finding; those "
    "per "
    "1,000 people at the prevalence named beside them, which is taken as known.",
    "The band of the ROC curve is pointwise, no band for the whole curve at once.",
    "The calibration error takes ten bins of equal width; its interval is moved by the bias that the draws "
    "show.",
    "Whether a figure is the same in all groups is tested by Cochran's Q; p-values are adjusted by Holm.",
    "Subgroups and thresholds are many: an interval is for one figure and is not widened for their number, "
    "save that "
    "of the widest gap.",
)


def methods_section(evidence: Evidence, numbers: Mapping[str, Any]) -> Section:
    """The section; `numbers` is the JSON of the evaluation, out of which the methods are gathered."""
    films, settings = evidence.evaluation.films, evidence.evaluation.settings
    used: dict[str, list[str]] = {}
    for name, method in _methods(numbers):
        names = used.setdefault(method, [])
        if name not in names:
            names.append(name)
    facts = (
        ("Table", evidence.table.name),
        ("SHA-256 of the table", evidence.table.sha256),
        ("Command", evidence.command),
        ("Hilum", hilum.__version__),
        ("Draws of a bootstrap", f"{films.n_draws:,} (asked for: {settings.n_draws:,})"),
        ("Seed", str(films.seed)),
    )
    blocks: list[Block] = [
        Table(("What", "Value"), facts, caption="What this file was made from"),
        Table(
            ("Interval", "Figures"),
            tuple((method, ", ".join(names)) for method, names in used.items()),
            caption="Which figure has which interval",
        ),
        Bullets(PROSE),
        Paragraph(f"Sources: {SOURCES}"),
    ]
    return Section("How it was measured", tuple(blocks))


def _methods(numbers: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every figure's name and interval method, wherever it stands."""
    if isinstance(numbers, Mapping):
        if numbers.get("method"):
            yield _figure_name(path), str(numbers["method"])
        for key, value in numbers.items():
            yield from _methods(value, (*path, str(key)))
    elif isinstance(numbers, list):
        for value in numbers:
            yield from _methods(value, path)


def _figure_name(path: tuple[str, ...]) -> str:
    """`AUC of a subgroup`: what stands at a path of the JSON, in words."""
    top, leaf = path[0], path[-1].replace("_", " ").replace("auroc", "AUC")
    if top in WHOLES:
        return WHOLES[top]
    return f"{leaf}{PARTS.get(top, '')}"
