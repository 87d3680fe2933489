"""`hilum monitor`: films since, set against films of a time that was found good.

Exit statuses, for a scheduled job: 0 no alarm, 1 an alarm, 2 the tables or the command are no good.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hilum.cli.command_line import command_text
from hilum.cli.table_options import finite

if TYPE_CHECKING:
    from hilum.evaluation.bundle_change import LocalCalibration

# Option -> the role of `evaluation.watched.WatchedColumns`, what it holds, and its usual name.
ROLES = {
    "film": ("film", "the film", "file in a table of hilum screen, else film"),
    "score": ("score", "the score", "probability in a table of hilum screen, else score"),
    "date": ("day", "the date, as 2026-11-24", "date"),
    "site": ("site", "the site", "site"),
    "device": ("device", "the X-ray device", "device"),
    "age": ("age", "the age in years", "age"),
    "sex": ("sex", "the sex", "sex"),
    "patient": ("patient", "the patient", "patient"),
    "label": ("label", "the label: 1, 0, or nothing where not stated", "label"),
    "code": ("code", "the refusal code, nothing where scored", "code"),
    "bundle": ("bundle", "name and version of the reader", "bundle"),
}


def watched_column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--film-column` and its like; a column that is named must be there, others may be."""
    for option, (_, what, usual) in reversed(ROLES.items()):
        command = click.option(
            f"--{option}-column", metavar="NAME", help=f"The column that holds {what}.  [default: {usual}]"
        )(command)
    return command


def _finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    return None if value is None else finite(ctx, param, (value,))[0]


@click.command()
@click.argument("reference", type=click.Path(path_type=Path))
@click.argument("current", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Write the report into this folder.")  # fmt: skip
@click.option("--every", type=click.Choice(["week", "month"]),
              help="Look at the current films week by week or month by month; needs dates.")  # fmt: skip
@click.option("--threshold", type=float, metavar="T", callback=_finite,
              help="Count films as flagged from this score on, in place of the tables' own.")  # fmt: skip
@click.option("--false-alarms", "windows_per_false_alarm", type=click.IntRange(2, 1000), default=100,
              show_default=True, metavar="N",
              help="Where nothing has changed, one window in N raises an alarm.")  # fmt: skip
@click.option("--within-mix", is_flag=True,
              help="Judge films against reference films of their own site and device only, so that a changed "
                   "mix raises no alarm.")  # fmt: skip
@click.option("--calibrated", "calibrated_bundle", metavar="BUNDLE",
              help="A bundle that `hilum calibrate` wrote for the reader of the current films; without it "
                   "another reader than the reference's is an alarm.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of every draw.")
@watched_column_options
def monitor(reference: Path, current: Path, out: Path, **options: Any) -> None:
    """Tell whether scores, refusals, or films have changed since.

    REFERENCE and CURRENT are tables of `hilum screen` or prediction tables (.csv, .json, .parquet), to which
    dates, sites, devices, ages, sexes, and labels may be added as columns.

    Writes monitor.html, monitor.pdf, monitor.json, and visualisations/ into the folder.
    The exit status is 0 without an alarm, 1 with one, and 2 where the tables cannot be compared.
    """
    from hilum.errors import OutputRefused
    from hilum.evaluation.monitoring import MonitorSettings, monitor
    from hilum.evaluation.watched import WatchedColumns, read_watched
    from hilum.reports.monitor_report import summary_lines, write_monitoring

    if out.exists() and not out.is_dir():
        raise OutputRefused(f"{out}: is a file, and --out must be a folder")
    columns = WatchedColumns(**{role: options.pop(f"{name}_column") for name, (role, *_) in ROLES.items()})
    calibration = _calibration(options.pop("calibrated_bundle"))
    tables = read_watched(reference, columns), read_watched(current, columns)
    found = monitor(*tables, MonitorSettings(**options), calibration)
    page = write_monitoring(found, tables, out, command=command_text(click.get_current_context()))[0]
    for line in (*summary_lines(found), f"report: {page}"):
        click.echo(line)
    click.get_current_context().exit(1 if found.is_alarm else 0)


def _calibration(bundle: str | None) -> LocalCalibration | None:
    if bundle is None:
        return None
    from hilum.errors import ThresholdRefused
    from hilum.evaluation.bundle_change import LocalCalibration
    from hilum.inference.bundle import read_bundle
    from hilum.inference.local_point import check_default_point

    found = read_bundle(bundle)
    if not check_default_point(found):
        raise ThresholdRefused(
            f"{bundle}: its threshold was not chosen on local films; give the copy that `hilum calibrate "
            "--bundle` wrote"
        )
    point = found.default_point
    return LocalCalibration(found.label, point.threshold, point.source)
