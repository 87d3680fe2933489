"""`hilum screen`: films in, a row a film out.

Exit statuses: 0 every film was scored, 1 at least one was refused, 2 usage or an error that stops the run.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click


class Probability(click.FloatRange):
    """A number of 0..1; click's own range lets NaN through, which no film would ever reach."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("nan is not a number", param, ctx)
        return number


class ProbabilityOrFile(Probability):
    """A probability, or the path of a calibration, which says whose scores its threshold is for."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and (value.lower().endswith(".json") or Path(value).is_file()):
            return Path(value)
        return super().convert(value, param, ctx)


@click.command()
@click.argument("films", nargs=-1, required=True, metavar="FILES_OR_FOLDERS...")
@click.option("--bundle", default="hilum-base", show_default=True, metavar="NAME_OR_FOLDER",
              help="The reader: a shipped bundle's name, or a bundle's folder.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Write the table, heat maps, and screening.html into this folder.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True,
              help="Print one JSON array and nothing else; with --out, write screening.json.")  # fmt: skip
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV; with --out, write screening.csv (the default)."
)
@click.option("--parquet", "as_parquet", is_flag=True, help="Write screening.parquet into --out.")
@click.option("--threshold", type=ProbabilityOrFile(0, 1), metavar="T_OR_FILE",
              help="Flag from this probability on, in place of the bundle's own cut; or a calibration.json "
                   "that `hilum calibrate` wrote for this bundle.")  # fmt: skip
@click.option("--min-age", "minimum_age_years", type=Probability(0, 130), metavar="YEARS",
              help="Refuse patients under this age, where a DICOM header tells it, in place of the "
                   "bundle's own limit, which is 15 for the shipped one; 0 reads every age.")  # fmt: skip
@click.option("--error-rate", type=Probability(0, 1), metavar="RATE",
              help="What is ruled out may be wrong for this share of films like the bundle's own: one of the "
                   "bundle's rates, by default its first, which is 0.1 for the shipped ones.")  # fmt: skip
@click.option("--jobs", "n_jobs", type=click.IntRange(1, 256), metavar="N",
              help="Films to read at a time; by default one a core, 8 at most.")  # fmt: skip
@click.option("--heat-maps/--no-heat-maps", default=True, show_default=True,
              help="Write a picture a film into --out, showing where the score comes from.")  # fmt: skip
def screen(**options: Any) -> None:
    """Score films for signs consistent with tuberculosis.

    PNG, JPEG, and DICOM files, mixed, in any number; folders are searched through.
    A file that cannot be read gets its row with the reason, and the rest goes on.
    The exit status is 0 when every film was scored, 1 when some were refused, 2 when nothing could be done.
    """
    if "" in options["films"]:
        raise click.UsageError("an empty name is neither a film nor a folder")
    form = _table_form(options.pop("as_json"), options.pop("as_csv"), options.pop("as_parquet"))
    if form == "parquet" and options["out"] is None:
        raise click.UsageError("--parquet needs --out DIR: Parquet is not for a terminal")
    from hilum.cli.screen_job import ScreenJob, run

    n_refused = run(ScreenJob(form=form, **options))
    click.get_current_context().exit(1 if n_refused else 0)


def _table_form(as_json: bool, as_csv: bool, as_parquet: bool) -> str:
    asked = [
        name for name, is_asked in (("json", as_json), ("csv", as_csv), ("parquet", as_parquet)) if is_asked
    ]
    if len(asked) > 1:
        raise click.UsageError(f"--{asked[0]} and --{asked[1]} exclude one another")
    return asked[0] if asked else "text"
