"""What a person is told of a table that cannot be measured: which file, row, and column, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from hilum.cli.calibrate import calibrate
from hilum.cli.evaluate import evaluate
from hilum.errors import TableInvalid
from hilum.evaluation.calibration_films import calibration_films
from hilum.evaluation.caveats import caveats
from hilum.evaluation.grouping import group_names
from hilum.evaluation.labelled import labelled_films
from hilum.evaluation.table import read_predictions
from hilum.records import Estimate, Prediction

ROWS = [Prediction("a", 1, 0.9, extra={"w": "2"}), Prediction("b", 0, 0.2, extra={"w": "1"})]


@pytest.mark.parametrize("weight", ["", "0", "-1", "1e308", "1e-300", "x"])
def test_a_weight_out_of_bounds_names_row_and_column(weight):
    """Weights whose squares overflow are refused as those of nought are."""
    rows = [ROWS[0], replace(ROWS[1], extra={"w": weight})]

    with pytest.raises(TableInvalid, match=r"row 2 under the header \(film 'b'\), column 'w': ") as refused:
        calibration_films(rows, weight_column="w")
    assert "score" not in str(refused.value)


def test_a_score_off_its_scale_names_its_row():
    """The row is counted over all rows, those without label too."""
    with pytest.raises(
        TableInvalid, match=r"row 2 under the header \(film 'a'\), score 0.9: outside 0 to 0.5"
    ):
        labelled_films([replace(ROWS[1], label=None), ROWS[0]], n_draws=10, seed=0, score_scale=0.5)


def test_only_columns_of_the_table_are_offered_for_groups():
    """A column that no row states is not one to group by."""
    with pytest.raises(TableInvalid, match=r"no column 'hiv' to group by \(found: sex, w\)"):
        group_names([replace(row, sex="F") for row in ROWS], "hiv")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"sep=;\nfilm;label;score\na;1;0.5\n", "line 1: is Excel's 'sep=' line, not column names; delete"),
        (b"film|label|score\na|1|0.5\n", "line 1: '|' stands between fields; use a comma"),
        ("film,label,score\na,1,0.5\n".encode("utf-16"), "UTF-16 text, not UTF-8; save it as CSV UTF-8"),
        ("film,label,score\na,1,0.5\né,0,0.1\n".encode("latin-1"), "line 3: not UTF-8 text; save it as"),
    ],
)
def test_a_csv_of_another_form_says_what_to_do(content, told, tmp_path):
    """Excel's separator line, pipes, and other encodings."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)

    with pytest.raises(TableInvalid) as refused:
        read_predictions(path)
    assert str(refused.value).startswith(str(path))
    assert told in str(refused.value)


@pytest.mark.parametrize("command", [evaluate, calibrate])
def test_a_table_without_labels_is_named(command, tmp_path):
    """The message opens with the file."""
    path = tmp_path / "t.csv"
    path.write_text("film,label,score\na,,0.5\n")
    more = ["--prevalence", "0.02"] if command is calibrate else []
    result = CliRunner().invoke(command, [str(path), "--out", str(tmp_path / "out"), *more])

    assert isinstance(result.exception, TableInvalid)
    assert str(result.exception).startswith(f"{path}: none of the 1 rows has a label")


def test_a_caveat_speaks_of_no_interval_that_was_not_given():
    """One film of each label has no interval, so there is none to call narrow."""
    films = labelled_films(ROWS, n_draws=10, seed=0)
    told = caveats(films, n_rows=2, n_draws_wanted=10, auroc=Estimate(1.0, None, None, n=2))

    assert not any("too narrow" in sentence for sentence in told)
    assert "Only 1 positive and 1 negative film: read the intervals, not the figures alone." in told
