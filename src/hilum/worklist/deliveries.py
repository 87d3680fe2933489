"""Results on their way out: what is to go where, whose turn it is, and when to try again.

A target is written "kind=place", as in "sr=ORTHANC@127.0.0.1:4242" or "hl7=mllp://127.0.0.1:2575". Webhooks
of the person who uploaded a study come beside the station's targets, their place being "webhook:NUMBER" of
the table, so that no secret and no long URL stands twice. Trap: a delivery is sent at least once, not
exactly once: a sender that dies after the other side took it and before `finish_delivery` sends it again, so
what is sent carries an identifier of its own that stays the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hilum.errors import StationRefused
from hilum.worklist.audit import move, record
from hilum.worklist.states import DeliveryState, ResultKind, State
from hilum.worklist.tables import Delivery, Person, Reading, StationSetting, Study, Upload, Webhook

WEBHOOK = "webhook"
TARGETS = "targets"  # the row of the settings' table
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 3600.0  # between tries; doubled each time
GIVE_UP_AFTER = timedelta(days=3)  # of a place that does not answer: a long weekend
_DELIVERABLE = (State.SCORED, State.REFUSED, State.READ, State.DELIVERED)


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of result and the place that it goes to."""

    kind: str
    place: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """From "kind=place".

        Raises:
            StationRefused: the kind is unknown, or no place is given.
        """
        kind, sign, place = text.strip().partition("=")
        if not sign or kind not in list(ResultKind) or not place or len(place) > 255:
            raise StationRefused(
                f"{text!r} is no target; write KIND=PLACE, with a kind of {', '.join(ResultKind)}, as in "
                "sr=ORTHANC@127.0.0.1:4242"
            )
        return cls(kind, place)


def keep_targets(session: Session, targets: Sequence[str], *, who: str, now: datetime) -> None:
    """Keep what a node sends to where, so that every worker of the station plans it, whoever started it.

    Args:
        session: a writing one.
        targets: "kind=place" each; they take the place of those kept before.
        who: as the trail has it, "node AE".
        now: with its zone.
    """
    kept = session.get(StationSetting, TARGETS)
    if list(targets) == ([] if kept is None else kept.value):
        return
    if kept is None:
        kept = StationSetting(name=TARGETS, changed_by=who, changed_at=now)
        session.add(kept)
    kept.value, kept.changed_by, kept.changed_at = list(targets), who, now
    record(session, at=now, who=who, action="setting", name=TARGETS, value=list(targets))


def targets_in_force(session: Session, own: Iterable[str]) -> list[Target]:
    """What a finished study is sent to: by the settings of the program that asks, and by the station's nodes.

    Raises:
        StationRefused: one of them is no target.
    """
    kept = session.get(StationSetting, TARGETS)
    texts = dict.fromkeys([*own, *([] if kept is None else kept.value)])
    return [Target.parse(text) for text in texts]


def plan_deliveries(
    session: Session, study: Study, reading: Reading, targets: Iterable[Target]
) -> list[Delivery]:
    """Plan what a finished study sends, once for a reading, a place, and a kind.

    A failed study goes to webhooks alone: there is no result to file, and the program that asked must know.

    Args:
        session: a writing one, in which the study was finished.
        study: finished.
        reading: that decided.
        targets: of the station.
    """
    session.flush()  # the reading gets its number
    wanted = [] if study.state is State.FAILED else list(targets)
    planned = []
    for target in dict.fromkeys([*wanted, *_webhooks(session, study)]):
        delivery = Delivery(
            study_id=study.id, reading_id=reading.id, target=target.place, kind=target.kind,
            state=DeliveryState.WAITING, made_at=reading.made_at, next_at=reading.made_at,
        )  # fmt: skip
        session.add(delivery)
        planned.append(delivery)
    return planned


def lease_delivery(
    session: Session, *, kinds: Collection[str], now: datetime, seconds: float
) -> Delivery | None:
    """Take the delivery that is due longest, of these kinds; None where none is.

    Its `lease_token` is what `finish_delivery` asks for.

    Args:
        session: a writing one; commit before anything is sent.
        kinds: that the sender can send.
        now: with its zone.
        seconds: how long it is the sender's.
    """
    due = session.scalar(
        select(Delivery)
        .where(
            Delivery.state == DeliveryState.WAITING,
            Delivery.next_at <= now,
            Delivery.kind.in_(kinds),
            or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
        )
        .order_by(Delivery.next_at, Delivery.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if due is not None:
        due.lease_token, due.lease_until = secrets.token_hex(16), now + timedelta(seconds=seconds)
        due.n_attempts += 1
    return due


def finish_delivery(
    session: Session, held: Delivery, *, now: datetime, who: str, error: str | None = None,
    is_final: bool = False,
) -> bool:  # fmt: skip
    """Say what became of a delivery; False, with nothing changed, where it is no longer the sender's.

    The study is delivered once all that its newest reading was to send has arrived.

    Args:
        session: a writing one.
        held: as `lease_delivery` gave it.
        now: with its zone.
        who: as the trail has it, "node AE" or "webhooks".
        error: why it could not be sent, without names of patients; None: it was.
        is_final: trying again will not help, so it is given up at once.
    """
    study = session.scalars(select(Study).where(Study.id == held.study_id).with_for_update()).one()
    delivery = session.scalar(
        select(Delivery)
        .where(Delivery.id == held.id, Delivery.lease_token == held.lease_token)
        .with_for_update()
    )
    if delivery is None or delivery.state is not DeliveryState.WAITING:
        return False
    delivery.lease_token = delivery.lease_until = None
    detail = {"kind": delivery.kind, "target": delivery.target, "attempt": delivery.n_attempts}
    if error is not None:
        if not _put_off(delivery, error, now, is_final=is_final):
            record(session, at=now, who=who, action="give-up", study_id=study.id, **detail)
        return True
    delivery.state, delivery.sent_at, delivery.last_error = DeliveryState.SENT, now, ""
    record(session, at=now, who=who, action="send", study_id=study.id, **detail)
    session.flush()
    if study.state in _DELIVERABLE and study.state is not State.DELIVERED and _all_sent(session, delivery):
        move(session, study, State.DELIVERED, at=now, who=who, action="deliver")
    return True


def send_again(session: Session, study_id: int, *, who: str, now: datetime) -> int:
    """Try the deliveries again that were given up; how many."""
    given_up = session.scalars(
        select(Delivery)
        .where(Delivery.study_id == study_id, Delivery.state == DeliveryState.GIVEN_UP)
        .with_for_update()
    ).all()
    for delivery in given_up:
        delivery.state, delivery.made_at, delivery.next_at = DeliveryState.WAITING, now, now
        delivery.n_attempts = 0
    if given_up:
        record(session, at=now, who=who, action="send-again", study_id=study_id, n=len(given_up))
    return len(given_up)


def wait_s(n_attempts: int) -> float:
    """Seconds to wait after so many tries, one or more."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(n_attempts - 1, 20))


def _put_off(delivery: Delivery, error: str, now: datetime, *, is_final: bool) -> bool:
    """Try later; False where that will not help, or it has been tried for long enough, and is given up."""
    delivery.last_error = error
    delivery.next_at = now + timedelta(seconds=wait_s(delivery.n_attempts))
    is_over = is_final or delivery.next_at - delivery.made_at > GIVE_UP_AFTER
    if is_over:
        delivery.state = DeliveryState.GIVEN_UP
    return not is_over


def _all_sent(session: Session, delivery: Delivery) -> bool:
    """Whether all that a reading was to send has been sent."""
    left = select(Delivery.id).where(
        Delivery.reading_id == delivery.reading_id, Delivery.state != DeliveryState.SENT
    )
    return session.scalar(left.limit(1)) is None


def _webhooks(session: Session, study: Study) -> Sequence[Target]:
    if study.upload_id is None:
        return ()
    numbers = session.scalars(
        select(Webhook.id)
        .join(Person, Person.id == Webhook.person_id)
        .join(Upload, Upload.who == Person.login)
        .where(Upload.id == study.upload_id, Webhook.is_active)
        .order_by(Webhook.id)
    )
    return [Target(WEBHOOK, f"webhook:{number}") for number in numbers]
