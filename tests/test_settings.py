"""TOML becomes a frozen dataclass, or is refused by the name of its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from hilum.errors import SettingsInvalid
from hilum.settings import build_settings, read_settings, settings_as_table


@dataclass(frozen=True)
class Augmentation:
    shift: float = 0.1


@dataclass(frozen=True)
class Job:
    manifest: Path
    epochs: int = 3
    rate: float = 1e-3
    is_mirrored: bool = False
    device: Literal["auto", "cpu"] = "auto"
    widths: tuple[int, ...] = (8, 16)
    seed: int | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)


@pytest.fixture
def write_job(tmp_path):
    """Writes a settings file that names a manifest, and the lines given."""

    def write(*lines: str) -> Path:
        path = tmp_path / "job.toml"
        path.write_text("\n".join(('manifest = "films/manifest.parquet"', *lines)), encoding="utf-8")
        return path

    return write


def test_defaults_fill_what_the_file_leaves_out(write_job):
    """A file with the required keys alone gives the defaults."""
    job = read_settings(write_job(), Job)

    assert (job.epochs, job.widths, job.augmentation.shift) == (3, (8, 16), 0.1)


def test_values_of_every_kind_are_taken(write_job):
    """Whole numbers, fractions, truths, choices, lists, and sub-tables arrive as their types."""
    lines = ("epochs = 5", "rate = 1", "is_mirrored = true", 'device = "cpu"', "widths = [4]", "seed = 7")
    job = read_settings(write_job(*lines, "[augmentation]", "shift = 0.5"), Job)

    assert job == Job(job.manifest, 5, 1.0, True, "cpu", (4,), 7, Augmentation(0.5))
    assert isinstance(job.rate, float)


def test_paths_are_relative_to_the_settings_file(write_job, tmp_path, monkeypatch):
    """A study can be moved as a folder: the working folder plays no part."""
    path = write_job()
    monkeypatch.chdir("/")

    assert read_settings(path, Job).manifest == tmp_path / "films/manifest.parquet"


def test_an_absolute_path_stays(tmp_path):
    """An absolute path is taken as it is."""
    job = build_settings({"manifest": "/films/manifest.parquet"}, Job, where="job.toml", folder=tmp_path)

    assert job.manifest == Path("/films/manifest.parquet")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("epoch = 5", r"unknown key 'epoch'; did you mean 'epochs'\?"),
        ('epochs = "5"', "epochs must be int, not '5'"),
        ("epochs = 5.0", "epochs must be int, not 5.0"),
        ("epochs = true", "epochs must be int, not True"),
        ("is_mirrored = 1", "is_mirrored must be bool, not 1"),
        ('rate = "fast"', "rate must be float, not 'fast'"),
        ('device = "tpu"', "device must be one of 'auto', 'cpu', not 'tpu'"),
        ("widths = 4", "widths must be a list, not 4"),
        ('widths = ["four"]', "widths must be int, not 'four'"),
        ('seed = "7"', "seed must be int, not '7'"),
        ("augmentation = 1", "augmentation must be a table, not 1"),
        ("[augmentation]\nshfit = 0.5", r"augmentation: unknown key 'shfit'; did you mean 'shift'\?"),
        ("epochs = = 5", "not TOML"),
    ],
)
def test_a_wrong_line_is_refused_by_name(write_job, line, told):
    """An unknown, mistyped, or unparsable line is named in the message."""
    with pytest.raises(SettingsInvalid, match=told):
        read_settings(write_job(line), Job)


def test_a_missing_key_is_refused_by_name(tmp_path):
    """A key without a default has to be there."""
    (tmp_path / "job.toml").write_text("epochs = 5", encoding="utf-8")

    with pytest.raises(SettingsInvalid, match="missing key 'manifest'"):
        read_settings(tmp_path / "job.toml", Job)


def test_a_path_must_be_text(tmp_path):
    """A number where a path belongs is refused like any other wrong type."""
    with pytest.raises(SettingsInvalid, match="manifest must be Path, not 3"):
        build_settings({"manifest": 3}, Job, where="job.toml", folder=tmp_path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00epochs"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content):
    """A file that is not there, or not UTF-8, is the user's to mend and no crash."""
    path = tmp_path / "job.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsInvalid, match=r"job\.toml"):
        read_settings(path, Job)


def test_a_folder_is_no_settings_file(tmp_path):
    """A folder given in place of a file is refused."""
    with pytest.raises(SettingsInvalid, match="settings file"):
        read_settings(tmp_path, Job)


def test_settings_become_plain_values(tmp_path):
    """What a run folder keeps can be written as JSON: paths as text, tuples as lists."""
    table = settings_as_table(Job(tmp_path / "manifest.parquet"))

    assert table["manifest"] == str(tmp_path / "manifest.parquet")
    assert table["widths"] == [8, 16]
    assert table["augmentation"] == {"shift": 0.1}


def test_settings_written_out_build_themselves_again(tmp_path):
    """The resolved settings of a run are settings."""
    job = Job(tmp_path / "manifest.parquet", widths=(4, 8), seed=3)
    table = {key: value for key, value in settings_as_table(job).items() if value is not None}

    assert build_settings(table, Job, where="run", folder=tmp_path) == job
