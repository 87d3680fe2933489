"""The section on films left to a person: the error among the surest films, and what each share kept costs.

Trap: the films left are the hard ones; the section says that a person must read them, and how many they are.
"""

from __future__ import annotations

from hilum.evaluation.risk_coverage import KeptFilms, RiskCoverage
from hilum.evaluation.summary import OPTIMISTIC, Evaluation
from hilum.reports.document import Paragraph, Section, Table
from hilum.reports.evidence.wording import Pictures, interval_cell, point_words, some

TITLE = "Leaving the least sure films to a person"


def sureness_section(evaluation: Evaluation, pictures: Pictures) -> Section | None:
    """Error against the share of films kept, at the main operating point; None where there is none."""
    found, point = evaluation.risk_coverage, evaluation.groups.point
    if found is None or point is None:
        return None
    text = (
        f"A film is the surer, the farther its score lies from the threshold ({point_words(point, 4)}). "
        "Where the least sure films are left to a person, the others are told with fewer errors if such "
        "sureness means something. An error is a film on the wrong side of the threshold, missed or flagged."
    )
    blocks = [Paragraph(text), Paragraph(area_words(found), look="note")]
    if point.source == OPTIMISTIC:
        blocks.append(Paragraph("The threshold was chosen on these films, so every error is optimistic."))
    return Section(TITLE, (*blocks, _kept_table(found), *some(pictures, "risk_coverage")))


def area_words(found: RiskCoverage) -> str:
    """What the area says, beside that of sureness by chance and the best that the errors allow."""
    chance = found.error.value or 0.0
    words = (
        f"Area under the curve, the mean error over all shares kept: {interval_cell(found.area, 4)}. "
        f"Left out at random it would be {chance:.4f}, and {found.best_area:.4f} if every error were among "
        "the least sure films. "
    )
    high = found.area.high
    if high is None:
        return f"{words}Whether sureness helps cannot be told."
    if high < chance:
        return f"{words}So the films near the threshold are indeed those told wrongly more often."
    return f"{words}So sureness by this score is not shown to be better than chance."


def _kept_table(found: RiskCoverage) -> Table:
    n = found.error.n
    return Table(
        (
            "Films kept",
            "Left to a person",
            "Error among the kept (95 %)",
            "Sensitivity (95 %)",
            "Specificity (95 %)",
        ),
        tuple(_kept_row(one, n) for one in found.kept),
        caption="The surest films, by how many are kept",
        note="Sensitivity and specificity are of the films kept alone, whose share with the finding "
        "differs from that of all films. Films that tie are kept or left together. Intervals are Wilson's.",
    )


def _kept_row(one: KeptFilms, n: int) -> tuple[str, ...]:
    kept = one.error.n
    return (
        f"{kept:,} ({100 * one.share:.0f} %)",
        f"{n - kept:,}",
        interval_cell(one.error),
        interval_cell(one.sensitivity),
        interval_cell(one.specificity),
    )
