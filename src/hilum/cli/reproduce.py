"""`hilum reproduce`: published studies repeated on the user's own films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

MAX_EPOCHS = 10_000


@click.group(short_help="Repeat a published study on your own copy.")
def reproduce() -> None:
    """Repeat a published study on your own copy of its films."""


def rising_epochs(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """`5,10,20` as rising numbers, each once."""
    try:
        epochs = tuple(sorted({int(part) for part in value.split(",")}))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of whole numbers such as 5,10,20") from None
    if not 1 <= epochs[0] <= epochs[-1] <= MAX_EPOCHS:
        raise click.BadParameter(f"each number must be between 1 and {MAX_EPOCHS}")
    return epochs


@reproduce.command(short_help="The seven small Keras networks that Hilum grew from.")
@click.argument("manifest", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The study's folder."
)
@click.option(
    "--epochs", callback=rising_epochs, default="5,10,20,50,100,200", show_default=True, help="The sweep."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Splits, each with its seed."
)
@click.option("--side", type=click.IntRange(64, 1024), default=256, show_default=True,
              help="Pixels of a film.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1),
              help="CPU threads of each process; the cores shared out where left out.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Networks trained at the same time, each in its own process.")  # fmt: skip
def notebook(manifest: Path, out: Path, **told: Any) -> None:
    """Repeat the notebook's study on MANIFEST: baseline, baseline augmented, and models 1 to 5.

    As it was, but split by patient, over several seeds, epoch and network chosen on validation films, test
    films touched once. Networks that are finished in OUT are kept, so a stopped study goes on.

    Writes OUT/table.md, OUT/visualisations/, and a result and a prediction table for each network and split.
    """
    from hilum.reports.notebook import difference_table, notebook_table, paired_differences
    from hilum.training.notebook_study import StudySettings, run_study

    settings = StudySettings(
        manifest, epochs=told["epochs"], n_seeds=told["seeds"], side=told["side"],
        n_threads=told["threads"], n_jobs=told["jobs"],
    )  # fmt: skip
    rows = run_study(settings, out, out / "cache")
    tables = notebook_table(rows) + "\n" + difference_table(paired_differences(rows, out))
    _write_report(rows, tables, out)
    click.echo(tables)
    click.echo(f"figures: {out / 'visualisations'}")


def _write_report(rows: list[dict[str, Any]], tables: str, out: Path) -> None:
    from hilum.reports.figures import save_figure
    from hilum.reports.notebook import draw_accuracies, draw_sweep
    from hilum.reports.page import write_whole

    write_whole(out / "table.md", tables)
    save_figure(draw_accuracies(rows), out / "visualisations", name="test-accuracy")
    save_figure(draw_sweep(rows), out / "visualisations", name="validation-sweep")
