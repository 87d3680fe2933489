"""Secrets of a station, each made once and kept in a file that its own account alone can read.

Trap: two processes may start at once; the file is whole before it has its name, and the first one's holds.
"""

from __future__ import annotations

from os import fsync
from pathlib import Path
from secrets import token_bytes
from tempfile import NamedTemporaryFile

SECRET_BYTES = 32


def kept_secret(home: Path) -> bytes:
    """What the file holds, made where it is not there.

    Raises:
        OSError: the folder cannot be written to.
    """
    if home.exists():
        return home.read_bytes()
    with NamedTemporaryFile(dir=home.parent) as file:  # 0600
        file.write(token_bytes(SECRET_BYTES))
        file.flush()
        fsync(file.fileno())
        try:
            home.hardlink_to(file.name)
        except FileExistsError:  # another process was first, and its secret holds
            return home.read_bytes()
    return home.read_bytes()
