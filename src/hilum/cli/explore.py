"""`hilum explore`: describe the films of a manifest as a page, pictures, and numbers."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click


@click.command(short_help="Describe the films of a manifest, with pictures.")
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write to.  [default: explore, beside MANIFEST]"
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0),
              help="Draws the contact sheet and the folds.")  # fmt: skip
def explore(manifest: Path, out: Path | None, seed: int) -> None:
    """Describe the films of MANIFEST (a manifest.parquet, or its folder) before anything is trained on them.

    Writes OUT/explore.html, OUT/explore.json, and the figures as PNG files in OUT/visualisations.
    A film that cannot be read is listed there and stops nothing.
    """
    from hilum.data.manifest import read_manifest
    from hilum.errors import ManifestInvalid
    from hilum.reports.explore.gather import explore_films
    from hilum.reports.explore.page import check_output, write_exploration

    films = read_manifest(manifest)
    if not films:
        raise ManifestInvalid(
            f"{manifest}: holds no films; import some with: hilum data import PATH --out DIR"
        )
    folder = (manifest if manifest.is_dir() else manifest.parent).resolve()
    out = out or folder / "explore"
    check_output(out, films)
    exploration = explore_films(films, seed=seed, on_step=Progress())
    written = write_exploration(exploration, out, title=f"Exploration of {folder.name or 'a manifest'}")
    unreadable = len(exploration.scan.unreadable)
    click.echo(f"{len(films)} films, {unreadable} unreadable: {written.page}")


class Progress:
    """One line on standard error, rewritten on a terminal and told every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, what: str, done: int, n: int) -> None:
        now = time.monotonic()
        is_terminal = sys.stderr.isatty()
        if done < n and now - self._told_s < (0.2 if is_terminal else 10):
            return
        self._told_s = now
        click.echo(f"reading {what}: {done} of {n}", err=True, nl=not is_terminal or done == n)
        if is_terminal and done < n:
            click.echo("\r", err=True, nl=False)
