"""The first page: what was measured, what came out, and what to beware of, in a programme officer's words.

Trap: a threshold that was chosen on these films looks better than it is, so the sentences take the
cross-fitted figures where the table has folds, and say "optimistic" where it has none.
"""

from __future__ import annotations

from hilum.evaluation.summary import OPTIMISTIC, OperatingPoint
from hilum.records import Estimate
from hilum.reports.evidence.facts import Evidence, Screened, main_point
from hilum.reports.evidence.wording import counted, interval_cell, percent_words, point_words

ALPHA = 0.05  # of the tests between groups, after Holm's adjustment


def front_facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """Name and value of what the file is about."""
    films = evidence.evaluation.films
    n_rows = films.n + evidence.evaluation.n_unlabelled
    patients = f"of {counted(films.n_patients, 'patient')}" if films.has_patients else "of patients not named"
    share = f"{films.n_positive:,} ({100 * films.n_positive / films.n:.1f} %) with the finding"
    prevalence = "not stated" if evidence.prevalence is None else f"{100 * evidence.prevalence:.3g} %"
    return (
        ("Table", evidence.table.name),
        ("SHA-256", evidence.table.sha256),
        ("Films", f"{films.n:,} with a label, of {counted(n_rows, 'row')}; {patients}; {share}"),
        ("Prevalence for planning", prevalence),
        ("Date", evidence.made_on.isoformat()),
    )


def front_summary(evidence: Evidence) -> tuple[str, ...]:
    """Two to five sentences for a hurried reader."""
    point = main_point(evidence.evaluation)
    sentences = [_films(evidence), _ranking(evidence)]
    sentences.append(_no_point(evidence) if point is None else _at_threshold(point))
    if evidence.screened is not None:
        sentences.append(_screened(evidence.screened))
    elif point is not None:
        sentences.append(
            "What this means among the people to be screened depends on how many of them have the finding; "
            "no prevalence was stated (--prevalence)."
        )
    return (*sentences, *_differences(evidence), *_caveats(evidence))


def _films(evidence: Evidence) -> str:
    films, n_left = evidence.evaluation.films, evidence.evaluation.n_unlabelled
    patients = f" of {counted(films.n_patients, 'patient')}" if films.has_patients else ""
    sentence = (
        f"{evidence.table.name} holds scores and labels of {counted(films.n, 'film')}{patients}; "
        f"{films.n_positive:,} of the films have the finding."
    )
    return sentence if not n_left else f"{sentence} {counted(n_left, 'row')} without a label are left out."


def _ranking(evidence: Evidence) -> str:
    area = evidence.evaluation.discrimination.auroc
    if area.value is None:
        return f"How well the score ranks films cannot be estimated: {area.why}."
    return (
        "Of a film with the finding and one without, taken at random, the score ranks the right one higher "
        f"{100 * area.value:.1f} times in 100: AUC {interval_cell(area)}."
    )


def _at_threshold(point: OperatingPoint) -> str:
    shown = point.cross_fitted or point.performance
    where = f"At {point_words(point, 4)}"
    if point.cross_fitted:
        where = f"With the threshold chosen for {point.name}, each fold cut where the other folds chose"
    hits, clear = _flagged(shown.sensitivity), _clear(shown.specificity)
    sentence = f"{where}, the score {hits}; of the films without it {clear}."
    if point.source == OPTIMISTIC and point.cross_fitted is None:
        sentence += " This is optimistic, for the threshold was chosen on these films."
    return sentence


def _flagged(sensitivity: Estimate) -> str:
    if sensitivity.value is None:
        return f"flags a share of the films with the finding that cannot be estimated ({sensitivity.why})"
    return f"flags {percent_words(sensitivity)} of the films with the finding"


def _clear(specificity: Estimate) -> str:
    if specificity.value is None:
        return f"it cannot be estimated how many stay unflagged ({specificity.why})"
    return f"{percent_words(specificity)} stay unflagged"


def _screened(people: Screened) -> str:
    head = f"Among 1,000 people screened, of whom {100 * people.prevalence:.3g} % have the finding"
    found, missed, alarms = (
        people.outcome.found.value,
        people.outcome.missed.value,
        people.outcome.false_alarms.value,
    )
    if found is None or missed is None or alarms is None:
        return f"{head}, the figures cannot be estimated: {people.outcome.tests.why}."
    right = people.predictive.positive
    tail = "" if right.value is None else f"; of those flagged, {percent_words(right)} have it"
    return (
        f"{head}, it would flag {found + alarms:.0f}: {found:.1f} rightly and {alarms:.0f} without need, "
        "and miss "
        f"{missed:.1f}{tail}. This takes its sensitivity and specificity to be the same there."
    )


def _differences(evidence: Evidence) -> list[str]:
    """A sentence where a figure differs between groups by more than chance."""
    found = [
        f"{test.figure.replace('_', ' ').replace('auroc', 'AUC')} by {test.column}"
        for test in evidence.evaluation.groups.interactions
        if test.p_adjusted is not None and test.p_adjusted < ALPHA
    ]
    if not found:
        return []
    return [
        f"Between groups these differ by more than chance: {', '.join(found)} (see the section on fairness)."
    ]


def _caveats(evidence: Evidence) -> list[str]:
    caveats = evidence.evaluation.caveats
    if not caveats:
        return []
    more = "" if len(caveats) == 1 else f" ({counted(len(caveats) - 1, 'more caveat')} in section 1)"
    return [f"Beware: {caveats[0]}{more}"]


def _no_point(evidence: Evidence) -> str:
    why = "no threshold was given, and one cannot be chosen without films of both labels"
    return f"No operating point is reported: {why}."
