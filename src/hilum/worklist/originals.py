"""The bytes of every film as they came, and of every heat map, kept under their SHA-256 and safely on disk.

Trap: a name in a folder is safe only when the folder itself has been synced, so `keep` syncs file and folder;
what it returns may be acknowledged to a sender.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path

from hilum.errors import DiskShort

BLOCK = 1 << 20  # bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that are safely on disk."""

    sha256: str
    n_bytes: int
    path: Path


class Incoming:
    """Bytes on their way in, under a passing name, until they are kept; given up, they leave nothing behind.

    Args:
        originals: that they come to.
        file: open for writing, in a folder of the same disk.
        path: of the file.
    """

    def __init__(self, originals: Originals, file: BufferedWriter, path: Path) -> None:
        self.path = path
        self.n_bytes = 0
        self._originals = originals
        self._file = file
        self._digest = hashlib.sha256()
        self._end = weakref.finalize(self, _forget, file, path)  # at the latest when nobody holds it any more

    def write(self, block: bytes) -> None:
        """Take in more.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        self._digest.update(block)
        self.n_bytes += len(block)
        self._file.write(block)

    def flush(self) -> None:
        """Let `path` show all that was written; it is not yet safe."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        return self._digest.hexdigest()

    def keep(self) -> Kept:
        """Bring the bytes home and safely to disk; what it returns may be acknowledged to a sender.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        home = self._originals.home(self._digest.hexdigest())
        self.path.replace(home)
        self._end.detach()
        self._file.close()
        _sync_folder(home.parent)
        return Kept(home.name, self.n_bytes, home)

    def give_up(self) -> None:
        """Leave nothing behind; does nothing to what was kept."""
        self._end()


class Originals:
    """A folder of files named by their SHA-256: `folder/ab/abcdef…`.

    Args:
        folder: made where it is not there.
        low_disk_bytes: nothing is kept while less than this is free.
    """

    def __init__(self, folder: Path, *, low_disk_bytes: int = 0) -> None:
        self.folder = folder
        self.low_disk_bytes = low_disk_bytes
        self._arriving = folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where bytes of this hash stand, or would stand."""
        return self.folder / sha256[:2] / sha256

    def home(self, sha256: str) -> Path:
        """`path`, its folder made and safe."""
        home = self.path(sha256)
        if not home.parent.is_dir():
            home.parent.mkdir(exist_ok=True)
            _sync_folder(self.folder)
        return home

    def incoming(self) -> Incoming:
        """A place for bytes that come block by block; `keep` or `give_up` ends it.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        handle, name = tempfile.mkstemp(dir=self._arriving)
        return Incoming(self, os.fdopen(handle, "wb"), Path(name))

    def keep(self, blocks: Iterable[bytes]) -> Kept:
        """Keep bytes, whole or not at all; the same bytes again cost no second copy.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        incoming = self.incoming()
        try:
            for block in blocks:
                incoming.write(block)
            return incoming.keep()
        finally:
            incoming.give_up()

    def clear_abandoned(self, *, older_than_s: float) -> int:
        """Remove what came in and was never kept, as a killed process leaves it; how many files.

        Args:
            older_than_s: longer than any film takes to come in.
        """
        last = time.time() - older_than_s
        abandoned = [path for path in self._arriving.iterdir() if _is_older(path, last)]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def check_room(self) -> None:
        """Refuse while the disk is short.

        Raises:
            DiskShort: with what is free and what must be.
        """
        free = shutil.disk_usage(self.folder).free
        if free < self.low_disk_bytes:
            raise DiskShort(free, self.low_disk_bytes)

    def keep_file(self, path: Path) -> Kept:
        """`keep` the bytes of a file, which stays where it is."""
        with path.open("rb") as file:
            return self.keep(iter(lambda: file.read(BLOCK), b""))


def _is_older(path: Path, last: float) -> bool:
    """Whether a file was last written before; False for one that has gone home meanwhile."""
    try:
        return path.stat().st_mtime < last
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget(file: BufferedWriter, path: Path) -> None:
    path.unlink(missing_ok=True)
    try:
        file.close()
    except OSError:  # what was still to be written cannot be, and need not be
        log.debug("an arrival was given up on a full disk")
