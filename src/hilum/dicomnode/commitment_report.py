"""What is safe here of what storage commitment asks about, as the report that PS3.4 J.3.3 sends."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from sqlalchemy import select

from hilum.dicomnode.statuses import HELD_AS_ANOTHER_CLASS, NOT_HERE
from hilum.worklist.station import Station
from hilum.worklist.tables import Commitment, Film

ALL_SAFE, SOME_FAILED = 1, 2  # event types, PS3.4 J.3.3
AT_ONCE = 500  # instances looked up in one query, under SQLite's limit of variables


def commitment_report(request: Commitment, station: Station) -> tuple[int, Dataset]:
    """The event type and the event information: what is held with its bytes on disk, and what is not."""
    references = [(sop_class, instance) for sop_class, instance in request.instances]
    held = _held([instance for _, instance in references], station)
    safe, failed = [], []
    for sop_class, instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        if sop_class in held.get(instance, ()):
            safe.append(item)
            continue
        item.FailureReason = (HELD_AS_ANOTHER_CLASS if instance in held else NOT_HERE).code
        failed.append(item)
    report = Dataset()
    report.TransactionUID = request.transaction_uid
    report.ReferencedSOPSequence = safe
    if failed:
        report.FailedSOPSequence = failed
    return (SOME_FAILED if failed else ALL_SAFE), report


def _held(instances: Sequence[str], station: Station) -> dict[str, set[str]]:
    """The SOP classes, by instance, of those whose bytes are on disk."""
    found: dict[str, set[str]] = {}
    with station.database.reading() as session:
        for start in range(0, len(instances), AT_ONCE):
            wanted = Film.sop_instance_uid.in_(instances[start : start + AT_ONCE])
            for film in session.scalars(select(Film).where(wanted)):
                if _is_on_disk(film, station):
                    found.setdefault(film.sop_instance_uid or "", set()).add(film.sop_class_uid or "")
    return found


def _is_on_disk(film: Film, station: Station) -> bool:
    path = station.originals.path(film.sha256)
    return path.is_file() and path.stat().st_size == film.n_bytes
