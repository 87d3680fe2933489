"""`hilum explore` from the outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from explorable import chest_films, film_row
from hilum.cli.main import cli
from hilum.data.manifest import write_manifest


@pytest.fixture(autouse=True)
def _coarse_figures(monkeypatch):
    """Figures drawn at a third of the resolution: nobody looks at them here."""
    monkeypatch.setattr("hilum.reports.figures.DOTS_PER_INCH", 50)


def run(*arguments: Path | str):
    """The command's result; standard output and error apart."""
    return CliRunner().invoke(cli, ["explore", *map(str, arguments)])


def manifest_of(films, folder: Path) -> Path:
    """A manifest in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(films, folder / "manifest.parquet")
    return folder / "manifest.parquet"


def test_a_manifest_becomes_page_pictures_and_numbers(tmp_path):
    """The last line names the page; progress is on standard error."""
    manifest = manifest_of(chest_films(tmp_path / "films", n=4), tmp_path / "set")

    result = run(manifest, "--out", tmp_path / "out", "--seed", "3")

    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == f"4 films, 0 unreadable: {tmp_path / 'out' / 'explore.html'}"
    assert "reading films: 4 of 4" in result.stderr
    assert (tmp_path / "out" / "explore.json").is_file()
    assert (tmp_path / "out" / "visualisations" / "contact-sheet.png").is_file()


def test_without_out_the_page_goes_beside_the_manifest(tmp_path):
    """In a folder called explore; a manifest's folder may stand for the manifest."""
    manifest_of(chest_films(tmp_path / "films", n=2), tmp_path / "set")

    result = run(tmp_path / "set")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "set" / "explore" / "explore.html").is_file()


def test_an_unreadable_film_is_counted_and_stops_nothing(tmp_path):
    """The exit status is that of success: the page has the reason."""
    films = [*chest_films(tmp_path / "films", n=2), film_row("gone", image_path=tmp_path / "gone.png")]

    result = run(manifest_of(films, tmp_path / "set"))

    assert (result.exit_code, "3 films, 1 unreadable" in result.stdout) == (0, True)


def test_a_missing_manifest_is_one_line_and_exit_2(tmp_path):
    """The line says how to make one."""
    result = run(tmp_path / "nowhere.parquet", "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "hilum data import" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_manifest_without_films_is_refused(tmp_path):
    """There is nothing to describe."""
    result = run(manifest_of([], tmp_path / "set"), "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "no films" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_is_refused_before_any_film_is_read(tmp_path):
    """A long pass must not end in a refusal."""
    (tmp_path / "out").write_text("")
    manifest = manifest_of(chest_films(tmp_path / "films", n=2), tmp_path / "set")

    result = run(manifest, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "reading" not in result.stderr
