"""The station's folder, for one program of a kind at a time: one `hilum serve`, and one `hilum node` with it.

Trap: the lock (flock) belongs to the open file, so it goes with the processes that hold it however they end,
and no stale file keeps a station from starting; a child to which the file is passed holds it with its parent.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hilum.errors import StationRefused


@contextmanager
def folder_lock(folder: Path, program: str) -> Iterator[IO[str]]:
    """Hold the folder, made where it is not there; gives the open file that the lock belongs to.

    Args:
        folder: of the station, whatever its database is.
        program: "serve" or "node"; the lock is `PROGRAM.lock` and names the process.

    Raises:
        StationRefused: the folder cannot be written to, or another program of the kind has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f"{program}.lock").open("a+")
    except OSError as error:
        raise StationRefused(f"the station's folder {folder} cannot be used: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise StationRefused(
                f"another hilum {program} (process {holder}) runs on {folder}; stop it, or choose with --data"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file
