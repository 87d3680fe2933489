"""What the training commands share: reading the settings, and drawing the curves of each network."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hilum.training.settings import TrainSettings


def read_train_settings(
    config: Path, *, manifest: Path | None, seed: int | None, weights: str | None
) -> TrainSettings:
    """The settings file, with what the command line says in place of its own.

    Raises:
        SettingsInvalid: the file cannot be read, or a setting is out of its range.
    """
    from hilum.settings import read_settings
    from hilum.training.setting_ranges import check_ranges
    from hilum.training.settings import TrainSettings

    settings = read_settings(config, TrainSettings)
    settings = dataclasses.replace(
        settings,
        manifest=settings.manifest if manifest is None else manifest.resolve(),
        seed=settings.seed if seed is None else seed,
        weights=settings.weights if weights is None else weights,
    )
    check_ranges(settings)  # again in load_run; here it is told before torch is loaded
    return settings


def draw_history(folder: Path, title: str) -> None:
    """Loss curves of one network's folder, as loss-curves.png beside its history."""
    from hilum.reports.figures import save_figure
    from hilum.reports.training import draw_loss_curves
    from hilum.training.run_folder import read_json

    history = read_json(folder / "history.json")
    figure = draw_loss_curves(history["epochs"], best_epoch=history["best_epoch"], title=title)
    save_figure(figure, folder, name="loss-curves", formats=("png",))


config_argument = click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
out_option = click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The run's folder."
)
manifest_option = click.option(
    "--manifest",
    type=click.Path(path_type=Path, dir_okay=False),
    help="In place of the settings' own manifest.",
)
seed_option = click.option("--seed", type=int, help="In place of the settings' own seed.")
weights_option = click.option(
    "--weights", help="Pretrained weights, by name or file, in place of the settings' own."
)
cache_option = click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False),
    help="Where films, once read, are kept; several runs may share it.",
)  # fmt: skip
