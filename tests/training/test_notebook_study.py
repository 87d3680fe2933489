"""The study: what decides, what is kept, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hilum.data.manifest import write_manifest
from hilum.errors import OutputRefused, RunInvalid, TrainingRefused
from hilum.evaluation.table import read_predictions
from hilum.training import notebook_study
from hilum.training.loader import build_arrays
from hilum.training.notebook_study import StudySettings, run_study
from hilum.training.notebook_task import ENTRIES, Task, run_task, split_places

MODEL_4 = next(entry for entry in ENTRIES if entry.name == "model 4")  # the smallest


@pytest.fixture
def study(manifest, settings, monkeypatch):
    """24 films on disk, one network, one seed, two lengths."""
    monkeypatch.setattr(notebook_study, "ENTRIES", (MODEL_4,))
    return StudySettings(settings.manifest, epochs=(1, 2), n_seeds=1, side=64, n_threads=1)


def result_of(arrays, folder) -> tuple[dict, list]:
    """One task on films in memory: its result and its predictions."""
    folder.mkdir()
    task = Task(MODEL_4, 0, (1, 2, 3), 64, folder, "study")
    run_task(task, arrays)
    row = json.loads(task.path.read_text(encoding="utf-8"))
    return row, read_predictions(folder / row["predictions"])


def with_other_tests(arrays):
    """The same films, but test films are noise under the opposite label."""
    places = split_places(arrays.films, 0)["test"]
    films = list(arrays.films)
    pixels = arrays.arrays.clone()
    for place in places:
        films[place] = replace(films[place], label=1 - films[place].label)
        pixels[place] = torch.rand(1, 64, 64).half()
    return build_arrays(films, pixels)


def test_test_films_decide_nothing(arrays, tmp_path, monkeypatch):
    """With other pixels and labels in the test part, sweep, epoch, and validation accuracy are the same."""
    places = split_places(arrays.films, 0)
    monkeypatch.setattr("hilum.training.notebook_task.split_places", lambda films, seed: places)
    plain, _ = result_of(arrays, tmp_path / "plain")
    other, _ = result_of(with_other_tests(arrays), tmp_path / "other")

    for key in ("sweep", "chosen_epoch", "validation_accuracy"):
        assert plain[key] == other[key]


def test_the_result_counts_what_the_prediction_table_shows(arrays, tmp_path):
    """The test films right at 0.5 are the result's count, and they are the split's test part."""
    row, predictions = result_of(arrays, tmp_path / "study")

    assert row["n_right"] == sum((film.score >= 0.5) == bool(film.label) for film in predictions)
    assert {film.film for film in predictions} == {
        arrays.films[place].film for place in split_places(arrays.films, 0)["test"]
    }


def test_test_films_are_scored_once(arrays, tmp_path, monkeypatch):
    """One pass over the test part in a task, after the sweep is over."""
    scored = []
    monkeypatch.setattr(
        "hilum.training.notebook_task.probabilities",
        lambda network, films: scored.append(len(films)) or np.zeros(len(films)),
    )
    result_of(arrays, tmp_path / "study")

    assert scored == [len(split_places(arrays.films, 0)["test"])]


@pytest.mark.parametrize("seed", range(5))
def test_a_patient_stands_in_one_part_alone(arrays, seed):
    """Where three films belong to a patient, all three are on one side of each split."""
    films = [replace(film, patient=f"patient-{number // 6}-{film.label}")
             for number, film in enumerate(arrays.films)]  # fmt: skip
    parts = split_places(films, seed)
    patients = [{films[place].patient for place in places} for places in parts.values()]

    assert sum(map(len, patients)) == len(set().union(*patients))


def test_every_seed_is_another_split(arrays):
    """Five seeds give five different test parts."""
    tests = {tuple(split_places(arrays.films, seed)["test"]) for seed in range(5)}

    assert len(tests) == 5


def test_the_parts_are_60_20_20(arrays):
    """Of 32 films 19, 6, and 7, or a film more or less."""
    sizes = {part: len(places) for part, places in split_places(arrays.films, 0).items()}

    assert sizes == {
        "training": pytest.approx(19, abs=1),
        "validation": pytest.approx(6.4, abs=1.5),
        "test": pytest.approx(6.4, abs=1.5),
    }


def test_finished_networks_are_kept(study, tmp_path, monkeypatch):
    """A second call trains nothing and answers the same; another seed trains its own networks alone."""
    first = run_study(study, tmp_path / "out", tmp_path / "cache")
    trained = []
    monkeypatch.setattr(
        notebook_study, "run_task", lambda task, films: trained.append(task.seed) or run_task(task, films)
    )
    again = run_study(study, tmp_path / "out", tmp_path / "cache")
    more = run_study(replace(study, n_seeds=2), tmp_path / "out", tmp_path / "cache")

    assert again == first == more[:1]
    assert trained == [1]


def test_a_stopped_study_ends_as_one_that_never_stopped(study, tmp_path, monkeypatch):
    """Killed in its second network, it goes on there, to the same results."""
    two = replace(study, n_seeds=2)
    whole = run_study(two, tmp_path / "whole", tmp_path / "cache")

    def stopped(task, films):
        if task.seed == 1:
            raise KeyboardInterrupt
        run_task(task, films)

    with monkeypatch.context() as patch:
        patch.setattr(notebook_study, "run_task", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_study(two, tmp_path / "stopped", tmp_path / "cache")

    assert run_study(two, tmp_path / "stopped", tmp_path / "cache") == whole


@pytest.mark.parametrize(
    ("change", "named"), [({"epochs": (1, 3)}, "epochs"), ({"side": 96}, "side")], ids=["epochs", "side"]
)
def test_another_studys_folder_is_refused(study, tmp_path, change, named):
    """Results of other lengths or another size are neither mixed in nor written over."""
    run_study(study, tmp_path / "out", tmp_path / "cache")
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "out").iterdir())

    with pytest.raises(RunInvalid, match=f"other {named}"):
        run_study(replace(study, **change), tmp_path / "out", tmp_path / "cache")
    assert sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "out").iterdir()) == before


def test_other_patients_make_another_study(study, manifest, tmp_path):
    """The same files grouped into other patients would be split otherwise, so their results do not mix."""
    run_study(study, tmp_path / "out", tmp_path / "cache")
    write_manifest([replace(film, patient=f"other-{film.patient}") for film in manifest], study.manifest)

    with pytest.raises(RunInvalid, match="other patients"):
        run_study(study, tmp_path / "out", tmp_path / "cache")


def test_a_result_carried_in_from_elsewhere_is_refused(study, tmp_path):
    """A result file of another study is found before anything is trained."""
    run_study(study, tmp_path / "out", tmp_path / "cache")
    path = tmp_path / "out" / "model-4-seed-0.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "study": "other"}),
                    encoding="utf-8")  # fmt: skip

    with pytest.raises(RunInvalid, match="another study"):
        run_study(study, tmp_path / "out", tmp_path / "cache")


def test_a_folder_with_other_things_is_refused(study, tmp_path):
    """Nothing is written beside what is not a study."""
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(OutputRefused, match="other things"):
        run_study(study, tmp_path, tmp_path / "cache")


def test_films_of_one_class_are_refused(study, manifest, tmp_path):
    """A study needs both classes."""
    write_manifest([replace(film, label=0) for film in manifest], study.manifest)

    with pytest.raises(TrainingRefused, match="both classes"):
        run_study(study, tmp_path / "out", tmp_path / "cache")


@pytest.mark.slow
def test_networks_trained_beside_each_other_give_the_same(study, tmp_path):
    """Two processes come to the results of one."""
    one = run_study(replace(study, n_seeds=2), tmp_path / "one", tmp_path / "cache")
    two = run_study(replace(study, n_seeds=2, n_jobs=2), tmp_path / "two", tmp_path / "cache")

    assert two == one
