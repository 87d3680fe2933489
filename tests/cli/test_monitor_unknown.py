"""`hilum monitor` says what it does not know: unlisted refusals, too few films, and another scale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from hilum.cli.main import cli
from hilum.evaluation.alarm import AlarmRule, films_for_alarm, judge
from hilum.evaluation.drift import SMALLEST_P, ks_p_value, stability_index
from hilum.evaluation.watched import read_watched


def write_scores(path: Path, n: int, *, seed: int, **columns: object) -> Path:
    """A prediction table with films and scores in 0..1, and no column of refusal codes."""
    scores = np.random.default_rng(seed).random(n)
    pq.write_table(
        pa.table({"film": [f"{seed}-{row}" for row in range(n)], "score": scores, **columns}), path
    )
    return path


def monitored(folder: Path, n_reference: int, n_current: int, *options: str) -> tuple[Result, Any]:
    """The command's result and its numbers."""
    tables = (
        write_scores(folder / "old.parquet", n_reference, seed=0),
        write_scores(folder / "new.parquet", n_current, seed=1),
    )
    result = CliRunner().invoke(cli, ["monitor", *map(str, tables), "--out", str(folder / "out"), *options])
    return result, json.loads((folder / "out/monitor.json").read_text())


def test_refusals_that_no_table_lists_are_not_estimable(tmp_path):
    """A table without refusal codes has no refusal rate, not one of 0."""
    _, numbers = monitored(tmp_path, 30, 30)
    page = (tmp_path / "out/monitor.html").read_text()

    assert numbers["reference"]["refusal_rate"]["value"] is None
    assert numbers["current"]["refusal_rate"]["why"] == "the table lists no refusals"
    assert "0.000 (0.000" not in page


def test_one_film_against_one_is_no_assurance(tmp_path):
    """Where no films of these numbers could raise an alarm, that is said, and how many it takes."""
    result, numbers = monitored(tmp_path, 1, 1)

    assert "too few films for any alarm at 1 in 100; it takes about 5 in the window" in result.output
    assert not numbers["can_alarm"]
    assert "Nothing needs to be done" not in numbers["advice"][0]
    assert numbers["current"]["psi"]["corrected"] is None


def test_small_windows_are_said_to_show_large_changes_only(tmp_path):
    """Thirty films without an alarm come with what thirty films can show."""
    result, numbers = monitored(tmp_path, 30, 30)

    assert "Few films (30 in the smallest window or the reference)" in result.output
    assert numbers["can_alarm"]


def test_a_threshold_of_another_scale_is_asked_about(tmp_path):
    """A threshold of 50 flags no score of 0..1, in either table."""
    result, _ = monitored(tmp_path, 30, 30, "--threshold", "50")

    assert "The threshold 50 flags no film of the reference: is it on that table's scale?" in result.output
    assert "The threshold 50 flags no film of the current films" in result.output


def test_a_column_that_is_not_read_may_hold_anything(tmp_path):
    """A prediction table's own text column `probability` is no score."""
    path = write_scores(tmp_path / "t.parquet", 2, seed=0, probability=["high", "low"])

    assert len(read_watched(path).films) == 2


@pytest.mark.parametrize(("n_reference", "n_window", "can"), [(1, 1, False), (98, 1, False), (99, 1, True),
                                                             (4, 4, False), (5, 5, True)])  # fmt: skip
def test_an_alarm_is_possible_from_as_many_windows_as_the_rate_asks(n_reference, n_window, can):
    """One film among 100 can be the strangest of 100; of 2 n films half are one of C(2n, n) / 2 pairs."""
    in_window = np.arange(n_reference + n_window) >= n_reference
    verdict = judge({"place": lambda window: np.abs(window.mean(axis=1) - 1.0)}, in_window, AlarmRule(100))

    assert verdict.can_alarm is can
    assert films_for_alarm(AlarmRule(100)) == 5


def test_a_tiny_p_is_a_bound_and_never_0():
    """Five hundred films wholly apart: p is far below what rounding resolves."""
    assert ks_p_value(np.arange(500.0), np.arange(500.0) + 1000) == SMALLEST_P


def test_a_stability_index_of_few_films_is_not_set_against_chance():
    """With fewer films than bins its mean by chance is not known; with 50 on each side it is."""
    scores = np.linspace(0, 1, 50)

    assert stability_index(scores[:3], scores[:3] + 0.01).why
    assert not stability_index(scores, scores + 0.01).why
