"""The bytes of every film as they came, and of every heat map, kept under their SHA-256 and safely on disk.

Trap: a name in a folder is safe only when the folder itself has been synced, so `keep` syncs file and folder;
what it returns may be acknowledged to a sender.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that are safely on disk."""

    sha256: str
    n_bytes: int
    path: Path


class Originals:
    """A folder of files named by their SHA-256: `folder/ab/abcdef…`.

    Args:
        folder: made where it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._arriving = folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where bytes of this hash stand, or would stand."""
        return self.folder / sha256[:2] / sha256

    def keep(self, blocks: Iterable[bytes]) -> Kept:
        """Keep bytes, whole or not at all; the same bytes again cost no second copy.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        digest = hashlib.sha256()
        n_bytes = 0
        handle, name = tempfile.mkstemp(dir=self._arriving)
        arriving = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for block in blocks:
                    digest.update(block)
                    n_bytes += len(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            sha256 = digest.hexdigest()
            home = self.path(sha256)
            if not home.parent.is_dir():
                home.parent.mkdir(exist_ok=True)
                _sync_folder(self.folder)
            arriving.replace(home)
        except BaseException:
            arriving.unlink(missing_ok=True)
            raise
        _sync_folder(home.parent)
        return Kept(sha256, n_bytes, home)

    def keep_file(self, path: Path) -> Kept:
        """`keep` the bytes of a file, which stays where it is."""
        with path.open("rb") as file:
            return self.keep(iter(lambda: file.read(BLOCK), b""))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
