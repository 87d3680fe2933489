"""dicom3tools' and dcmtk's programs on an object; a test that needs one skips where it is not installed."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

MADE_AT = datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC)


def written(dataset: Dataset) -> bytes:
    """The object as a file."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def reread(dataset: Dataset) -> Dataset:
    """The object after a way through a file."""
    return dcmread(io.BytesIO(written(dataset)))


def ran(
    program: str, dataset: Dataset, *options: str, after: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The program run on the object as a file, its options before it and the rest after it."""
    if shutil.which(program) is None:
        pytest.skip(f"needs {program} (Debian: apt install dicom3tools dcmtk)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "object.dcm"
        path.write_bytes(written(dataset))
        return subprocess.run(
            [program, *options, path, *after], capture_output=True, text=True, errors="replace", check=False
        )


def faults(dataset: Dataset) -> list[str]:
    """dciodvfy's error lines, and dcmdump's."""
    told = ran("dciodvfy", dataset).stderr
    parsed = ran("dcmdump", dataset, "-q", "+E").stderr
    return [
        line for line in (*told.splitlines(), *parsed.splitlines()) if line.startswith(("Error", "E:", "F:"))
    ]


# What a DICOMDIR would need, private codes, and the film's frame of reference in a secondary capture
EXCUSED = ("DICOMDIR", "99HILUM", "Coding Scheme UID", "Standard Extended SOP Class",
           "Frame of Reference UID", "Position Reference Indicator", "<Laterality>")  # fmt: skip


def warnings(dataset: Dataset) -> list[str]:
    """dciodvfy's warnings, less those that docs/dicom-outputs.md explains."""
    told = ran("dciodvfy", dataset).stderr.splitlines()
    return [line for line in told if line.startswith("Warning") and not any(word in line for word in EXCUSED)]
