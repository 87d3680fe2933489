"""The run folder: what was asked is kept, and another run may not take it over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hilum.data.manifest import dataset_hash
from hilum.errors import OutputRefused, RunInvalid
from hilum.training.run_folder import open_run, read_json


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
