"""The user's own films: folders, tables, labels that are said and never guessed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hilum.data.source import ProblemKind
from hilum.data.sources.folder import FolderSource
from hilum.data.sources.table import TableOptions
from hilum.errors import DatasetMissing, TableInvalid
from hilum.findings import Sex


@pytest.fixture
def films(tmp_path, make_film):
    """A folder with a.png, b.jpg, and sub/c.png."""
    for name in ("a.png", "b.jpg", "sub/c.png"):
        make_film(tmp_path / "films" / name)
    return tmp_path / "films"


@pytest.fixture
def read_table_of(tmp_path, films):
    """Reads the folder with a table of this text."""

    def read(text: str, **options):
        path = tmp_path / "films.csv"
        path.write_text(text, encoding="utf-8")
        return FolderSource(TableOptions(path, **options), site="clinic").read_films(films)

    return read


def test_films_without_a_table_are_unlabelled(films):
    """Each is its own patient, and folder names mean nothing unasked."""
    read = FolderSource().read_films(films)

    assert [(film.film, film.label, film.patient) for film in read.films] == [
        ("a", None, "a"),
        ("b", None, "b"),
        ("c", None, "c"),
    ]


def test_films_of_one_stem_are_told_apart_by_their_path(tmp_path, make_film):
    """The shortest name that tells all films apart is taken for all."""
    for name in ("x/1.png", "y/1.png"):
        make_film(tmp_path / name, seed=name)

    assert [film.film for film in FolderSource().read_films(tmp_path).films] == ["x/1", "y/1"]


def test_films_that_differ_in_suffix_keep_it(tmp_path, make_film):
    """1.png and 1.jpg are two films."""
    for name in ("1.png", "1.jpg"):
        make_film(tmp_path / name)

    assert [film.film for film in FolderSource().read_films(tmp_path).films] == ["1.jpg", "1.png"]


def test_folder_names_are_labels_where_the_user_says_so(tmp_path, make_film):
    """Case does not matter, and a folder that was not named gives no label."""
    for name in ("Normal/a.png", "TB/b.png", "later/c.png"):
        make_film(tmp_path / name)
    read = FolderSource(labels={"normal": 0, "tb": 1}).read_films(tmp_path)

    assert [film.label for film in read.films] == [0, 1, None]


def test_folders_that_contradict_each_other_give_no_label(tmp_path, make_film):
    """A film in normal/tb is left unlabelled, and it is said."""
    make_film(tmp_path / "normal/tb/a.png")
    read = FolderSource(labels={"normal": 0, "tb": 1}).read_films(tmp_path)

    assert read.films[0].label is None
    assert read.problems[0].kind is ProblemKind.DISAGREEMENT


def test_a_table_says_all_it_can(read_table_of):
    """Label, patient, site, age, sex, and view come from the table's columns."""
    read = read_table_of("path,label,patient,site,age,sex,view\na.png,1,P1,north,045Y,f,PA\n")
    (film,) = read.films

    assert (film.film, film.label, film.patient, film.site) == ("a", 1, "P1", "north")
    assert (film.age_years, film.sex, film.view) == (45, Sex.FEMALE, "PA")
    assert read.n_ignored == 2  # b.jpg and sub/c.png, which the table does not name


def test_only_the_path_is_needed(read_table_of):
    """A table of one column imports unlabelled films of the site that was given."""
    (film,) = read_table_of("path\nsub/c.png\n").films

    assert (film.film, film.label, film.patient, film.site) == ("sub/c", None, "sub/c", "clinic")


@pytest.mark.parametrize("cell", ["a.png", "a", "./a.png", "C:\\x\\..\\a.png"])
def test_files_are_matched_by_path_name_or_stem(cell, read_table_of):
    """A name without a suffix does, where one file bears it; a path that leads nowhere is missing."""
    read = read_table_of(f"path\n{cell}\nb\n")

    assert len(read.films) == (2 if not cell.startswith("C:") else 1)


def test_columns_and_words_are_what_the_user_says(read_table_of):
    """`--column label=target` and `--labels sick=1` map a table of any form."""
    read = read_table_of(
        "id;target\na;sick\nb;well\nc;\n",
        columns={"path": "id", "label": "target"},
        labels={"sick": 1, "well": 0},
    )

    assert [film.label for film in read.films] == [1, 0, None]


def test_a_film_column_can_stand_for_the_path(read_table_of):
    """Where there is no path, the film's name finds its file."""
    (film,) = read_table_of("film,label\na,1.0\n").films

    assert (film.film, film.label) == ("a", 1)


def test_a_parquet_table_is_a_table(tmp_path, films):
    """Numbers and empty cells keep their meaning."""
    path = tmp_path / "films.parquet"
    pq.write_table(pa.table({"path": ["a.png", "b.jpg"], "label": [1.0, None], "age": [30, 40]}), path)
    read = FolderSource(TableOptions(path)).read_films(films)

    assert [(film.label, film.age_years) for film in read.films] == [(1, 30), (None, 40)]


def test_rows_without_a_file_are_named(read_table_of):
    """The rest of the table is read."""
    read = read_table_of("path\na.png\ngone.png\n")

    assert [(p.kind, p.name) for p in read.problems] == [(ProblemKind.MISSING_FILM, "gone.png")]


@pytest.mark.parametrize("cell", ["/etc/passwd", "../films.csv", "../../etc/passwd"])
def test_a_path_out_of_the_folder_is_missing(cell, read_table_of):
    """A table leads to no file beside the folder."""
    read = read_table_of(f"path\na.png\n{cell}\n")

    assert [film.film for film in read.films] == ["a"]


def test_an_impossible_age_is_left_out_and_said(read_table_of):
    """148 years is no age, and no reason to lose the film."""
    read = read_table_of("path,age\na.png,148\n")

    assert read.films[0].age_years is None
    assert read.problems[0].kind is ProblemKind.MENDED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("path,label\na.png,2\n", r"row 2, column 'label': '2' is not 0, 1, or empty"),
        ("path,label\na.png,TB\n", r"row 2, column 'label': 'TB'.*--labels"),
        ("path,label\na.png,1\nb.jpg,0.5\n", r"row 3, column 'label': '0.5'"),
        ("path,age\na.png,old\n", r"row 2, column 'age': 'old' is no age"),
        ("path,sex\na.png,x\n", r"row 2, column 'sex': 'x'"),
        ("path,label\n,1\n", r"row 2, column 'path': '' names no file"),
        ("path,path\na.png,b\n", r"column 'path' is there twice"),
        ("path,label\na.png\n", r"row 2 has 1 cells where the head has 2"),
        ("name\na.png\n", r"no column 'path' or 'film'.*it has name"),
        ("", r"it has no rows"),
        ("path,label\na.png,0\na.png,1\n", r"2 rows stand for the f"),
        ("path,film\na.png,x\nb.jpg,x\n", r"2 rows stand for the film 'x'"),
        ('path\n"a.png\n', r"not a CSV table"),
    ],
)
def test_a_table_that_cannot_be_is_refused(text, told, read_table_of):
    """The message names row and column, and what to do."""
    with pytest.raises(TableInvalid, match=told):
        read_table_of(text)


def test_a_column_that_is_not_there_is_refused(read_table_of):
    """`--column label=target` on a table without target names those it has."""
    with pytest.raises(TableInvalid, match="no column 'target'; it has path"):
        read_table_of("path\na.png\n", columns={"label": "target"})


def test_a_table_that_names_no_film_here_is_missing(read_table_of):
    """A table of another folder is not an empty import."""
    with pytest.raises(DatasetMissing, match="any film that the table names"):
        read_table_of("path\nx.png\n")


def test_a_missing_table_is_refused(tmp_path, films):
    """The table's path is named."""
    with pytest.raises(TableInvalid, match=r"gone\.csv"):
        FolderSource(TableOptions(tmp_path / "gone.csv")).read_films(films)


def test_masks_beside_the_films_are_no_films(films, make_mask):
    """A masks folder, and FILM_mask.png, belong to their films."""
    beside, below = make_mask(films / "a_mask.png"), make_mask(films / "masks/b.png")
    read = FolderSource().read_films(films)

    assert [film.lung_mask_paths for film in read.films] == [(beside,), (below,), ()]
