"""The case report as an encapsulated PDF, for archives and viewers that show documents.

Trap: the PDF may name the patient, so Burned In Annotation is YES, whatever is in it.
"""

from __future__ import annotations

from highdicom.base import SOPClass
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from hilum.dicomnode.outputs.marks import NOT_ALONE, bare_film, finish, marks
from hilum.dicomnode.outputs.reading import Reading
from hilum.errors import ObjectImpossible
from hilum.worklist.states import ResultKind

TITLE = f"Hilum case report. {NOT_ALONE}."


def encapsulated_pdf(reading: Reading, pdf: bytes) -> Dataset:
    """The object that holds a PDF about a reading.

    Raises:
        ObjectImpossible: the bytes are not a PDF.
    """
    if not pdf.startswith(b"%PDF-"):
        raise ObjectImpossible("an encapsulated PDF needs a PDF; these bytes are none")
    film = bare_film(reading.film)
    result = SOPClass(
        study_instance_uid=film.StudyInstanceUID,
        sop_class_uid=EncapsulatedPDFStorage,
        modality="DOC",
        patient_name="",
        patient_birth_date="",
        **marks(reading, ResultKind.PDF),
    )
    _describe(result, reading, pdf)
    return finish(result, reading)


def _describe(result: Dataset, reading: Reading, pdf: bytes) -> None:
    result.ConversionType = "WSD"
    result.AcquisitionDateTime = ""  # type 2: of the film, whose header need not tell it
    result.BurnedInAnnotation = "YES"
    result.DocumentTitle = TITLE
    result.ConceptNameCodeSequence = []  # type 2; no code of CID 7020 says "reading by an algorithm"
    result.VerificationFlag = "UNVERIFIED"
    source = Dataset()
    source.ReferencedSOPClassUID = reading.film.SOPClassUID
    source.ReferencedSOPInstanceUID = reading.film.SOPInstanceUID
    result.SourceInstanceSequence = [source]
    result.MIMETypeOfEncapsulatedDocument = "application/pdf"
    result.EncapsulatedDocumentLength = len(pdf)
    result.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
