"""The report of a local calibration: a document, its numbers as JSON, and every threshold as CSV and Parquet.

Trap: the document shows a pick of the thresholds, the tables all of them; both come from the same rows.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

import hilum
from hilum.evaluation.local_calibration import LocalCalibration
from hilum.records import Estimate
from hilum.reports import calibration_figures, figures
from hilum.reports.calibration_tables import (
    chosen_table,
    groups_table,
    needed_table,
    others_table,
    rates_table,
    yield_table,
)
from hilum.reports.calibration_words import percent, sample_words, shortcomings, summary
from hilum.reports.document import Block, Bullets, Document, Paragraph, Picture, Section
from hilum.reports.document_files import write_document
from hilum.reports.evidence.forest import draw_forest
from hilum.reports.page import RESEARCH_USE, write_whole

NAME = "calibration"
COUNTS = ("true_positive", "false_positive", "false_negative", "true_negative")
METHOD = (
    "The promise with confidence is a one-sided tolerance limit of the positives' scores (Wilks 1941), which "
    "is the highest threshold at which Clopper and Pearson's bound (1934) reaches the goal.",
    "The promise on average is conformal risk control (Angelopoulos et al. 2022), a missed case being the "
    "loss.",
    "A patient counts once in a promise, by the lowest score among the positive films. Tied scores are "
    "flagged together.",
    "Intervals of rates are Wilson's at 95 %: by patient where patients have several films (Rao and Scott "
    "1992), weighted where films stand for different numbers of people. Those of predictive values join the "
    "two rates' (Donner and Zou 2012); those of tests and of total costs square and add them (Newcombe "
    "1998).",
    "Cross-fitted: patients are dealt into ten parts, and each part is cut where the other nine choose.",
    "Yield and costs follow WHO and TDR's toolkit of 2021: Determining the local calibration of "
    "computer-assisted detection (CAD) thresholds and other parameters.",
    "Prevalence, costs, and the reference test are taken as right; no interval holds their doubt.",
)
NO_GUARANTEE = (
    "This threshold has no guarantee: it aims at the sensitivity, and a few films cannot promise it. Collect "
    "more positives, as the table below counts them, and calibrate again without the home table."
)


@dataclass(frozen=True, slots=True)
class CalibrationSource:
    """Where a calibration came from, for its front page and its JSON."""

    table: str  # file name
    sha256: str
    date: str
    command: str
    bundle: str | None = None  # name and version, where the threshold goes into one
    bundle_note: str = ""  # how it is known that the scores are the bundle's
    home: str | None = None  # file name of the home table
    home_sha256: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"name": self.table, "sha256": self.sha256, "date": self.date, "command": self.command,
                "bundle": self.bundle, "bundle_note": self.bundle_note, "home": self.home,
                "home_sha256": self.home_sha256}  # fmt: skip


def write_calibration(calibration: LocalCalibration, source: CalibrationSource, out: Path) -> list[Path]:
    """Write calibration.html, .pdf, .json, thresholds.csv, thresholds.parquet, and the pictures.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    paths = write_document(calibration_document(calibration, source), out, name=NAME)
    facts = {"format": 1, "hilum_version": hilum.__version__, "research_use": RESEARCH_USE,
             "table": source.as_json(), **calibration.as_json()}  # fmt: skip
    rows = [row.cells() for row in calibration.table.rows]
    files: dict[str, bytes | str] = {
        f"{NAME}.json": json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "thresholds.csv": _csv_text(rows),
        "thresholds.parquet": _parquet_bytes(rows),
    }
    for name, content in files.items():
        write_whole(out / name, content)
    return [*paths, *(out / name for name in files)]


def calibration_document(calibration: LocalCalibration, source: CalibrationSource) -> Document:
    """The report as records."""
    programme, goal = calibration.request.programme, calibration.request.goal
    facts = [
        ("Table", source.table),
        ("SHA-256", source.sha256),
        ("Date", source.date),
        ("Sample", sample_words(calibration)),
        ("Rows without label", f"{calibration.films.n_unlabelled:,}"),
        ("Goal", f"sensitivity {percent(goal.sensitivity)}, confidence {percent(goal.confidence)}"),
        ("Prevalence", f"{percent(programme.prevalence)}, as stated"),
    ]
    if source.bundle is not None:
        facts.append(("Bundle", f"{source.bundle} ({source.bundle_note})"))
    if source.home is not None:
        facts.append(("Home table", f"{source.home}, SHA-256 {source.home_sha256}"))
    return Document(
        title="Local calibration",
        subtitle="A threshold for these films, this prevalence, and this goal",
        facts=(*facts, ("Command", source.command), ("Hilum", hilum.__version__)),
        summary=summary(calibration),
        sections=tuple(_sections(calibration)),
    )


def _sections(calibration: LocalCalibration) -> Iterator[Section]:
    yield Section("The threshold", tuple(_choice_blocks(calibration)), starts_page=True)
    yield Section("What falls short", (Bullets(shortcomings(calibration)),))
    yield Section("Every threshold", tuple(_threshold_blocks(calibration)))
    yield Section("Yield", tuple(_yield_blocks(calibration)))
    if calibration.groups:
        yield Section("Groups", tuple(_group_blocks(calibration)))
    yield Section("How many films a promise takes", (needed_table(calibration),))
    yield Section("Methods", (Bullets(METHOD), Paragraph(RESEARCH_USE, "note")))


def _choice_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    row = calibration.row
    if row is None:
        yield Paragraph(summary(calibration)[0], "warning")
    elif calibration.request.goal.rule == "home":
        yield Paragraph(NO_GUARANTEE, "warning")
    if row is not None:
        yield chosen_table(calibration, row)
    if calibration.row is not None or calibration.others:
        yield others_table(calibration)


def _threshold_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    yield _picture("scores", calibration_figures.draw_scores(calibration), "Scores of the films by label.")
    yield _picture(
        "rates",
        calibration_figures.draw_rates(calibration),
        "Sensitivity and specificity at every threshold; bands are 95 % intervals.",
    )
    yield rates_table(calibration)
    yield _picture(
        "roc",
        calibration_figures.draw_roc(calibration),
        "Sensitivity against false alarms at every threshold, and the thresholds set side by side above.",
        width=0.72,
    )


def _yield_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    yield _picture(
        "yield",
        calibration_figures.draw_yield(calibration),
        "People with the disease found against confirmatory tests made, of 1,000 screened; the band is the "
        "95 % interval of those found.",
    )
    yield yield_table(calibration)
    if calibration.request.programme.costs is not None:
        caption = (
            "Costs by threshold, up to five times the least; the band is the 95 % interval of the total."
        )
        yield _picture("costs", calibration_figures.draw_costs(calibration), caption)


def _group_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    row = calibration.row
    assert row is not None
    for kind, whole in (("sensitivity", row.sensitivity), ("specificity", row.specificity)):
        shown = [
            (f"{one.column} {one.group}", _of_one_label(getattr(one, kind))) for one in calibration.groups
        ]
        if any(figure.value is not None for _, figure in shown):
            figure = draw_forest(
                [("all", _of_one_label(whole)), *shown], title=f"{kind.capitalize()} by group", measure=kind
            )
            yield _picture(
                f"{kind}-by-group", figure, f"{kind.capitalize()} at the chosen threshold, by group."
            )
    yield groups_table(calibration)


def _of_one_label(rate: Estimate) -> Estimate:
    """With one count, as all films of it have the same label."""
    return replace(rate, n_positive=None)


def _picture(name: str, figure: Figure, caption: str, *, width: float = 1.0) -> Picture:
    return Picture(
        name=f"{NAME}-{name}", png=figures.png_bytes(figure), svg=figures.svg_bytes(figure), caption=caption,
        alternative=caption, width_share=width,
    )  # fmt: skip


def _csv_text(rows: Sequence[dict[str, float | int | None]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _parquet_bytes(rows: Sequence[dict[str, float | int | None]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.int64() if name in COUNTS else pa.float64()) for name in rows[0]])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), buffer)
    return buffer.getvalue()
