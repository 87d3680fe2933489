"""`hilum train`: one network on all films of a manifest."""

from __future__ import annotations

from pathlib import Path

import click

from hilum.cli import training_options as options


@click.command(short_help="Train one network as a settings file says.")
@options.config_argument
@options.out_option
@options.manifest_option
@options.seed_option
@options.weights_option
@options.cache_option
def train(
    config: Path, *, out: Path, manifest: Path | None, seed: int | None, weights: str | None,
    cache: Path | None,
) -> None:  # fmt: skip
    """Train one network on the labelled films of a manifest, as the TOML file CONFIG says.

    A run that was stopped goes on where it stopped when the command is given again. The folder holds the
    resolved settings, the commit, package versions, a hash of the films, the loss curves, and, where the
    settings hold an inner part out, its predictions.
    """
    settings = options.read_train_settings(config, manifest=manifest, seed=seed, weights=weights)
    from hilum.training.cross_validation import load_run, train_on_all

    trained = train_on_all(load_run(settings, out, cache=cache), out)
    options.draw_history(out, f"{settings.network}, seed {settings.seed}")
    last = trained.history[-1]
    click.echo(f"trained {int(last['epoch'])} epochs, kept epoch {trained.best_epoch}: {out}")
    click.echo(f"next: hilum export {out} --out BUNDLE_FOLDER")
