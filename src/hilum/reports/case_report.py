"""The report of one case: a page or two for the folder of a patient, and for the PACS as an encapsulated PDF.

Trap: it is read by people who saw no other page of Hilum, so it says what a score is, what it is not, and on
which evidence the threshold stands; and it gives a refusal the same room as a score.
"""

from __future__ import annotations

import io

from PIL import Image

from hilum.findings import Sex, Zone
from hilum.inference.heat_map import FAINTEST, draw_overlay
from hilum.inference.sentence import outcome_sentence
from hilum.inference.zones import GRID
from hilum.records import Certainty, Estimate, Refused, Scored
from hilum.reports.case import Case, CaseTest, CaseVerdict
from hilum.reports.document import Block, Bullets, Document, Paragraph, Picture, Section, Table
from hilum.reports.page import interval_text
from hilum.reports.plain_words import in_plain_words, point_in_words

OPINIONS = {
    "tb-consistent": "TB-consistent", "other-abnormality": "Other abnormality", "normal": "Normal",
    "repeat-film": "Repeat the film",
}  # fmt: skip
TESTS = {
    "xpert": "Xpert MTB/RIF", "culture": "Culture", "smear": "Smear microscopy", "other": "Another test",
}  # fmt: skip
SEXES = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other"}
CERTAINTIES = {
    Certainty.ABNORMAL: "normal is ruled out",
    Certainty.NORMAL: "abnormal is ruled out",
    Certainty.BOTH: "nothing is ruled out: a person must read this film",
}
GAP = 16  # pixels between the films
TALLEST_SHARE = 0.5  # of the text's width, so that the film stands on the first page
HEIGHTS = ("Upper", "Middle", "Lower")
WHAT_A_SCORE_IS = (
    "The score orders films by how much they look like films of people with TB. "
    "It is no diagnosis: TB is proved by a test of sputum, and a low score does not rule it out."
)


def case_report(case: Case) -> Document:
    """The report of a case, scored or refused."""
    return Document(
        title=f"Study {case.study}: {_headline(case)}",
        subtitle="Reading of a chest film by Hilum, for the person who decides",
        facts=_facts(case),
        summary=_summary(case),
        sections=tuple(_sections(case)),
        is_short=True,
    )


def _headline(case: Case) -> str:
    if isinstance(case.outcome, Refused):
        return "no score"
    return f"score {case.outcome.score:.1f}, {'flagged' if case.outcome.is_flagged else 'not flagged'}"


def _facts(case: Case) -> tuple[tuple[str, str], ...]:
    person = ", ".join(filter(None, (_age(case.age_years), SEXES[case.sex] if case.sex else "")))
    told = (
        ("Patient", case.patient_name),
        ("Patient ID", case.patient_id),
        ("Age and sex", person),
        ("Accession number", case.accession),
        ("Site", case.site),
        ("Film taken", case.film_date.isoformat() if case.film_date else ""),
        ("Read by", f"{case.reader.label}, bundle {case.reader.sha256[:16]}"),
        ("Date", f"{case.read_at:%Y-%m-%d %H:%M %z}".strip()),
    )
    return tuple((name, value) for name, value in told if value)


def _age(age_years: float | None) -> str:
    if age_years is None:
        return ""
    return f"{age_years:.0f} years" if age_years >= 2 else f"{12 * age_years:.0f} months"


def _summary(case: Case) -> tuple[str, ...]:
    told = [outcome_sentence(case.outcome)]
    if case.verdicts:
        last = case.verdicts[-1]
        told.append(f"The last reader's verdict, by {last.who}: {_opinion(last)}.")
    else:
        told.append("No reader has given a verdict yet.")
    told += [f"{_test(test)}: {test.result}." for test in case.tests[-1:]]
    return tuple(told)


def _sections(case: Case) -> list[Section]:
    sections = [Section("The film", tuple(_pictures(case)))] if case.preview is not None else []
    if isinstance(case.outcome, Scored):
        sections.append(Section("The numbers", tuple(_numbers(case.outcome, case))))
    sections.append(Section("Readers and tests", tuple(_people(case))))
    sections.append(Section("What it stands on", tuple(_grounds(case))))
    return sections


def _pictures(case: Case) -> list[Block]:
    assert case.preview is not None
    heat = None if isinstance(case.outcome, Refused) else case.outcome.heat_map
    overlays = [draw_overlay(case.preview, None)]
    caption, alternative = "As it was read.", "The chest film."
    if heat is not None:
        overlays.append(draw_overlay(case.preview, heat))
        caption = (
            "Left as it was read; right where the score comes from, coloured from "
            f"{FAINTEST:.0%} of the map's own peak, brightest at the peak. "
            "It compares places on this film, never two films."
        )
        alternative = "The chest film, and again with the places that the score comes from in colour."
    png, share = _side_by_side(overlays)
    return [Picture("film", png, caption, alternative, width_share=share)]


def _side_by_side(overlays: list[bytes]) -> tuple[bytes, float]:
    """Pictures of one size in a row, as PNG, and the share of the text's width that keeps them low enough."""
    films = [Image.open(io.BytesIO(overlay)) for overlay in overlays]
    width, height = films[0].size
    row = Image.new(films[0].mode, ((width + GAP) * len(films) - GAP, height), "white")
    for place, film in enumerate(films):
        row.paste(film, (place * (width + GAP), 0))
    buffer = io.BytesIO()
    row.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue(), min(1.0, TALLEST_SHARE * row.width / height)


def _numbers(outcome: Scored, case: Case) -> list[Block]:
    reader = case.reader
    rows = [
        ("Score, 0 to 100", f"{outcome.score:.1f}"),
        ("Calibrated probability", f"{outcome.probability:.4f}"),
        (
            "Threshold on the score",
            f"{100 * outcome.threshold:.1f}, {point_in_words(reader.operating_point)}",
        ),
        ("Outcome", "at or above the threshold" if outcome.is_flagged else "below the threshold"),
    ]
    if outcome.certainty is not None and outcome.error_rate is not None:
        rows.append((f"At an error rate of {outcome.error_rate:.0%}", CERTAINTIES[outcome.certainty]))
    if outcome.spread is not None:
        rows.append(("Spread of the members' probabilities", f"{outcome.spread:.4f}"))
    blocks: list[Block] = [Table(("Of the whole film", "Value"), tuple(rows))]
    if all(zone in outcome.zones for zone in Zone):
        blocks.append(_zone_table(outcome))
    return blocks


def _zone_table(outcome: Scored) -> Table:
    def told(zone: Zone) -> str:
        probability = outcome.zones[zone]
        return f"{probability:.2f}{' (above)' if probability >= outcome.threshold else ''}"

    rows = tuple(
        (height, told(right), told(left)) for height, (right, left) in zip(HEIGHTS, GRID, strict=True)
    )
    return Table(
        ("Lung zone", "Patient's right", "Patient's left"),
        rows,
        note="What the probability would be if all of the lungs looked like this zone.",
    )


def _people(case: Case) -> list[Block]:
    blocks: list[Block] = []
    if case.verdicts:
        rows = tuple(
            (f"{one.given_at:%Y-%m-%d %H:%M}", one.who, _opinion(one), one.comment) for one in case.verdicts
        )
        blocks.append(Table(("Given at", "Reader", "Verdict", "Comment"), rows))
    else:
        blocks.append(Paragraph("No reader has given a verdict yet."))
    if case.tests:
        taken = tuple(
            (_test(one), one.result, one.taken_on.isoformat() if one.taken_on else "not told")
            for one in case.tests
        )
        blocks.append(Table(("Test", "Result", "Taken on"), taken))
    else:
        blocks.append(Paragraph("No result of a confirmatory test is known."))
    return blocks


def _opinion(verdict: CaseVerdict) -> str:
    words = OPINIONS.get(verdict.opinion, verdict.opinion)
    zones = ", ".join(zone.value for zone in verdict.zones)
    return f"{words} ({zones})" if zones else words


def _test(test: CaseTest) -> str:
    return TESTS.get(test.test, test.test)


def _grounds(case: Case) -> list[Block]:
    reader, outcome = case.reader, case.outcome
    point = point_in_words(reader.operating_point)
    points = [f"Threshold {100 * reader.threshold:.1f}, {point}: {in_plain_words(reader.evidence)}."]
    points += [
        f"{name} at it: {_estimate(estimate)}."
        for name, estimate in (("Sensitivity", reader.sensitivity), ("Specificity", reader.specificity))
        if estimate is not None
    ]
    points += [] if isinstance(outcome, Refused) else list(outcome.notes)
    points += [reader.intended_use] if reader.intended_use else []
    points.append(f"SHA-256 of the bundle's facts: {reader.sha256}")
    return [Paragraph(WHAT_A_SCORE_IS, "note"), Bullets(tuple(point.replace("..", ".") for point in points))]


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"not estimated: {estimate.why}"
    return f"{estimate.value:.3f} ({interval_text(estimate)}), on {estimate.n} films"
