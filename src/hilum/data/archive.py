"""Films come out of a zip that nobody vouches for.

An entry that is unsafe or damaged is refused by name and the rest goes on; what is no zip is refused whole.
The trap: a zip states its names and sizes in two places, and all of it may be a lie, so nothing is believed:
bytes are counted and checked as they come, and a film gets its name only once it is whole.
"""

from __future__ import annotations

import contextlib
import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hilum.data.archive_entries import RefusedEntry, UnpackLimits, entry_name, entry_refusals
from hilum.errors import ArchiveRefused, OutputRefused

CHUNK_BYTES = 1 << 20
RESERVE_BYTES = 256 << 20  # left free on the disk, so that the machine goes on working
PART_SUFFIX = ".hilum-part"
READ_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, struct.error, ValueError,
               NotImplementedError, RuntimeError)  # fmt: skip  # all that zipfile raises on damaged members

Progress = Callable[[int, int], None]  # bytes done, bytes in all


@dataclass(frozen=True, slots=True)
class UnpackReport:
    """What became of an archive's entries; folders are not counted."""

    unpacked: tuple[Path, ...]  # written now
    kept: tuple[Path, ...]  # there already with equal content, from an earlier run
    refused: tuple[RefusedEntry, ...]
    n_passed_over: int  # not wanted


def unpack_films(
    zip_path: Path,
    destination: Path,
    *,
    wanted: Callable[[str], bool],
    limits: UnpackLimits | None = None,
    progress: Progress | None = None,
) -> UnpackReport:
    """Unpack the entries that `wanted` takes by their path in the archive, under `destination`.

    Unsafe names, links, bombs, and encrypted entries are refused by name whether wanted or not.
    A file that is there already is kept where equal, and never overwritten where it differs.
    Run again after an interruption: what is whole is kept, the rest is unpacked.

    Raises:
        ArchiveRefused: not a zip, a zip that broke off, or one that is a bomb as a whole.
        OutputRefused: `destination` cannot be written to, or the disk is too small.
    """
    with open_archive(zip_path) as archive:
        refused = entry_refusals(archive, zip_path.stat().st_size, limits or UnpackLimits())
        barred = {id(info) for info, _ in refused}
        files = [info for info in archive.infolist() if not info.is_dir() and id(info) not in barred]
        films = [info for info in files if wanted(entry_name(info))]
        _make_room(destination, sum(info.file_size for info in films))
        outcomes = _unpack_each(archive, films, destination, progress=progress or _silent)
    return UnpackReport(
        unpacked=tuple(path for path, is_new in outcomes.placed if is_new),
        kept=tuple(path for path, is_new in outcomes.placed if not is_new),
        refused=tuple(refusal for _, refusal in refused) + tuple(outcomes.refused),
        n_passed_over=len(files) - len(films),
    )


def damaged_entries(zip_path: Path, *, progress: Progress | None = None) -> list[RefusedEntry]:
    """Read every entry through and compare its checksum; the damaged ones, with the reason.

    Raises:
        ArchiveRefused: not a zip, or a zip that broke off.
    """
    with open_archive(zip_path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        total, done, damaged = sum(info.file_size for info in infos), 0, []
        for info in infos:
            try:
                for _ in entry_chunks(archive, info):
                    pass
            except ArchiveRefused as error:
                damaged.append(RefusedEntry(entry_name(info), str(error)))
            done += info.file_size
            (progress or _silent)(done, total)
    return damaged


@contextlib.contextmanager
def open_archive(zip_path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip, open for reading, or ArchiveRefused with what to do."""
    if zip_path.is_dir():
        raise ArchiveRefused(
            f"{zip_path} is a folder, not a zip; import it as it is: hilum data import {zip_path}"
        )
    try:
        archive = zipfile.ZipFile(zip_path)
    except FileNotFoundError:
        raise ArchiveRefused(f"{zip_path}: no such file") from None
    except PermissionError:
        raise ArchiveRefused(f"{zip_path}: not allowed to read it") from None
    except UnicodeDecodeError:
        raise ArchiveRefused(
            f"{zip_path}: an entry's name is not in the encoding that the zip states; "
            "unpack it with another tool and import the folder"
        ) from None
    except READ_ERRORS as error:
        raise ArchiveRefused(
            f"{zip_path} is not a zip, or broke off while it was copied ({error}); download it again "
            "(hilum data fetch resumes), or unpack what is left with another tool and import the folder"
        ) from None
    with archive:
        yield archive


@dataclass(slots=True)
class _Outcomes:
    placed: list[tuple[Path, bool]]  # path, and whether it was written now
    refused: list[RefusedEntry]


def _unpack_each(
    archive: zipfile.ZipFile, films: Sequence[zipfile.ZipInfo], destination: Path, *, progress: Progress
) -> _Outcomes:
    outcomes, done, total = _Outcomes([], []), 0, sum(info.file_size for info in films)
    root = destination.resolve()
    for info in films:
        try:
            outcomes.placed.append(_place(archive, info, root))
        except ArchiveRefused as error:
            outcomes.refused.append(RefusedEntry(entry_name(info), str(error)))
        done += info.file_size
        progress(done, total)
    return outcomes


def _place(archive: zipfile.ZipFile, info: zipfile.ZipInfo, root: Path) -> tuple[Path, bool]:
    """Unpack one entry, unless its equal is there; the path, and whether it was written now."""
    target = root / entry_name(info)
    if not target.parent.resolve().is_relative_to(root):
        raise ArchiveRefused("a link in the destination leads out of it")
    if target.is_symlink() or target.exists():
        if target.is_symlink() or not target.is_file() or not _is_equal(target, info):
            raise ArchiveRefused("something else of that name is there already, and is not overwritten")
        return target, False
    part = target.with_name(f".{target.name}{PART_SUFFIX}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # of a run that was killed
        with part.open("xb") as stream:
            _copy(archive, info, stream)
        part.rename(target)
    except (FileExistsError, NotADirectoryError):
        raise ArchiveRefused("a file stands where its folder should be") from None
    except OSError as error:
        raise OutputRefused(
            f"cannot write {target}: {error.strerror}; nothing half-written was left"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return target, True


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, stream: IO[bytes]) -> None:
    for chunk in entry_chunks(archive, info):
        stream.write(chunk)


def entry_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's bytes, counted and checked; ArchiveRefused where they are not what the zip states."""
    n_bytes = 0
    try:
        with archive.open(info) as entry:
            while chunk := entry.read(CHUNK_BYTES):
                n_bytes += len(chunk)
                yield chunk
    except READ_ERRORS as error:
        raise ArchiveRefused(f"damaged: {error or type(error).__name__}") from None
    if n_bytes != info.file_size:
        raise ArchiveRefused(f"damaged: {n_bytes} bytes where the zip states {info.file_size}")


def _is_equal(path: Path, info: zipfile.ZipInfo) -> bool:
    """Whether the file has the entry's size and checksum."""
    if path.stat().st_size != info.file_size:
        return False
    checksum = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
    return checksum == info.CRC


def _make_room(destination: Path, n_bytes: int) -> None:
    try:
        destination.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(destination).free
    except OSError as error:
        raise OutputRefused(f"cannot write to {destination}: {error.strerror}") from None
    if n_bytes + RESERVE_BYTES > free:
        raise OutputRefused(
            f"{destination}: unpacking takes {n_bytes / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB free"
        )


def _silent(done: int, total: int) -> None:
    """No progress is shown."""
