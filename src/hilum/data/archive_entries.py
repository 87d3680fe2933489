"""What can be told of a zip's entries before a byte is unpacked: climbing names, links, bombs, doubles.

The trap: two names that differ on one disk are one name on another, so doubles are found with letter case and
Unicode form set aside.
"""

from __future__ import annotations

import stat
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from hilum.errors import ArchiveRefused

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
ENCRYPTED = 0x1  # general purpose bit 0, APPNOTE 4.4.4
UTF8_NAME = 0x800  # general purpose bit 11
LOCAL_HEADER_BYTES = 30  # APPNOTE 4.3.7, without name and extra field
NAME_BYTES = 200  # of one part of a path; file systems take 255, and a temporary name needs some of it
PATH_BYTES = 1000


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that was not unpacked."""

    name: str  # as in the archive, unprintable characters escaped
    reason: str


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """Where an entry, or an archive, counts as a bomb."""

    entry_bytes: int = 512 << 20  # a 16-bit film of 43 x 43 cm at 0.1 mm is 37 MB
    ratio: float = (
        200.0  # unpacked over packed; PNG and JPEG are near 1, text near 4, a black raw film near 1000
    )
    small_bytes: int = 1 << 20  # below this no ratio matters
    n_entries: int = 2_000_000
    total_ratio: float = 100.0  # of the archive as a whole, once it unpacks to more than a gibibyte


def entry_name(info: zipfile.ZipInfo) -> str:
    """The entry's path in the archive; UTF-8 that the zip forgot to declare (macOS does) is read as such."""
    name = info.filename
    if not name.isascii() and not info.flag_bits & UTF8_NAME:
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


def entry_refusals(
    archive: zipfile.ZipFile, zip_bytes: int, limits: UnpackLimits
) -> list[tuple[zipfile.ZipInfo, RefusedEntry]]:
    """The entries that will not be unpacked, each with its reason, in the order of the archive.

    Raises:
        ArchiveRefused: the archive as a whole is a bomb.
    """
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > limits.n_entries:
        raise ArchiveRefused(f"{archive.filename} has {len(infos)} entries, more than {limits.n_entries}")
    if total > 1 << 30 and total > limits.total_ratio * zip_bytes:
        raise ArchiveRefused(
            f"{archive.filename} would unpack to {total / zip_bytes:.0f} times its size, "
            f"more than {limits.total_ratio:.0f}: it is no archive of films"
        )
    doubled, overlapping = _doubled(infos), _overlapping(infos)
    refused = []
    for info in infos:
        reason = _name_fault(info) or _content_fault(info, limits)
        if not reason and id(info) in overlapping:
            reason = "shares its bytes with another entry, as a zip bomb does"
        if not reason and id(info) in doubled:
            reason = "stands more than once in the archive, with different content"
        if reason:
            refused.append((info, RefusedEntry(_printable(info.orig_filename), reason)))
    return refused


def _name_fault(info: zipfile.ZipInfo) -> str:
    name = entry_name(info)
    parts = name.removesuffix("/").split("/")
    if "\0" in info.orig_filename or not name.isprintable():
        return "its name has unprintable characters"
    if "\\" in info.orig_filename or ":" in name:
        return "its name has a backslash or a colon, which lead elsewhere on some systems"
    if name.startswith("/"):
        return "its path is absolute"
    if ".." in parts:
        return "its path climbs out of the folder"
    if "" in parts or "." in parts:
        return "its path has an empty part"
    if any(len(part.encode()) > NAME_BYTES for part in parts) or len(name.encode()) > PATH_BYTES:
        return f"its path is longer than {PATH_BYTES} bytes, or a part of it than {NAME_BYTES}"
    return ""


def _content_fault(info: zipfile.ZipInfo, limits: UnpackLimits) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a symbolic link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is neither a file nor a folder"
    if info.flag_bits & ENCRYPTED:
        return "it is encrypted"
    if info.compress_type not in METHODS:
        return f"it is compressed by method {info.compress_type}, which we cannot read"
    if info.file_size > limits.entry_bytes:
        return f"it unpacks to {info.file_size} bytes, more than the {limits.entry_bytes} of any film"
    if info.file_size > limits.small_bytes and info.file_size > limits.ratio * info.compress_size:
        return f"it unpacks to more than {limits.ratio:.0f} times its packed size, as a zip bomb does"
    return ""


def _doubled(infos: Iterable[zipfile.ZipInfo]) -> set[int]:
    """Entries, by identity, whose name another entry of different content has."""
    named: dict[str, list[zipfile.ZipInfo]] = defaultdict(list)
    for info in infos:
        if not info.is_dir():
            named[unicodedata.normalize("NFC", entry_name(info)).casefold()].append(info)
    contested = (same for same in named.values() if len({(info.CRC, info.file_size) for info in same}) > 1)
    return {id(info) for same in contested for info in same}


def _overlapping(infos: Iterable[zipfile.ZipInfo]) -> set[int]:
    """Entries, by identity, whose packed bytes reach into those of another."""
    found, reach, reaching = set(), 0, None
    for info in sorted(infos, key=lambda info: info.header_offset):
        if reaching is not None and info.header_offset < reach:
            found |= {id(info), id(reaching)}
        end = info.header_offset + LOCAL_HEADER_BYTES + info.compress_size
        if end > reach:
            reach, reaching = end, info
    return found


def _printable(name: str) -> str:
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
