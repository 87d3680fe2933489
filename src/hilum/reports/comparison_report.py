"""A comparison of tables as files: page, PDF, every number as JSON, and the lines of a terminal.

Trap: a second run into the same folder may allow fewer pictures; those of the first run are taken away.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import hilum
from hilum.evaluation.contrasts import AUROC
from hilum.evaluation.table_comparison import Pair, TableComparison
from hilum.imaging.hashing import file_sha256
from hilum.reports.comparison_figures import PICTURES, comparison_pictures
from hilum.reports.comparison_sections import (
    agreement_section,
    caveats_section,
    differences_section,
    discordant_section,
    left_out_section,
    margin_section,
    tables_section,
)
from hilum.reports.comparison_words import FIGURE_NAMES, p_text
from hilum.reports.document import Bullets, Document, Section
from hilum.reports.document_files import PICTURES as PICTURE_FOLDER
from hilum.reports.document_files import write_document
from hilum.reports.evidence.wording import counted, interval_cell
from hilum.reports.page import RESEARCH_USE, cut_text, write_whole

FORMAT = 1  # of comparison.json
NAME = "comparison"
MOST_TOLD = 3  # pairs in the summary of the first page

METHODS = (
    "AUC: share of pairs of a film with and one without the finding that the score ranks rightly, ties half. "
    "Differences after DeLong 1988 in Sun and Xu's form (2014); where patients repeat, Obuchowski 1997 "
    "over patients.",
    "Sensitivity and specificity: each at the tables' thresholds. Differences with Tango's interval "
    "(1998), beside "
    "Newcombe's for paired shares (1998, method 10); McNemar's test, exact and mid-p (Fagerland 2013). Where "
    "patients repeat, the bootstrap over patients, and a test that swaps the two tables in whole patients.",
    "Partial AUC, specificity at held sensitivity, and Brier score: bootstrap, percentile intervals; the "
    "held "
    "sensitivity is read anew in every sample, so no threshold is chosen for it.",
    "Adjusted p values: Holm 1979, over the pairs, for each tested figure by itself; the three tested "
    "figures are "
    "not adjusted for one another.",
    "Non-inferiority: the lower end of the one-sided 97.5 % interval against a margin stated beforehand "
    "(Piaggio "
    "2012).",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """A table's name in the report, and the file it was read from."""

    name: str
    file: str  # without its folder
    sha256: str

    @classmethod
    def of(cls, name: str, path: Path) -> ComparedFile:
        return cls(name, path.name, file_sha256(path))


def write_comparison(
    comparison: TableComparison, files: Sequence[ComparedFile], out: Path, *, command: str
) -> list[Path]:
    """Write `comparison.html`, `.pdf`, `.json`, and `visualisations/*` into `out`; returns their paths.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    numbers = json.dumps(
        comparison_numbers(comparison, files, command), indent=2, ensure_ascii=False, allow_nan=False
    )
    document = build_document(comparison, files, command=command)
    for name in PICTURES:
        for ending in ("png", "svg"):
            (out / PICTURE_FOLDER / f"{name}.{ending}").unlink(missing_ok=True)
    written = write_document(document, out, name=NAME)
    write_whole(out / f"{NAME}.json", numbers + "\n")
    return [*written, out / f"{NAME}.json"]


def comparison_numbers(
    comparison: TableComparison, files: Sequence[ComparedFile], command: str
) -> dict[str, Any]:
    """Every number as JSON values; a figure that cannot be estimated has a null value and says why."""
    return {
        "format": FORMAT,
        "hilum_version": hilum.__version__,
        "research_use": RESEARCH_USE,
        "files": [{"name": one.name, "file": one.file, "sha256": one.sha256} for one in files],
        "command": command,
        **comparison.as_json(),
    }


def build_document(comparison: TableComparison, files: Sequence[ComparedFile], *, command: str) -> Document:
    """The report as records."""
    pictures = comparison_pictures(comparison)
    sections = (
        caveats_section(comparison),
        tables_section(comparison, pictures),
        differences_section(comparison, pictures),
        margin_section(comparison),
        agreement_section(comparison),
        Section("Methods", (Bullets(METHODS),)),
        left_out_section(comparison),
        discordant_section(comparison),
    )
    names = comparison.films.names
    return Document(
        title="Comparison of readers",
        subtitle=f"{', '.join(names[1:])} against {names[0]}, on the same films",
        facts=_facts(comparison, files, command),
        summary=_summary(comparison),
        sections=tuple(section for section in sections if section is not None),
    )


def summary_lines(comparison: TableComparison) -> list[str]:
    """What a terminal shows: the counts, each table, each pair, and the caveats."""
    films = comparison.films
    lines = [f"{counted(films.n, 'film')} compared, {films.n_positive:,} with the finding, "
             f"{len(films.left_out):,} left out"]  # fmt: skip
    for table in comparison.tables:
        cut = "" if table.threshold.value is None else f", threshold {cut_text(table.threshold.value)}"
        lines.append(f"{table.name}: AUC {interval_cell(table.auroc)}{cut}")
    for pair in comparison.pairs:
        lines.append(f"{pair.candidate} less {pair.reference}:")
        lines += [_contrast_line(pair, figure) for figure in FIGURE_NAMES]
        lines += [f"  {one.verdict.sentence}" for one in pair.contrasts if one.verdict]
    return [*lines, *(f"note: {caveat}" for caveat in comparison.caveats)]


def _contrast_line(pair: Pair, figure: str) -> str:
    one = pair.contrast(figure)
    tested = "" if one.p_value is None else f", p {p_text(one.p_value)}, adjusted {p_text(one.p_adjusted)}"
    return f"  {FIGURE_NAMES[figure]} {interval_cell(one.estimate, signed=True)}{tested}"


def _facts(
    comparison: TableComparison, files: Sequence[ComparedFile], command: str
) -> tuple[tuple[str, str], ...]:
    films, settings = comparison.films, comparison.settings
    people = counted(films.n_patients, "patient") if films.has_patients else "patients not named"
    margin = "none stated" if settings.margin is None else f"{settings.margin:g}"
    return (
        ("Date", date.today().isoformat()),
        ("Films compared", f"{films.n:,}, {films.n_positive:,} with the finding, {people}"),
        ("Films left out", f"{len(films.left_out):,}"),
        *((f"Table {one.name}", f"{one.file}, SHA-256 {one.sha256}") for one in files),
        ("Intervals and tests", "over patients" if films.is_clustered else "over films"),
        ("Compared", "every pair" if settings.is_all_pairs else f"each against {films.names[0]}"),
        ("Margin of non-inferiority", margin),
        ("Bootstrap", f"{comparison.n_draws:,} samples, seed {settings.seed}"),
        ("Command", command),
    )


def _summary(comparison: TableComparison) -> tuple[str, ...]:
    told = [_pair_sentence(comparison, pair) for pair in comparison.pairs[:MOST_TOLD]]
    more = len(comparison.pairs) - MOST_TOLD
    if more > 0:
        told.append(f"{counted(more, 'more pair')} stand below.")
    if any(table.threshold.is_chosen for table in comparison.tables):
        told.append("Thresholds that were chosen on these films are named below; their rates are optimistic.")
    return tuple(told)


def _pair_sentence(comparison: TableComparison, pair: Pair) -> str:
    aurocs = {table.name: table.auroc for table in comparison.tables}
    one, ours, theirs = pair.contrast(AUROC), aurocs[pair.candidate], aurocs[pair.reference]
    if one.estimate.value is None:
        return f"{pair.candidate} against {pair.reference}: the AUC is not estimable ({one.estimate.why})."
    sentence = (
        f"The AUC of {pair.candidate} is {ours.value:.3f} and that of {pair.reference} {theirs.value:.3f}: "
        f"{_difference_words(one.estimate.low, one.estimate.high, one.estimate.value, one.estimate.why)}"
    )
    if one.p_value is not None:
        sentence += f", p {p_text(one.p_value)}"
        if len(comparison.pairs) > 1:
            sentence += f", {p_text(one.p_adjusted)} adjusted for {len(comparison.pairs)} pairs"
    if one.verdict is not None:
        sentence += f"; verdict at a margin of {one.verdict.margin:g}: {one.verdict.verdict}"
    return f"{sentence}."


def _difference_words(low: float | None, high: float | None, value: float, why: str) -> str:
    if low is None or high is None:
        return f"a difference of {value:+.3f} ({why})"
    told = f"a difference of {value:+.3f} (95\N{NO-BREAK SPACE}% interval {low:+.3f} to {high:+.3f})"
    return told if low > 0 or high < 0 else f"{told}, which leaves open which is the better"
