"""The manifest's schema: what goes in comes out, and what breaks it is named."""

from __future__ import annotations

import string
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hilum.data.manifest import read_manifest, write_manifest
from hilum.data.manifest_check import SCHEMA, VERSION_KEY
from hilum.errors import ManifestInvalid, OutputRefused
from hilum.findings import Laterality, Sex, TuberculosisKind, Zone
from hilum.records import ClinicalReading, Film

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
NAME = st.text(string.ascii_letters + string.digits + "_- äß中", min_size=1, max_size=20).filter(str.strip)
AGE = st.none() | st.floats(0, 120)
HEX = "0123456789abcdef"
READING = st.builds(
    ClinicalReading,
    text=TEXT,
    sex=st.none() | st.sampled_from(Sex),
    age_years=AGE,
    is_normal=st.none() | st.booleans(),
    laterality=st.none() | st.sampled_from(Laterality),
    zones=st.lists(st.sampled_from(Zone), unique=True).map(tuple),
    kinds=st.lists(st.sampled_from(TuberculosisKind), unique=True).map(tuple),
    same_patient_as=st.lists(st.text(string.digits, min_size=4, max_size=4)).map(tuple),
)
FILM = st.builds(
    Film,
    film=NAME,
    image_path=NAME.map(lambda name: Path("/films", name)),
    dataset=NAME,
    site=NAME,
    patient=NAME,
    label=st.sampled_from([None, 0, 1]),
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    bit_depth=st.integers(1, 16),
    sha256=st.text(HEX, min_size=64, max_size=64),
    perceptual_hash=st.text(HEX, min_size=16, max_size=16),
    view=st.none() | NAME,
    age_years=AGE,
    sex=st.none() | st.sampled_from(Sex),
    reading=st.none() | READING,
    lung_mask_paths=st.lists(NAME.map(lambda name: Path("/masks", name)), max_size=2).map(tuple),
    finding_mask_path=st.none() | NAME.map(lambda name: Path("/masks", name)),
)


@pytest.fixture
def path(tmp_path) -> Path:
    """Where the test's manifest goes."""
    return tmp_path / "manifest.parquet"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(films=st.lists(FILM, max_size=5, unique_by=lambda film: film.film))
def test_films_come_back_as_they_were(films, path):
    """Any films that the schema allows are the same after writing and reading."""
    write_manifest(films, path)

    assert read_manifest(path) == films


def test_a_manifest_is_found_in_its_folder(build_film, path):
    """The folder of an import stands for its manifest."""
    write_manifest([build_film()], path)

    assert read_manifest(path.parent) == [build_film()]


def test_paths_inside_the_folder_move_with_it(build_film, tmp_path):
    """A film below the manifest is stored relative to it, one elsewhere absolute."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    films = [
        build_film(image_path=old / "films/A.png", lung_mask_paths=(old / "masks/A.png",)),
        build_film(film="B", image_path=tmp_path / "elsewhere/B.png"),
    ]
    write_manifest(films, old / "manifest.parquet")
    old.rename(new)
    inside, outside = read_manifest(new)

    assert inside.image_path == new / "films/A.png"
    assert inside.lung_mask_paths == (new / "masks/A.png",)
    assert outside.image_path == tmp_path / "elsewhere/B.png"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"label": 2}, r"row 2 \(film 'B'\), column 'label': 2 is not 0, 1, or empty"),
        ({"film": "A"}, r"row 2 .*column 'film': 'A' is there twice"),
        ({"film": " "}, r"column 'film': ' ' is blank"),
        ({"patient": ""}, r"column 'patient': '' is blank"),
        ({"site": None}, r"column 'site'"),
        ({"width": 0}, r"column 'width': 0 is no size"),
        ({"bit_depth": 64}, r"column 'bit_depth': 64"),
        ({"sha256": "A" * 64}, r"column 'sha256'.*is no SHA-256"),
        ({"perceptual_hash": "0"}, r"column 'perceptual_hash'"),
        ({"age_years": float("nan")}, r"column 'age_years': nan is no age"),
        ({"age_years": -1.0}, r"column 'age_years': -1.0 is no age"),
        ({"sex": "X"}, r"column 'sex': 'X' is not among F, M, O"),
    ],
)
def test_a_row_that_breaks_the_schema_is_not_written(build_film, path, changes, told):
    """The message names row, film, column, and value, and no file is left."""
    films = [build_film(), replace(build_film(film="B"), **changes)]

    with pytest.raises(ManifestInvalid, match=told):
        write_manifest(films, path)
    assert list(path.parent.iterdir()) == []


def _altered(path: Path, **columns: pa.Array) -> None:
    """Write the manifest at `path` again with other columns; a column of None is left out."""
    table = pq.read_table(path)
    for name, column in columns.items():
        table = table.drop_columns([name])
        if column is not None:
            table = table.append_column(name, column)
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("label", pa.array([1, 3]), r"row 2 \(film 'B'\), column 'label': 3 is not 0, 1, or empty"),
        ("label", pa.array([0.5, 1.0]), "column 'label' holds a value that is no int8"),
        ("label", pa.array(["0", "1"]), "column 'label' is string, not int8"),
        ("label", pa.array([True, False]), "column 'label' is bool, not int8"),
        ("label", pa.array([1, 1000]), "column 'label' holds a value that is no int8"),
        ("label", None, "column 'label' is missing"),
        ("film", pa.array(["A", "A"]), r"row 2 \(film 'A'\), column 'film'"),
        ("film", pa.array([1, 2]), "column 'film' is int64, not string"),
        ("film", pa.array([None, "B"]), "row 1 .*column 'film': is empty"),
        ("zones", pa.array([[], ["left top"]]), r"row 2 .*column 'zones': \['left top'\] is not among"),
        ("zones", pa.array(["a", "b"]), "column 'zones' is string, not list"),
        ("kinds", pa.array([None, []], pa.list_(pa.string())), "row 1 .*column 'kinds': is empty"),
        ("lung_mask_paths", pa.array([[""], []]), "row 1 .*column 'lung_mask_paths'"),
        ("laterality", pa.array([None, "left"]), "row 2 .*column 'laterality'.*without a reading_text"),
        ("sex", pa.array(["f", None]), "row 1 .*column 'sex': 'f' is not among"),
        ("age_years", pa.array([1.0, float("inf")]), "row 2 .*column 'age_years'"),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused(build_film, path, column, values, told):
    """A column missing, of a wrong type, or with a value that cannot be is named."""
    write_manifest([build_film(), build_film(film="B")], path)
    _altered(path, **{column: values})

    with pytest.raises(ManifestInvalid, match=told):
        read_manifest(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"film,label\nA,1\n"])
def test_a_file_that_is_no_parquet_is_refused(path, content):
    """Neither an empty file nor a CSV under the name is a manifest."""
    path.write_bytes(content)

    with pytest.raises(ManifestInvalid, match="not a readable Parquet file"):
        read_manifest(path)


def test_a_missing_manifest_names_the_command_that_makes_one(path):
    """The message says what to do next."""
    with pytest.raises(ManifestInvalid, match="hilum data import"):
        read_manifest(path)


def test_a_manifest_of_another_version_is_refused(build_film, path):
    """A version this Hilum does not know is not guessed at."""
    write_manifest([build_film()], path)
    pq.write_table(pq.read_table(path).replace_schema_metadata({VERSION_KEY: b"2"}), path)

    with pytest.raises(ManifestInvalid, match="manifest version 2"):
        read_manifest(path)


def test_the_version_is_in_the_file(build_film, path):
    """Other programs can tell what they read."""
    write_manifest([build_film()], path)

    assert pq.read_schema(path).metadata[VERSION_KEY] == b"1"


def test_a_manifest_that_pandas_wrote_is_read(build_film, path):
    """Labels with gaps as floats, large texts, categories, and empty columns without a type lose nothing."""
    films = [build_film(label=None), build_film(film="B", label=1, age_years=3.5, sex=Sex.MALE)]
    write_manifest(films, path)
    _altered(
        path,
        label=pa.array([None, 1.0], pa.float64()),
        film=pa.array(["A", "B"], pa.large_string()),
        site=pa.array(["here", "here"]).dictionary_encode(),
        zones=pa.array([[], []], pa.list_(pa.null())),
        view=pa.nulls(2),
        width=pa.array([40, 40], pa.int64()),
    )

    assert read_manifest(path) == films


def test_a_manifest_that_polars_wrote_is_read(build_film, path):
    """Large lists of large texts, and no version in the file: what polars makes of part of a manifest."""
    write_manifest([build_film()], path)
    _altered(path, lung_mask_paths=pa.array([["/masks/A.png"]], pa.large_list(pa.large_string())))
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)

    assert read_manifest(path) == [build_film(lung_mask_paths=(Path("/masks/A.png"),))]


def test_columns_of_others_are_passed_over(build_film, path):
    """A fold or a note that someone added does no harm."""
    write_manifest([build_film()], path)
    table = pq.read_table(path).append_column("note", pa.array(["mine"]))
    pq.write_table(table, path)

    assert read_manifest(path) == [build_film()]


def test_a_folder_that_is_not_there_is_refused(build_film, tmp_path):
    """Writing names the path that failed."""
    with pytest.raises(OutputRefused, match=r"gone.manifest\.parquet"):
        write_manifest([build_film()], tmp_path / "gone" / "manifest.parquet")


def test_an_earlier_manifest_survives_a_refused_one(build_film, path):
    """A manifest is replaced whole or not at all."""
    write_manifest([build_film()], path)
    with pytest.raises(ManifestInvalid):
        write_manifest([build_film(label=7)], path)

    assert read_manifest(path) == [build_film()]


def test_the_documented_schema_is_the_one_written(repository):
    """Every column has its line in docs/manifest.md."""
    page = (repository / "docs/manifest.md").read_text(encoding="utf-8")

    assert [name for name in SCHEMA.names if f"`{name}`" not in page] == []


@pytest.mark.slow
def test_twenty_thousand_films_are_read_in_seconds(build_film, path, reading):
    """The manifest of a national programme opens while one waits (measured 0.7 s; 3.2 s for 100,000)."""
    template = build_film(
        reading=reading, lung_mask_paths=(Path("/masks/left.png"), Path("/masks/right.png"))
    )
    write_manifest([replace(template, film=f"film{n}") for n in range(20_000)], path)
    started = time.process_time()
    films = read_manifest(path)

    assert len(films) == 20_000
    assert time.process_time() - started < 5
