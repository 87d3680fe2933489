"""`hilum data phantom`: draw films of made-up people for tests, examples, and tutorials."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Draw films of made-up people, for tests.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Folder to write to; must be empty or absent.")  # fmt: skip
@click.option("--n", default=24, show_default=True, type=click.IntRange(min=1, max=9999), help="Films to draw.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="The same seed draws the same films.")
@click.option("--side", default=512, show_default=True, type=click.IntRange(min=32, max=4096),
              help="Pixels along a film's longer edge.")  # fmt: skip
@click.option("--layout", default="films", show_default=True, type=click.Choice(["films", "kaggle"]),
              help="films: films, masks, readings, and a manifest. kaggle: the tree of the Kaggle zip.")  # fmt: skip
@click.option("--prevalence", default=0.5, show_default=True, type=click.FloatRange(0, 1),
              help="Share of films with a TB-like finding, in every site.")  # fmt: skip
@click.option("--format", "form", default="mixed", show_default=True, type=click.Choice(["mixed", "png", "dicom"]),
              help="mixed: each site its own. The Kaggle tree is PNG alone.")  # fmt: skip
def data_phantom(out: Path, n: int, seed: int, side: int, layout: str, prevalence: float, form: str) -> None:
    """Draw chest films of made-up people, with lung masks, finding masks, readings, and the truth of each.

    The films come from three simulated sites that differ in exposure, borders, markers, and file form.
    """
    from hilum.data.phantom.cohort import FileForm, Mix
    from hilum.data.phantom.writing import write_phantoms

    mix = Mix(prevalence=prevalence, form=FileForm(form))
    folder = write_phantoms(out, n=n, seed=seed, side=side, layout=layout, mix=mix)
    click.echo(f"{n} phantom films: {folder / 'manifest.parquet' if layout == 'films' else folder}")
