"""`hilum export`: a finished run becomes a bundle."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Turn a finished run into a bundle that can screen.")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The bundle's folder."
)
@click.option("--name", default=None, help="Of the bundle; the folder's name where left out.")
@click.option("--version", default="0.1.0", show_default=True, help="Of the bundle.")
@click.option("--licence", default="not stated", help="Of the weights, as a sentence for the card.")
@click.option("--half", is_flag=True, help="Store the weights in half precision, for half the size.")
@click.option(
    "--judged-by", type=click.Path(path_type=Path, file_okay=False),
    help="A cross-validation of the same settings, to calibrate a run of `hilum train` on.",
)  # fmt: skip
@click.option(
    "--evidence", multiple=True, metavar="NAME=TABLE",
    help="A further prediction table for the model card; may be given several times.",
)  # fmt: skip
@click.option(
    "--limit", "limits", multiple=True, help="A sentence for the card on what falls short; several times."
)
def export(  # noqa: PLR0913 (click passes each option by name)
    run: Path,
    out: Path,
    name: str | None,
    version: str,
    licence: str,
    half: bool,
    judged_by: Path | None,
    evidence: tuple[str, ...],
    limits: tuple[str, ...],
) -> None:
    """Write the bundle of a finished run: a fold each of a cross-validation, or the one network of a
    training.

    Every film that judges the networks is scored again, and must have the logit that the run's table states;
    then by torch and by onnxruntime, whose probabilities must agree within 1e-4. The lungs network must be
    the one that the run was started with.
    """
    from hilum.training.run_folder import read_run_facts

    tables = _named_tables(evidence)
    facts = read_run_facts(run)  # a mistyped folder is told at once, before torch is loaded
    judge_facts = facts if judged_by is None else read_run_facts(judged_by)
    from hilum.reports.bundle_papers import PaperSources, write_papers
    from hilum.training import export as exporting
    from hilum.training.controls import CONTROLS_NAME
    from hilum.training.cross_validation import BLANKED_NAME

    finished = exporting.read_run(run, judged_by=judged_by)
    judge = finished.judge
    sources = PaperSources(
        judged=finished.judged, table=finished.table, run=facts, judge=judge_facts,
        blanked=judge / BLANKED_NAME, controls=judge / CONTROLS_NAME, tables=tables, limits=limits,
    )  # fmt: skip
    title = exporting.BundleTitle(name or out.resolve().name, version, licence)
    bundle = exporting.export_bundle(
        finished, out, title=title, in_half=half,
        write_papers=lambda bundle, folder: write_papers(bundle, folder, sources),
    )  # fmt: skip
    click.echo(f"{bundle.label}: {len(bundle.classifiers)} network(s), torch and onnxruntime agree: {out}")
    click.echo(f"next: hilum screen FILES --bundle {out}")


def _named_tables(evidence: tuple[str, ...]) -> dict[str, Path]:
    tables = {}
    for pair in evidence:
        title, found, path = pair.partition("=")
        if not found:
            raise click.UsageError(f"--evidence takes NAME=TABLE, not {pair!r}")
        tables[title] = Path(path)
    return tables
