"""A station in one folder that can be carried away, and a station made of such a folder; all by SHA-256.

The folder holds the database as one file, every film and heat map under its hash, the secret of
de-identification, and `backup.json`, which lists them all. Trap: the database is copied before the films, so
that every film it names has been there; a film that is damaged is told and does not stop the others, and one
that retention removes meanwhile is left out.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import hilum
from hilum.errors import BackupInvalid, OutputRefused, StationRefused
from hilum.imaging.hashing import file_sha256
from hilum.worklist.audit import record
from hilum.worklist.dumping import POSTGRES_NAME, SQLITE_NAME, check_empty, dump, dump_name, load
from hilum.worklist.migrating import check_tables
from hilum.worklist.originals import BLOCK, Originals
from hilum.worklist.station import FILMS_FOLDER, SECRET_FILE, Station
from hilum.worklist.tables import Film, Reading, Study

FORMAT = 1
FACTS_NAME = "backup.json"
LARGEST_FACTS = 1 << 30  # bytes; ten million films


@dataclass(frozen=True, slots=True)
class BackUp:
    """What a back-up holds."""

    made_at: str  # ISO date and time, UTC
    hilum_version: str
    database: str  # file name, which tells the kind
    database_sha256: str
    files: Mapping[str, int]  # SHA-256 of films and heat maps -> bytes
    missing: tuple[str, ...]  # SHA-256 of what a row names and the folder did not hold
    damaged: tuple[str, ...]  # SHA-256 of what is no longer the bytes that came
    secret_sha256: str | None = None  # None: nothing had yet left without identity

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.damaged


def back_up(station: Station, folder: Path) -> BackUp:
    """Copy a station, in use or not, into a new folder; it appears under its name once it is whole.

    Raises:
        OutputRefused: the folder holds something already, or cannot be written to.
        DatabaseRefused: the database cannot be copied.
    """
    check_tables(station.database)
    draft = _new_draft(folder)
    try:
        database = draft / dump_name(station.database.url)
        with station.database.reading() as session:
            named = set(kept_hashes(session))
        dump(station.database, database)
        with station.database.reading() as session:
            named |= set(kept_hashes(session))
        facts = _copy(station, draft, database, sorted(named))
        (draft / FACTS_NAME).write_text(json.dumps({"format": FORMAT, **asdict(facts)}, indent=1) + "\n")
        with station.database.writing() as session:
            record(session, at=station.now(), who="station", action="back-up", n_files=len(facts.files))
        draft.chmod(0o700)  # it holds names and films
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except OSError as error:
        raise OutputRefused(f"the back-up cannot be written to {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return facts


def restore(backup: Path, station: Station) -> BackUp:
    """Make an empty station what another was; every byte is checked, and nothing is written over.

    Args:
        backup: as `back_up` wrote it.
        station: whose folder and database hold nothing yet.

    Raises:
        BackupInvalid: it is none, or a file of it is missing or altered; the station is left as it was.
        StationRefused: the station holds something, or another station's secret.
        DatabaseRefused: the database is of another kind, or holds something.
    """
    facts = read_backup(backup)
    films = station.settings.folder / FILMS_FOLDER
    if _holds_files(films):
        raise StationRefused(f"{films} holds films already; a back-up is restored into an empty folder")
    secret = station.settings.folder / SECRET_FILE
    if facts.secret_sha256 and secret.exists() and file_sha256(secret) != facts.secret_sha256:
        raise StationRefused(f"{secret} is of another station; a back-up is restored into an empty folder")
    check_empty(backup / facts.database, station.database)
    for sha256 in facts.files:
        _check(_stored(backup, sha256), sha256)
    _check(backup / facts.database, facts.database_sha256)
    if facts.secret_sha256:
        _check(backup / SECRET_FILE, facts.secret_sha256)
        if not secret.exists():
            _copy_secret(backup / SECRET_FILE, secret)
    for sha256 in facts.files:
        station.originals.keep_file(_stored(backup, sha256))
    load(backup / facts.database, station.database)
    check_tables(station.database)
    with station.database.writing() as session:
        record(session, at=station.now(), who="station", action="restore", made_at=facts.made_at)
    return facts


def read_backup(folder: Path) -> BackUp:
    """What a back-up says it holds.

    Raises:
        BackupInvalid: the folder is none.
    """
    path = folder / FACTS_NAME
    if not path.is_file() or path.stat().st_size > LARGEST_FACTS:
        raise BackupInvalid(f"{folder} is no back-up: it has no {FACTS_NAME}")
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return _facts(table)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BackupInvalid(f"{path} cannot be read as a back-up's list: {error}") from error


def kept_hashes(session: Session) -> Iterator[str]:
    """The hash of every film and heat map that should be on disk; some twice."""
    yield from session.scalars(select(Film.sha256).where(Film.removed_at.is_(None)))
    yield from session.scalars(
        select(Reading.heat_map_sha256)
        .join(Study, Study.id == Reading.study_id)
        .where(Reading.heat_map_sha256.is_not(None), Study.removed_at.is_(None))
    )  # type: ignore[misc]


def _new_draft(folder: Path) -> Path:
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputRefused(f"{folder} already holds something; a back-up is never written over")
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise OutputRefused(f"the back-up cannot be written to {folder}: {error.strerror}") from error


def _copy(station: Station, draft: Path, database: Path, named: list[str]) -> BackUp:
    copies = Originals(draft / FILMS_FOLDER)
    files: dict[str, int] = {}
    missing, damaged = [], []
    for sha256 in named:
        source = station.originals.path(sha256)
        if not source.is_file():
            missing.append(sha256)
            continue
        incoming = copies.incoming()
        with source.open("rb") as file:
            while block := file.read(BLOCK):
                incoming.write(block)
        if incoming.sha256 != sha256:
            damaged.append(sha256)
            incoming.give_up()
            continue
        files[sha256] = incoming.keep().n_bytes
    with station.database.reading() as session:
        still = set(kept_hashes(session)) if missing else set()
    secret = station.settings.folder / SECRET_FILE
    secret_sha256 = _copy_secret(secret, draft / SECRET_FILE) if secret.exists() else None
    return BackUp(station.now().isoformat(), hilum.__version__, database.name, file_sha256(database), files,
                  tuple(sha256 for sha256 in missing if sha256 in still), tuple(damaged),
                  secret_sha256)  # fmt: skip


def _copy_secret(source: Path, target: Path) -> str:
    """Copy the secret to where there is none, for our own account alone; its SHA-256."""
    with source.open("rb") as old, open(target, "xb", opener=_opened_for_us_alone) as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())
    return file_sha256(target)


def _opened_for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _facts(table: dict[str, Any]) -> BackUp:
    if table.pop("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    facts = BackUp(**{**table, "missing": tuple(table["missing"]), "damaged": tuple(table["damaged"])})
    if facts.database not in (SQLITE_NAME, POSTGRES_NAME):
        raise ValueError("it names no database")
    for sha256 in facts.files:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError(f"{sha256!r} is no SHA-256")
    return facts


def _stored(backup: Path, sha256: str) -> Path:
    return backup / FILMS_FOLDER / sha256[:2] / sha256


def _check(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise BackupInvalid(f"{path} is missing from the back-up")
    if file_sha256(path) != sha256:
        raise BackupInvalid(f"{path} was altered or damaged: its SHA-256 is not the listed one")


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))
