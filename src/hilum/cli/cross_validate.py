"""`hilum cross-validate`: a network a fold, each judged on films of patients it never saw."""

from __future__ import annotations

from pathlib import Path

import click

from hilum.cli import training_options as options
from hilum.cli.controls import show_controls


@click.command(short_help="Train and test a network fold by fold, by patient.")
@options.config_argument
@options.out_option
@options.manifest_option
@options.seed_option
@options.weights_option
@options.cache_option
def cross_validate(
    config: Path, *, out: Path, manifest: Path | None, seed: int | None, weights: str | None,
    cache: Path | None,
) -> None:  # fmt: skip
    """Cross-validate by patient, stratified by label and site, as the TOML file CONFIG says.

    Writes OUT/predictions.parquet, a row a film, each scored by the network that saw neither it nor its
    patient. A run that was stopped goes on where it stopped when the command is given again.

    Then sets the result beside its controls, as `hilum controls OUT` does, in OUT/controls.json.
    """
    settings = options.read_train_settings(config, manifest=manifest, seed=seed, weights=weights)
    from hilum.training import cross_validation as folds

    folds.check_folds(settings)
    folds.cross_validate(folds.load_run(settings, out, cache=cache), out)
    for fold in range(settings.n_folds):
        options.draw_history(
            folds.fold_folder(out, fold), f"{settings.network}, fold {fold}, seed {settings.seed}"
        )
    show_controls(out, cache=cache)
    click.echo(f"next: hilum evaluate {out / folds.PREDICTIONS_NAME} --out {out / 'evaluation'}")
