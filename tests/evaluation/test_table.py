"""Prediction tables: what is read, what is refused, and how the refusal names the cell."""

from __future__ import annotations

import re
import string

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.errors import OutputRefused, TableInvalid
from hilum.evaluation.table import Columns, read_predictions, write_predictions
from hilum.records import Prediction

HEADER = "film,label,score\n"


@pytest.fixture
def table(tmp_path):
    """Write a CSV's text or bytes and return its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def parquet(tmp_path):
    """Write columns as a Parquet file and return its path."""

    def write(**columns):
        path = tmp_path / "table.parquet"
        pq.write_table(pa.table(columns), path)
        return path

    return write


def refusal(path, columns=None):
    """The message with which a table is refused."""
    with pytest.raises(TableInvalid) as caught:
        read_predictions(path, columns or Columns())
    return str(caught.value)


def test_every_column_is_read(table):
    """All columns with a role become typed, all others stay text."""
    path = table("film,patient,site,age,sex,label,score,fold,kind\n0001,p 1,Delhi,45,F,1,0.75,2,cavity\n")

    assert read_predictions(path) == [
        Prediction("0001", 1, 0.75, patient="p 1", site="Delhi", age_years=45.0, sex="F", fold=2,
                   extra={"kind": "cavity"})
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbffilm,label,score\r\n007,1,0.5\r\n",
        b"film;label;score\n007;1;0.5\n",
        b"film\tlabel\tscore\r007\t1\t0.5\r",
        b'"film";"label";"score"\n"007";"1";"0.5"\n',
        b"film, label ,score\n 007 , 1 , 0.5 \n\n\n",
        b",film,label,score\n0,007,1.0,+.5e0\n",
        b"score,label,film,score_raw;x\n0.5,1,007,9\n",
    ],
    ids=[
        "mark and crlf",
        "semicolon",
        "tab and cr",
        "quoted",
        "spaces and blank lines",
        "index",
        "two separators",
    ],
)
def test_quirks_of_spreadsheets_are_read(table, content):
    """Marks, line ends, separators, quotes, and an index column change nothing; zeros in front stay."""
    (row,) = read_predictions(table(content))

    assert (row.film, row.label, row.score) == ("007", 1, 0.5)


def test_an_empty_label_is_not_stated(table):
    """No label is neither positive nor negative."""
    rows = read_predictions(table(HEADER + "a,,1\nb, ,2\nc,NaN,3\n"))

    assert [row.label for row in rows] == [None, None, None]


@pytest.mark.parametrize("label", ["2", "-1", "0.5", "true", "TB", "yes", "1,0", "inf", "１"])
def test_another_label_is_refused_by_line_and_column(table, label):
    """A label is 1, 0, or empty, and nothing is guessed."""
    message = refusal(table(HEADER + f'a,1,0.5\nb,"{label}",0.5\n'))

    assert "line 3, column 'label'" in message
    assert "must be 1, 0, or empty" in message


@pytest.mark.parametrize(
    "score", ["nan", "inf", "-Infinity", "1e999", "high", "1_000", "0x1p3", "١", "1 2", "--1"]
)
def test_a_score_that_is_no_finite_number_is_refused(table, score):
    """What only a programmer calls a number is none."""
    message = refusal(table(HEADER + f"a,1,0.5\nb,0,{score}\n"))

    assert "line 3, column 'score'" in message
    assert "not a finite number" in message


def test_a_missing_score_is_refused(table):
    """A film without a score is not a film with score nought."""
    assert "line 2, column 'score': is empty" in refusal(table(HEADER + "a,1,\n"))


def test_a_decimal_comma_is_named(table):
    """A spreadsheet of another language gets told what to change."""
    assert "line 2, column 'score': '0,53' has a decimal comma" in refusal(
        table("film;label;score\na;1;0,53\n")
    )


def test_the_line_is_that_of_the_file(table):
    """Blank lines and line breaks within quotes count as an editor counts them."""
    content = 'film,label,score,note\na,1,0.5,"two\nlines"\n\nb,7,0.5,x\n'

    assert "line 5, column 'label'" in refusal(table(content))


def test_a_film_that_comes_twice_is_refused_with_both_lines(table):
    """A duplicate film would count twice; blanks around an id do not hide it."""
    message = refusal(table(HEADER + "a,1,0.5\nb,0,0.1\n a ,1,0.5\n"))

    assert "line 4, column 'film'" in message
    assert "line 2 already" in message


def test_a_duplicate_far_away_is_found(table):
    """Rows are converted in blocks; a film of the first is remembered in the last."""
    lines = "".join(f"{i},{i % 2},0.5\n" for i in range(25_000))

    assert "line 25002, column 'film': film '3' stands at line 5 already" in refusal(
        table(HEADER + lines + "3,1,0.5\n")
    )


def test_a_bad_cell_far_away_is_named(table):
    """The first bad cell of a late block keeps its own line."""
    lines = "".join(f"{i},{i % 2},0.5\n" for i in range(12_000))

    assert "line 12002, column 'score'" in refusal(table(HEADER + lines + "x,1,?\ny,9,0.5\n"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no column 'film'"),
        (HEADER, "no rows"),
        (HEADER + "\n\n", "no rows"),
        ("film,score\na,1\n", "no column 'label'"),
        ("film,Label,score\na,1,1\n", "did you mean --label-column Label?"),
        ("film,label,score,score\na,1,1,2\n", "two columns are called 'score'"),
        (HEADER + "a,1\n", "line 2: 2 fields, but the header has 3"),
        (HEADER + "a,1,1,1\n", "line 2: 4 fields, but the header has 3"),
        (HEADER + "b,1,1\n,1,1\n", "line 3, column 'film': is empty"),
        (HEADER + 'b,1,1\n"a,1,1\n', "line 3: not CSV"),
        (HEADER.encode() + b"\xff,1,1\n", "not UTF-8"),
        ("film,label,score\n".encode("utf-16"), "not UTF-8"),
        ("film,label,score,age\na,1,1,045Y\n", "line 2, column 'age'"),
        ("film,label,score,age\na,1,1,-3\n", "line 2, column 'age': must be years"),
        ("film,label,score,fold\na,1,1,first\n", "line 2, column 'fold'"),
        ("film,label,score,fold\na,1,1,1.5\n", "line 2, column 'fold': must be a whole number"),
    ],
)
def test_a_broken_table_is_refused_with_the_reason(table, content, said):
    """Each fault gives one message, which names the place and what was found."""
    assert said in refusal(table(content))


def test_a_huge_field_is_refused(table):
    """A field past the limit of the CSV reader is a refusal, not a crash."""
    assert "line 2: not CSV" in refusal(table(HEADER + "a" * 200_000 + ",1,1\n"))


def test_a_message_shortens_what_it_repeats(table):
    """A cell of a thousand characters does not fill the terminal."""
    assert len(refusal(table(HEADER + "a,1," + "9x" * 500 + "\n"))) < 300


@pytest.mark.parametrize("name", ["table.txt", "table.xlsx", "table"])
def test_another_ending_is_refused(table, name):
    """What a file holds is told by its ending, not guessed."""
    assert ".csv or .parquet" in refusal(table(HEADER + "a,1,1\n", name))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    """Both are told apart."""
    assert "no such file" in refusal(tmp_path / "none.csv")
    assert "is a folder" in refusal(tmp_path)


def test_columns_may_have_other_names(table):
    """A table of another program is read by naming its columns."""
    path = table("id,y,p,subject\n01,1,0.5,s1\n")
    rows = read_predictions(path, Columns(film="id", label="y", score="p", patient="subject"))

    assert rows == [Prediction("01", 1, 0.5, patient="s1")]


def test_a_column_asked_for_by_name_must_be_there(table):
    """A patient column that was named and is missing is not ignored."""
    message = refusal(table(HEADER + "a,1,1\n"), Columns(patient="subject"))

    assert "no column 'subject' for the patient" in message


def test_one_column_cannot_be_label_and_score(table):
    """A label scored by itself would be perfect."""
    assert "three different columns" in refusal(table(HEADER + "a,1,1\n"), Columns(score="label"))


def test_parquet_is_read_with_its_types(parquet):
    """Nulls and NaN are empty; whole numbers may be ids; categories are text."""
    path = parquet(
        film=pa.array([1, 2]),
        label=pa.array([1.0, float("nan")]),
        score=pa.array([1, -3]),
        sex=pa.array(["F", None]).dictionary_encode(),
        age=pa.array([None, None], pa.null()),
        fold=pa.array([float("nan"), 2.0]),
        seen=pa.array([True, None]),
    )

    assert read_predictions(path) == [
        Prediction("1", 1, 1.0, sex="F", extra={"seen": "True"}),
        Prediction("2", None, -3.0, fold=2, extra={"seen": ""}),
    ]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("score", ["0.1", "0.2"]), ("score", [True, False]), ("label", [True, False]), ("label", ["1", "0"]),
        ("film", [1.0, 2.0]), ("film", [b"a", b"b"]), ("patient", [[1], [2]]), ("age", ["45", "46"]),
    ],
)  # fmt: skip
def test_a_parquet_column_of_another_type_is_refused(parquet, column, cells):
    """Text is no number, a truth value no label, and a decimal no id."""
    columns = {"film": ["a", "b"], "label": [1, 0], "score": [0.1, 0.2], column: cells}

    assert f"column {column!r}: holds" in refusal(parquet(**columns))


def test_a_parquet_row_is_named_by_its_number(parquet):
    """Parquet has no lines, so rows are counted from 1."""
    path = parquet(film=["a", "b"], label=[1, 0], score=[0.5, float("nan")])

    assert "row 2, column 'score'" in refusal(path)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"film,label,score\na,1,1\n"]
)
def test_a_damaged_parquet_file_is_refused(table, content):
    """What is no Parquet file is told in one sentence."""
    message = refusal(table(content, "table.parquet"))

    assert "not a readable Parquet file" in message
    assert "\n" not in message


text = st.text(string.ascii_letters + string.digits + "äß漢,;\"'\n\t-_", min_size=1, max_size=12).map(
    str.strip
)
named = st.one_of(st.none(), text.filter(bool))
predictions = st.lists(
    st.builds(
        Prediction,
        film=text.filter(bool),
        label=st.sampled_from([0, 1, None]),
        score=st.floats(allow_nan=False, allow_infinity=False),
        patient=named,
        site=named,
        age_years=st.one_of(st.none(), st.floats(0, 150)),
        sex=named,
        fold=st.one_of(st.none(), st.integers(0, 99)),
        extra=st.fixed_dictionaries({"note": text}),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row.film,
)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@given(rows=predictions)
def test_a_table_comes_back_as_it_was_written(tmp_path_factory, ending, rows):
    """Every value returns, to the last digit and with its commas, quotes, and line breaks."""
    path = tmp_path_factory.mktemp("tables") / f"table.{ending}"
    write_predictions(rows, path)

    assert read_predictions(path) == rows


def test_a_table_is_written_with_the_promised_columns(tmp_path):
    """film, patient, site, age, sex, label, score; fold only where one is stated."""
    path = tmp_path / "deep" / "table.csv"
    write_predictions([Prediction("a", None, 0.1)], path)

    assert path.read_text() == "film,patient,site,age,sex,label,score\na,,,,,,0.1\n"
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_numbers_of_numpy_are_written_as_numbers(tmp_path):
    """A score straight from an array is a number in the file, not the name of its type."""
    path = tmp_path / "table.csv"
    write_predictions([Prediction("a", 1, np.float64(0.1)), Prediction("b", 0, np.float32(0.5))], path)

    assert re.search(r"a,.*,0\.1\nb,.*,0\.5\n", path.read_text())


def test_writing_where_it_cannot_be_is_refused(tmp_path):
    """Another ending, or a file in the way of the folder, is told as one."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputRefused, match=r"\.csv or \.parquet"):
        write_predictions([Prediction("a", 1, 0.5)], tmp_path / "table.json")
    with pytest.raises(OutputRefused, match="cannot be written"):
        write_predictions([Prediction("a", 1, 0.5)], tmp_path / "file" / "table.csv")


def test_another_column_may_not_take_a_promised_name(tmp_path):
    """An extra column called score would hide the score."""
    with pytest.raises(ValueError, match="'score'"):
        write_predictions([Prediction("a", 1, 0.5, extra={"score": "x"})], tmp_path / "table.csv")


def test_a_probability_beside_the_score_can_be_evaluated_from_parquet(tmp_path):
    """The calibrated probability of hilum cross-validate is a number there, not text."""
    rows = [
        Prediction("a", 1, 0.9, extra={"probability": "0.750000", "learnt_from": "no"}),
        Prediction("b", 0, 0.1, extra={"probability": "", "learnt_from": "no"}),
        Prediction("c", 0, 0.2, extra={"probability": "0.250000", "learnt_from": "no"}),
    ]
    write_predictions(rows[::2], tmp_path / "table.parquet")

    read = read_predictions(tmp_path / "table.parquet", Columns(score="probability"))

    assert [row.score for row in read] == [0.75, 0.25]
    write_predictions(rows, tmp_path / "gaps.parquet")
    assert [row.extra["probability"] for row in read_predictions(tmp_path / "gaps.parquet")] == [
        "0.75",
        "",
        "0.25",
    ]


def test_words_in_a_probability_column_stay_words(tmp_path):
    """Somebody else's column of that name is kept as it is."""
    rows = [Prediction("a", 1, 0.9, extra={"probability": "high"})]

    write_predictions(rows, tmp_path / "table.parquet")

    assert read_predictions(tmp_path / "table.parquet") == rows
