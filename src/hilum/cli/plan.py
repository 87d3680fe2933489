"""`hilum plan`: how many films a study takes, and how to take them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hilum.cli.command_line import command_text
from hilum.cli.table_options import finite

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
LOSS = click.FloatRange(0, 1, max_open=True)
WIDTH = click.FloatRange(0, 0.5, min_open=True)
AUC = click.FloatRange(0.5, 1, min_open=True, max_open=True)
SAMPLINGS = ("consecutive", "enriched", "two-phase")

Command = Callable[..., Any]


def number(
    option: str, kind: click.ParamType[Any], told: str, *, default: float | None = None, name: str = ""
) -> Callable[[Command], Command]:
    """An option that takes one finite number; `name` is the parameter's where it is not the option's."""
    names = (option, name) if name else (option,)
    return click.option(*names, type=kind, default=default, show_default=default is not None, callback=finite,
                        metavar="N", help=told)  # fmt: skip


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Write the page, the PDF, the numbers, and the pictures into this folder.")  # fmt: skip
@number("--sensitivity", SHARE, "Expected sensitivity.")
@number("--specificity", SHARE, "Expected specificity.")
@number("--half-width", WIDTH, "Of the interval of each.", default=0.05)
@number("--least-sensitivity", SHARE, "Show that the sensitivity is at least this.")
@number("--least-specificity", SHARE, "Show that the specificity is at least this.")
@number("--auc", AUC, "Expected AUC.")
@number("--auc-half-width", WIDTH, "Of the AUC's interval, where it is not that of --half-width.")
@number("--least-auc", click.FloatRange(0.5, 1, max_open=True), "Show that the AUC is above this.")
@number("--reference-auc", AUC, "Tell the AUC from another reader's on the same films.")
@number("--correlation", LOSS, "Of the two AUCs.", default=0.5)
@number("--margin", SHARE, "Show the AUC not worse than the reference's by this margin.")
@number("--guarantee", SHARE, "The sensitivity that `hilum calibrate` is to promise.")
@number("--excess", SHARE, "By which its threshold may be more sensitive than that.", default=0.05)
@number("--confidence", SHARE, "Of intervals, bounds, and the promise.", default=0.95)
@number("--assurance", SHARE, "Chance that a bound, or a number of positives, is reached.", default=0.8)
@number("--power", SHARE, "Of the tests of AUCs.", default=0.8)
@click.option("--sampling", type=click.Choice(SAMPLINGS), default=SAMPLINGS[0], show_default=True,
              help="How the films come.")  # fmt: skip
@number("--prevalence", SHARE, "Share with the finding among those who come.")
@number(
    "--negatives-per-positive", click.FloatRange(0.01, 1000), "In an enriched study of an AUC.", default=1.0
)
@number(
    "--verified-share", click.FloatRange(0, 1, min_open=True), "Of unflagged films, in a two-phase study."
)
@number("--icc", LOSS, "Intraclass correlation of being read rightly.", default=0.0)
@number("--cluster-size", click.FloatRange(1), "Films of a label from one patient or site, on average.",
        default=1.0)  # fmt: skip
@number("--refused", LOSS, "Share of films that the reader refuses.", default=0.0, name="refused_share")
@number("--no-reference", LOSS, "Share of reference tests that fail or are missing.", default=0.0,
        name="unverified_share")  # fmt: skip
def plan(out: Path, **options: Any) -> None:
    """Say how many films a validation or calibration takes.

    Ask for as much as the study is to answer: the precision of sensitivity, specificity, or AUC; that one of
    them is above a floor; that two readers differ, or that one is not worse; or the promise of `hilum
    calibrate`.

    Writes plan.html, plan.pdf, plan.json, and visualisations/ into the folder.
    """
    from hilum.errors import OutputRefused
    from hilum.evaluation.plan_settings import PlanSettings
    from hilum.evaluation.study_plan import plan_study
    from hilum.reports.plan_report import summary_lines, write_plan

    if out.exists() and not out.is_dir():
        raise OutputRefused(f"{out}: is a file, and --out must be a folder")
    found = plan_study(PlanSettings(**options))
    page = write_plan(found, out, command=command_text(click.get_current_context()))[0]
    for line in (*summary_lines(found), f"page: {page}"):
        click.echo(line)
