"""`hilum data phantom`: draw films of made-up people for tests, examples, and tutorials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command(short_help="Draw films of made-up people, for tests.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Folder to write to; must be empty or absent.")  # fmt: skip
@click.option("--n", default=24, show_default=True, type=click.IntRange(1, 9999), help="Films to draw.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0),
              help="The same seed draws the same films.")  # fmt: skip
@click.option("--side", default=512, show_default=True, type=click.IntRange(32, 4096),
              help="Pixels along a film's longer edge.")  # fmt: skip
@click.option("--layout", default="films", show_default=True, type=click.Choice(["films", "kaggle"]),
              help="films: with masks, readings, a manifest. kaggle: the Kaggle zip's tree.")  # fmt: skip
@click.option("--prevalence", default=0.5, show_default=True, type=click.FloatRange(0, 1),
              help="Share of films with a TB-like finding, in every site.")  # fmt: skip
@click.option("--format", "form", default="mixed", show_default=True,
              type=click.Choice(["mixed", "png", "dicom"]),
              help="mixed: each site its own. The Kaggle tree is all PNG.")  # fmt: skip
def data_phantom(**options: Any) -> None:
    """Draw chest films of made-up people, with lung masks, finding masks, readings, and the truth of each.

    The films come from three simulated sites that differ in exposure, borders, markers, and file form.
    """
    if options["layout"] == "kaggle" and options["form"] == "dicom":
        raise click.UsageError("--layout kaggle holds PNG files alone; leave out --format dicom")
    from hilum.data.phantom.cohort import FileForm, Mix
    from hilum.data.phantom.writing import write_phantoms

    n, layout = options["n"], options["layout"]
    mix = Mix(prevalence=options["prevalence"], form=FileForm(options["form"]))
    folder = write_phantoms(
        options["out"], n=n, seed=options["seed"], side=options["side"], layout=layout, mix=mix
    )
    click.echo(f"{n} phantom films: {folder / 'manifest.parquet' if layout == 'films' else folder}")
