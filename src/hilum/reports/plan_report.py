"""A study plan as files: page, PDF, every number as JSON, and the lines of a terminal.

Trap: a second run into the same folder may ask less; the pictures of the first run are taken away.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import hilum
from hilum.evaluation.study_plan import Films, Need, StudyPlan
from hilum.reports.document import Block, Bullets, Document, Paragraph, Section, Table
from hilum.reports.document_files import PICTURES as PICTURE_FOLDER
from hilum.reports.document_files import write_document
from hilum.reports.evidence.wording import Pictures, some
from hilum.reports.page import RESEARCH_USE, write_whole
from hilum.reports.plan_figures import PICTURES, plan_pictures
from hilum.reports.plan_words import assumptions, deciding_words, few_words, protocol

FORMAT = 1  # of plan.json
NAME = "plan"

METHODS = (
    "Precision of a share: the fewest films for which Wilson's interval is no wider than asked; beside it "
    "the exact "
    "interval of Clopper and Pearson, and the normal formula of Buderer 1996.",
    "A share above a floor: Clopper and Pearson's one-sided bound, and the exact chance that it gets there "
    "(Flahault 2005). The size goes up and down as misses are whole, so the plan takes the size from "
    "which on the "
    "chance always holds.",
    "AUC: the larger of Hanley and McNeil 1982 (exponential scores) and Obuchowski 1998 (normal scores); "
    "two readers "
    "of the same films as in Hanley and McNeil 1983.",
    "The promise of hilum calibrate: a one-sided tolerance limit (Wilks 1941); the true sensitivity of "
    "its threshold "
    "follows a Beta distribution whatever the scores look like.",
    "Clusters: the design effect 1 + (m - 1) ICC (Kish 1965). Two-phase verification: the variance of the "
    "weighted "
    "sensitivity, 1 + S (1 - v) / v times that of full verification (after Begg and Greenes 1983).",
    "Films that hold the positives: the exact binomial, with the assurance asked for.",
)


def write_plan(plan: StudyPlan, out: Path, *, command: str) -> list[Path]:
    """Write `plan.html`, `.pdf`, `.json`, and `visualisations/*` into `out`; returns their paths.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    document = build_document(plan, command=command)
    for name in PICTURES:
        for ending in ("png", "svg"):
            (out / PICTURE_FOLDER / f"{name}.{ending}").unlink(missing_ok=True)
    written = write_document(document, out, name=NAME)
    numbers = json.dumps(plan_numbers(plan, command), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(out / f"{NAME}.json", numbers + "\n")
    return [*written, out / f"{NAME}.json"]


def plan_numbers(plan: StudyPlan, command: str) -> dict[str, Any]:
    """Every number as JSON values."""
    return {
        "format": FORMAT,
        "hilum_version": hilum.__version__,
        "research_use": RESEARCH_USE,
        "command": command,
        **plan.as_json(),
    }


def build_document(plan: StudyPlan, *, command: str) -> Document:
    """The plan as records."""
    pictures = {picture.name: picture for picture in plan_pictures(plan)}
    sections = (
        Section("What each question takes", (*_need_tables(plan), *some(pictures, "precision"))),
        Section("Films to take", _film_blocks(plan)),
        _promise_section(plan, pictures),
        Section("Sampling protocol", (Bullets(protocol(plan.settings)),)),
        Section("What the plan takes for granted", (Bullets(assumptions(plan)),)),
        Section("Methods", (Bullets(METHODS),)),
    )
    return Document(
        title="Study plan",
        subtitle=f"Films for a {plan.settings.sampling} study of a reader of chest films",
        facts=_facts(plan, command),
        summary=_summary(plan),
        sections=tuple(section for section in sections if section is not None),
    )


def summary_lines(plan: StudyPlan) -> list[str]:
    """What a terminal shows: each question's films, and the films to take."""
    lines = []
    for need in plan.needs:
        lines.append(f"{need.question}:")
        lines.append(f"  {_need_words(need)}")
        lines.append("  by method: " + ", ".join(f"{name} {n:,}" for name, n in need.sizes))
    return [*lines, *_summary(plan)]


def _summary(plan: StudyPlan) -> tuple[str, ...]:
    films, settings = plan.films, plan.settings
    told = [f"Usable films needed: {_counts(films)}."]
    if settings.sampling == "enriched":
        told.append(f"Films to take, with what is lost made up for: {films.expected:,}.")
        if films.screened_for_positives is not None:
            told.append(
                f"People to screen to find the positives among: {films.screened_for_positives:,} on average."
            )
    else:
        told.append(
            f"Films to take at a prevalence of {settings.prevalence:g}: {films.assured:,}, which hold the "
            "positives "
            f"with a chance of {settings.assurance:g} ({films.expected:,} hold them on average)."
        )
    told.append(f"Reference tests to make: {films.reference_tests:,}.")
    if len(plan.needs) > 1:
        told.append(deciding_words(plan))
    return (*told, *few_words(plan))


def _facts(plan: StudyPlan, command: str) -> tuple[tuple[str, str], ...]:
    settings = plan.settings
    prevalence = "not stated" if settings.prevalence is None else f"{settings.prevalence:g}"
    verified = (
        []
        if settings.verified_share is None
        else [("Verified of the unflagged", f"{settings.verified_share:g}")]
    )
    return (
        ("Date", date.today().isoformat()),
        ("Sampling", settings.sampling),
        ("Prevalence", prevalence),
        *verified,
        ("Confidence", f"{settings.confidence:g}"),
        ("Assurance and power", f"{settings.assurance:g}; {settings.power:g}"),
        ("Design effect", f"{plan.design_effect:.3g}"),
        ("Lost", f"{settings.refused_share:g} refused, {settings.unverified_share:g} without reference test"),
        ("Command", command),
    )


def _need_tables(plan: StudyPlan) -> tuple[Table, ...]:
    table = Table(
        columns=("Question", "With finding", "Without", "Times", "With finding, in all", "Without, in all"),
        rows=tuple(_need_row(need) for need in plan.needs),
        caption="Usable films by question",
        note="Usable: read and verified. Times: what clusters and partial verification add.",
    )
    methods = Table(
        columns=("Question", "By method", "Source"),
        rows=tuple(
            (_begun(need.question), "; ".join(f"{name}: {n:,}" for name, n in need.sizes), need.source)
            for need in plan.needs
        ),
        caption="The same by method, before clusters and verification",
        note="The plan takes the first. Where the question is of an AUC, films with the finding are counted.",
    )
    return (table, methods)


def _need_row(need: Need) -> tuple[str, ...]:
    def shown(n: int) -> str:
        return f"{n:,}" if n else "–"

    return (_begun(need.question), shown(need.n_positive), shown(need.n_negative), f"{need.inflation:.3g}",
            shown(need.positives), shown(need.negatives))  # fmt: skip


def _begun(question: str) -> str:
    """With a capital, for the first word of a cell."""
    return question[:1].upper() + question[1:]


def _need_words(need: Need) -> str:
    parts = [
        f"{n:,} {what}"
        for n, what in ((need.positives, "with the finding"), (need.negatives, "without"))
        if n
    ]
    return "usable films: " + ", ".join(parts)


def _film_blocks(plan: StudyPlan) -> tuple[Block, ...]:
    blocks: list[Block] = []
    rows = [("Usable films with the finding", f"{plan.films.positives:,}"),
            ("Usable films without", f"{plan.films.negatives:,}"),
            ("Share of films taken that are usable", f"{plan.settings.usable_share:.3g}"),
            ("Films to take, on average enough", f"{plan.films.expected:,}")]  # fmt: skip
    if plan.films.assured is not None:
        rows.append(
            (f"Films to take, enough with a chance of {plan.settings.assurance:g}", f"{plan.films.assured:,}")
        )
    rows.append(("Reference tests", f"{plan.films.reference_tests:,}"))
    if plan.films.clusters is not None:
        rows.append(("Clusters that hold the positives", f"{plan.films.clusters:,}"))
    blocks.append(Table(("Step", "Number"), tuple(rows), "From usable films to films taken"))
    if plan.by_prevalence:
        blocks.append(_prevalence_table(plan))
    return tuple(blocks)


def _prevalence_table(plan: StudyPlan) -> Table:
    return Table(
        columns=("Prevalence", "With finding", "Without", "Films, on average", "Films, assured", "Tests"),
        rows=tuple((f"{at:g}", *_films_cells(films)) for at, films in plan.by_prevalence),
        caption="The same at other prevalences",
        note="Of the same questions. A prevalence that turns out at half takes about twice the films.",
    )


def _films_cells(films: Films) -> tuple[str, ...]:
    counts = (films.positives, films.negatives, films.expected, films.assured or 0, films.reference_tests)
    return tuple(f"{n:,}" for n in counts)


def _promise_section(plan: StudyPlan, pictures: Pictures) -> Section | None:
    if not plan.steps:
        return None
    settings = plan.settings
    table = Table(
        columns=("Patients with the finding", "May lie below", "Middle", "5 % of samples below", "5 % above"),
        rows=tuple(
            (
                f"{step.n_positive:,}",
                f"{step.misses:,}",
                f"{step.median:.3f}",
                f"{step.low:.3f}",
                f"{step.high:.3f}",
            )
            for step in plan.steps
        ),
        caption=f"True sensitivity of a threshold that promises {settings.guarantee:g}",
        note=f"With {settings.confidence:g} confidence. May lie below: positives that may be missed.",
    )
    text = (
        "The fewest positives keep the promise, but by a threshold that flags nearly all: with more, it "
        "comes down to "
        "what was asked, and fewer films without the finding are flagged."
    )
    return Section("The promise of hilum calibrate", (Paragraph(text), table, *some(pictures, "promise")))


def _counts(films: Films) -> str:
    parts = [f"{films.positives:,} with the finding"] if films.positives else []
    parts += [f"{films.negatives:,} without"] if films.negatives else []
    return " and ".join(parts)
