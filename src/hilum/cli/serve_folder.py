"""The station's folder, for one server at a time, and a place in it for what is on its way.

Trap: the lock belongs to the open file, so it goes with the process however that ends, and no stale file
keeps a station from starting.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hilum.errors import StationRefused

LOCK_NAME = "serve.lock"
ARRIVING_NAME = "tmp"

log = logging.getLogger(__name__)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """The folder, made where it is not there, and this process's alone; temporary files go into it.

    Uploads are spooled to temporary files, and the system's place for them may be small, or memory.

    Raises:
        StationRefused: it cannot be written to, or another server has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_NAME).open("a+")
        arriving = folder / ARRIVING_NAME
        arriving.mkdir(exist_ok=True)
    except OSError as error:
        raise StationRefused(f"the station's folder {folder} cannot be used: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise StationRefused(
                f"another hilum serve (process {holder}) runs on {folder}; stop it, or choose with --data"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
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
