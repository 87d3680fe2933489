"""The report of a local calibration: a document, its numbers as JSON, and every threshold as CSV and Parquet.

Trap: the document shows a pick of the thresholds, the tables all of them; both come from the same rows.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import hilum
from hilum.evaluation.local_calibration import LocalCalibration
from hilum.evaluation.threshold_choice import Chosen
from hilum.evaluation.threshold_table import ThresholdRow
from hilum.records import Estimate
from hilum.reports import calibration_figures, figures
from hilum.reports.calibration_words import promise, sample_words, shortcomings, summary
from hilum.reports.document import Block, Bullets, Document, Paragraph, Picture, Section, Table
from hilum.reports.document_files import write_document
from hilum.reports.evidence.forest import draw_forest
from hilum.reports.page import RESEARCH_USE, write_whole

NAME = "calibration"
N_SHOWN = 21  # thresholds in the document
METHOD = (
    "The promise with confidence is a one-sided tolerance limit of the positives' scores (Wilks 1941), the same as "
    "the highest threshold at which Clopper and Pearson's bound (1934) reaches the goal.",
    "The promise on average is conformal risk control (Angelopoulos et al. 2022) with a missed case as the loss.",
    "Intervals of rates are Wilson's at 95 %, by patient where patients have several films (Rao and Scott 1992) and "
    "weighted where films stand for different numbers of people; those of predictive values join the two rates' "
    "(Donner and Zou 2012); those of tests and of total costs square and add them (Newcombe 1998).",
    "Yield and costs follow WHO and TDR's toolkit: Determining the local calibration of computer-assisted detection "
    "(CAD) thresholds and other parameters, 2021.",
    "Prevalence, costs, and the reference test are taken as right; their doubt is in no interval.",
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
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    rows = [row.cells() for row in calibration.table.rows]
    files: dict[str, bytes | str] = {
        f"{NAME}.json": text + "\n",
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
        ("Goal", f"sensitivity {goal.sensitivity:.4g}, confidence {goal.confidence:.4g}"),
        ("Prevalence", f"{programme.prevalence:.4g}, as stated"),
        *([("Bundle", f"{source.bundle} ({source.bundle_note})")] if source.bundle else []),
        *([("Home table", f"{source.home}, SHA-256 {source.home_sha256}")] if source.home else []),
        ("Command", source.command),
        ("Hilum", hilum.__version__),
    ]
    return Document(
        title="Local calibration",
        subtitle="A threshold for these films, this prevalence, and this goal",
        facts=tuple(facts),
        summary=summary(calibration),
        sections=tuple(_sections(calibration)),
    )


def _sections(calibration: LocalCalibration) -> Iterator[Section]:
    yield Section("The threshold", tuple(_choice_blocks(calibration)))
    yield Section("What falls short", (Bullets(shortcomings(calibration)),))
    yield Section("Every threshold", tuple(_threshold_blocks(calibration)), starts_page=True)
    yield Section("Yield", tuple(_yield_blocks(calibration)))
    if calibration.groups:
        yield Section("Groups", tuple(_group_blocks(calibration)))
    yield Section("How many films a promise takes", (_needed_table(calibration),))
    yield Section("Methods", (Bullets(METHOD), Paragraph(RESEARCH_USE, "note")))


def _choice_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    row = calibration.row
    if row is None:
        yield Paragraph(summary(calibration)[0], "warning")
    elif calibration.request.goal.rule == "home":
        yield Paragraph(
            "This threshold aims at the sensitivity and promises nothing: a few films cannot. Collect more positives "
            "and calibrate again without the home table.",
            "warning",
        )
    if row is not None:
        yield _chosen_table(calibration, row)
    yield _others_table(calibration)
    yield _picture("scores", calibration_figures.draw_scores(calibration), "Scores of the films by label.")
    yield _picture(
        "roc", calibration_figures.draw_roc(calibration),
        "Sensitivity against false alarms at every threshold, with those of the table above.", width=0.72,
    )  # fmt: skip


def _chosen_table(calibration: LocalCalibration, row: ThresholdRow) -> Table:
    chosen, crossed = calibration.chosen, calibration.cross_fitted
    assert isinstance(chosen, Chosen)
    counts = row.counts
    lines = [
        ("Threshold", f"{row.threshold:.6g}", promise(calibration)),
        ("Positive patients", f"{chosen.n:,}", _misses(chosen)),
        ("True positive, false negative", f"{counts.true_positive:,}, {counts.false_negative:,}", "films"),
        ("False positive, true negative", f"{counts.false_positive:,}, {counts.true_negative:,}", "films"),
    ]
    lines += [
        (_title(name), _text(figure), _note(figure)) for name, figure in row.figures().items()
    ]
    if crossed is not None:
        for name, figure in zip(("Sensitivity, cross-fitted", "Specificity, cross-fitted"), crossed, strict=True):
            lines.append((name, _text(figure), _note(figure)))
    return Table(
        ("Figure", "Value (95 % interval)", "Of what, and how"), tuple(lines), caption="The chosen threshold",
        note="Sensitivity on the films that chose the threshold is optimistic; see the cross-fitted one.",
    )  # fmt: skip


def _others_table(calibration: LocalCalibration) -> Table:
    rows = []
    if calibration.row is not None:
        rows.append(("Chosen", promise(calibration), *_short_cells(calibration.row)))
    rows += [(other.name, other.promise, *_short_cells(other.row)) for other in calibration.others]
    return Table(
        ("Threshold", "What it promises", "At", "Sensitivity", "Specificity", "Tests of 1,000", "Found of 1,000"),
        tuple(rows), caption="Beside other thresholds",
        note="On the same films; those chosen on them are optimistic in sensitivity.",
    )  # fmt: skip


def _threshold_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    yield _picture(
        "rates", calibration_figures.draw_rates(calibration),
        "Sensitivity and specificity at every threshold; bands are 95 % intervals.",
    )  # fmt: skip
    rows = _pick(calibration.table.rows, calibration.row)
    cells = tuple(
        (f"{row.threshold:.4g}{' *' if row.threshold == _cut(calibration) else ''}", *_count_cells(row),
         *(_text(figure, 2) for figure in (row.sensitivity, row.specificity)),
         *(_value(figure, 3) for figure in (row.values.positive, row.values.negative)))
        for row in rows
    )  # fmt: skip
    yield Table(
        ("Threshold", "TP", "FN", "FP", "TN", "Sensitivity", "Specificity", "PPV", "NPV"), cells,
        caption="Counts and rates",
        note=f"{len(rows)} of {len(calibration.table.rows):,} thresholds; thresholds.csv and thresholds.parquet hold "
        "all, with every interval. PPV and NPV at the stated prevalence. * chosen.",
    )  # fmt: skip


def _yield_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    yield _picture(
        "yield", calibration_figures.draw_yield(calibration),
        "People with the disease found against confirmatory tests made, of 1,000 screened.",
    )  # fmt: skip
    has_costs = calibration.request.programme.costs is not None
    if has_costs:
        yield _picture(
            "costs", calibration_figures.draw_costs(calibration), "Costs by threshold; bands are 95 % intervals."
        )
    names = ["found", "missed", "false_alarms", "tests", "tests_saved", "tests_per_case"]
    names += ["total_cost", "cost_per_case"] if has_costs else []
    rows = _pick(calibration.table.rows, calibration.row)
    cells = []
    for row in rows:
        figures_of = row.outcome.figures()
        star = " *" if row.threshold == _cut(calibration) else ""
        cells.append((f"{row.threshold:.4g}{star}", *(_value(figures_of[name], 1) for name in names)))
    yield Table(
        ("Threshold", *map(_title, names)), tuple(cells), caption="Of 1,000 people screened",
        note="Costs are of all people of the programme, in the currency of the inputs. * chosen.",
    )  # fmt: skip


def _group_blocks(calibration: LocalCalibration) -> Iterator[Block]:
    row = calibration.row
    assert row is not None
    for kind in ("sensitivity", "specificity"):
        whole = getattr(row, kind)
        shown = [(f"{one.column} {one.group}", getattr(one, kind)) for one in calibration.groups]
        if any(figure.value is not None for _, figure in shown):
            figure = draw_forest([("all", whole), *shown], title=f"{kind.capitalize()} by group", measure=kind)
            yield _picture(f"groups-{kind}", figure, f"{kind.capitalize()} at the chosen threshold, by group.")
    cells = tuple(
        (f"{one.column}: {one.group}", f"{one.n:,}", _counted(one.sensitivity), _counted(one.specificity))
        for one in calibration.groups
    )
    yield Table(
        ("Group", "Films", "Sensitivity", "Specificity"), cells, caption="The chosen threshold by group",
        note="The promise is for all groups together; a small group's figure swings by chance.",
    )  # fmt: skip


def _needed_table(calibration: LocalCalibration) -> Table:
    goal, prevalence = calibration.request.goal, calibration.request.programme.prevalence
    rows = tuple(
        (f"{needed.misses}", f"{needed.positives:,}", f"{needed.films:,}") for needed in calibration.needed
    )
    return Table(
        ("Positives that may be missed", "Positive patients", "Films of people as they come"), rows,
        caption=f"For a sensitivity of {goal.sensitivity:.4g} with {goal.confidence:.4g} confidence",
        note=f"Films: on average, at a prevalence of {prevalence:.4g}. With fewer positives than in the first line "
        "nothing can be promised; more of them let the threshold rise, and specificity with it.",
    )  # fmt: skip


def _pick(rows: Sequence[ThresholdRow], chosen: ThresholdRow | None) -> list[ThresholdRow]:
    """At most `N_SHOWN` rows, evenly, and the chosen one."""
    places = set(np.linspace(0, len(rows) - 1, min(N_SHOWN, len(rows))).round().astype(int).tolist())
    if chosen is not None:
        places.add(next(at for at, row in enumerate(rows) if row.threshold == chosen.threshold))
    return [rows[at] for at in sorted(places)]


def _cut(calibration: LocalCalibration) -> float | None:
    return None if calibration.row is None else calibration.row.threshold


def _misses(chosen: Chosen) -> str:
    if chosen.n_allowed is None:
        return f"{chosen.n_missed:,} score below"
    return f"{chosen.n_allowed:,} may score below, {chosen.n_missed:,} do; at least {chosen.bound:.3f} with confidence"


def _count_cells(row: ThresholdRow) -> tuple[str, ...]:
    counts = row.counts
    return tuple(
        f"{count:,}"
        for count in (counts.true_positive, counts.false_negative, counts.false_positive, counts.true_negative)
    )


def _short_cells(row: ThresholdRow) -> tuple[str, ...]:
    return (f"{row.threshold:.4g}", _text(row.sensitivity), _text(row.specificity),
            _value(row.outcome.tests, 0), _value(row.outcome.found, 1))  # fmt: skip


def _title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " ").capitalize())


TITLES = {
    "found": "Found of 1,000",
    "missed": "Missed of 1,000",
    "false_alarms": "False alarms of 1,000",
    "tests": "Tests of 1,000",
    "tests_saved": "Tests saved of 1,000",
    "tests_per_case": "Tests per case",
    "screened_per_case": "Screened per case",
}


def _text(figure: Estimate, digits: int = 3) -> str:
    if figure.value is None:
        return f"not estimable: {figure.why}"
    if figure.value >= 10:
        digits = 1
    interval = "no interval" if figure.low is None and figure.high is None else _ends(figure, digits)
    return f"{figure.value:,.{digits}f} ({interval})"


def _ends(figure: Estimate, digits: int) -> str:
    low = "0" if figure.low is None else f"{figure.low:,.{digits}f}"
    return f"from {low}" if figure.high is None else f"{low} to {figure.high:,.{digits}f}"


def _value(figure: Estimate, digits: int) -> str:
    return "–" if figure.value is None else f"{figure.value:,.{digits}f}"


def _counted(figure: Estimate) -> str:
    return f"{_text(figure)}, n = {figure.n:,}" if figure.value is not None else _text(figure)


def _note(figure: Estimate) -> str:
    return f"n = {figure.n:,}; {figure.method or figure.why}"


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

    counts = ("true_positive", "false_positive", "false_negative", "true_negative")
    schema = pa.schema([(name, pa.int64() if name in counts else pa.float64()) for name in rows[0]])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), buffer)
    return buffer.getvalue()
