"""Settings out of range are refused by key, value, and range, before a run's folder is opened."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hilum.cli.main import cli
from hilum.errors import NameUnknown, SettingsInvalid, TrainingRefused
from hilum.training.cross_validation import check_folds, load_run
from hilum.training.setting_ranges import RANGES, check_ranges, numbers_of
from hilum.training.settings import AugmentSettings, LungsSettings, TrainSettings

WHOLE = {"patience": 5, "inner_share": 0.1, "n_threads": 2}  # what is None by default


def test_every_number_has_a_range_and_every_default_lies_inside_it():
    """A setting that is added without a range is told here."""
    train = TrainSettings(Path("manifest.parquet"), **WHOLE)
    lungs = LungsSettings((Path("manifest.parquet"),), n_threads=2)

    check_ranges(train)
    check_ranges(lungs)

    assert RANGES.keys() == {key for each in (train, lungs) for key, _ in numbers_of(each)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0), ("epochs", -3), ("batch_size", 0), ("batch_size", -8), ("learning_rate", -1.0),
        ("learning_rate", 0.0), ("learning_rate", math.nan), ("learning_rate", math.inf),
        ("trunk_rate", -0.1),
        ("warm_up_share", 2.0), ("warm_up_share", 0.0), ("weight_decay", -0.1), ("label_smoothing", 3.0),
        ("label_smoothing", -0.1), ("side_weight", -1.0), ("ema_decay", 2.0), ("ema_decay", 1.0),
        ("inner_share", 1.0), ("inner_share", -0.1), ("n_folds", 1), ("n_folds", 0), ("seed", -1),
        ("seed", 2**32), ("n_threads", 0), ("weak_share", -0.5), ("weak_share", 1.5),
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_named_with_its_value_and_its_range(
    settings, manifest, tmp_path, key, value
):
    """And no folder is left behind that could not be used again."""
    with pytest.raises(SettingsInvalid) as caught:
        load_run(replace(settings, **{key: value}), tmp_path / "run")

    assert str(caught.value) == f"{key} = {value!r} is out of range: it must be {RANGES[key]}"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("key", [key for key in RANGES if key.startswith("augment.")])
def test_augmentation_out_of_range_is_named_by_its_table(settings, key):
    """Negative reaches and probabilities above one are mistakes, not settings."""
    name = key.removeprefix("augment.")

    for value in (-0.1, 1000.0, math.nan):
        with pytest.raises(SettingsInvalid, match=key):
            check_ranges(replace(settings, augment=replace(AugmentSettings(), **{name: value})))


@pytest.mark.parametrize(("name", "value"), [("film_side", 0), ("crop_side", -1), ("margin", 2.0)])
def test_a_recipe_out_of_range_is_named_by_its_table(settings, name, value):
    """A film of no pixels."""
    with pytest.raises(SettingsInvalid, match=rf"recipe\.{name} = {value}"):
        check_ranges(replace(settings, recipe=replace(settings.recipe, **{name: value})))


def test_patience_without_films_to_watch_is_refused(settings):
    """It would never be spent, and all epochs would run in silence."""
    with pytest.raises(SettingsInvalid, match="patience = 3 has no films to watch"):
        check_ranges(replace(settings, patience=3, inner_share=0.0))


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"network": "hilum-smal"}, NameUnknown, "did you mean 'hilum-small'"),
        ({"network": "hilum-base", "trunk_rate": 0.0, "side_weight": 0.0, "weights": "gone.pt"},
         SettingsInvalid, "no file gone.pt"),
        ({"network": "pasa", "trunk_rate": 0.5}, SettingsInvalid, "has no trunk that learns"),
        ({"network": "notebook-model-1", "side_weight": 1.0}, SettingsInvalid, "keeps no feature map"),
        ({"batch_size": 25}, TrainingRefused, "24 films are fewer than one batch"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_leaves_no_folder(settings, manifest, tmp_path, changes, error, told):
    """The settings are mended, and the same folder named again."""
    with pytest.raises(error, match=told):
        load_run(replace(settings, **changes), tmp_path / "run")

    assert not (tmp_path / "run").exists()


def test_folds_that_leave_no_batch_are_refused_before_a_folder_is_made(settings, manifest):
    """Twelve of twenty-four films are left to learn from in each of two folds."""
    with pytest.raises(
        TrainingRefused, match="fold 0 has 12 films to learn from, fewer than the 13 of one batch"
    ):
        check_folds(replace(settings, batch_size=13))


def test_the_command_line_tells_a_bad_seed_before_anything_is_loaded(tmp_path):
    """One line, exit status 2, and no folder."""
    (tmp_path / "study.toml").write_text('manifest = "gone.parquet"\n', encoding="utf-8")

    result = CliRunner().invoke(
        cli, ["train", str(tmp_path / "study.toml"), "--out", str(tmp_path / "run"), "--seed", "-1"]
    )

    assert result.exit_code == 2
    assert "seed = -1 is out of range: it must be at least 0" in result.stderr
    assert not (tmp_path / "run").exists()
