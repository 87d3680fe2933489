"""The sections on folds, subgroups, fairness, and the AUC among people alike.

Trap: a small group's figure swings by chance; the tables show counts and intervals, and no ranking of groups.
"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.evaluation.fairness import Gap, Interaction
from hilum.evaluation.grouping import MOST_GROUPS
from hilum.evaluation.subgroups import Subgroup
from hilum.evaluation.summary import Evaluation
from hilum.reports.document import Block, Paragraph, Section, Table
from hilum.reports.evidence.forest import Row
from hilum.reports.evidence.wording import (
    Pictures,
    estimate_table,
    interval_cell,
    point_words,
    some,
    stacked_cell,
)

FIGURES = {
    "auroc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "calibration_gap": "Calibration gap",
}
NO_GROUPS = (
    "The table names no site, sex, or age that parts the films into groups, and no --subgroup column was "
    "given, "
    "so nothing can be said of groups."
)


def forest_rows(evaluation: Evaluation, figure: str = "auroc") -> list[Row]:
    """A figure of all films and of each subgroup; of the AUC, each fold's too."""
    if figure == "auroc":
        rows = [("all films", evaluation.discrimination.auroc)]
        if evaluation.folds:
            rows += [(f"fold {fold}", area) for fold, area in evaluation.folds.by_fold.items()]
    else:
        point = evaluation.groups.point
        rows = [("all films", getattr(point.performance, figure))] if point else []
    has_folds = figure == "auroc" and evaluation.folds is not None  # then they are drawn already
    groups = [one for one in evaluation.groups.subgroups if not (has_folds and one.column == "fold")]
    return rows + [(f"{group.column}: {group.group}", group.figures()[figure]) for group in groups]


def groups_section(evaluation: Evaluation, pictures: Pictures) -> Section:
    """AUC, sensitivity, specificity, and calibration by group, with the forest plots."""
    groups = evaluation.groups
    blocks = _folds(evaluation)
    if not groups.subgroups:
        blocks.append(Paragraph(NO_GROUPS, look="note"))
    else:
        blocks.append(Paragraph(_judged_at(evaluation)))
        for column in dict.fromkeys(group.column for group in groups.subgroups):
            blocks.append(_groups_table([group for group in groups.subgroups if group.column == column]))
    blocks += [Paragraph(text, look="note") for text in _alike(evaluation)]
    title = "Folds and subgroups" if evaluation.folds else "Subgroups"
    return Section(title, (*blocks, *some(pictures, "subgroups", "subgroups_rates")))


def fairness_section(evaluation: Evaluation) -> Section | None:
    """Whether the figures differ between groups, and by how much; None where there are no groups."""
    groups = evaluation.groups
    if not groups.subgroups:
        return None
    text = (
        "A test asks whether a figure is the same in all groups of a column (Cochran's Q; adjusted by Holm "
        "over all "
        "tests of this table). The widest gap of many groups is wide by chance alone, so its interval "
        "allows for "
        "the choice among all pairs; that of a group against all others does not. A test that finds nothing "
        "among few films shows no equality."
    )
    blocks: list[Block] = [Paragraph(text), _tests_table(groups.interactions)]
    widest = [gap for gap in groups.gaps if gap.is_widest]
    others = [gap for gap in groups.gaps if not gap.is_widest]
    if widest:
        blocks.append(_widest_table(widest))
    if others:
        blocks.append(_rest_table(others))
    return Section("Fairness: do the figures differ between groups?", tuple(blocks))


def adjusted_section(evaluation: Evaluation) -> Section:
    """The AUC among people of the same sex and age band."""
    found = evaluation.discrimination.adjusted
    if not found.adjusted_for:
        text = "The table states neither sex nor age, so the AUC cannot be adjusted for them."
        return Section("AUC among people of the same age and sex", (Paragraph(text, look="note"),))
    what = " and ".join(found.adjusted_for)
    text = (
        f"A score may look good because the sick differ from the well in age or sex. Here each film with the "
        f"finding is compared only with films without it of the same {what}. "
        f"{found.n_left_out:,} films are left out, for their group states no {what} or has too few films."
    )
    rows = (
        (f"AUC adjusted for {what}", found.adjusted),
        ("AUC of the same films, not adjusted", found.crude),
    )
    return Section(
        "AUC among people of the same age and sex", (Paragraph(text), estimate_table(rows, "Adjusted AUC"))
    )


def _folds(evaluation: Evaluation) -> list[Block]:
    """AUC by fold of a cross-validation; nothing where the table has no folds."""
    folds = evaluation.folds
    if folds is None:
        return []
    mean = "not estimable" if folds.mean is None else f"{folds.mean:.3f}"
    spread = (
        "" if folds.standard_deviation is None else f", standard deviation {folds.standard_deviation:.3f}"
    )
    text = (
        f"Mean AUC of the folds {mean}{spread} between folds (no interval, for folds share their training "
        f"films); over all films {interval_cell(evaluation.discrimination.auroc)}. "
        "Pooling takes the folds' scores to be on one scale."
    )
    rows = tuple(
        (f"fold {fold}", interval_cell(area), f"{area.n:,}", f"{area.n_positive or 0:,}")
        for fold, area in folds.by_fold.items()
    )
    table = Table(("Fold", "AUC (95 %)", "Films", "With finding"), rows, caption="AUC by fold")
    return [Paragraph(text), table]


def _alike(evaluation: Evaluation) -> list[str]:
    """A sentence for each column that was asked for and parts no films."""
    shown = {group.column for group in evaluation.groups.subgroups}
    asked = [column for column in evaluation.settings.subgroup_columns if column not in shown]
    return [f"All films are alike in {column}, so there is nothing to compare." for column in asked]


def _judged_at(evaluation: Evaluation) -> str:
    point = evaluation.groups.point
    judged = (
        "There is no operating point, so sensitivity and specificity are not estimable."
        if point is None
        else f"Sensitivity and specificity are at {point_words(point)} ({point.source})."
    )
    return (
        f"{judged} The calibration gap is the mean score less the share of films with the finding: above 0 "
        "the "
        "score is too high. A group of fewer than ten films of a label is not estimated; of a column with "
        f"more than {MOST_GROUPS} groups the largest are shown."
    )


def _groups_table(groups: Sequence[Subgroup]) -> Table:
    rows = tuple(
        (
            group.group,
            f"{group.auroc.n_positive or 0:,}/{group.auroc.n:,}",
            *(stacked_cell(figure) for figure in group.figures().values()),
        )
        for group in groups
    )
    methods = dict.fromkeys(
        figure.method for group in groups for figure in group.figures().values() if figure.method
    )
    return Table(
        (groups[0].column, "With finding / films", *FIGURES.values()),
        rows,
        caption=f"By {groups[0].column}",
        note=f"95 % intervals: {'; '.join(methods)}." if methods else "",
    )


def _tests_table(tests: Sequence[Interaction]) -> Table:
    by_column: dict[str, list[str]] = {}
    for test in tests:  # in the order of FIGURES within a column
        by_column.setdefault(test.column, []).append(_test_cell(test))
    return Table(
        ("Column", *FIGURES.values()),
        tuple((column, *cells) for column, cells in by_column.items()),
        caption="Is the figure the same in all groups?",
        note="p by Cochran's Q, then as adjusted by Holm over all tests of this table.",
    )


def _test_cell(test: Interaction) -> str:
    if test.p_value is None or test.p_adjusted is None:
        return test.why
    return f"p {_p_text(test.p_value)}\nadjusted {_p_text(test.p_adjusted)}\n{test.n_groups} groups"


def _widest_table(gaps: Sequence[Gap]) -> Table:
    rows = tuple(
        (f"{gap.column}: {FIGURES[gap.figure]}", f"{gap.group} less {gap.against}",
         interval_cell(gap.difference, signed=True), f"{gap.difference.n:,}", gap.difference.method)
        for gap in gaps
    )  # fmt: skip
    return Table(
        ("Figure", "Groups", "Difference (95 %)", "Films", "Interval"),
        rows,
        caption="Widest gap between two groups",
    )


def _rest_table(gaps: Sequence[Gap]) -> Table:
    by_group: dict[tuple[str, str], dict[str, str]] = {}
    for gap in gaps:
        cells = by_group.setdefault((gap.column, gap.group), {})
        cells[gap.figure] = stacked_cell(gap.difference, signed=True)
    rows = tuple(
        (f"{column}: {group}", *(cells.get(figure, "") for figure in FIGURES))
        for (column, group), cells in by_group.items()
    )
    methods = "; ".join(dict.fromkeys(gap.difference.method for gap in gaps if gap.difference.method))
    return Table(
        ("Group", *FIGURES.values()),
        rows,
        caption="Each group less all others",
        note=f"95 % intervals: {methods}." if methods else "",
    )


def _p_text(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
