"""One run of `hilum calibrate`: read, choose, write the report, and last the bundle.

Trap: what can be refused is refused before anything is written, the place of the bundle too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from hilum.cli.table_options import naming, table_columns
from hilum.errors import OutputRefused, TableInvalid
from hilum.evaluation.local_calibration import CalibrationRequest, LocalCalibration, calibrate
from hilum.evaluation.programme import Costs, Programme
from hilum.evaluation.table import Columns, read_predictions
from hilum.evaluation.threshold_choice import Goal
from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import Bundle, read_bundle
from hilum.inference.bundle_facts import OperatingPoint
from hilum.inference.bundle_scores import Scale, as_probabilities, names_bundle, refuse_second_scale
from hilum.inference.recalibrated import write_recalibrated
from hilum.records import Prediction
from hilum.reports.calibration_report import CalibrationSource, write_calibration
from hilum.reports.calibration_words import promise, sample_words, summary

POINT_NAMES = {"confidence": "local-sensitivity", "average": "local-average", "home": "local-no-guarantee"}
MARK_DIGITS = 8  # of the table's SHA-256, in the bundle's version


@dataclass(frozen=True)
class CalibrateJob:
    """What was asked for."""

    table: Path
    out: Path
    columns: Columns
    request: CalibrationRequest
    scale: Scale
    bundle: str | None
    home: Path | None
    home_score_column: str | None
    command: str

    @classmethod
    def from_options(
        cls, table: Path, out: Path, options: Mapping[str, Any], *, command: str
    ) -> CalibrateJob:
        """From the command line's options, by the names that click gives them."""
        left = dict(options)
        columns = table_columns(left)
        goal = Goal(left["sensitivity"], left["confidence"], "home" if left["home"] else left["rule"])
        costs = {name: left[f"cost_{name}"] for name in ("screen", "test", "fixed")}
        given = {name: cost for name, cost in costs.items() if cost is not None}
        programme = Programme(
            prevalence=left["prevalence"], people=left["people"], costs=Costs(**given) if given else None,
            currency=left["currency"],
        )  # fmt: skip
        request = CalibrationRequest(
            goal, programme, subgroups=tuple(dict.fromkeys(left["subgroups"])),
            weight_column=left["weight_column"], seed=left["seed"],
        )  # fmt: skip
        picked = {name: left[name] for name in ("scale", "bundle", "home", "home_score_column")}
        return cls(table, out, columns, request, command=command, **picked)


def run(job: CalibrateJob) -> bool:
    """Do the job and return whether a threshold was chosen.

    Raises:
        HilumError: the table, the bundle, or the folder is no good, and nothing was written.
    """
    if job.out.exists() and not job.out.is_dir():
        raise OutputRefused(f"{job.out}: is a file, and --out must be a folder")
    bundle = None if job.bundle is None else read_bundle(job.bundle)
    place = job.out / "bundle"
    if bundle is not None and place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise OutputRefused(f"{place} already holds something; a bundle is never written over")
    rows = _scored_rows(job.table, job.columns, bundle, job.scale)
    request = _request(job, bundle)
    with naming(job.table):
        calibration = calibrate(rows, request)
    source = _source(job, rows, bundle)
    paths = write_calibration(calibration, source, job.out)
    for line in summary(calibration):
        click.echo(line, err=calibration.row is None)
    click.echo(f"report: {paths[0]}")
    if bundle is not None and calibration.row is not None:
        written = write_recalibrated(
            bundle, place, point=_point(calibration, source, bundle, job),
            record=_record(calibration, source), mark=source.sha256[:MARK_DIGITS],
        )  # fmt: skip
        click.echo(f"next: hilum screen FILES --bundle {written.folder}")
    return calibration.row is not None


def _scored_rows(path: Path, columns: Columns, bundle: Bundle | None, scale: Scale) -> list[Prediction]:
    rows = read_predictions(path, columns)
    if bundle is None:
        return rows
    try:
        return as_probabilities(rows, bundle, scale=scale)
    except TableInvalid as error:
        raise TableInvalid(f"{path}: {error}") from None


def _request(job: CalibrateJob, bundle: Bundle | None) -> CalibrationRequest:
    """With the home positives and the bundle's own thresholds, where there are such."""
    request = job.request
    if job.home is not None:
        columns = replace(job.columns, score=job.home_score_column or job.columns.score)
        rows = _scored_rows(job.home, columns, bundle, job.scale)
        try:
            refuse_second_scale(rows)
        except TableInvalid as error:
            raise TableInvalid(f"{job.home}: {error} (--home-score-column)") from None
        if file_sha256(job.home) == file_sha256(job.table):
            raise TableInvalid(
                f"{job.home}: is the table that is calibrated; --home takes one from elsewhere"
            )
        positives = tuple(row.score for row in rows if row.label == 1)
        if not positives:
            raise TableInvalid(f"{job.home}: no positive film, so there is nothing to mix in")
        request = replace(request, goal=replace(request.goal, home_positives=positives))
    if bundle is not None:
        compared = tuple((point.name, point.threshold) for point in bundle.operating_points)
        request = replace(request, compared=compared)
    return request


def _source(job: CalibrateJob, rows: list[Prediction], bundle: Bundle | None) -> CalibrationSource:
    note = "named in the table" if names_bundle(rows) else "on the word of who ran the command"
    return CalibrationSource(
        table=job.table.name,
        sha256=file_sha256(job.table),
        date=date.today().isoformat(),
        command=job.command,
        bundle=None if bundle is None else bundle.label,
        bundle_note="" if bundle is None else note,
        home=None if job.home is None else job.home.name,
        home_sha256=None if job.home is None else file_sha256(job.home),
    )


def _point(
    calibration: LocalCalibration, source: CalibrationSource, bundle: Bundle, job: CalibrateJob
) -> OperatingPoint:
    row, goal = calibration.row, calibration.request.goal
    assert row is not None
    where = _sites(calibration)
    text = (
        f"{promise(calibration)}, on {sample_words(calibration)}, of {where}, in {source.table} (SHA-256 "
        f"{source.sha256}), {source.date}; scored by {source.bundle} ({source.bundle_note}); its figures are "
        f"of the films that chose it, so its sensitivity flatters; by: {job.command}"
    )
    return OperatingPoint(
        name=f"{POINT_NAMES[goal.rule]}-{100 * goal.sensitivity:g}",
        finding=bundle.default_point.finding,
        threshold=row.threshold,
        source=text,
        sensitivity=row.sensitivity,
        specificity=row.specificity,
    )


def _record(calibration: LocalCalibration, source: CalibrationSource) -> dict[str, Any]:
    """Where the threshold came from, for the bundle; all but the table of thresholds."""
    facts = calibration.as_json()
    del facts["thresholds"]
    head = {"format": 1, "table": source.as_json(), "site": _sites(calibration)}
    return head | {"method": promise(calibration)} | facts


def _sites(calibration: LocalCalibration) -> str:
    sites = sorted({row.site for row in calibration.films.rows if row.site})
    if not sites:
        return "a site that the table does not name"
    shown = ", ".join(sites[:5])
    return shown if len(sites) <= 5 else f"{shown}, and {len(sites) - 5} more sites"
