"""What one delivery sends, made anew from the worklist each time, and the same each time.

Trap: a refusal of a whole study is of no film, and a film's bytes may be gone by retention; the objects then
stand on what the worklist still knows of the study.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from hilum.dicomnode.messages.fhir import Resource, diagnostic_report
from hilum.dicomnode.messages.hl7 import result_message
from hilum.dicomnode.outputs.objects import build_object
from hilum.dicomnode.outputs.reading import Reading as MachineReading
from hilum.dicomnode.outputs.reading import reading_of
from hilum.dicomnode.outputs.uids import source_of_picture
from hilum.errors import ObjectImpossible, UnreadableImage
from hilum.imaging.dicom import read_dicom_header
from hilum.reports.case import Case
from hilum.reports.case_report import case_report
from hilum.reports.document_pdf import document_pdf
from hilum.worklist import search
from hilum.worklist.cases import case_of_study, film_of, preview_of
from hilum.worklist.states import ResultKind
from hilum.worklist.station import Station
from hilum.worklist.tables import Delivery, Film, Study

WITHOUT_PICTURE = frozenset(
    {ResultKind.REPORT, ResultKind.SOFTCOPY}
)  # they refer to the film, and show none of it
LONGEST_ACCESSION = 16  # characters: PS3.5 6.2, VR SH


@dataclass(frozen=True, slots=True)
class Result:
    """One study as it goes out: the machine's reading, and the case that a report tells."""

    reading: MachineReading
    case: Case

    def instance(self, kind: ResultKind) -> Dataset:
        """A DICOM object.

        Raises:
            ObjectImpossible: none of this kind can be made of this film.
        """
        return build_object(kind, self.reading, self.case)

    def message(self) -> str:
        """An HL7 message with the case report in it."""
        return result_message(self.reading, pdf=self._pdf())

    def resource(self) -> Resource:
        """A FHIR DiagnosticReport with the case report in it."""
        return diagnostic_report(self.reading, pdf=self._pdf())

    def _pdf(self) -> bytes:
        return document_pdf(case_report(self.case))


def result_of(station: Station, delivery: Delivery) -> Result:
    """What a delivery sends; the film is decoded, which takes seconds, for the kinds that show it alone.

    Args:
        station: that holds the films.
        delivery: due.

    Raises:
        ObjectImpossible: the study has no film left to tell of.
    """
    with station.database.reading() as session:
        study = search.study(session, delivery.study_id)
        assert study is not None  # studies are never removed
        row = next(one for one in study.readings if one.id == delivery.reading_id)
        case = case_of_study(session, station, study, row, with_identity=True)
    film = film_of(study, row)
    if delivery.kind not in WITHOUT_PICTURE:
        case = replace(case, preview=preview_of(station, film))
    source = _source(station, study, film or study.films[0])
    reading = reading_of(source, case.outcome, case.reader, made_at=row.made_at, preview=case.preview)
    return Result(reading, case)


def _source(station: Station, study: Study, film: Film) -> Dataset:
    """The header of a film, with what the worklist knows beyond it: PS3.3 C.7.1 and C.7.2."""
    path = station.originals.path(film.sha256)
    if film.file_format != "dicom":
        return _complete(_picture(study, film), study)
    try:
        source = read_dicom_header(path)
    except (UnreadableImage, OSError) as error:
        raise ObjectImpossible(
            "the film's header is gone or cannot be read, so nothing refers to it"
        ) from error

    made = _picture(study, film)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        if not source.get(keyword):  # of the bytes, as headers of two such films may be alike
            setattr(source, keyword, made.get(keyword))
    return _complete(source, study)


def _picture(study: Study, film: Film) -> Dataset:
    return source_of_picture(
        film.sha256, rows=film.n_rows or 0, columns=film.n_columns or 0, study_uid=study.study_uid,
        patient_id="" if study.patient is None else study.patient.patient_id,
        patient_name="" if study.patient is None else study.patient.name,
    )  # fmt: skip


def _complete(source: Dataset, study: Study) -> Dataset:
    """Fill in what a modality worklist, or the person who sent the film, told beside it."""
    if not source.get("AccessionNumber") and len(study.accession) <= LONGEST_ACCESSION:
        source.AccessionNumber = study.accession  # a cut one would be another order's
    if not source.get("PatientSex") and study.sex in ("M", "F"):
        source.PatientSex = study.sex
    return source
