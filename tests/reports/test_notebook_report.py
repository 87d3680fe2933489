"""The study's tables and figures say what its results say, no more."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.errors import TableInvalid
from hilum.evaluation.table import write_predictions
from hilum.records import Prediction
from hilum.reports.notebook import (
    difference_table,
    draw_accuracies,
    draw_sweep,
    entry_results,
    headline,
    notebook_table,
    paired_differences,
)


def row(name: str, seed: int, n_right: int, *, validation: float = 0.8, epoch: int = 10) -> dict:
    """One result of the study, on 40 test films."""
    published = {"model 1": 0.8313, "model 5": 0.55}.get(name, 0.7812)
    sweep = [{"epoch": 5, "training_loss": 0.6, "validation_accuracy": validation - 0.1},
             {"epoch": 10, "training_loss": 0.4, "validation_accuracy": validation}]  # fmt: skip
    return {
        "name": name, "seed": seed, "published_accuracy": published, "sweep": sweep, "chosen_epoch": epoch,
        "validation_accuracy": validation, "n_test": 40, "n_right": n_right,
        "predictions": f"{name}-{seed}.parquet",
    }  # fmt: skip


ROWS = [
    row("model 1", 0, 34, validation=0.9), row("model 5", 0, 38, validation=0.6),
    row("model 1", 1, 30, validation=0.7), row("model 5", 1, 20, validation=0.8, epoch=5),
]  # fmt: skip


def write_table(folder, name: str, seed: int, right: list[bool], *, n_patients: int) -> None:
    """Predictions of normal films, wrong ones at 0.9."""
    write_predictions(
        [
            Prediction(film=f"film-{k}", patient=f"patient-{k % n_patients}", label=0,
                       score=0.1 if is_right else 0.9)
            for k, is_right in enumerate(right)
        ],
        folder / f"{name}-{seed}.parquet",
    )  # fmt: skip


def test_the_mean_is_that_of_the_splits_with_the_interval_of_one():
    """34 and 30 of 40 are 0.85 and 0.75, mean 0.8; Wilson's interval of 32 of 40 goes from 0.652 to 0.895."""
    result = entry_results(ROWS)[0]

    assert result.accuracies == (0.85, 0.75)
    assert result.mean.value == pytest.approx(0.8)
    assert (result.mean.low, result.mean.high) == pytest.approx((0.6524, 0.8950), abs=1e-4)
    assert result.mean.n == 40


def test_the_mean_is_not_rounded_to_whole_films():
    """33 and 30 of 40 have the mean 0.7875, which no number of 40 films has."""
    result = entry_results([row("model 1", 0, 33), row("model 1", 1, 30)])[0]

    assert result.mean.value == pytest.approx(0.7875)


def test_validation_films_choose_the_headline():
    """In each split the network best on validation films stands, though another did better on test films."""
    assert [(chosen["seed"], chosen["name"]) for chosen in headline(ROWS)] == [(0, "model 1"), (1, "model 5")]


def test_the_table_holds_both_studies_figures():
    """The notebook's figure with its interval stands beside ours; the last line is the answer."""
    lines = notebook_table(ROWS).splitlines()

    # 0.8313 of 160 is 133 films, Wilson 0.766 to 0.881
    assert lines[2] == (
        "| model 1 | 0.831 (0.766 to 0.881) | 0.800 (0.652 to 0.895) | 40 | 0.750 to 0.850 | 10, 10 |"
    )
    # 34 of 40 in split 0, 20 of 40 in split 1: mean 0.675
    assert lines[4].startswith(
        "| chosen on validation films | 0.831 (0.766 to 0.881), chosen on test films | 0.675 "
    )
    assert lines[4].endswith("| 0.500 to 0.850 | 10, 5 |")
    assert lines[6] == "Chosen on validation films: split 0: model 1; split 1: model 5."


def test_differences_are_taken_on_the_same_films(tmp_path):
    """Right on 10 of 40 films less in both splits is 0.25 less, with an interval that excludes 0."""
    for seed in (0, 1):
        write_table(tmp_path, "model 1", seed, [True] * 40, n_patients=40)
        write_table(tmp_path, "model 5", seed, [False] * 10 + [True] * 30, n_patients=40)

    found = paired_differences(ROWS, tmp_path)

    assert list(found) == ["model 5"]
    assert found["model 5"].value == pytest.approx(-0.25)
    assert -0.45 < found["model 5"].low < -0.25 < found["model 5"].high < -0.08
    assert found["model 5"].n == 40


def test_films_of_one_patient_count_as_one(tmp_path):
    """Forty films of four patients leave more doubt than forty of forty."""
    widths = []
    for n_patients in (40, 4):
        folder = tmp_path / str(n_patients)
        wrong = [k % n_patients < n_patients // 4 for k in range(40)]
        for seed in (0, 1):
            write_table(folder, "model 1", seed, [True] * 40, n_patients=n_patients)
            write_table(folder, "model 5", seed, [not is_wrong for is_wrong in wrong], n_patients=n_patients)
        found = paired_differences(ROWS, folder)["model 5"]
        widths.append(found.high - found.low)

    assert widths[1] > 2 * widths[0]


def test_the_difference_table_carries_signs(tmp_path):
    """A gain is written with its plus."""
    for seed in (0, 1):
        write_table(tmp_path, "model 5", seed, [True] * 40, n_patients=40)
        write_table(tmp_path, "model 1", seed, [False] * 10 + [True] * 30, n_patients=40)

    assert "| model 5 | +0.250 (+0." in difference_table(paired_differences(ROWS, tmp_path))


def test_a_lost_prediction_table_is_named(tmp_path):
    """Where a table was removed the error names it."""
    with pytest.raises(TableInvalid, match=r"model 1-0\.parquet"):
        paired_differences(ROWS, tmp_path)


def test_the_figure_of_accuracies_draws_every_split():
    """Two networks of two splits are four dots beside two published figures."""
    (axes,) = draw_accuracies(ROWS).axes
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    published = [line for line in axes.lines if line.get_marker() == "D"]

    assert [sorted(line.get_xdata()) for line in reversed(dots)] == [[0.75, 0.85], [0.5, 0.95]]
    assert [line.get_xdata()[0] for line in reversed(published)] == pytest.approx([133 / 160, 88 / 160])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["model 5", "model 1"]


def test_the_sweep_draws_the_mean_over_splits():
    """Validation 0.9 and 0.7 at 10 epochs, a tenth less at 5, are 0.7 and 0.8 on the line."""
    (axes,) = draw_sweep(ROWS).axes

    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.7, 0.8])
    assert list(axes.lines[0].get_xdata()) == [5, 10]
