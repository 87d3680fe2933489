"""Cross-validation: each film scored once by a network that saw neither it nor its patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilum.data.manifest import write_manifest
from hilum.errors import TrainingRefused
from hilum.evaluation.table import read_predictions
from hilum.training import cross_validation
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

    def watched(arrays, training, inner, *rest):
        seen.append({arrays.films[place].patient for place in (*training, *inner)})
        return train_network(arrays, training, inner, *rest)

    monkeypatch.setattr(cross_validation, "train_network", watched)
    rows = cross_validate(load_run(replace(short, inner_share=0.25), tmp_path / "run"), tmp_path / "run")

    for fold, patients in enumerate(seen):
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
