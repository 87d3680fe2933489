"""`hilum reproduce`: published studies repeated on the user's own films."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(short_help="Repeat a published study on your own copy.")
def reproduce() -> None:
    """Repeat a published study on your own copy of its films."""


class EpochList(click.ParamType):
    """`5,10,20` as a rising tuple."""

    name = "numbers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            epochs = tuple(sorted({int(part) for part in str(value).split(",")}))
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers such as 5,10,20", param, ctx)
        if epochs[0] < 1:
            self.fail("an epoch is at least 1", param, ctx)
        return epochs


@reproduce.command(short_help="The seven small Keras networks that Hilum grew from.")
@click.argument("manifest", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The study's folder."
)
@click.option(
    "--epochs", type=EpochList(), default="5,10,20,50,100,200", show_default=True, help="The sweep."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Splits, each with its seed."
)
@click.option("--side", type=click.IntRange(min=64), default=256, show_default=True, help="Pixels of a film.")
@click.option("--threads", type=click.IntRange(min=1), help="Of the CPU; torch's own choice where left out.")
def notebook(  # noqa: PLR0913 (click passes each option by name)
    manifest: Path, out: Path, epochs: tuple[int, ...], seeds: int, side: int, threads: int | None
) -> None:
    """Repeat the notebook's study on MANIFEST: baseline, baseline augmented, and models 1 to 5.

    As it was, but split by patient, over several seeds, epoch and model chosen on validation films, test
    films touched once. Networks that are finished in OUT are kept, so a stopped study goes on.
    """
    from hilum.reports.figures import save_figure
    from hilum.reports.notebook import draw_accuracies, draw_sweep, notebook_table
    from hilum.training.notebook_study import StudySettings, run_study

    settings = StudySettings(manifest, epochs=epochs, n_seeds=seeds, side=side, n_threads=threads)
    rows = run_study(settings, out, out / "cache")
    table = notebook_table(rows)
    (out / "table.md").write_text(table, encoding="utf-8")
    save_figure(draw_accuracies(rows), out / "visualisations", name="test-accuracy")
    save_figure(draw_sweep(rows), out / "visualisations", name="validation-sweep")
    click.echo(table)
