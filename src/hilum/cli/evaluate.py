"""`hilum evaluate`: a prediction table becomes a page, numbers, and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hilum.cli.table_options import column_options, finite, read_table


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Write the page, the numbers, and the pictures into this folder.")  # fmt: skip
@click.option("--threshold", "thresholds", type=float, multiple=True, metavar="T", callback=finite,
              help="Report this cut, on the score's own scale; may be given again.")  # fmt: skip
@click.option("--sensitivity", "sensitivities", type=click.FloatRange(0, 1, min_open=True), multiple=True,
              callback=finite, default=(0.9,), show_default=True, metavar="S",
              help="Choose and report a cut that reaches this sensitivity; may be given again.")  # fmt: skip
@click.option("--draws", "n_draws", type=click.IntRange(100, 100_000), default=1000, show_default=True,
              help="Samples of each bootstrap.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@column_options
def evaluate(predictions: Path, out: Path, **options: Any) -> None:
    """Measure a table of predictions, with intervals.

    PREDICTIONS is a .csv or .parquet file, a row a film, with the columns film, label, and score;
    patient, site, age, sex, and fold are used where they are there.

    Writes evaluation.html, evaluation.json, and visualisations/ into the folder.
    """
    from hilum.errors import OutputRefused
    from hilum.evaluation.summary import EvaluationSettings, summarise
    from hilum.reports.evaluation import summary_lines, write_evaluation

    if out.exists() and not out.is_dir():
        raise OutputRefused(f"{out}: is a file, and --out must be a folder")
    rows = read_table(predictions, options)
    evaluation = summarise(rows, EvaluationSettings(**options))
    page = write_evaluation(evaluation, predictions, out)[0]
    for line in (*summary_lines(evaluation), f"page: {page}"):
        click.echo(line)
