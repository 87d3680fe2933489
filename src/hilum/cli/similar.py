"""`hilum similar`: the reference films that the classifier finds most like one film."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(short_help="Find the reference films most like a film.")
@click.argument("film", type=click.Path(path_type=Path))
@click.option("--index", "index_path", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="What `hilum index` wrote.")  # fmt: skip
@click.option("--bundle", "bundle_name", default="hilum-base", show_default=True, metavar="NAME_OR_FOLDER",
              help="The bundle that built the index.")  # fmt: skip
@click.option("-n", "--number", type=click.IntRange(1, 100), default=5, show_default=True,
              help="Films to show.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array and nothing else.")
def similar(film: Path, index_path: Path, bundle_name: str, number: int, as_json: bool) -> None:
    """Show the reference films nearest to FILM in the bundle's features, with their labels and readings.

    Alike to the classifier is no diagnosis: it was taught one finding, and likens films for that.
    """
    from hilum.inference.bundle import read_bundle
    from hilum.inference.similar import FeatureReader, check_index, labels_told, read_index

    bundle, index = read_bundle(bundle_name), read_index(index_path)
    check_index(index, bundle, where=index_path)
    found = index.nearest(FeatureReader(bundle).read(film), number)
    if as_json:
        rows = [
            {"film": near.film, "likeness": round(likeness, 4), "label": near.label, "site": near.site,
             "reading": near.reading, "image_path": near.image_path}
            for near, likeness in found
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo("likeness  label  film")
    for near, likeness in found:
        label = "-" if near.label is None else str(near.label)
        reading = " ".join(near.reading.split())
        click.echo(f"{likeness:8.3f}  {label:5}  {near.film}{reading and f': {reading}'}")
    click.echo(labels_told(found))
