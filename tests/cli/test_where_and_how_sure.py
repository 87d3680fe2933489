"""The shipped bundle says where and how sure, and likens films, from the command line on phantoms."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hilum.cli.main import cli
from hilum.data.manifest import read_manifest
from hilum.data.phantom import write_phantoms
from hilum.inference.row import KEYS, ZONE_KEYS


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    """Three phantoms and their manifest."""
    folder = tmp_path_factory.mktemp("films") / "phantoms"
    write_phantoms(folder, n=3, seed=11, side=256)
    return folder / "manifest.parquet"


def json_of(*arguments):
    """What a command prints as JSON."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments])

    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_film_has_zones_certainty_and_a_sentence(phantoms):
    """All promised keys, six zones, what is ruled out at the bundle's rate, and words for a clinician."""
    films = [film.image_path for film in read_manifest(phantoms)]
    rows = json_of("screen", *films, "--json", "--jobs", "1")

    assert len(rows) == len(films)
    for row in rows:
        assert tuple(row) == KEYS
        assert all(0 <= row[key] <= 1 for key in ZONE_KEYS.values())
        assert row["certainty"] in ("abnormal", "normal", "both")
        assert 0 < row["error_rate"] < 1
        assert f"Score {row['score']:.1f}" in row["sentence"]


def test_an_index_finds_the_film_itself_first(phantoms, tmp_path):
    """Built from the phantoms by the shipped bundle, it returns them with their labels, most alike first."""
    index, films = tmp_path / "index.parquet", read_manifest(phantoms)
    built = CliRunner().invoke(cli, ["index", str(phantoms), "--out", str(index)])

    assert built.exit_code == 0, built.output
    found = json_of("similar", films[0].image_path, "--index", index, "-n", 3, "--json")
    assert (found[0]["film"], found[0]["label"]) == (films[0].film, films[0].label)
    assert found[0]["likeness"] == pytest.approx(1, abs=1e-3)
    assert [one["likeness"] for one in found] == sorted((one["likeness"] for one in found), reverse=True)
