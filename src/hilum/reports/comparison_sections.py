"""The sections of a comparison's report, one function each.

Trap: every table of differences says which way round they are, for a reader may open the report in the
middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hilum.evaluation.contrasts import SENSITIVITY, SPECIFICITY, Contrast
from hilum.evaluation.paired_proportions import Agreement
from hilum.evaluation.table_comparison import ComparedTable, Pair, TableComparison
from hilum.reports.comparison_words import FIGURE_NAMES, films_text, p_text
from hilum.reports.document import Block, Bullets, Paragraph, Picture, Section, Table
from hilum.reports.evidence.wording import counted, interval_cell
from hilum.reports.page import cut_text

AGREEMENT_COLUMNS = (
    "Candidate against reference",
    "Films",
    "Both right",
    "Only reference",
    "Only candidate",
    "Neither",
    "p exact",
    "p mid-p",
    "p adjusted",
)
MOST_LISTED = 300  # films in the lists of the report, shared by the pairs; the JSON has them all
LEAST_LISTED = 20  # of a pair


def caveats_section(comparison: TableComparison) -> Section:
    """What to know before any number."""
    if not comparison.caveats:
        return Section(
            "Before the numbers", (Paragraph("Nothing in these tables calls for caution of its own."),)
        )
    return Section(
        "Before the numbers", tuple(Paragraph(caveat, look="warning") for caveat in comparison.caveats)
    )


def tables_section(comparison: TableComparison, pictures: Mapping[str, Picture]) -> Section:
    """Each table's own figures, and the ROC curves."""
    settings = comparison.settings
    held = f"Specificity at sensitivity {settings.sensitivity:g}"
    ranking = Table(
        columns=("Table", "AUC (95 % interval)", "Partial AUC", held, "Brier score"),
        rows=tuple(_ranking_row(table) for table in comparison.tables),
        caption=f"Each table by itself: {films_text(comparison)}",
        note=(
            f"Partial AUC: over specificities from {settings.least_specificity:g} to 1, standardised "
            "after McClish "
            "(0.5 for chance, 1 at best). Intervals: " + _methods(comparison)
        ),
    )
    rates = Table(
        columns=("Table", "Threshold", "Source", "Sensitivity", "Specificity"),
        rows=tuple(_rates_row(table) for table in comparison.tables),
        caption="Operating points",
        note="A film is flagged where its score is at or above the threshold, on the table's own scale.",
    )
    blocks: list[Block] = [ranking, rates]
    if "roc" in pictures:
        blocks.append(pictures["roc"])
    return Section("Each table by itself", tuple(blocks))


def differences_section(comparison: TableComparison, pictures: Mapping[str, Picture]) -> Section:
    """The forest plot, and a table of differences for each pair."""
    n = len(comparison.pairs)
    pairs = "the one pair" if n == 1 else f"the {n} pairs"
    blocks: list[Block] = [
        Paragraph(
            "Every difference is candidate less reference, on the same films. The p values answer whether "
            "the two "
            "are equal; a large one does not show that they are. Adjusted p values are Holm's over "
            f"{pairs}, for each figure by itself."
        )
    ]
    if "differences" in pictures:
        blocks.append(pictures["differences"])
    blocks += [_differences_table(pair) for pair in comparison.pairs]
    return Section("Differences", tuple(blocks))


def margin_section(comparison: TableComparison) -> Section:
    """Non-inferiority, or why nothing is said of it."""
    margin, n = comparison.settings.margin, len(comparison.pairs)
    if margin is None:
        text = "No margin was stated beforehand (--margin), so nothing is said of non-inferiority."
        return Section("Non-inferiority", (Paragraph(text),))
    rows, sentences = [], []
    for pair in comparison.pairs:
        judged = [one for one in pair.contrasts if one.verdict is not None]
        rows += [_verdict_row(pair, one) for one in judged]
        sentences += [f"{pair.candidate} against {pair.reference}: {one.verdict.sentence}"
                      for one in judged if one.verdict]  # fmt: skip
    table = Table(
        columns=("Candidate against reference", "Figure", "Lower end", "Lower end, all pairs", "Verdict"),
        rows=tuple(rows),
        caption=f"Differences against a margin of {margin:g}",
        note=(
            "Lower end: of the one-sided 97.5 % interval of candidate less reference. All pairs: the same "
            "at the "
            f"level that holds for all {n} pairs at once (Bonferroni)."
        ),
    )
    return Section(
        "Non-inferiority", (table, Bullets(tuple(sentences)), Paragraph(_margin_note(comparison), "note"))
    )


def agreement_section(comparison: TableComparison) -> Section:
    """Who is right on which films at the operating points, and McNemar's test."""
    rows = []
    for pair in comparison.pairs:
        for name, found, figure in (
            ("with the finding", pair.of_positives, SENSITIVITY),
            ("without", pair.of_negatives, SPECIFICITY),
        ):
            rows.append(_agreement_row(pair, name, found, pair.contrast(figure)))
    first = comparison.pairs[0]
    test = first.contrast(SENSITIVITY).test or first.contrast(SPECIFICITY).test
    table = Table(
        columns=AGREEMENT_COLUMNS,
        rows=tuple(rows),
        caption="Films by which table is right at its threshold",
        note=(
            f"Test: {test or 'none'}. Adjusted: Holm, of the exact p. "
            "The mid-p is nearer to its level; the exact never errs more often than it says."
        ),
    )
    return Section("Agreement at the operating points", (table,))


def discordant_section(comparison: TableComparison) -> Section:
    """The films on which two tables differ in being right."""
    blocks: list[Block] = []
    most = max(MOST_LISTED // len(comparison.pairs), LEAST_LISTED)
    for pair in comparison.pairs:
        blocks.append(_discordant_table(pair, most) if pair.discordant else _no_discordant(pair))
    return Section("Discordant films", tuple(blocks))


def left_out_section(comparison: TableComparison) -> Section | None:
    """The films that were not compared; None where all were."""
    left_out = comparison.films.left_out
    if not left_out:
        return None
    table = Table(
        columns=("Film", "Why"),
        rows=tuple((one.film, one.why) for one in left_out[:MOST_LISTED]),
        caption=f"{len(left_out):,} films left out of every table",
        note=_more(len(left_out), MOST_LISTED),
    )
    return Section("Films left out", (table,))


def _ranking_row(table: ComparedTable) -> tuple[str, ...]:
    figures = (table.auroc, table.partial_auroc, table.specificity_held, table.brier)
    return (table.name, *(interval_cell(one) for one in figures))


def _rates_row(table: ComparedTable) -> tuple[str, ...]:
    if table.performance is None or table.threshold.value is None:
        why = f"not estimable: {table.threshold.why}"
        return (table.name, "none", table.threshold.why, why, why)
    rates = (table.performance.sensitivity, table.performance.specificity)
    return (table.name, cut_text(table.threshold.value), table.threshold.source, *map(interval_cell, rates))


def _differences_table(pair: Pair) -> Table:
    return Table(
        columns=("Figure", "Difference (95 % interval)", "By bootstrap", "p", "p adjusted", "Films"),
        rows=tuple(_difference_row(one) for one in pair.contrasts),
        caption=f"{pair.candidate} less {pair.reference}",
        note=_difference_note(pair),
    )


def _difference_row(one: Contrast) -> tuple[str, ...]:
    return (
        FIGURE_NAMES[one.figure],
        interval_cell(one.estimate, signed=True),
        _bootstrap_cell(one),
        p_text(one.p_value),
        p_text(one.p_adjusted),
        f"{one.estimate.n:,}",
    )


def _bootstrap_cell(one: Contrast) -> str:
    if one.bootstrap.value is None:
        return "–"
    if (one.estimate.low, one.estimate.high) == (one.bootstrap.low, one.bootstrap.high):
        return "the same"
    return interval_cell(one.bootstrap, signed=True)


def _difference_note(pair: Pair) -> str:
    told = [f"{FIGURE_NAMES[one.figure]}: {_method(one)}."
            for one in pair.contrasts if one.estimate.method]  # fmt: skip
    newcombe = [f"{FIGURE_NAMES[one.figure]} {interval_cell(one.newcombe, signed=True)}"
                for one in pair.contrasts if one.newcombe]  # fmt: skip
    return " ".join([*told, *([f"Newcombe's intervals: {'; '.join(newcombe)}."] if newcombe else [])])


def _method(one: Contrast) -> str:
    """Interval and test, named once where they are of one method."""
    return ", ".join(dict.fromkeys(name for name in (one.estimate.method, one.test) if name))


def _verdict_row(pair: Pair, one: Contrast) -> tuple[str, ...]:
    assert one.verdict is not None
    verdict = one.verdict
    ends = [f"{end:+.3f}" if end is not None else "–" for end in (verdict.lower, verdict.lower_for_all)]
    told = verdict.verdict
    if verdict.verdict_for_all != told:
        told += f"; for all pairs at once: {verdict.verdict_for_all}"
    return (f"{pair.candidate} against {pair.reference}", FIGURE_NAMES[one.figure], *ends, told)


def _agreement_row(pair: Pair, name: str, found: Agreement | None, one: Contrast) -> tuple[str, ...]:
    who = f"{pair.candidate} against {pair.reference}"
    counts = ("–",) * 4
    if found is not None:
        counts = (
            f"{found.both:,}",
            f"{found.only_reference:,}",
            f"{found.only_candidate:,}",
            f"{found.neither:,}",
        )
    return (who, name, *counts, p_text(one.p_value), p_text(one.mid_p), p_text(one.p_adjusted))


def _discordant_table(pair: Pair, most: int) -> Table:
    n, shown = len(pair.discordant), pair.discordant[:most]
    theirs = _score_cells([one.reference_score for one in shown])
    ours = _score_cells([one.candidate_score for one in shown])
    return Table(
        columns=("Film", "Label", pair.reference, pair.candidate, "Right"),
        rows=tuple(
            (one.film, str(one.label), reference, candidate, one.right)
            for one, reference, candidate in zip(shown, theirs, ours, strict=True)
        ),
        caption=f"{counted(n, 'film')} that one of {pair.reference} and {pair.candidate} gets wrong",
        note=f"Scores on each table's own scale. {_more(n, most)}".strip(),
    )


def _score_cells(scores: Sequence[float]) -> list[str]:
    """Scores to four decimals where they lie in 0 to 1, else to six figures."""
    form = ".4f" if all(0 <= score <= 1 for score in scores) else ".6g"
    return [f"{score:{form}}" for score in scores]


def _no_discordant(pair: Pair) -> Paragraph:
    who = f"{pair.candidate} and {pair.reference}"
    if pair.of_positives is None:
        return Paragraph(f"{who}: not estimable, for there are no thresholds to be right at.")
    return Paragraph(f"{who} are right and wrong on the same films at their thresholds.")


def _more(n: int, most: int) -> str:
    return f"The first {most} of {n:,}; comparison.json has them all." if n > most else ""


def _methods(comparison: TableComparison) -> str:
    table = comparison.tables[0]
    found = [one.method for one in (table.auroc, table.partial_auroc) if one.method]
    return "; ".join(dict.fromkeys(found)) + "." if found else "none."


def _margin_note(comparison: TableComparison) -> str:
    chosen = any(table.threshold.is_chosen for table in comparison.tables)
    warning = ""
    if chosen:
        warning = (
            " A threshold that was chosen on these films gives no verdict on sensitivity and specificity, "
            "which it "
            "was chosen by; give thresholds with --threshold for one."
        )
    return (
        "A margin shows something only if it was fixed before the films were read, from what a programme can "
        f"afford to lose. Superiority and non-inferiority need no correction for each other.{warning}"
    )
