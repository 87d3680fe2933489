"""`hilum controls`: what a cross-validation's AUC must be read against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hilum.cli import training_options as options

if TYPE_CHECKING:
    from hilum.training.controls import Controls


@click.command(short_help="Set a cross-validation beside its controls.")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--site", "sites", multiple=True, metavar="MANIFEST", type=click.Path(path_type=Path),
    help="Films of another site, to tell from the run's own by the networks' features; several times.",
)  # fmt: skip
@options.cache_option
def controls(run: Path, sites: tuple[Path, ...], cache: Path | None) -> None:
    """Say what else than disease in the lungs tells the label of the films of RUN.

    RUN is the folder of a finished cross-validation.

    Each control is fitted and judged by the run's own folds, and the network is compared with it on the same
    films. A sentence at the end says whether the network beats them.

    Writes RUN/controls.json anew.
    """
    from hilum.training.run_folder import read_run_facts

    read_run_facts(run)  # a mistyped folder is told at once, before torch is loaded
    show_controls(run, sites=sites, cache=cache)


def show_controls(folder: Path, *, sites: tuple[Path, ...] = (), cache: Path | None = None) -> None:
    """Work the controls out, write them into the run's folder, and print them."""
    from hilum.cli.explore import Progress
    from hilum.reports.controls import folds_cell, site_lines
    from hilum.reports.evidence.wording import interval_cell
    from hilum.training.controls import home_looks, read_folds, run_controls, write_controls
    from hilum.training.site_features import site_control

    run = read_folds(folder)
    progress = Progress()

    def on_film(done: int, n: int) -> None:
        progress("films for the controls", done, n)

    looks = home_looks(run, on_film=on_film)
    others = [site_control(run, manifest, looks, cache=cache, on_film=on_film) for manifest in sites]
    found = run_controls(run, looks, cache=cache)
    path = write_controls(found, run, sites=[other.as_json() for other in others])
    area = found.network
    click.echo(f"network: AUC {interval_cell(area)}, {area.n} films, {area.n_positive} positive, "
               f"folds {folds_cell(found.fold_aucs)}")  # fmt: skip
    for line in _lines(found):
        click.echo(line)
    for other in others:
        where = f"{', '.join(other.sites)} ({other.n_away} films; {other.n_home} at home)"
        click.echo("\n".join(site_lines(where, other.told)))
    click.echo(found.verdict)
    click.echo(f"controls: {path}")


def _lines(found: Controls) -> list[str]:
    from hilum.reports.controls import controls_table, copies_line, unreadable_line
    from hilum.training.controls import IS_LUNGS_ONLY

    only = found.lungs_only
    lines = controls_table(found.controls)
    lines.append(copies_line(found.copies))
    lines += [f"lungs only: {IS_LUNGS_ONLY}"] if only is None else controls_table([only])[1:]
    if found.unreadable:
        lines.append(unreadable_line(found.unreadable))
    return lines
