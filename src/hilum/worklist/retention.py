"""Removing the bytes of old films, so that a disk does not fill; rows, readings, and the trail stay.

A film goes once its study is read or delivered, nothing of it waits to be sent, and it is as old as the
manager said. Its heat maps go with it. Trap: bytes are shared, by a film that came for two patients or that
came again; they go with the last study that has them, and rows are marked before bytes are removed, so that
a crash between leaves bytes too many, never a row that promises what is not there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, union
from sqlalchemy.orm import Session, selectinload

from hilum.worklist.audit import record
from hilum.worklist.originals import Originals
from hilum.worklist.states import DeliveryState, State
from hilum.worklist.station import Station
from hilum.worklist.station_settings import read_choices
from hilum.worklist.tables import Delivery, Film, Reading, Study

log = logging.getLogger(__name__)

MOST_AT_ONCE = 100  # studies, so that one transaction stays short
JUST_KEPT = timedelta(hours=1)  # bytes kept as lately may be of a film that is being filed


def remove_due(station: Station) -> int:
    """Remove the films that are due, and return of how many studies; 0 where the manager set no age."""
    n_studies = 0
    while hashes := _mark_some(station):
        n_studies += hashes[0]
        remove_unused(station, hashes[1])
    remove_unused(station, _come_again(station))
    if n_studies:
        log.info("removed the films of %d studies", n_studies)
    return n_studies


def remove_unused(station: Station, hashes: Iterable[str]) -> int:
    """Remove the bytes of these hashes that no row needs, and return how many files went."""
    originals, n_removed = station.originals, 0
    with station.database.writing() as session:
        wanted = set(hashes)
        for sha256 in sorted(wanted - needed(session, wanted)):
            n_removed += _remove(originals, sha256, before=(station.now() - JUST_KEPT).timestamp())
    return n_removed


def needed(session: Session, hashes: Iterable[str]) -> set[str]:
    """Those of these hashes that a film or a reading still has."""
    asked = list(hashes)
    films = select(Film.sha256).where(Film.sha256.in_(asked), Film.removed_at.is_(None))
    maps = (
        select(Reading.heat_map_sha256)
        .join(Study, Study.id == Reading.study_id)
        .where(Reading.heat_map_sha256.in_(asked), Study.removed_at.is_(None))
    )
    return {sha256 for sha256 in session.scalars(union(films, maps)) if sha256 is not None}


def _come_again(station: Station) -> list[str]:
    """Films that were removed and that somebody has sent once more."""
    with station.database.reading() as session:
        removed = session.scalars(select(Film.sha256).where(Film.removed_at.is_not(None)).distinct()).all()
    return [sha256 for sha256 in removed if station.originals.path(sha256).is_file()]


def _mark_some(station: Station) -> tuple[int, list[str]] | None:
    """Mark some studies as removed: how many, and the hashes of what may go; None where none is due."""
    now = station.now()
    with station.database.writing() as session:
        days = read_choices(session).retention_days
        if days is None:
            return None
        waits = select(Delivery.id).where(
            Delivery.study_id == Study.id, Delivery.state == DeliveryState.WAITING
        )
        due = session.scalars(
            select(Study)
            .where(Study.state.in_((State.READ, State.DELIVERED)), Study.removed_at.is_(None),
                   Study.received_at < now - timedelta(days=days), ~waits.exists())
            .order_by(Study.received_at)
            .limit(MOST_AT_ONCE)
            .options(selectinload(Study.films), selectinload(Study.readings))
            .with_for_update(skip_locked=True)
        ).all()  # fmt: skip
        hashes: list[str] = []
        for study in due:
            left = [film for film in study.films if film.removed_at is None]
            study.removed_at = now
            for film in left:
                film.removed_at = now
            hashes += [film.sha256 for film in left]
            hashes += [reading.heat_map_sha256 for reading in study.readings if reading.heat_map_sha256]
            detail = {"n_films": len(left), "n_bytes": sum(film.n_bytes for film in left), "after_days": days}
            record(session, at=now, who="station", action="remove-films", study_id=study.id, **detail)
        return (len(due), hashes) if due else None


def _remove(originals: Originals, sha256: str, *, before: float) -> bool:
    """Remove one file, unless it was kept after the time given, in seconds since 1970."""
    path = originals.path(sha256)
    try:
        if path.stat().st_mtime >= before:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True
