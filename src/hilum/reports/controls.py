"""A network's controls as lines for a terminal: a table, and what cannot be put into one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilum.evaluation.recognition import N_NAMED, PartedCopies
from hilum.evaluation.site_told import SiteTold
from hilum.evaluation.verdict import ControlFigures
from hilum.reports.evidence.wording import interval_cell


def controls_table(rows: Sequence[ControlFigures]) -> list[str]:
    """A line a control: its AUC with interval, the films, and the mean and range of the folds' AUCs."""
    width = max((len(row.name) for row in rows), default=0)
    head = f"{'control':{width}}  {'AUC (95 %)':22}  {'films':>5}  folds: mean (lowest-highest)"
    return [head, *(f"{row.name:{width}}  {_cells(row)}" for row in rows)]


def folds_cell(values: Sequence[float | None]) -> str:
    """Mean and range of the folds' AUCs; empty where there are none."""
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.3f} ({min(known):.3f}-{max(known):.3f})" if known else ""


def copies_line(copies: PartedCopies) -> str:
    """How many near-duplicates stand in different folds, by name where they are few."""
    if not copies.parted:
        return f"near-duplicates: {copies.n_pairs} pairs, none of them in different folds"
    named = [f"{pair.first.film} = {pair.second.film}" for pair in copies.parted[:N_NAMED]]
    more = f", and {len(copies.parted) - N_NAMED} more" if len(copies.parted) > N_NAMED else ""
    return (
        f"near-duplicates: {copies.n_pairs} pairs, {len(copies.parted)} of them in different folds: "
        f"{', '.join(named)}{more}"
    )


def unreadable_line(films: Sequence[str]) -> str:
    """How many films no control of pixels could use, and the first of them."""
    if len(films) == 1:
        return f"1 film could not be read and stands in no control of pixels: {films[0]}"
    return f"{len(films)} films could not be read and stand in no control of pixels, the first {films[0]}"


def site_lines(where: str, told: Sequence[SiteTold]) -> list[str]:
    """A line a set of features: how well it tells the sites apart."""
    width = max(len(each.features) for each in told)
    lines = [f"site told from {where}, each network asked alone"]
    for each in told:
        cells = f"{interval_cell(each.auc):22}  {each.auc.n:5}  {folds_cell(each.fold_aucs)}"
        lines.append(f"  {each.features:{width}}  {cells}".rstrip())
    return lines


def _cells(row: ControlFigures) -> str:
    return f"{interval_cell(row.auc):22}  {row.auc.n:5}  {folds_cell(row.fold_aucs)}".rstrip()
