"""One kind of object about one reading, by its kind: what a delivery asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydicom.dataset import Dataset

from hilum.dicomnode.outputs.pdf import encapsulated_pdf
from hilum.dicomnode.outputs.picture import result_picture
from hilum.dicomnode.outputs.reading import Reading
from hilum.dicomnode.outputs.softcopy import softcopy_state
from hilum.dicomnode.outputs.sr import measurement_report
from hilum.errors import ObjectImpossible
from hilum.findings import Sex
from hilum.imaging.header import age_years
from hilum.reports.case import Case, CaseTest, CaseVerdict
from hilum.reports.case_report import case_report
from hilum.reports.document_pdf import document_pdf
from hilum.worklist.states import ResultKind
from hilum.worklist.wording import person_name


def build_object(kind: ResultKind, reading: Reading, case: Case) -> Dataset:
    """The object of a kind; the case is what its PDF reports, and the others do not look at it.

    Raises:
        ObjectImpossible: no such object can be made of the film, or the kind is a message.
    """
    match kind:
        case ResultKind.REPORT:
            return measurement_report(reading)
        case ResultKind.PICTURE:
            return result_picture(reading)
        case ResultKind.SOFTCOPY:
            return softcopy_state(reading)
        case ResultKind.PDF:
            return encapsulated_pdf(reading, document_pdf(case_report(case)))
        case _:
            raise ObjectImpossible(f"{kind} is a message, and no DICOM object")


def case_of(
    reading: Reading,
    *,
    study: int,
    site: str = "",
    verdicts: Sequence[CaseVerdict] = (),
    tests: Sequence[CaseTest] = (),
) -> Case:
    """The case of a reading, with the person and the date that the film's header names."""
    film = reading.film
    return Case(
        study=study,
        outcome=reading.outcome,
        reader=reading.reader,
        read_at=reading.made_at,
        preview=reading.preview,
        patient_name=person_name(str(film.PatientName)),
        patient_id=str(film.PatientID),
        accession=str(film.AccessionNumber),
        age_years=age_years(film),
        sex=Sex(film.PatientSex) if film.PatientSex else None,
        site=site,
        film_date=datetime.strptime(film.StudyDate, "%Y%m%d").date() if film.StudyDate else None,
        verdicts=tuple(verdicts),
        tests=tuple(tests),
    )
