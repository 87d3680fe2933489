"""The secondary capture: what every viewer shows, with heat map, scale, and sentence burned in.

Trap: Burned In Annotation (0028,0301) is YES though no name is burned in: a sentence about a person's film is
reason enough that whoever strips identity looks at the picture first.
"""

from __future__ import annotations

from highdicom import CoordinateSystemNames
from highdicom.sc import ConversionTypeValues, SCImage
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from hilum.dicomnode.outputs.drawing import draw_result
from hilum.dicomnode.outputs.marks import NOT_ALONE, RESEARCH_USE, bare_film, film_reference, finish, marks
from hilum.dicomnode.outputs.reading import Reading
from hilum.records import Refused
from hilum.worklist.states import ResultKind

_LOSSY_NOTE = "The film was reduced to 8 bits and at most 768 pixels for it."
SOURCE_FOR: Code = codes.DCM.SourceImageForImageProcessingOperation  # CID 7202


def result_picture(reading: Reading) -> Dataset:
    """The picture of a reading as a secondary capture, RGB of 8 bits, uncompressed."""
    film = bare_film(reading.film)
    result = SCImage(
        pixel_array=draw_result(reading),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system=CoordinateSystemNames.PATIENT,
        study_instance_uid=film.StudyInstanceUID,
        patient_orientation=("L", "F"),
        **marks(reading, ResultKind.PICTURE),
    )
    _describe(result, reading)
    return finish(result, reading)


def _describe(result: Dataset, reading: Reading) -> None:
    result.Modality = "OT"
    result.ConversionType = ConversionTypeValues.WSD.value
    result.PatientOrientation = None  # words stand beside the film, and a film's own may be wrong
    result.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    result.BurnedInAnnotation = "YES"
    result.ContentQualification = "RESEARCH"
    result.LossyImageCompression = "00"
    result.ImageComments = f"{NOT_ALONE}. {RESEARCH_USE}"
    what = (
        "Why there is no score" if isinstance(reading.outcome, Refused) else "Heat map, score, and sentence"
    )
    result.DerivationDescription = f"{what} by {reading.reader.label}. {NOT_ALONE}. {_LOSSY_NOTE}"
    source = film_reference(reading.film)
    source.PurposeOfReferenceCodeSequence = [_code(SOURCE_FOR)]
    result.SourceImageSequence = [source]
    for keyword in ("FrameOfReferenceUID", "PositionReferenceIndicator"):
        if "FrameOfReferenceUID" in reading.film:
            setattr(result, keyword, reading.film.get(keyword, ""))


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        code.value,
        code.scheme_designator,
        code.meaning,
    )
    return item
