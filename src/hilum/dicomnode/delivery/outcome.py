"""What became of one sending: it arrived, it may arrive later, or it never will."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What to do with a delivery next."""

    SENT = "sent"
    AGAIN = "again"
    """Nobody answered, or the other side is short of something: try later."""
    NEVER = "never"
    """The other side understood and says no; trying again will not help."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one sending; `told` is a sentence for the worklist, without a patient's name."""

    fate: Fate
    told: str = ""


SENT = Outcome(Fate.SENT)
