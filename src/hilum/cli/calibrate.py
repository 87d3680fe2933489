"""`hilum calibrate`: a threshold for a place, from its own films, and what each threshold would do there.

Exit statuses: 0 a threshold was chosen, 1 the report is written but the sample is too small for a threshold,
2 usage or an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hilum.cli.screen import Probability
from hilum.cli.table_options import column_options

SHARE = Probability(0, 1, min_open=True, max_open=True)
GOAL = Probability(0, 0.999, min_open=True)  # 0.999 takes 2,995 positives; more than that is no study


class Amount(click.FloatRange):
    """A finite number from 0; click's own range lets NaN and infinity through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not number < float("inf"):
            self.fail(f"{number} is not a finite number", param, ctx)
        return number


@click.command(short_help="Choose a threshold on local films, with a guarantee.")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Write the report, the numbers, and the thresholds into this folder.")  # fmt: skip
@click.option("--prevalence", type=SHARE, required=True, metavar="P",
              help="Share of the people to be screened who have the disease, between 0 and 1.")  # fmt: skip
@click.option("--sensitivity", type=GOAL, default=0.9, show_default=True, metavar="S",
              help="The sensitivity that the threshold must hold.")  # fmt: skip
@click.option("--confidence", type=GOAL, default=0.95, show_default=True, metavar="C",
              help="The confidence with which it must hold it.")  # fmt: skip
@click.option("--guarantee", "rule", type=click.Choice(["confidence", "average"]), default="confidence",
              show_default=True,
              help="Hold the sensitivity with the confidence, or on the mean of such samples.")  # fmt: skip
@click.option("--home", type=click.Path(path_type=Path), metavar="TABLE",
              help="For a sample too small for a guarantee: mix its positives with this table's, "
                   "scored by the same reader elsewhere. The threshold then has no guarantee.")  # fmt: skip
@click.option("--home-score-column", metavar="NAME",
              help="The home table's score column, where it is another one.")  # fmt: skip
@click.option("--bundle", metavar="NAME_OR_FOLDER",
              help="The bundle that scored the films: write a copy of it to DIR/bundle.")  # fmt: skip
@click.option("--score-is", "scale", type=click.Choice(["probability", "percent"]), default="probability",
              show_default=True,
              help="With --bundle: what the scores are, 0..1 or the page's 0..100.")  # fmt: skip
@click.option("--subgroup", "subgroups", multiple=True, metavar="COLUMN",
              help="Show the threshold by site, sex, age, or other column; may be given again.")  # fmt: skip
@click.option("--weight-column", metavar="NAME",
              help="How many people each film stands for, where films were not drawn evenly.")  # fmt: skip
@click.option("--cost-screen", type=Amount(0), metavar="COST", help="Cost of screening one person.")
@click.option("--cost-test", type=Amount(0), metavar="COST", help="Cost of one confirmatory test.")
@click.option("--cost-fixed", type=Amount(0), metavar="COST", help="Cost of the programme, whoever comes.")
@click.option("--people", type=click.IntRange(1, 10_000_000_000), default=1000, show_default=True,
              help="People to be screened, for the costs.")  # fmt: skip
@click.option("--currency", default="", metavar="NAME", help="Of the costs, for the report.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of the parts of the cross-fit, and of thinning by weight.")  # fmt: skip
@column_options
def calibrate(table: Path, out: Path, **options: Any) -> None:
    """Choose a threshold on local films, with a guarantee, and tell what each threshold would do.

    TABLE is a .csv or .parquet file, a row a film, with the columns film, label, and score, from any reader;
    patient, site, age, and sex are used where they are there.
    The label is the reference test; name another column of 1 and 0 by --label-column.

    Writes calibration.html, .pdf, .json, thresholds.csv, thresholds.parquet, and with --bundle a bundle
    that screens at the new threshold.
    The exit status is 1 where the sample is too small for the guarantee: the report says what it takes.
    """
    from hilum.cli.calibrate_job import CalibrateJob, run
    from hilum.cli.command_line import command_text

    if options["home_score_column"] and not options["home"]:
        raise click.UsageError("--home-score-column needs --home TABLE")
    if options["home"] and options["rule"] == "average":
        raise click.UsageError("--home gives no guarantee, so --guarantee average does not go with it")
    if options["scale"] == "percent" and not options["bundle"]:
        raise click.UsageError("--score-is percent needs --bundle: without one the scores stay as they are")
    ctx = click.get_current_context()
    is_chosen = run(CalibrateJob.from_options(table, out, options, command=command_text(ctx)))
    ctx.exit(0 if is_chosen else 1)
