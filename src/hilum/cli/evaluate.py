"""`hilum evaluate`: a prediction table becomes a file of evidence: page, PDF, numbers, and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hilum.cli.command_line import command_text
from hilum.cli.table_options import column_options, finite, naming, read_table

if TYPE_CHECKING:
    from hilum.evaluation.summary import Evaluation
    from hilum.reports.evidence.gallery import FailureGallery

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Write the page, the PDF, the numbers, and the pictures into this folder.")  # fmt: skip
@click.option("--threshold", "thresholds", type=float, multiple=True, metavar="T", callback=finite,
              help="Report this threshold, on the score's own scale; may be repeated.")  # fmt: skip
@click.option("--sensitivity", "sensitivities", type=click.FloatRange(0, 1, min_open=True), multiple=True,
              callback=finite, default=(0.9,), show_default=True, metavar="S",
              help="Choose and report the threshold that reaches it; may be repeated.")  # fmt: skip
@click.option("--prevalence", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="P",
              callback=finite, help="Share who have the finding among those screened.")  # fmt: skip
@click.option("--subgroup", "subgroup_columns", multiple=True, metavar="COLUMN",
              help="Report by the groups of this column too; may be repeated.")  # fmt: skip
@click.option("--score-scale", type=click.FloatRange(0, min_open=True), callback=finite, metavar="MAX",
              help="The score that means certainty, as 100; 1 where left out.")  # fmt: skip
@click.option("--controls", "controls_path", type=FILE, metavar="FILE",
              help="The controls.json of a cross-validation, to stand beside the score.")  # fmt: skip
@click.option("--manifest", "manifest_path", type=FILE, metavar="MANIFEST",
              help="Show the films that the score gets wrong, from this manifest.")  # fmt: skip
@click.option("--bundle", "bundle_name", metavar="BUNDLE",
              help="Draws the heat maps of those films; the default bundle where left out.")  # fmt: skip
@click.option("--title", default="Evidence file", show_default=True, help="The title of the file.")
@click.option("--draws", "n_draws", type=click.IntRange(100, 100_000), default=1000, show_default=True,
              help="Samples of each bootstrap.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@column_options
def evaluate(predictions: Path, out: Path, **options: Any) -> None:
    """Measure a table of predictions, with intervals.

    PREDICTIONS is a .csv or .parquet file, a row a film, with the columns film, label, and score;
    patient, site, age, sex, and fold are used where they are there.

    Writes evidence.html, evidence.pdf, evidence.json, and visualisations/ into the folder.
    """
    from hilum.errors import OutputRefused

    if options["bundle_name"] and not options["manifest_path"]:
        raise click.UsageError("--bundle draws the films of a --manifest; give one")
    if out.exists() and not out.is_dir():
        raise OutputRefused(f"{out}: is a file, and --out must be a folder")
    for line in _write(predictions, out, command_text(click.get_current_context()), options):
        click.echo(line)


def _write(predictions: Path, out: Path, command: str, options: dict[str, Any]) -> list[str]:
    """Measure, write, and return the lines of the terminal."""
    from datetime import date

    from hilum.evaluation.summary import EvaluationSettings, summarise
    from hilum.reports.evidence.controls import read_controls
    from hilum.reports.evidence.document import summary_lines, write_evidence
    from hilum.reports.evidence.facts import Evidence, TableFile

    controls = options.pop("controls_path")
    title = options.pop("title")
    manifest, bundle = options.pop("manifest_path"), options.pop("bundle_name")
    rows = read_table(predictions, options)
    read = None if controls is None else read_controls(controls)
    with naming(predictions):
        evaluation = summarise(rows, EvaluationSettings(**options))
    evidence = Evidence(
        evaluation=evaluation,
        table=TableFile.of(predictions),
        command=command,
        title=title,
        made_on=date.today(),
        controls=read,
        gallery=None if manifest is None else _gallery(evaluation, manifest, bundle),
    )
    written = write_evidence(evidence, out)
    return [*summary_lines(evidence), f"page: {written[0]}"]


def _gallery(evaluation: Evaluation, manifest: Path, bundle_name: str | None) -> FailureGallery | None:
    """The films that the main operating point gets wrong; None where there is no operating point."""
    from hilum.data.manifest import read_manifest
    from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
    from hilum.inference.predictor import Predictor
    from hilum.inference.training_films import learnt_films
    from hilum.reports.evidence.facts import main_point
    from hilum.reports.evidence.gallery import show_failures, worst_failures

    point = main_point(evaluation)
    if point is None:
        return None
    films = read_manifest(manifest)
    bundle = read_bundle(bundle_name or DEFAULT_BUNDLE)
    failures = worst_failures(evaluation.films, point)
    by_name = {film.film: film for film in films}
    return show_failures(failures, by_name, Predictor(bundle), learnt=learnt_films(bundle, films))
