"""One evaluation as an evidence file: the document that becomes page and PDF, and every number as JSON.

Trap: a second run into the same folder may be of a table that allows fewer pictures; those of the first run
are taken away, or the folder would show two tables at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hilum
from hilum.reports.checklist import evidence_known
from hilum.reports.checklist_items import CHECKLISTS, checklist_section
from hilum.reports.document import Document, Paragraph, Section
from hilum.reports.document_files import write_document
from hilum.reports.evidence.controls import controls_section
from hilum.reports.evidence.facts import Evidence
from hilum.reports.evidence.front import front_facts, front_summary
from hilum.reports.evidence.gallery import ALARM, MISS, MOST_SHOWN, gallery_section
from hilum.reports.evidence.groups import adjusted_section, fairness_section, groups_section
from hilum.reports.evidence.methods import methods_section
from hilum.reports.evidence.pictures import NAMES, build_pictures
from hilum.reports.evidence.probability import calibration_section, decisions_section
from hilum.reports.evidence.sections import (
    caveats_section,
    operating_section,
    ranking_section,
    screened_section,
)
from hilum.reports.evidence.sureness import sureness_section
from hilum.reports.evidence.wording import Pictures, counted
from hilum.reports.page import RESEARCH_USE, cut_text, estimate_text, write_whole

FORMAT = 1  # of evidence.json
NAME = "evidence"
PICTURES = "visualisations"


def write_evidence(evidence: Evidence, out: Path) -> list[Path]:
    """Write `evidence.html`, `.pdf`, `.json`, and `visualisations/*` into `out`; returns their paths.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    document = build_document(evidence, build_pictures(evidence.evaluation))
    written = write_document(document, out, name=NAME)
    _forget_pictures(out / PICTURES, keep=set(written))
    numbers = out / f"{NAME}.json"
    write_whole(
        numbers, json.dumps(evidence_numbers(evidence), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )
    return [*written, numbers]


def evidence_numbers(evidence: Evidence) -> dict[str, Any]:
    """Every number as JSON values; a figure that cannot be estimated has a null value and says why."""
    return {
        "format": FORMAT,
        "hilum_version": hilum.__version__,
        "research_use": RESEARCH_USE,
        "table": {"file": evidence.table.name, "sha256": evidence.table.sha256},
        "command": evidence.command,
        **evidence.evaluation.as_json(),
        "per_thousand": evidence.screened.as_json() if evidence.screened else None,
        "controls": evidence.controls.as_json() if evidence.controls else None,
        "gallery": evidence.gallery.as_json() if evidence.gallery else None,
    }


def build_document(evidence: Evidence, pictures: Pictures) -> Document:
    """The evidence file as records, with the given of its pictures, as `build_pictures` names them."""
    return Document(
        title=evidence.title,
        subtitle=f"Evidence from {evidence.table.name}: how well its score tells films with the finding",
        facts=front_facts(evidence),
        summary=front_summary(evidence),
        sections=tuple(_sections(evidence, pictures)),
    )


def summary_lines(evidence: Evidence) -> list[str]:
    """What a terminal shows: the counts, the AUC, each operating point, and the caveats."""
    evaluation = evidence.evaluation
    films, area = evaluation.films, evaluation.discrimination.auroc
    lines = [f"{counted(films.n, 'film')}, {films.n_positive:,} with the finding"]
    lines.append(f"AUC {estimate_text(area)}{area.method and f', {area.method}'}")
    for point in evaluation.operating_points:
        cut = "" if point.name.startswith("threshold") else f": threshold {cut_text(point.threshold)}"
        lines.append(f"{point.name}{cut} ({point.source})")
        lines.append(f"  sensitivity {estimate_text(point.performance.sensitivity)}")
        lines.append(f"  specificity {estimate_text(point.performance.specificity)}")
    return [*lines, *(f"note: {caveat}" for caveat in evaluation.caveats)]


def _sections(evidence: Evidence, pictures: Pictures) -> list[Section]:
    evaluation = evidence.evaluation
    sections = [
        caveats_section(evaluation),
        ranking_section(evaluation, pictures),
        operating_section(evaluation, pictures),
        screened_section(evidence),
        calibration_section(evaluation, pictures),
        decisions_section(evaluation, pictures),
        sureness_section(evaluation, pictures),
        groups_section(evaluation, pictures),
        fairness_section(evaluation),
        adjusted_section(evaluation),
    ]
    if evidence.controls:
        films = evaluation.films
        sections.append(controls_section(evidence.controls, n=films.n, n_positive=films.n_positive))
    if evidence.gallery:
        sections.append(gallery_section(evidence.gallery))
    sections.append(methods_section(evidence, evidence_numbers(evidence)))
    sections += _checklists(evidence)
    return [section for section in sections if section is not None]


def _checklists(evidence: Evidence) -> list[Section]:
    """An appendix of what reviewers and editors ask for, filled as far as this file knows."""
    known = evidence_known(evidence)
    head = Section(
        "Appendix: reporting checklists",
        (
            Paragraph(
                "Filled where this evaluation knows the answer; left open, and marked, where a person must."
            ),
        ),
        starts_page=True,
    )
    return [
        head,
        *(checklist_section(name, known, starts_page=bool(at)) for at, name in enumerate(CHECKLISTS)),
    ]


def _forget_pictures(folder: Path, *, keep: set[Path]) -> None:
    names = [*NAMES, *(f"{kind}-{at:02d}" for kind in (MISS, ALARM) for at in range(1, MOST_SHOWN + 1))]
    for name in names:
        for ending in ("png", "svg"):
            path = folder / f"{name}.{ending}"
            if path not in keep:
                path.unlink(missing_ok=True)
