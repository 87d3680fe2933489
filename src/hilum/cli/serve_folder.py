"""The station's folder, for one server at a time, and a place in it for what is on its way."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hilum.errors import StationRefused
from hilum.worklist.folder_lock import folder_lock

ARRIVING_NAME = "tmp"


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """The folder, made where it is not there, and this process's alone; temporary files go into it.

    Uploads are spooled to temporary files, and the system's place for them may be small, or memory.

    Raises:
        StationRefused: it cannot be written to, or another server has it.
    """
    with folder_lock(folder, "serve"):
        arriving = folder / ARRIVING_NAME
        try:
            arriving.mkdir(exist_ok=True)
        except OSError as error:
            raise StationRefused(f"the station's folder {folder} cannot be used: {error.strerror}") from error
        with _temporary_files_in(arriving):
            yield


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    for left in folder.iterdir():  # of a server that was killed
        if left.is_file():
            left.unlink(missing_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
