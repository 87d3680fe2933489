"""The options that say what a prediction table calls its columns, shared by every command that reads one.

Trap: an option's name is a role of `evaluation.table.Columns`; a role added there gets its line in `ROLES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hilum.evaluation.table import Columns
    from hilum.records import Prediction

Numbers = TypeVar("Numbers", float | None, tuple[float, ...])  # of an option given once, or often

ROLES = {
    "film": "the film's id",
    "label": "the label: 1, 0, or nothing where not stated",
    "score": "the score, higher for more suspicious",
    "patient": "the patient",
    "site": "the site",
    "age": "the age in years",
    "sex": "the sex",
    "fold": "the fold of a cross-validation",
}


def finite(ctx: click.Context, param: click.Parameter, value: Numbers) -> Numbers:
    """Refuse NaN and infinity, which click takes for numbers and at which no film is flagged."""
    for one in value if isinstance(value, tuple) else (value,):
        if one is not None and not math.isfinite(one):
            raise click.BadParameter(f"{one} is not a finite number", ctx=ctx, param=param)
    return value


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--film-column` and its like, one for each role of a prediction table."""
    for role, what in reversed(ROLES.items()):
        command = click.option(
            f"--{role}-column", role, default=role, show_default=True, metavar="NAME",
            help=f"The column that holds {what}.",
        )(command)  # fmt: skip
    return command


def table_columns(options: dict[str, Any]) -> Columns:
    """Take the column options out of a command's options, so that what is left is the command's own."""
    from hilum.evaluation.table import Columns

    return Columns(**{role: options.pop(role) for role in ROLES})


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with its rows."""
    from hilum.errors import TableInvalid

    try:
        yield
    except TableInvalid as error:
        raise TableInvalid(f"{path}: {error}") from None


def read_table(path: Path, options: dict[str, Any]) -> list[Prediction]:
    """Read the table as the column options name it, and take those options out.

    Raises:
        TableInvalid: names the row and column of the first thing that is wrong.
    """
    from hilum.evaluation.table import read_predictions

    return read_predictions(path, table_columns(options))
