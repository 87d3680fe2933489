"""`hilum compare`: prediction tables of the same films, held against one another."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hilum.cli.command_line import command_text
from hilum.cli.table_options import column_options, finite, table_columns

if TYPE_CHECKING:
    from hilum.records import Prediction

RATE = click.FloatRange(0, 1, min_open=True)


@click.command()
@click.argument("tables", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Write the page, the PDF, the numbers, and the pictures into this folder.")  # fmt: skip
@click.option("--name", "names", multiple=True, metavar="NAME",
              help="What to call a table, for each in order; else as its file or folder.")  # fmt: skip
@click.option("--threshold", "thresholds", multiple=True, metavar="NAME=T",
              help="Judge this table at this threshold on its own scale; once for each table.")  # fmt: skip
@click.option("--sensitivity", type=RATE, callback=finite, default=0.9, show_default=True, metavar="S",
              help="Else choose a threshold that reaches this sensitivity on these films.")  # fmt: skip
@click.option("--margin", type=click.FloatRange(0, 1, min_open=True, max_open=True), callback=finite,
              metavar="M", help="Judge non-inferiority at this margin, fixed beforehand.")  # fmt: skip
@click.option("--all-pairs", "is_all_pairs", is_flag=True,
              help="Compare each table with each, not only with the first.")  # fmt: skip
@click.option("--score", "score_columns", multiple=True, metavar="NAME=COLUMN",
              help="The score column of this table, where it differs from the others'.")  # fmt: skip
@click.option("--draws", "n_draws", type=click.IntRange(100, 100_000), default=1000, show_default=True,
              help="Samples of the bootstrap.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@column_options
def compare(tables: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Compare readers on the same films.

    TABLES are two or more .csv or .parquet files, a row a film, with the columns film, label, and score.
    The first is the reference.
    Films are matched by their id; a film that the tables label differently is refused.

    Writes comparison.html, comparison.pdf, comparison.json, and visualisations/ into the folder.
    """
    from hilum.errors import OutputRefused
    from hilum.evaluation.table_comparison import ComparisonSettings, compare_tables
    from hilum.reports.comparison_report import ComparedFile, summary_lines, write_comparison

    if len(tables) < 2:
        raise click.UsageError("give at least two tables to compare")
    if out.exists() and not out.is_dir():
        raise OutputRefused(f"{out}: is a file, and --out must be a folder")
    paths = dict(zip(table_names(tables, options.pop("names")), tables, strict=True))
    rows = _read(paths, options)
    thresholds = {
        name: _number(name, text) for name, text in _pairs("--threshold", options.pop("thresholds")).items()
    }
    found = compare_tables(rows, ComparisonSettings(thresholds=thresholds, **options))
    files = [ComparedFile.of(name, path) for name, path in paths.items()]
    page = write_comparison(found, files, out, command=command_text(click.get_current_context()))[0]
    for line in (*summary_lines(found), f"page: {page}"):
        click.echo(line)


def table_names(tables: tuple[Path, ...], given: tuple[str, ...]) -> list[str]:
    """The names given, or the files' own, or their folders', whichever tells them apart.

    Raises:
        click.UsageError: there are more or fewer names than tables, or one twice.
    """
    if given:
        if len(given) != len(tables):
            raise click.UsageError(f"{len(given)} names (--name) for {len(tables)} tables")
        if len(set(given)) < len(given) or not all(name.strip() for name in given):
            raise click.UsageError("every table needs a --name of its own")
        return list(given)
    full = [table.absolute() for table in tables]
    for names in ([path.stem for path in full], [path.parent.name for path in full],
                  [f"{path.parent.name}/{path.stem}" for path in full]):  # fmt: skip
        if len(set(names)) == len(names) and all(names):
            return names
    return [f"{at}: {path.stem}" for at, path in enumerate(full, 1)]


def _read(paths: dict[str, Path], options: dict[str, Any]) -> dict[str, list[Prediction]]:
    from hilum.evaluation.table import read_predictions

    columns, own = table_columns(options), _pairs("--score", options.pop("score_columns"))
    for name in own:
        if name not in paths:
            raise click.UsageError(f"--score {name}: no table has that name (they are {', '.join(paths)})")
    return {
        name: read_predictions(path, replace(columns, score=own.get(name, columns.score)))
        for name, path in paths.items()
    }


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` by name; a name may hold `=`, a value not.

    Raises:
        click.UsageError: a text is not of that form, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"{option} {text!r}: write it as NAME=VALUE")
        if name in found:
            raise click.UsageError(f"{option}: {name!r} comes twice")
        found[name] = value
    return found


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise click.UsageError(f"--threshold {name}={text}: {text!r} is not a finite number")
    return value
