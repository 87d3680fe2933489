"""The run folder: what was asked is kept, and another run may not take it over."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace

import pytest

from hilum.data.manifest import dataset_hash
from hilum.errors import OutputRefused, RunInvalid
from hilum.training import run_folder
from hilum.training.run_folder import open_run, read_json, read_run_facts, write_json


def test_the_folder_holds_settings_commit_versions_and_data_hash(settings, arrays, tmp_path):
    """Everything that a result depends on can be read off it later."""
    open_run(tmp_path / "run", settings, arrays.films)

    facts = read_json(tmp_path / "run" / "run.json")

    assert facts["settings"]["epochs"] == 4
    assert facts["settings"]["recipe"]["crop_side"] == 64
    assert facts["data_hash"] == dataset_hash(arrays.films)
    assert facts["commit"]
    assert facts["versions"]["torch"]


def test_other_settings_may_not_take_up_a_run(settings, arrays, tmp_path):
    """The message names the key and both values."""
    open_run(tmp_path / "run", settings, arrays.films)

    with pytest.raises(RunInvalid, match="started with epochs = 4, not 5"):
        open_run(tmp_path / "run", replace(settings, epochs=5), arrays.films)


def test_other_films_may_not_take_up_a_run(settings, arrays, tmp_path):
    """Even one film less is another run."""
    open_run(tmp_path / "run", settings, arrays.films)

    with pytest.raises(RunInvalid, match="other films"):
        open_run(tmp_path / "run", settings, arrays.films[:-1])


def test_a_folder_with_other_things_in_it_is_refused(settings, arrays, tmp_path):
    """A run never mixes with a person's files."""
    (tmp_path / "letter.txt").write_text("dear colleague", encoding="utf-8")

    with pytest.raises(OutputRefused, match="holds other things"):
        open_run(tmp_path, settings, arrays.films)


def test_the_data_hash_depends_on_labels_and_not_on_order(arrays):
    """The same films in any order are the same data; a changed label is not."""
    films = list(arrays.films)
    relabelled = [replace(films[0], label=1 - films[0].label), *films[1:]]

    assert dataset_hash(films[::-1]) == dataset_hash(films)
    assert dataset_hash(relabelled) != dataset_hash(films)


def test_each_sitting_is_noted_with_its_date_commit_and_packages(settings, arrays, tmp_path, monkeypatch):
    """A run that later code goes on with names both commits; the first stays the run's own."""
    open_run(tmp_path / "run", settings, arrays.films)
    first = read_json(tmp_path / "run" / "run.json")
    monkeypatch.setattr(run_folder, "source_commit", lambda: "later")
    open_run(tmp_path / "run", settings, arrays.films)

    facts = read_json(tmp_path / "run" / "run.json")

    assert facts["commit"] == first["commit"]
    assert [each["commit"] for each in facts["sessions"]] == [first["commit"], "later"]
    assert all(each["started"] and each["versions"]["torch"] for each in facts["sessions"])


def test_a_run_from_before_sittings_were_noted_keeps_its_first(settings, arrays, tmp_path):
    """Its own commit stands before that of the sitting that goes on with it."""
    open_run(tmp_path / "run", settings, arrays.films)
    facts = read_json(tmp_path / "run" / "run.json")
    del facts["sessions"]
    write_json(tmp_path / "run" / "run.json", facts | {"commit": "earlier"})

    found = open_run(tmp_path / "run", settings, arrays.films)

    assert [each["commit"] for each in found["sessions"]] == ["earlier", facts["commit"]]


def test_the_lungs_network_is_known_by_its_bytes(settings, arrays, tmp_path):
    """It may be moved; another file at the same place is another run, and both are named."""
    recipe = replace(settings.recipe, region="lungs")
    here, there = tmp_path / "here.onnx", tmp_path / "there.onnx"
    here.write_bytes(b"one network")
    there.write_bytes(b"one network")
    with_lungs = replace(settings, recipe=recipe, lungs=str(here))
    facts = open_run(tmp_path / "run", with_lungs, arrays.films)

    open_run(tmp_path / "run", replace(with_lungs, lungs=str(there)), arrays.films)
    here.write_bytes(b"another network")
    with pytest.raises(RunInvalid, match="started from other weights of the lungs network") as caught:
        open_run(tmp_path / "run", with_lungs, arrays.films)

    assert facts["lungs_sha256"] == hashlib.sha256(b"one network").hexdigest()
    for content in (b"one network", b"another network"):
        assert hashlib.sha256(content).hexdigest()[:12] in str(caught.value)


def test_a_changed_recipe_does_not_go_on_with_a_run(settings, arrays, tmp_path, monkeypatch):
    """Half of its folds would see the films otherwise than the other half."""
    facts = open_run(tmp_path / "run", settings, arrays.films)
    monkeypatch.setattr("hilum.training.loader.recipe_code_hash", lambda: "f" * 64)

    with pytest.raises(RunInvalid, match="other sources of the pixel recipe") as caught:
        open_run(tmp_path / "run", settings, arrays.films)

    assert facts["recipe_code_sha256"][:12] in str(caught.value)
    assert "ffffffffffff now" in str(caught.value)


def test_a_wheel_inside_another_repository_does_not_take_its_commit(tmp_path, monkeypatch):
    """A .venv often lies in somebody's repository, whose commit says nothing of Hilum."""
    room = tmp_path / ".venv" / "hilum"
    room.mkdir(parents=True)
    (room / "run_folder.py").touch()
    words = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", *words, "commit", "-q", "--allow-empty", "-m", "theirs"], cwd=tmp_path, check=True)
    monkeypatch.setattr(run_folder, "__file__", str(room / "run_folder.py"))

    assert run_folder.source_commit().startswith("release ")


def test_a_run_from_before_a_setting_was_removed_is_read_where_it_did_nothing(settings, arrays, tmp_path):
    """Its networks are what they would be today; one that it shaped cannot be told of, so it is left in."""
    facts = open_run(tmp_path / "run", settings, arrays.films)
    for weight, is_left_out in ((0.0, True), (1.0, False)):
        older = facts["settings"] | {"zone_weight": weight}
        write_json(tmp_path / "run" / "run.json", facts | {"settings": older})

        assert ("zone_weight" not in read_run_facts(tmp_path / "run")["settings"]) is is_left_out
