"""What a film's header says that the worklist keeps; a picture without a header says nothing but its format.

Trap: a header may hold anything, so every value is cut to its column's width and a value that is not of its
kind is left out; the gate judges the film later, this only files it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """Of one file; empty where it does not tell."""

    file_format: str  # "png", "jpeg", "dicom", "unknown"
    study_uid: str | None = None
    series_uid: str | None = None
    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    transfer_syntax_uid: str | None = None
    patient_id: str = ""
    patient_issuer: str = ""
    patient_name: str = ""
    birth_date: date | None = None
    age_years: float | None = None
    sex: str | None = None
    accession: str = ""
    institution: str = ""
    device: str = ""
    study_date: date | None = None
    modality: str = ""
    view: str = ""
    laterality: str = ""
    image_type: str = ""
    series_description: str = ""
    n_rows: int | None = None
    n_columns: int | None = None
