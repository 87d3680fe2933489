"""`hilum index`: reference films and their features in one file, for `hilum similar`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Build an index of reference films for similar.")
@click.argument("manifest", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The index, a .parquet file.")  # fmt: skip
@click.option("--bundle", "bundle_name", default="hilum-base", show_default=True, metavar="NAME_OR_FOLDER",
              help="Whose features liken films.")  # fmt: skip
def index(manifest: Path, out: Path, bundle_name: str) -> None:
    """Read every film of MANIFEST, and keep its features with its label and reading.

    The films stay where they are; the index names their paths. Refused films are named and left out.
    """
    from hilum.data.manifest import read_manifest
    from hilum.errors import OutputRefused
    from hilum.inference.bundle import read_bundle
    from hilum.inference.similar import FeatureReader, build_index, write_index

    if out.suffix.lower() != ".parquet":
        raise OutputRefused(f"{out}: an index ends in .parquet")
    found, refused = build_index(read_manifest(manifest), FeatureReader(read_bundle(bundle_name)))
    for film, reason in refused:
        click.echo(f"{film.film}: {reason}", err=True)
    write_index(found, out)
    click.echo(f"{len(found.films)} films by {found.bundle}, {len(refused)} refused: {out}")
