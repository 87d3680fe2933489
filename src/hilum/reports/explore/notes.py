"""What a person should know before training on these films, as sentences.

Trap: each note states a fact and its number; none decides what to do, and none appears without cause.
"""

from __future__ import annotations

from collections.abc import Iterator

from hilum.evaluation.controls import Control
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.words import LABEL_NAMES, n_films, site_name
from hilum.reports.page import estimate_text

TELLING_AUC = (
    0.65  # a control whose whole interval lies above 0.5 and whose AUC is at least this is named; assumed
)
N_SITES = 3  # named in the note
SMALL_CLASS = 50  # films; below it, intervals are wide


def notes_of(exploration: Exploration) -> list[str]:
    """The notes, the gravest first."""
    return [*_class_notes(exploration), *_control_notes(exploration), *_film_notes(exploration)]


def _class_notes(exploration: Exploration) -> Iterator[str]:
    sites_with = {
        label: {group.site for group in exploration.groups if group.label == label} for label in (0, 1)
    }
    counts = {label: sum(group.n for group in exploration.groups if group.label == label) for label in (0, 1)}
    if not counts[0] and not counts[1]:
        yield "No film has a label, so nothing can be trained or tested on this set."
        return
    for label in (0, 1):
        others = sites_with[1 - label] - sites_with[label]
        if not counts[label]:
            yield f"No film is labelled {LABEL_NAMES[label]}; training and testing need both classes."
        elif len(sites_with[label]) == 1 and others:
            only = site_name(next(iter(sites_with[label])))
            yield (
                f"Every {LABEL_NAMES[label]} film comes from {only}: "
                "a network could learn the site instead of the disease."
            )
    if 0 < min(counts.values()) < SMALL_CLASS:
        yield (
            f"Films are few ({counts[0]} normal, {counts[1]} tuberculosis): "
            "every figure measured on them will be uncertain."
        )


def _control_notes(exploration: Exploration) -> Iterator[str]:
    telling = [control for control in exploration.controls if _is_telling(control)]
    of_label = [_told(control) for control in telling if control.target == "label"]
    if of_label:
        yield (
            f"Tuberculosis can be told from normal without looking at the lungs, by {'; '.join(of_label)}. "
            "What a network scores on this set means something only above that."
        )
    sites: dict[str, Control] = {}
    for control in sorted(telling, key=lambda control: -(control.auc.value or 0)):
        if control.target.startswith("site"):
            sites.setdefault(control.target, control)
    if sites:
        named = [f"{target.removeprefix('site: ')}, by {_told(control)}" for target, control in sites.items()]
        best = "; ".join(named[:N_SITES])
        rest = f" (and {len(sites) - N_SITES} more)" if len(sites) > N_SITES else ""
        yield (
            f"The films tell their site without a look at the lungs: {best}{rest}. "
            "Test on sites that were not trained on."
        )


def _is_telling(control: Control) -> bool:
    auc = control.auc
    return auc.value is not None and auc.low is not None and auc.low > 0.5 and auc.value >= TELLING_AUC


def _told(control: Control) -> str:
    return f"{control.features}, AUC {estimate_text(control.auc, 2)}"


def _film_notes(exploration: Exploration) -> Iterator[str]:
    n_unreadable = len(exploration.scan.unreadable)
    if n_unreadable:
        yield f"{n_films(n_unreadable)} could not be read and count in no measure of pixels; see the end."
    n_disagreeing = len(exploration.vocabulary.disagreements)
    if n_disagreeing:
        yield f"The reading of {n_films(n_disagreeing)} does not bear out the label; both are kept."
    n_children = sum(group.n_children for group in exploration.groups)
    if n_children:
        yield f"{n_films(n_children)} of children under 15: Hilum's reader is meant for 15 years and older."
