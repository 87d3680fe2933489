"""What to do next, in plain words: which command, and how many films.

Trap: drift of scores says that something changed, not that the reader got worse; only films with a reference
test tell that, so the advice ends at labelled films and never moves a threshold by itself.
"""

from __future__ import annotations

from hilum.evaluation.guarantee import positives_needed
from hilum.evaluation.monitoring import Monitoring
from hilum.reports.monitor_words import no_alarm_advice

SENSITIVITY, CONFIDENCE = 0.9, 0.95  # WHO's target of a triage test, and the usual confidence
SCORES = {"median", "distribution (KS)", "distribution (PSI)", "flag rate"}
REFUSALS = {"refusal rate", "refusal codes"}
ACCURACY = {"sensitivity", "specificity"}

KEEP_ON = (
    "Nothing needs to be done. Keep the reference and run this again when the next window is full. "
    "Monitoring does not replace a validation: label a sample of films once a year, and whenever a "
    "device, a site, or the bundle changes."
)
NEW_BUNDLE = (
    "Another bundle reads the films, and its threshold was not chosen for it here. Until it is, read "
    "every film as if there were no threshold, or go back to the bundle of the reference. "
)
NEW_REFERENCE = (
    "The scores of the new bundle are not compared with the old one's. Screen films of a good time again "
    "with the new bundle, and take that table as the reference from now on."
)
ACCURACY_CHANGED = (
    "Sensitivity or specificity changed on the labelled films. Check that the labels of both tables come "
    "from the same reference test, then calibrate again on the current films. "
)
FEWER_REFUSED = "Fewer films are refused than before. Check that bad films still reach the reader."
MIX_CHANGED = (
    "Find out whether that was meant (a new site, another camp). If it was, take the current films as the "
    "new reference once they are found good, or add --within-mix, which judges films within their own "
    "site and device."
)
EXPLAINED_BY_MIX = (
    "The scores changed, and not within sites and devices: the mix of films explains it as far as these "
    "numbers can tell. The threshold need not move for that, but positive predictive value and workload "
    "will; look at the sites that grew."
)


def advice(found: Monitoring) -> tuple[str, ...]:
    """The steps, the most urgent first."""
    raised = set(found.raised_by)
    steps = []
    if found.bundles.is_alarm:
        steps.append(
            f"{NEW_BUNDLE}{calibrate_words()} Then give DIR/bundle to this command with --calibrated."
        )
    elif found.bundles.is_changed:
        steps.append(NEW_REFERENCE)
    if raised & REFUSALS:
        steps.append(_refusals_step(found))
    if raised & ACCURACY:
        steps.append(ACCURACY_CHANGED + calibrate_words())
    if raised & SCORES and not found.bundles.is_alarm:
        steps.append(_scores_step(found))
    mixes = sorted(name.removesuffix(" mix") for name in raised if name.endswith(" mix"))
    if mixes:
        steps.append(f"The mix by {' and '.join(mixes)} changed. {MIX_CHANGED}")
    return tuple(steps) or (no_alarm_advice(found, keep_on=KEEP_ON),)


def calibrate_words() -> str:
    """The commands of a new calibration, and the fewest films."""
    fewest = positives_needed(sensitivity=SENSITIVITY, confidence=CONFIDENCE)
    return (
        f"`hilum plan --guarantee {SENSITIVITY} --prevalence P --out DIR` says how many films that takes "
        f"(never fewer than {fewest} with the disease, and so few give a threshold that is far too "
        "careful). Draw them by chance from the current films, flagged or not, and give each its "
        f"reference test. Then `hilum calibrate TABLE --sensitivity {SENSITIVITY} --confidence "
        f"{CONFIDENCE} --prevalence P --bundle BUNDLE --out DIR` chooses the threshold and writes it into "
        "a copy of the bundle, DIR/bundle, for `hilum screen --bundle`."
    )


def _refusals_step(found: Monitoring) -> str:
    totals = max(sum(found.codes.reference), 1), max(sum(found.codes.current), 1)
    rows = zip(found.codes.groups, found.codes.reference, found.codes.current, strict=True)
    gains = [(new / totals[1] - old / totals[0], code) for code, old, new in rows if code is not None]
    gain, code = max(gains, default=(0.0, None))
    if code is None or gain <= 0:
        return FEWER_REFUSED
    return (
        f"More films are refused, most of all with the code {code} ({100 * gain:+.1f} points). A refused "
        "film has no score: read it by eye. Look at ten of them for the cause (exposure, cropping, "
        "export, another kind of picture), and mend that at the device before any threshold is touched."
    )


def _scores_step(found: Monitoring) -> str:
    if found.within is not None and not found.within.verdict.is_alarm and not found.settings.within_mix:
        return EXPLAINED_BY_MIX
    where = "" if found.within is None else " within sites and devices"
    return (
        f"The scores changed{where}, so the threshold no longer flags what it was chosen to flag. First "
        "look for a plain cause: a new device or export, another exposure, films of another kind, an "
        "outbreak. If none is "
        "found, or it stays, calibrate again. " + calibrate_words()
    )
