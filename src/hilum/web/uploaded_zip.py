"""A zip as it was sent becomes films, entry by entry; what is unsafe in it is named and not opened.

Trap: Python's zipfile reads a zip's whole table of contents at once, however long the zip says that it is, so
its length is looked at first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from hilum.data.archive import entry_chunks, open_archive
from hilum.data.archive_entries import UnpackLimits, entry_name, entry_refusals
from hilum.errors import ArchiveRefused
from hilum.inference.search import PASSED_OVER_NAMES

STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # APPNOTE 4.3.6: a first entry, or the end where there is none
END = b"PK\x05\x06"  # APPNOTE 4.3.16
END_BYTES = 22
LONGEST_COMMENT = 0xFFFF
ZIP64_END = b"PK\x06\x07"  # APPNOTE 4.3.15, of zips beyond 4 GB or 65,535 entries
MOST_CONTENTS_BYTES = 16 << 20  # of the table of contents; 5,000 entries take half a megabyte


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One entry; `fault` says why it must not be opened."""

    name: str
    blocks: Iterable[bytes] = ()  # raises ArchiveRefused where it is damaged
    fault: str = ""


def is_zip(head: bytes) -> bool:
    """Whether a file with these first bytes is meant as a zip."""
    return head.startswith(STARTS)


def films_of_zip(path: Path, *, entry_bytes: int, most_entries: int) -> Iterator[ZipEntry]:
    """The entries in order, without folders and what operating systems leave beside films.

    Args:
        path: of the zip.
        entry_bytes: the most that a film has.
        most_entries: of one zip.

    Raises:
        ArchiveRefused: no zip, broken off, or a bomb as a whole; in words without our paths.
    """
    _check_contents(path, most_entries)
    limits = replace(UnpackLimits(), entry_bytes=entry_bytes, n_entries=most_entries)
    try:
        with open_archive(path) as archive:
            barred = {id(info): told for info, told in entry_refusals(archive, path.stat().st_size, limits)}
            for info in archive.infolist():
                told = barred.get(id(info))
                if told is not None:
                    yield ZipEntry(told.name, fault=told.reason)
                elif not info.is_dir() and not _is_passed_over(entry_name(info)):
                    yield ZipEntry(entry_name(info), entry_chunks(archive, info))
    except ArchiveRefused as error:
        if str(path) not in str(error):
            raise
        if "times its size" in str(error):
            raise ArchiveRefused("The zip unpacks to many times its size, as a zip bomb does") from None
        raise ArchiveRefused("The zip cannot be read, or it broke off on its way; send it again") from None


def _check_contents(path: Path, most_entries: int) -> None:
    with path.open("rb") as file:
        n_bytes = file.seek(0, 2)
        file.seek(max(0, n_bytes - END_BYTES - LONGEST_COMMENT))
        tail = file.read()
    place = tail.rfind(END)
    if place < 0 or len(tail) - place < END_BYTES:
        raise ArchiveRefused("The zip broke off on its way: its end is missing; send it again")
    n_entries, contents_bytes = struct.unpack_from("<HI", tail, place + 10)
    is_zip64 = ZIP64_END in tail[max(0, place - 20) : place]
    if is_zip64 or n_entries > most_entries or contents_bytes > MOST_CONTENTS_BYTES:
        raise ArchiveRefused(f"The zip has more than {most_entries:,} entries; send it in parts")


def _is_passed_over(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part in PASSED_OVER_NAMES for part in parts)
