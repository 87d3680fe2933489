"""Which dataset a zip or folder holds, told from file names alone.

Trap: Montgomery and Shenzhen come together as often as alone, so either is read as both, and the account says
which of them is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hilum.data.archive import open_archive
from hilum.data.archive_entries import entry_name
from hilum.data.source import Source
from hilum.data.sources import SOURCES
from hilum.data.sources.files import walk_files
from hilum.errors import DatasetMissing, NameUnknown


def recognised_source(path: Path) -> Source:
    """The source that knows the names in a zip or folder; unknown films are read as a folder, unlabelled.

    Raises:
        NameUnknown: films of several datasets are there.
        DatasetMissing: there is no picture at all.
    """
    entries = list(_entries(path))
    sources: dict[str, Source] = {name: SOURCES.load(name)() for name in SOURCES.names() if name != "folder"}
    known = [name for name, source in sources.items() if any(map(source.recognises, entries))]
    if (
        "montgomery-shenzhen" in known
    ):  # it knows what either of its halves knows, and says which half is missing
        known = [name for name in known if name not in ("montgomery", "shenzhen")]
    if len(known) > 1:
        raise NameUnknown(f"{path}: holds films of {' and '.join(known)}; choose one with --source")
    if known:
        return sources[known[0]]
    folder: Source = SOURCES.load("folder")()
    if not any(map(folder.recognises, entries)):
        raise DatasetMissing("folder", path, "a PNG, JPEG, or DICOM file")
    return folder


def _entries(path: Path) -> Iterable[PurePosixPath]:
    if path.is_dir():
        return (PurePosixPath(file.relative_to(path).as_posix()) for file in walk_files(path))
    with open_archive(path) as archive:
        return [PurePosixPath(entry_name(info)) for info in archive.infolist() if not info.is_dir()]
