"""An evaluation as files: a page that stands alone, the same figures as JSON, and each picture.

Trap: a second run into the same folder may be of a table that allows fewer pictures; those of the first run
are taken away, or the folder would show two tables at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import hilum
from hilum.evaluation.summary import GIVEN, OPTIMISTIC, Evaluation
from hilum.imaging.hashing import file_sha256
from hilum.records import Estimate
from hilum.reports import figures
from hilum.reports.evaluation_figures import FIGURES, drawable
from hilum.reports.page import RESEARCH_USE, data_uri, estimate_text, render_page, write_whole

FORMAT = 1  # of evaluation.json
PAGE = "evaluation.html"
NUMBERS = "evaluation.json"
PICTURES = "visualisations"

RATES = (
    "Accuracy",
    "Sensitivity",
    "Specificity",
    "Positive predictive value",
    "Negative predictive value",
    "Positive likelihood ratio",
    "Negative likelihood ratio",
)  # in the order of confusion.Performance
CROSS_FITTED = "cross-fitted: each fold at the cut that the other folds chose"
CAPTIONS = {
    "roc": "ROC curve; the marks are the operating points.",
    "precision_recall": "Precision against recall; it depends on the share of positive films in this table.",
    "scores": "Scores of films with and without the finding.",
    "reliability": "Share of positive films against the score, by bin; the small figures count films.",
    "confusion": "Confusion tables; per cent of the row.",
    "subgroups": "AUC by fold and subgroup, with positive and all films; the dotted line is the whole table.",
}


def write_evaluation(evaluation: Evaluation, table: Path, out: Path) -> list[Path]:
    """Write `evaluation.html`, `evaluation.json`, and `visualisations/*` into `out`; returns their paths.

    Args:
        table: the prediction table, named and hashed in both files.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    source = {"file": table.name, "sha256": file_sha256(table)}
    drawn = {name: draw(evaluation) for name, draw in drawable(evaluation).items()}
    _forget_pictures(out / PICTURES, keep=set(drawn))
    pictures = [
        path
        for name, figure in drawn.items()
        for path in figures.save_figure(figure, out / PICTURES, name=name)
    ]
    uris = {name: data_uri((out / PICTURES / f"{name}.png").read_bytes()) for name in drawn}
    write_whole(out / PAGE, evaluation_page(evaluation, source, uris))
    write_whole(out / NUMBERS, evaluation_json(evaluation, source))
    return [out / PAGE, out / NUMBERS, *pictures]


def evaluation_json(evaluation: Evaluation, source: dict[str, str]) -> str:
    """The numbers as JSON text; a figure that cannot be estimated has a null value and says why."""
    document = {
        "format": FORMAT,
        "hilum_version": hilum.__version__,
        "research_use": RESEARCH_USE,
        "table": source,
        **evaluation.as_json(),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def evaluation_page(evaluation: Evaluation, source: dict[str, str], uris: dict[str, str]) -> str:
    """The page; `uris` are the pictures by name, as `data_uri` makes them."""
    return render_page(
        "evaluation.html",
        title="Evaluation",
        source=source,
        evaluation=evaluation,
        films=evaluation.films,
        ranking=_ranking_rows(evaluation),
        cuts=_cut_columns(evaluation),
        rates=RATES,
        methods=_methods(evaluation),
        calibration=_calibration_rows(evaluation),
        pictures=[{"name": name, "uri": uri, "caption": CAPTIONS[name]} for name, uri in uris.items()],
    )


@dataclass(frozen=True, slots=True)
class CutColumn:
    """A column of the page's table of cuts."""

    name: str
    threshold: str
    source: str
    rates: list[Estimate]  # in the order of RATES

    @property
    def look(self) -> str:
        return "flag" if self.source == OPTIMISTIC else "soft"


def _cut_columns(evaluation: Evaluation) -> list[CutColumn]:
    columns = []
    for point in evaluation.operating_points:
        cut = f"{point.threshold:.6g}"
        columns.append(CutColumn(point.name, cut, point.source, list(point.performance.estimates().values())))
        if point.cross_fitted:
            rates = list(point.cross_fitted.estimates().values())
            columns.append(CutColumn(point.name, "by fold", CROSS_FITTED, rates))
    return columns


def _methods(evaluation: Evaluation) -> list[str]:
    rates = [rate for column in _cut_columns(evaluation) for rate in column.rates]
    return list(dict.fromkeys(rate.method for rate in rates if rate.method))


def _ranking_rows(evaluation: Evaluation) -> list[tuple[str, Estimate]]:
    found = evaluation.discrimination
    return [
        ("AUC, intervals over films", found.auroc_by_film),
        ("AUC, intervals over patients", found.auroc_by_patient),
        ("Average precision", found.average_precision),
    ]


def _calibration_rows(evaluation: Evaluation) -> list[tuple[str, Estimate]]:
    found = evaluation.calibration
    return [("Brier score", found.brier), ("Expected calibration error", found.expected_calibration_error)]


def _forget_pictures(folder: Path, *, keep: set[str]) -> None:
    for name in FIGURES.keys() - keep:
        for ending in ("png", "svg"):
            (folder / f"{name}.{ending}").unlink(missing_ok=True)


def summary_lines(evaluation: Evaluation) -> list[str]:
    """What a terminal shows: the counts, the AUC, each cut, and the caveats."""
    films, area = evaluation.films, evaluation.discrimination.auroc
    lines = [f"{films.n} films, {films.n_positive} with the finding"]
    lines.append(f"AUC {estimate_text(area)}{area.method and f', {area.method}'}")
    for point in evaluation.operating_points:
        cut = "" if point.source == GIVEN else f": cut {point.threshold:.6g}"
        lines.append(f"{point.name}{cut} ({point.source})")
        lines.append(f"  sensitivity {estimate_text(point.performance.sensitivity)}")
        lines.append(f"  specificity {estimate_text(point.performance.specificity)}")
    return [*lines, *(f"note: {caveat}" for caveat in evaluation.caveats)]
