"""`hilum station`: what is done to a station from the command line; its work goes on meanwhile."""

from __future__ import annotations

import click

from hilum.cli.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "backup": LazyCommand("hilum.cli.station_commands:backup", "Copy a station in use into a new folder."),
    "restore": LazyCommand("hilum.cli.station_commands:restore", "Make a station from a back-up."),
    "check": LazyCommand("hilum.cli.station_commands:check", "Compare a station's films with their SHA-256."),
    "retain": LazyCommand(
        "hilum.cli.station_commands:retain", "Remove the films that the rule of retention lets go."
    ),
    "migrate": LazyCommand(
        "hilum.cli.station_commands:migrate", "Bring a station's database to this version."
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def station() -> None:
    """Back up, restore, check, and clear a reading station."""
