"""Cross-validation: each film scored once by a network that saw neither it nor its patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilum.data.manifest import write_manifest
from hilum.errors import RunInvalid, SettingsInvalid, SplitLeak, TrainingRefused
from hilum.evaluation.table import read_predictions
from hilum.training import cross_validation, loop
from hilum.training.cross_validation import (
    PREDICTIONS_NAME,
    cross_validate,
    inner_split,
    load_run,
    train_on_all,
)


@pytest.fixture
def short(settings):
    """One epoch a fold."""
    return replace(settings, epochs=1)


def test_every_film_is_scored_once(manifest, short, tmp_path):
    """The table has a row a film, each with its fold, logit, and cross-fitted probability."""
    cross_validate(load_run(short, tmp_path / "run"), tmp_path / "run")

    rows = read_predictions(tmp_path / "run" / PREDICTIONS_NAME)

    assert sorted(row.film for row in rows) == sorted(film.film for film in manifest)
    assert {row.fold for row in rows} == {0, 1}
    assert all(0 < float(row.extra["probability"]) < 1 for row in rows)


def test_no_network_sees_the_films_it_is_judged_on(manifest, short, tmp_path, monkeypatch):
    """The films given to training and those in the fold's predictions have no patient in common."""
    seen = []
    train_network = cross_validation.train_network

    def watched(arrays, training, inner, *rest, **weak):
        seen.append({arrays.films[place].patient for place in (*training, *inner)})
        return train_network(arrays, training, inner, *rest, **weak)

    monkeypatch.setattr(cross_validation, "train_network", watched)
    rows = cross_validate(load_run(replace(short, inner_share=0.25), tmp_path / "run"), tmp_path / "run")

    assert len(seen) == 2
    for fold, patients in enumerate(seen):
        assert patients
        assert not patients & {row.patient for row in rows if row.fold == fold}


def test_a_films_own_label_does_not_shape_its_calibrated_probability(manifest, short, tmp_path):
    """Turning the labels of fold 0 leaves the probabilities of fold 0 as they are, and changes fold 1's."""
    run = load_run(short, tmp_path / "run")
    logits = np.linspace(-2, 2, len(run.films))
    folds = np.arange(len(run.films)) // 2 % 2  # each fold holds both labels
    turned = [
        replace(film, label=1 - film.label) if fold == 0 else film
        for film, fold in zip(run.films, folds, strict=True)
    ]

    before = cross_validation._prediction_rows(run.films, logits, folds)
    after = cross_validation._prediction_rows(turned, logits, folds)

    pairs = zip(before, after, strict=True)
    same = np.array([one.extra["probability"] == other.extra["probability"] for one, other in pairs])
    assert same[folds == 0].all()
    assert not same[folds == 1].any()


def test_training_on_all_films_holds_out_an_inner_part_by_patient(manifest, short, tmp_path):
    """Where the settings ask for it, and its predictions are written."""
    run = load_run(replace(short, inner_share=0.25, patience=1), tmp_path / "run")

    train_on_all(run, tmp_path / "run")

    assert len(read_predictions(tmp_path / "run" / PREDICTIONS_NAME)) == 6  # a quarter of 24


def test_without_an_inner_part_all_films_are_learnt_from(manifest, short):
    """Nobody is watched, so nobody is left out."""
    training, inner = inner_split(manifest, range(24), short)

    assert (training, inner) == (list(range(24)), [])


def test_a_class_from_one_site_only_is_refused(manifest, short, tmp_path):
    """The network could learn the site; the message says what to do."""
    films = [
        replace(film, site="A" if film.label or number < 4 else "B") for number, film in enumerate(manifest)
    ]
    write_manifest(films, short.manifest)

    with pytest.raises(TrainingRefused, match="could learn the site"):
        load_run(short, tmp_path / "run")


@pytest.fixture
def weak_settings(short, manifest, tmp_path):
    """A quarter of each batch comes from eight films of elsewhere."""
    others = [
        replace(film, film=f"other-{film.film}", patient=f"other-{film.patient}", site="elsewhere",
                sha256="f" + film.sha256[1:])
        for film in manifest[:8]
    ]  # fmt: skip
    (tmp_path / "others").mkdir()
    write_manifest(others, tmp_path / "others" / "manifest.parquet")
    return replace(short, weak_manifest=tmp_path / "others" / "manifest.parquet")


def test_weakly_labelled_films_are_learnt_from_and_never_judged(
    weak_settings, manifest, tmp_path, monkeypatch
):
    """Each batch of eight holds two of them, without a side's label; no table names one."""
    batches = []
    train_step = loop.train_step

    def watched(state, batch, settings):
        batches.append(batch)
        return train_step(state, batch, settings)

    monkeypatch.setattr(loop, "train_step", watched)
    rows = cross_validate(load_run(weak_settings, tmp_path / "run"), tmp_path / "run")

    assert {row.film for row in rows} == {film.film for film in manifest}
    assert {len(batch.labels) for batch in batches} == {8}
    assert all(batch.sides[6:].isnan().all() for batch in batches)


def test_another_weak_manifest_is_another_run(weak_settings, short, tmp_path):
    """A run that learnt from other films too does not go on without them."""
    load_run(weak_settings, tmp_path / "run")

    with pytest.raises(RunInvalid, match="other films"):
        load_run(short, tmp_path / "run")


def test_a_film_among_the_weakly_labelled_is_refused(short, manifest, tmp_path):
    """It would be learnt from in every fold and judged in one."""
    with pytest.raises(SplitLeak, match="film-000"):
        load_run(replace(short, weak_manifest=short.manifest), tmp_path / "run")


def test_a_weak_share_that_leaves_no_room_is_refused(weak_settings, tmp_path):
    """A batch of weak films alone would never teach the finding."""
    with pytest.raises(SettingsInvalid, match="weak_share"):
        load_run(replace(weak_settings, weak_share=1.0), tmp_path / "run")
