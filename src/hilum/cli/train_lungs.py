"""`hilum train-lungs`: the network that finds lungs, from films with lung masks."""

from __future__ import annotations

from pathlib import Path

import click

from hilum.cli import training_options as options


@click.command(name="train-lungs", short_help="Train the network that finds lungs.")
@options.config_argument
@options.out_option
def train_lungs(config: Path, out: Path) -> None:
    """Train the lungs network as the TOML file CONFIG says, and write OUT/lungs.onnx and OUT/run.json."""
    from hilum.settings import read_settings, settings_as_table
    from hilum.training import lungs, run_folder
    from hilum.training.setting_ranges import check_ranges
    from hilum.training.settings import LungsSettings

    settings = read_settings(config, LungsSettings)
    check_ranges(settings)
    facts = lungs.train_lungs(settings, out)
    run_folder.write_json(
        out / run_folder.FACTS_NAME,
        {"settings": settings_as_table(settings), **facts, **run_folder.provenance()},
    )
    for name, dice in facts["dice"].items():
        click.echo(
            f"{name}: Dice {dice['mean']:.3f} ({dice['low']:.3f}-{dice['high']:.3f}), {dice['n']} films"
        )
