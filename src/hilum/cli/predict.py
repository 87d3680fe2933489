"""`hilum predict`: a bundle scores a manifest; the table that evaluation takes."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Score a manifest's films into a table for evaluate.")
@click.argument("manifest", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .parquet or .csv file."
)
@click.option(
    "--bundle", "bundle_name", default=None, help="By name or folder; the default bundle where left out."
)
@click.option("--min-age", type=click.FloatRange(min=0), help="Years; in place of the bundle's own limit.")
def predict(manifest: Path, out: Path, bundle_name: str | None, min_age: float | None) -> None:
    """Score every film of MANIFEST with a bundle.

    Refused films are counted, named on standard error, and left out.
    Films that the bundle learnt from are told there too, for their scores flatter it.
    """
    from hilum.data.manifest import read_manifest
    from hilum.evaluation.table import write_predictions
    from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
    from hilum.inference.predictor import Predictor
    from hilum.inference.training_films import learnt_films
    from hilum.records import Prediction, Scored

    bundle, films = read_bundle(bundle_name or DEFAULT_BUNDLE), read_manifest(manifest)
    learnt = learnt_films(bundle, films)
    if learnt:
        click.echo(_warning(bundle.label, n_learnt=len(learnt), n=len(films)), err=True)
    predictor = Predictor(bundle, minimum_age_years=min_age)
    rows, n_refused = [], 0
    for film in films:
        outcome = predictor.read(film.image_path)
        if isinstance(outcome, Scored):
            told = {"learnt_from": "yes" if film.film in learnt else "no"} if learnt else {}
            extra = {"bundle": bundle.label, **told}
            rows.append(Prediction.of_film(film, score=outcome.probability, extra=extra))
        else:
            n_refused += 1
            click.echo(f"{film.film}: {outcome.code}: {outcome.reason}", err=True)
    write_predictions(rows, out)
    click.echo(f"{len(rows)} films scored, {n_refused} refused: {out}")


def _warning(bundle: str, *, n_learnt: int, n: int) -> str:
    films = "this film" if n == 1 else f"all {n} films" if n_learnt == n else f"{n_learnt} of the {n} films"
    return (
        f"warning: {bundle} learnt from {films}; such scores flatter it: take the out-of-fold predictions of "
        "hilum cross-validate in their place"
    )
