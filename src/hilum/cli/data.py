"""`hilum data`: the commands that bring films in."""

from __future__ import annotations

import click

from hilum.cli.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "import": LazyCommand(
        "hilum.cli.data_import:data_import", "Turn a zip or a folder of films into a manifest."
    ),
    "fetch": LazyCommand(
        "hilum.cli.data_fetch:data_fetch", "Download a public set with your own Kaggle token."
    ),
    "phantom": LazyCommand("hilum.cli.data_phantom:data_phantom", "Draw films of made-up people, for tests."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def data() -> None:
    """Import, fetch, or make films for the other commands."""
