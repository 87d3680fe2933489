"""A command as it was typed, for the reports that must say how they were made.

Trap: it is put together from what click parsed, so that a test's runner and a shell give one text; options
left at their defaults are not shown.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource


def command_text(ctx: click.Context) -> str:
    """`hilum evaluate table.csv --out evidence --threshold 0.5`, with every option that was given."""
    path = ctx.command_path.split()
    words = ["hilum", *path[1:]]
    arguments = [param for param in ctx.command.params if isinstance(param, click.Argument)]
    options = [param for param in ctx.command.params if isinstance(param, click.Option)]
    for param in (*arguments, *options):
        if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
            words += _words(param, ctx.params[param.name or ""])
    return shlex.join(words)


def _words(param: click.Parameter, value: Any) -> Iterator[str]:
    values = value if isinstance(value, (tuple, list)) else (value,)
    for one in values:
        if isinstance(param, click.Argument):
            yield str(one)
        elif isinstance(param, click.Option) and param.is_flag:
            yield param.opts[0] if one else (param.secondary_opts or param.opts)[0]
        else:
            yield from (param.opts[0], str(one))
