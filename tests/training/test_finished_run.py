"""A finished run is exported only where its judge is of the same study, and every judged film is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hilum.data.manifest import read_manifest, write_manifest
from hilum.errors import RunInvalid
from hilum.evaluation.table import write_predictions
from hilum.training.cross_validation import prediction
from hilum.training.export import read_run, write_members
from hilum.training.run_folder import open_run, read_run_facts, write_json


@pytest.fixture
def make_run(settings, manifest, tmp_path):
    """A run's folder as a training leaves it, its weights empty; `judged` films have predictions."""

    def make(name, *, judged=(), films=manifest, **changes):
        folder = tmp_path / name
        open_run(folder, replace(settings, **changes), films)
        (folder / "weights.pt").touch()
        if judged:
            rows = [prediction(film, 1.0 - number) for number, film in enumerate(judged)]
            write_predictions(rows, folder / "predictions.parquet")
        return folder

    return make


def test_a_run_may_be_judged_by_one_of_the_same_settings_and_films(make_run, manifest):
    """Seed, folds, and threads are no part of what a network is."""
    judge = make_run("folds", judged=manifest, seed=3, n_folds=5, n_threads=2)

    run = read_run(make_run("run"), judged_by=judge)

    assert [row.film for row in run.judged] == [film.film for film in manifest]
    assert run.films == tuple(manifest)


def test_a_judge_of_other_settings_is_refused_with_what_differs(make_run, manifest, settings):
    """Every setting that shapes the network is named with both values, nested ones by their path."""
    augment = replace(settings.augment, noise=0.3)
    judge = make_run("folds", judged=manifest, epochs=9, augment=augment, seed=3)

    with pytest.raises(RunInvalid) as caught:
        read_run(make_run("run"), judged_by=judge)

    assert "cannot judge" in str(caught.value)
    assert "epochs is 9 there and 4 here" in str(caught.value)
    assert "augment.noise is 0.3 there and 0.0 here" in str(caught.value)
    assert "seed" not in str(caught.value)


def test_a_judge_may_have_had_the_same_weights_at_another_place_and_no_others(make_run, manifest, tmp_path):
    """They are compared by their bytes; a judge from a random start is another network's."""
    here, there = tmp_path / "here.pt", tmp_path / "there.pt"
    here.write_bytes(b"weights")
    there.write_bytes(b"weights")
    run = make_run("run", weights=str(here))

    read_run(run, judged_by=make_run("same", judged=manifest, weights=str(there)))
    with pytest.raises(RunInvalid, match="the pretrained weights are others"):
        read_run(run, judged_by=make_run("random", judged=manifest))


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("lungs_sha256", "the weights of the lungs network are others"),
        ("recipe_code_sha256", "the sources of the pixel recipe are others"),
    ],
)
def test_a_judge_that_saw_the_films_otherwise_is_refused_with_both_hashes(make_run, manifest, key, told):
    """The same films through other lungs, or by another recipe, are other inputs."""
    run, judge = make_run("run"), make_run("folds", judged=manifest)
    facts = read_run_facts(judge)
    write_json(judge / "run.json", facts | {key: "e" * 64})

    with pytest.raises(RunInvalid, match=told) as caught:
        read_run(run, judged_by=judge)

    assert "eeeeeeeeeeee there" in str(caught.value)


def test_the_sittings_of_the_run_and_of_its_judge_are_told_apart(make_run, manifest):
    """The run's first, then the judge's."""
    run = read_run(make_run("run"), judged_by=make_run("folds", judged=manifest))

    assert [each.work for each in run.sessions] == ["training", "judging"]
    assert all(each.commit and "torch" in " ".join(each.versions) for each in run.sessions)


def test_a_judge_of_other_films_is_refused(make_run, manifest):
    """Equal settings are not enough: the scores must be of the run's own films."""
    judge = make_run("folds", judged=manifest[:20], films=manifest[:20])

    with pytest.raises(RunInvalid, match=r"the films are others \(20 there, 24 here\)"):
        read_run(make_run("run"), judged_by=judge)


def test_folds_of_another_number_do_not_judge_folds(make_run, manifest):
    """Networks of five folds saw more films each than those of two."""
    run = make_run("run")
    for fold in (0, 1):
        (run / f"fold-{fold}").mkdir()
        (run / f"fold-{fold}/weights.pt").touch()

    with pytest.raises(RunInvalid, match="n_folds is 5 there and 2 here"):
        read_run(run, judged_by=make_run("folds", judged=manifest, n_folds=5))


def test_a_manifest_that_changed_since_is_refused(make_run, manifest, settings):
    """The bundle would state the hash of films that nobody can find."""
    run = make_run("run", judged=manifest)
    write_manifest(manifest[:-1], settings.manifest)

    with pytest.raises(RunInvalid, match="does not hold the films any more"):
        read_run(run)


def test_a_judged_film_that_the_manifest_lacks_is_refused(make_run, manifest):
    """It is not dropped from the comparison of the two engines, but named."""
    stranger = replace(manifest[0], film="stranger")

    with pytest.raises(RunInvalid, match="judges 25 films, and 1 of them, as stranger, are not in"):
        read_run(make_run("run", judged=[*manifest, stranger]))


def test_a_judged_film_that_cannot_be_read_any_more_is_refused(make_run, manifest, tmp_path):
    """Fewer films than were judged would pass for all of them."""
    run = read_run(make_run("run", judged=manifest))
    read_manifest(run.settings.manifest)[5].image_path.write_bytes(b"gone")

    with pytest.raises(RunInvalid, match="1 of them, as film-005, are not in those that can be read"):
        write_members(run, tmp_path)


def test_predictions_of_another_making_are_refused(make_run, manifest):
    """A table without logits cannot calibrate anything."""
    run = make_run("run", judged=manifest)
    rows = [replace(row, extra={}) for row in read_run(run).judged]
    write_predictions(rows, run / "predictions.parquet")

    with pytest.raises(RunInvalid, match="lacks labels or logits"):
        read_run(run)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, r"is not a run's folder: it has no run\.json"),
        ("{}", "no 'settings'"),
        ("[1]", "must hold a JSON object"),
        ("{", "cannot be read as JSON"),
    ],
)
def test_a_folder_that_is_no_run_is_told_in_words(tmp_path, content, told):
    """No error number of the system, and what to give instead."""
    if content is not None:
        (tmp_path / "run.json").write_text(content)

    with pytest.raises(RunInvalid, match=told):
        read_run_facts(tmp_path)
    with pytest.raises(RunInvalid, match="nowhere: no such folder"):
        read_run_facts(tmp_path / "nowhere")
