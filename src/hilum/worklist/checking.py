"""Whether a station's folder still holds, byte for byte, what its database says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hilum.imaging.hashing import file_sha256
from hilum.worklist.backup import kept_hashes
from hilum.worklist.dumping import check_sqlite
from hilum.worklist.migrating import check_tables
from hilum.worklist.station import Station


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    n_files: int  # that a row names
    missing: tuple[str, ...]  # SHA-256
    damaged: tuple[str, ...]  # SHA-256
    unused: tuple[Path, ...]  # files that no row names, as a sender that died before it was answered leaves

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.damaged


def check(station: Station) -> Checked:
    """Read every film and heat map, and compare; nothing is changed.

    Raises:
        DatabaseRefused: it cannot be reached, is of another version, or is damaged.
    """
    check_tables(station.database)
    if station.database.is_sqlite:
        check_sqlite(Path(station.database.url.database or ""))
    with station.database.reading() as session:
        named = set(kept_hashes(session))
    originals = station.originals
    missing = {sha256 for sha256 in named if not originals.path(sha256).is_file()}
    damaged = [sha256 for sha256 in sorted(named - missing) if file_sha256(originals.path(sha256)) != sha256]
    present = {path for path in originals.folder.rglob("*") if path.is_file()}
    unused = sorted(path for path in present if path.name not in named)
    return Checked(len(named), tuple(sorted(missing)), tuple(damaged), tuple(unused))
