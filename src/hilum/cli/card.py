"""`hilum card`: a bundle's model card, or an import's data card, as a page and a PDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hilum.reports.document import Document

DATA_CARD = "data-card.json"


@click.command(short_help="Print a model card or a data card.")
@click.argument("what")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
@click.option(
    "--run", type=click.Path(path_type=Path),
    help="The run.json, or its folder, of the bundle's training; fills more of the checklists.",
)  # fmt: skip
def card(what: str, out: Path, run: Path | None) -> None:
    """Write the card of WHAT as a page and as a PDF.

    WHAT is a bundle, by its name or folder: OUT/model-card.html and OUT/model-card.pdf, with the checklists
    CLAIM, TRIPOD+AI, and STARD-AI filled as far as the bundle's files know and marked where a person must
    write.
    Or it is the data-card.json of an import: OUT/data-card.html and OUT/data-card.pdf.
    """
    from hilum.reports.document_files import write_document

    if Path(what).name == DATA_CARD:
        if run is not None:
            raise click.UsageError("--run goes with a bundle, not with a data card")
        document, name = data_document(Path(what)), "data-card"
    else:
        document, name = model_document(what, run), "model-card"
    page, paper, *_ = write_document(document, out, name=name)
    click.echo(f"{page}\n{paper}")


def model_document(bundle: str, run: Path | None) -> Document:
    """Of a bundle, with what its run.json adds where one is given.

    Raises:
        NameUnknown, BundleInvalid: there is no such bundle, or it is damaged.
        RunInvalid: run.json cannot be read.
    """
    from hilum.errors import RunInvalid
    from hilum.inference.bundle import read_bundle
    from hilum.reports.document_card import model_card_document

    read = read_bundle(bundle)
    if run is None:
        return model_card_document(read)
    path = run / "run.json" if run.is_dir() else run
    try:
        return model_card_document(read, run=read_object(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunInvalid(f"{path} cannot be read as a run's facts: {error}") from None


def data_document(path: Path) -> Document:
    """Of a data-card.json.

    Raises:
        ManifestInvalid: it cannot be read, or is no data card.
    """
    from hilum.data.card import CARD_VERSION
    from hilum.errors import ManifestInvalid
    from hilum.reports.document_card import data_card_document

    try:
        table = read_object(path)
        if table.get("hilum_data_card") != CARD_VERSION:
            raise ValueError(f"hilum_data_card is {table.get('hilum_data_card')!r}, not {CARD_VERSION}")
        return data_card_document(table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ManifestInvalid(f"{path} cannot be read as a data card: {error}") from None


def read_object(path: Path) -> dict[str, Any]:
    """A file's JSON object.

    Raises:
        OSError, ValueError: it cannot be read, or is something else.
    """
    table = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(table, dict):
        raise ValueError("it must hold a JSON object")
    return table
