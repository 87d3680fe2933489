"""What must be true of a station after all that killing: every film scored once, and the trail complete."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from hilum.worklist.checking import check
from hilum.worklist.states import FINISHED, FOLLOWS, State
from hilum.worklist.station import Station
from hilum.worklist.tables import AuditEvent, Film, Reading, Study


@dataclass
class Account:
    """The figures, and every fault as a sentence; none is what is asked for."""

    n_films: int = 0
    states: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)  # leases that a study took -> studies
    n_unused: int = 0  # files that no row names
    faults: list[str] = field(default_factory=list)


def audit(station: Station, acknowledged: Collection[str]) -> Account:
    """Go over the whole station.

    Args:
        station: at rest.
        acknowledged: SHA-256 of every film that its sender was told is in.
    """
    account = Account()
    with station.database.reading() as session:
        films = session.scalars(select(Film)).all()
        studies = {study.id: study for study in session.scalars(select(Study))}
        readings = Counter(session.scalars(select(Reading.film_id)))
        events: dict[int, list[AuditEvent]] = defaultdict(list)
        for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
            events[event.study_id or 0].append(event)
    account.n_films = len(films)
    account.states = Counter(str(study.state) for study in studies.values())
    lost = set(acknowledged) - {film.sha256 for film in films}
    account.faults += [f"film {sha256} was acknowledged and is not there" for sha256 in sorted(lost)]
    for film in films:
        if readings[film.id] != 1:
            account.faults.append(f"film {film.id} has {readings[film.id]} readings")
    for study in studies.values():
        account.faults += _study_faults(study, events[study.id])
        scores = [event for event in events[study.id] if event.action == "score"]
        account.attempts.update(event.detail["attempt"] for event in scores)
    found = check(station)
    account.faults += [f"the bytes {sha256} are not as they came" for sha256 in found.missing + found.damaged]
    account.n_unused = len(found.unused)
    return account


def _study_faults(study: Study, events: Sequence[AuditEvent]) -> list[str]:
    """What is wrong with a study or its trail."""
    faults = []
    if study.state not in FINISHED:
        faults.append(f"study {study.id} is {study.state}")
    if study.lease_token is not None:
        faults.append(f"study {study.id} is still leased")
    actions = Counter(event.action for event in events)
    for action in ("open", "receive", "queue", "score"):
        if actions[action] != 1:
            faults.append(f"study {study.id} has {actions[action]} rows of {action!r} in the trail")
    stands: str | None = None
    for event in events:
        if event.after is None:
            continue
        is_allowed = stands is None or event.after in FOLLOWS[State(stands)]
        if event.before != stands or not is_allowed:
            faults.append(f"study {study.id}: {event.before} became {event.after} where {stands} stood")
        stands = event.after
    if stands != study.state:
        faults.append(f"study {study.id} is {study.state} and its trail ends with {stands}")
    return faults
