"""One study as its report tells it: what the machine said, what people said, and what a test found.

Trap: names and ids are here only where the caller has the right to them; a report of a case without them is
whole. Opinions and tests are the worklist's words; `case_report` says them aloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from hilum.findings import Sex, Zone
from hilum.inference.heat_map import Grey
from hilum.records import Refused, Scored
from hilum.reports.reader_facts import ReaderFacts


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """What one person said of the study."""

    who: str
    given_at: datetime
    opinion: str  # "tb-consistent", "other-abnormality", "normal", "repeat-film"
    zones: tuple[Zone, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class CaseTest:
    """A confirmatory test."""

    test: str  # "xpert", "culture", "smear", "other"
    result: str  # "positive", "negative", "indeterminate"
    taken_on: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One study; its number is the only thing that names it for certain."""

    study: int
    outcome: Scored | Refused
    reader: ReaderFacts
    read_at: datetime  # by the machine
    preview: Grey | None = None  # (H, W), as the heat map
    patient_name: str = ""  # as people read it, not with DICOM's carets
    patient_id: str = ""
    accession: str = ""
    age_years: float | None = None
    sex: Sex | None = None
    site: str = ""
    film_date: date | None = None
    verdicts: tuple[CaseVerdict, ...] = ()  # oldest first
    tests: tuple[CaseTest, ...] = ()
