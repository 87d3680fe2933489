"""`hilum archive`: a group, so that more can be done with an archive than to screen it."""

from __future__ import annotations

import click

from hilum.cli.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "screen": LazyCommand("hilum.cli.archive_screen:archive_screen", "Fetch and score an archive's films."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def archive() -> None:
    """Fetch and score the films of an archive."""
