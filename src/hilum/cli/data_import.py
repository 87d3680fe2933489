"""`hilum data import`: a zip or a folder of films becomes a manifest and a data card."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hilum.data.source import Source

SHOWN = 5  # names of one kind of problem on the terminal; the data card has them all


@click.command("import", short_help="Turn a zip or a folder of films into a manifest.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for manifest.parquet and the card."
)
@click.option(
    "--source", default="auto", show_default=True, help="The dataset; auto tells it from the file names."
)
@click.option(
    "--masks", type=click.Path(path_type=Path), help="Folder of lung masks, FILM_mask.png or FILM.png."
)
@click.option("--table", type=click.Path(path_type=Path), help="CSV or Parquet of your own films.")
@click.option("--column", "columns", multiple=True, metavar="OURS=THEIRS",
              help="The table's name for path, film, label, patient, site, age, sex, or view.")  # fmt: skip
@click.option("--labels", multiple=True, metavar="NAME=0|1",
              help="What a folder's name or a word in the label column means; 1 is TB.")  # fmt: skip
@click.option("--site", default=None, help="Where your own films were taken.  [default: folder]")
@click.option("--replace", is_flag=True, help="Replace the manifest of other films in --out.")
def data_import(path: Path, out: Path, masks: Path | None, replace: bool, source: str, **own: Any) -> None:
    """Turn PATH, a zip or a folder of films, into OUT/manifest.parquet and a data card.

    The source is only read; the films of a zip are unpacked to OUT/films.
    Run it again after an interruption: it goes on where it stopped.
    """
    from hilum.data.importing import ImportRequest, import_films
    from hilum.reports.data_card import write_data_card

    request = ImportRequest(path, out, source=_source(source, **own), masks=masks, may_replace=replace)
    result = import_films(request, progress=_progress())
    write_data_card(result.card, out)
    for line in account(result.card):
        click.echo(line)
    click.echo(f"manifest: {result.manifest_path}")
    click.echo(f"data card: {out / 'data-card.html'} (also .md and .json)")
    click.echo(f"next: hilum explore {result.manifest_path}")


def account(card: dict[str, Any]) -> list[str]:
    """What was found, missing, refused, and unsettled, in a line each."""
    expected = f" of {card['n_expected']}" if card["n_expected"] else ""
    lines = [f"{card['source']['name']}: {card['n_films']}{expected} films of {card['n_patients']} patients"]
    lines += [
        f"  {row['site']}, {row['label']}: {row['n_films']} films of {row['n_patients']} patients"
        for row in card["labels"]
    ]
    for kind, found in card["problems"].items():
        if found:
            lines.append(f"{kind}: {len(found)}")
            lines += [f"  {problem['name']}: {problem['reason']}" for problem in found[:SHOWN]]
            lines += [f"  and {len(found) - SHOWN} more, in the data card"] if len(found) > SHOWN else []
    for title, key in (
        ("films of one patient", "patients_with_several_films"),
        ("films that are alike", "duplicates"),
    ):
        lines.append(f"{title}: {len(card[key])}")
    lines.append(f"files passed over: {card['n_ignored_files']}")
    return lines


def _source(
    name: str, *, table: Path | None, columns: tuple[str, ...], labels: tuple[str, ...], site: str | None
) -> Source | None:
    """The source asked for; None leaves it to the file names."""
    from hilum.data.sources import SOURCES

    is_own = bool(table or columns or labels or site)
    if not is_own:
        return None if name == "auto" else SOURCES.load(name)()
    if name not in ("auto", "folder"):
        raise click.UsageError(f"--table, --column, --labels, and --site go with --source folder, not {name}")
    if columns and not table:
        raise click.UsageError("--column says what a table's columns mean; give the table with --table")
    from hilum.data.sources.folder import FolderSource
    from hilum.data.sources.table import TableOptions

    words = {word.lower(): _label(value) for word, value in map(_pair, labels)}
    options = TableOptions(table, dict(map(_pair, columns)), words) if table else None
    return FolderSource(options, labels=words, site=site or "folder")


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise click.UsageError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _label(value: str) -> int:
    if value not in ("0", "1"):
        raise click.UsageError(f"a label is 0 or 1, not {value!r}")
    return int(value)


def _progress() -> Callable[[str, int, int], None]:
    """Progress on standard error: a line that is rewritten on a terminal, a line a tenth elsewhere."""
    is_terminal = sys.stderr.isatty()
    last: dict[str, int] = {}

    def tell(what: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 10
        if is_terminal:
            click.echo(f"\r{what}: {done} of {total}", err=True, nl=done >= total)
        elif last.get(what) != tenth:
            click.echo(f"{what}: {done} of {total}", err=True)
        last[what] = tenth

    return tell
