"""Whether the figures differ between groups: a test for each column, and the gaps with their intervals.

Trap: the widest gap of many groups is wide by chance alone; its interval allows for the choice among all
pairs (Bonferroni), that of a group against the rest does not. A gap's parts are taken as independent, so a
patient with films in two groups, as of two age bands, makes the interval a little off.
Sources: `heterogeneity` and `multiplicity`; Newcombe 1998 and Zou and Donner 2008 for the interval of a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from hilum.evaluation.grouping import NOT_STATED, Grouping
from hilum.evaluation.heterogeneity import cochran_q
from hilum.evaluation.intervals import CONFIDENCE, normal_quantile, squared_and_added
from hilum.evaluation.multiplicity import holm
from hilum.evaluation.subgroups import FIGURES, FilmVectors, Subgroup
from hilum.records import Estimate

REST = "all others"


@dataclass(frozen=True, slots=True)
class Interaction:
    """The test that a figure is the same in all groups of a column."""

    column: str
    figure: str  # of subgroups.FIGURES
    n_groups: int  # that could be estimated
    statistic: float | None  # Cochran's Q
    p_value: float | None
    p_adjusted: float | None  # Holm's, over all tests of this table
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Gap:
    """A figure of one group less that of another, or of all others."""

    column: str
    figure: str
    group: str
    against: str  # a group, or REST
    is_widest: bool  # chosen as the widest of all pairs
    difference: Estimate

    def as_json(self) -> dict[str, Any]:
        head = {"column": self.column, "figure": self.figure, "group": self.group, "against": self.against}
        return {**head, "is_widest": self.is_widest, "difference": self.difference.as_json()}


def interactions(groups: Sequence[Subgroup]) -> list[Interaction]:
    """A test for each column and figure; films that state no group take no part."""
    columns = dict.fromkeys(group.column for group in groups)
    found = [_interaction(column, figure, groups) for column in columns for figure in FIGURES]
    adjusted = holm([one.p_value for one in found])
    return [replace(one, p_adjusted=p) for one, p in zip(found, adjusted, strict=True)]


def _interaction(column: str, figure: str, groups: Sequence[Subgroup]) -> Interaction:
    told = cochran_q([one for _, one in _stated(column, figure, groups)])
    why = (
        "" if told.p_value is not None else "not estimable: it takes two groups whose figure can be estimated"
    )
    return Interaction(column, figure, told.n_groups, told.statistic, told.p_value, None, why)


def gaps(vectors: FilmVectors, grouping: Grouping, groups: Sequence[Subgroup]) -> list[Gap]:
    """The widest gap of each figure, and, of three groups or more, each group's against all others.

    Args:
        groups: as `subgroups` measured them for this grouping.
    """
    found = [gap for figure in FIGURES if (gap := _widest(grouping.column, figure, groups))]
    if len(grouping.names) < 3:
        return found
    own = {group.group: group for group in groups if group.column == grouping.column}
    for at in grouping.shown:
        members = grouping.rest(at)[vectors.order]
        rest = vectors.measured(members, column=grouping.column, group=REST)
        found += _against_rest(own[grouping.names[at]], rest)
    return found


def _against_rest(own: Subgroup, rest: Subgroup) -> list[Gap]:
    pairs = {figure: (own.figures()[figure], rest.figures()[figure]) for figure in FIGURES}
    return [
        Gap(own.column, figure, own.group, REST, is_widest=False, difference=_difference(ours, theirs))
        for figure, (ours, theirs) in pairs.items()
    ]


def _stated(column: str, figure: str, groups: Sequence[Subgroup]) -> list[tuple[str, Estimate]]:
    """The groups of a column whose figure has an interval."""
    own = [group for group in groups if group.column == column and group.group != NOT_STATED]
    told = [(group.group, group.figures()[figure]) for group in own]
    return [(name, one) for name, one in told if one.low is not None and one.high is not None]


def _widest(column: str, figure: str, groups: Sequence[Subgroup]) -> Gap | None:
    """The largest less the smallest; None where there are not two."""
    told = sorted(_stated(column, figure, groups), key=lambda pair: pair[1].value or 0.0)
    if len(told) < 2:
        return None
    (low_name, low), (high_name, high) = told[0], told[-1]
    n_pairs = len(list(combinations(told, 2)))
    difference = _difference(high, low, n_pairs=n_pairs)
    return Gap(column, figure, high_name, low_name, is_widest=True, difference=difference)


def _difference(first: Estimate, second: Estimate, *, n_pairs: int = 1) -> Estimate:
    """`first - second` with its interval, widened to hold for all of `n_pairs` at once."""
    n, n_positive = first.n + second.n, (first.n_positive or 0) + (second.n_positive or 0)
    if first.value is None or second.value is None:
        return Estimate(None, None, None, n=n, n_positive=n_positive, why=first.why or second.why)
    value = first.value - second.value
    if None in (first.low, first.high, second.low, second.high):
        return Estimate(value, None, None, n=n, n_positive=n_positive, why=first.why or second.why)
    low, high = squared_and_added(first, second)
    wider = normal_quantile(1 - (1 - CONFIDENCE) / n_pairs) / normal_quantile()
    low, high = value - wider * (value - low), value + wider * (high - value)
    method = "squared and added" if n_pairs == 1 else f"squared and added, for {n_pairs} pairs at once"
    return Estimate(value, max(-1.0, low), min(1.0, high), n=n, n_positive=n_positive, method=method)
