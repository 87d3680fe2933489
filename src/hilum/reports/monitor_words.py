"""What a monitoring report must say before "no alarm" is believed: how little few films can show, and scales.

Trap: a window too small for any alarm never raises one; that is no finding, and is not told as one.
"""

from __future__ import annotations

from collections.abc import Iterator

from hilum.evaluation.alarm import films_for_alarm
from hilum.evaluation.drift import StabilityIndex
from hilum.evaluation.monitoring import Monitoring
from hilum.evaluation.watched_vectors import FEWEST_FOR_SCALE

FEW = 200  # films; benchmarks/monitor has the power for 50, 200, and 1,000
TOO_FEW_TO_TELL = (
    "Nothing can be said yet, neither that something changed nor that it did not. Take more films, in the "
    "window and in the reference, and run this again; 200 in each is a size that shows large changes."
)
NOTHING_COMPARED = (
    "Nothing can be said: no figure of these films could be compared. Look at the limits below for what the "
    "tables lack, or leave --within-mix out where the reference does not know the current films' sites."
)


def no_alarm_words(found: Monitoring) -> str:
    """What stands for an alarm where there is none."""
    if found.can_alarm:
        return "No alarm."
    if not any(window.verdict.adjusted for window in found.judged):
        return "No alarm is possible: no figure could be compared."
    n = found.settings.windows_per_false_alarm
    return (
        f"No alarm is possible: too few films for any alarm at 1 in {n}; it takes about "
        f"{films_for_alarm(found.settings.rule)} in the window and as many in the reference."
    )


def no_alarm_advice(found: Monitoring, *, keep_on: str) -> str:
    """What to do where there is no alarm.

    Args:
        found: of a run without an alarm.
        keep_on: the advice where enough films were looked at.
    """
    if found.can_alarm:
        return keep_on
    return TOO_FEW_TO_TELL if any(window.verdict.adjusted for window in found.judged) else NOTHING_COMPARED


def caveats(found: Monitoring) -> tuple[str, ...]:
    """Sentences for the top of the report; none where there is nothing to be careful of."""
    return (*_scale_words(found), *_power_words(found))


def psi_words(psi: StabilityIndex) -> str:
    """The index beside chance, or why it cannot be told from it."""
    if psi.why:
        return f"not estimable: {psi.why}"
    closer = ", closer than chance has it on average" if psi.corrected < 0 else ""
    return f"{psi.value:.3f}; {psi.by_chance:.3f} by chance; {psi.corrected:+.3f} without it{closer}"


def _scale_words(found: Monitoring) -> Iterator[str]:
    sides = (("the reference", found.reference), ("the current films", found.whole.rates))
    for (name, rates), cut in zip(sides, found.cuts.held, strict=True):
        is_asked = found.settings.threshold is not None
        if cut is None or rates.flag_rate.value not in (0.0, 1.0):
            continue
        if is_asked or rates.n_scored >= FEWEST_FOR_SCALE:
            whom = "every film" if rates.flag_rate.value else "no film"
            yield f"The threshold {cut:g} flags {whom} of {name}: is it on that table's scale?"


def _power_words(found: Monitoring) -> Iterator[str]:
    if not found.can_alarm:
        return
    idle = sum(not window.verdict.can_alarm for window in found.judged)
    if idle:
        yield (
            f"{idle} of {len(found.judged)} windows hold too few films for any alarm at 1 in "
            f"{found.settings.windows_per_false_alarm}."
        )
    fewest = min(found.reference.n, *(window.rates.n for window in found.judged))
    if fewest < FEW and not found.is_alarm:
        yield (
            f"Few films ({fewest} in the smallest window or the reference) show large changes only: in "
            "simulations a median that moved from .35 to .61 was seen in 84 of 100 windows of 50 films, and "
            "one that moved to .40 in 2 of 100 (benchmarks/monitor)."
        )
