"""The threshold in force at this station for a bundle: the bundle's own until somebody chooses another.

Trap: a probability of one bundle is not that of another, so a chosen point holds for one bundle.json alone,
by its SHA-256, and another bundle starts again from its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.errors import ThresholdRefused
from hilum.inference.bundle import Bundle
from hilum.worklist.audit import record
from hilum.worklist.readings import Reader
from hilum.worklist.tables import OperatingPoint, Reading


@dataclass(frozen=True, slots=True)
class PointChoice:
    """A threshold that somebody chose, and why it may be believed."""

    name: str
    threshold: float  # on probability, 0..1
    evidence: dict[str, Any] = field(default_factory=dict)  # JSON; `calibrate` writes it, or {"reason": ...}


def point_in_force(session: Session, bundle_sha256: str) -> OperatingPoint | None:
    """The newest point chosen for a bundle; None where the bundle's own holds."""
    return session.scalar(
        select(OperatingPoint)
        .where(OperatingPoint.bundle_sha256 == bundle_sha256)
        .order_by(OperatingPoint.id.desc())
        .limit(1)
    )


def points_chosen(session: Session, bundle_sha256: str) -> Sequence[OperatingPoint]:
    """Every point ever chosen for a bundle, the newest first."""
    return session.scalars(
        select(OperatingPoint)
        .where(OperatingPoint.bundle_sha256 == bundle_sha256)
        .order_by(OperatingPoint.id.desc())
    ).all()


def point_of(session: Session, reading: Reading) -> OperatingPoint | None:
    """The chosen point that a reading was made at; None where it was the bundle's own."""
    return session.scalar(
        select(OperatingPoint)
        .where(
            OperatingPoint.bundle_sha256 == reading.bundle_sha256,
            OperatingPoint.name == reading.operating_point,
            OperatingPoint.threshold == reading.threshold,
            OperatingPoint.chosen_at <= reading.made_at,
        )
        .order_by(OperatingPoint.id.desc())
        .limit(1)
    )


def choose_point(
    session: Session, bundle: Bundle, bundle_sha256: str, choice: PointChoice, *, who: str, now: datetime
) -> OperatingPoint:
    """Put a threshold in force for films that are scored from now on; what was scored keeps its own.

    Args:
        session: a writing one.
        bundle: that it is for.
        bundle_sha256: of its bundle.json.
        choice: the threshold and its evidence.
        who: the login.
        now: with its zone.

    Raises:
        ThresholdRefused: it lies outside 0..1, or has no name.
    """
    if not 0 <= choice.threshold <= 1:
        raise ThresholdRefused(
            f"a threshold lies on the probability, 0..1, and {choice.threshold:g} does not"
        )
    if not choice.name.strip():
        raise ThresholdRefused("an operating point needs a name")
    point = OperatingPoint(
        bundle_sha256=bundle_sha256,
        bundle=bundle.label,
        name=choice.name.strip(),
        threshold=choice.threshold,
        evidence=choice.evidence,
        chosen_by=who,
        chosen_at=now,
    )
    session.add(point)
    event = record(session, at=now, who=who, action="operating-point", name=point.name)
    event.bundle, event.threshold = bundle.label, choice.threshold
    return point


def reader_in_force(session: Session, bundle: Bundle, bundle_sha256: str) -> Reader:
    """The bundle at the threshold that holds now."""
    point = point_in_force(session, bundle_sha256)
    if point is None:
        own = bundle.default_point
        return Reader(bundle.label, bundle_sha256, own.threshold, own.name)
    return Reader(bundle.label, bundle_sha256, point.threshold, point.name)
