"""What became of a film, in the words that a clinician can use.

Trap: a score orders films; it is no diagnosis and, away from where it was calibrated, no chance of disease,
so the words say neither.
"""

from __future__ import annotations

from hilum.inference.zones import zone_sentence
from hilum.records import Certainty, Refused, Scored


def outcome_sentence(outcome: Scored | Refused) -> str:
    """The score against its threshold, the zones that stand out, what can be ruled out; or the refusal."""
    if isinstance(outcome, Refused):
        return f"No score: {outcome.reason}"
    cut = 100 * outcome.threshold
    if outcome.is_flagged:
        verdict = f"Score {outcome.score:.1f}, at or above the threshold of {cut:.1f}: consistent with TB."
    else:
        verdict = f"Score {outcome.score:.1f}, below the threshold of {cut:.1f}."
    parts = [verdict]
    if outcome.is_flagged and outcome.zones:
        parts.append(zone_sentence(outcome.zones, outcome.threshold))
    if outcome.certainty is not None and outcome.error_rate is not None:
        parts.append(certainty_sentence(outcome.certainty, outcome.error_rate))
    return " ".join(parts)


def certainty_sentence(certainty: Certainty, error_rate: float) -> str:
    """What is ruled out and how often that is wrong among films like those that set the limits."""
    if certainty is Certainty.BOTH:
        return "Neither normal nor abnormal can be ruled out: a person must read this film."
    other = "normal" if certainty is Certainty.ABNORMAL else "abnormal"
    return f"Unlike {1 - error_rate:.0%} of {other} films."
