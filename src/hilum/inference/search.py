"""Arguments become films: files as named, folders walked in sorted order, each folder once.

Trap: a file named by the user always becomes a row, whatever it is; inside a folder only what looks like a
picture by its first bytes or its name does, so that a `Thumbs.db` is no refusal, but an empty film.png is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".tif", ".tiff", ".bmp", ".gif", ".webp",
                    ".heic", ".jp2")  # fmt: skip
# First bytes: PNG, JPEG, JPEG 2000 (box and raw), GIF, BMP, TIFF; the last ones are refused, but by a row.
PICTURE_STARTS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"GIF8", b"BM",
                  b"II*\0", b"MM\0*")  # fmt: skip
PREAMBLE_LENGTH = 128  # bytes before "DICM", PS3.10 section 7.1
PASSED_OVER_NAMES = ("DICOMDIR", "Thumbs.db", "desktop.ini", "__MACOSX")

_Identity = tuple[int, int]


class FilmSearch:
    """The films behind `arguments`, in order; iterate once.

    A folder without films, or one that may not be listed, comes out as itself, so that a row says so.
    A file that is named twice, or named and also inside a folder, comes once, at its first own place.

    Args:
        arguments: files and folders.
        leave_out: a folder not to walk into, there or not yet: the one that pictures are being written to.
    """

    def __init__(self, arguments: Sequence[Path], *, leave_out: Path | None = None) -> None:
        self.n_passed_over = 0  # files in folders that do not look like pictures
        self.n_repeated = 0
        self._arguments = arguments
        self._leave_out = None if leave_out is None else leave_out.resolve()
        self._walked: set[_Identity] = set()
        self._named = {path.resolve() for path in arguments if is_file(path)}

    def __iter__(self) -> Iterator[Path]:
        pending = set(self._named)
        for path in self._arguments:
            if is_folder(path):
                yield from self._walk_argument(path)
            elif not is_file(path):
                yield path
            elif path.resolve() in pending:
                pending.remove(path.resolve())
                yield path
            else:
                self.n_repeated += 1

    def _walk_argument(self, folder: Path) -> Iterator[Path]:
        if _identity(folder) in self._walked:
            self.n_repeated += 1
            return
        is_empty = True
        for path in self._walk(folder):
            is_empty = False
            yield path
        if is_empty and not self._holds_named(folder):
            yield folder

    def _walk(self, folder: Path) -> Iterator[Path]:
        pending = [iter((folder,))]  # a stack of our own: a hostile tree may be deeper than Python's
        while pending:
            path = next(pending[-1], None)
            if path is None:
                pending.pop()
            elif not is_folder(path):
                yield from self._visit(path)
            elif _identity(path) not in self._walked and path.resolve() != self._leave_out:
                self._walked.add(_identity(path))
                try:
                    pending.append(self._entries(path))
                except OSError:
                    yield path

    def _entries(self, folder: Path) -> Iterator[Path]:
        names = sorted(entry.name for entry in folder.iterdir())
        kept = [name for name in names if not name.startswith(".") and name not in PASSED_OVER_NAMES]
        self.n_passed_over += len(names) - len(kept)
        return (folder / name for name in kept)

    def _visit(self, path: Path) -> Iterator[Path]:
        if not looks_like_picture(path):
            self.n_passed_over += 1
        elif not (self._named and path.resolve() in self._named):
            yield path

    def _holds_named(self, folder: Path) -> bool:
        home = folder.resolve()
        return any(named.is_relative_to(home) for named in self._named)


def looks_like_picture(path: Path) -> bool:
    """Whether a file in a folder should get a row: by its name, or by its first bytes."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    if not is_file(path):
        return False
    try:
        with path.open("rb") as file:
            start = file.read(PREAMBLE_LENGTH + 4)
    except OSError:
        return False
    return start.startswith(PICTURE_STARTS) or start[PREAMBLE_LENGTH:] == b"DICM" or _is_bare_dicom(start)


def _is_bare_dicom(start: bytes) -> bool:
    """A dataset without preamble begins with group 0002 or 0008, little endian, and a short first element."""
    if len(start) < PREAMBLE_LENGTH or start[:2] not in (b"\x02\0", b"\x08\0") or start[3] != 0:
        return False
    has_type = start[4:6].isalpha() and start[4:6].isupper()
    return has_type or 0 < int.from_bytes(start[4:8], "little") <= PREAMBLE_LENGTH


def is_file(path: Path) -> bool:
    """Whether there is a regular file; False, not an error, where permission lacks or the name cannot be."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where permission lacks


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False, not an error, where permission lacks or the name cannot be."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def _identity(folder: Path) -> _Identity:
    try:
        status = folder.stat()
    except OSError:
        return (-1, hash(str(folder)))
    return (status.st_dev, status.st_ino)
