"""The presentation state: lines around the marked places, drawn by the viewer over the original film.

Grayscale where the film is grey, colour where it is coloured. It shows the film as its own header does, and
adds nothing but lines and words, on layers that a viewer can turn off. Trap: a presentation state takes the
place of everything that the header says of display, so a film stored inverted needs INVERSE here (PS3.3
C.11.6), and its window must be repeated.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from highdicom import PresentationLUTShapeValues, PresentationLUTTransformation
from highdicom.color import CIELabColor
from highdicom.pr import (
    AnnotationUnitsValues,
    ColorSoftcopyPresentationState,
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GraphicTypeValues,
    GrayscaleSoftcopyPresentationState,
    TextJustificationValues,
    TextObject,
)
from PIL import ImageCms
from pydicom.dataset import Dataset
from pydicom.uid import (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
)

from hilum.dicomnode.outputs.contours import LEVELS, heat_contours
from hilum.dicomnode.outputs.film_display import is_inverted, modality_transformation, window_transformation
from hilum.dicomnode.outputs.film_header import without_controls
from hilum.dicomnode.outputs.marks import NOT_ALONE, bare_film, finish, marks
from hilum.dicomnode.outputs.reading import Reading
from hilum.errors import ObjectImpossible
from hilum.inference.sentence import outcome_sentence
from hilum.records import Refused
from hilum.worklist.states import ResultKind

CONTOUR_LAYER, WORD_LAYER = "HILUM HEAT", "HILUM WORDS"
CONTOUR_COLOUR = CIELabColor(l_star=78.0, a_star=18.0, b_star=75.0)  # the amber of the heat map's upper half
WORD_COLOUR = CIELabColor(l_star=90.0, a_star=0.0, b_star=20.0)
WORD_BOX = (0.02, 0.88, 0.98, 0.99)  # left, top, right, bottom, of the displayed area
MOST_LETTERS = 1000  # Unformatted Text Value is ST, of at most 1024
GREY = ("MONOCHROME1", "MONOCHROME2")
SEVERAL_FRAMES = (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
)
COLOURED = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")


def softcopy_state(reading: Reading) -> Dataset:
    """The presentation state of a reading; a refusal's holds the reason in words and no line.

    Raises:
        ObjectImpossible: the film's header does not tell its size or whether it is grey.
    """
    film = bare_film(reading.film)
    kind = film.get("PhotometricInterpretation", "")
    _refuse_unknown(film, kind)
    film.SamplesPerPixel = 1 if kind in GREY else 3
    shared: dict[str, Any] = {
        "referenced_images": [film],
        "content_label": "HILUM",
        "content_description": f"Heat map contours. {NOT_ALONE}.",
        **_annotations(reading, film),
        **marks(reading, ResultKind.SOFTCOPY),
    }
    result: Dataset = (
        GrayscaleSoftcopyPresentationState(**shared, **_display(reading.film))
        if kind in GREY
        else ColorSoftcopyPresentationState(**shared, icc_profile=_srgb())
    )
    return finish(result, reading)


def _refuse_unknown(film: Dataset, kind: str) -> None:
    if not film.get("Rows") or not film.get("Columns") or kind not in GREY + COLOURED:
        raise ObjectImpossible(
            "a presentation state needs the film's rows, columns, and photometric interpretation"
        )
    if (film.get("NumberOfFrames") or 1) > 1 or film.SOPClassUID in SEVERAL_FRAMES:
        raise ObjectImpossible("no presentation state is made of an object that may hold several frames")


def _srgb() -> bytes:
    """The profile of ordinary screens, as an input device's (PS3.3 C.11.15), and not with the clock's date.

    A display's profile of matrix and curves has every tag that an input device's needs (ICC.1 8.3.3, 8.4.3).
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[12:16] = b"scnr"
    profile[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    return bytes(profile)


def _annotations(reading: Reading, film: Dataset) -> dict[str, Any]:
    words = GraphicLayer(WORD_LAYER, 2, "Score, sentence, and reader", WORD_COLOUR)
    lines = GraphicLayer(CONTOUR_LAYER, 1, _levels_told(), CONTOUR_COLOUR)
    annotations = [GraphicAnnotation([film], words, text_objects=[_words(reading)])]
    objects = _contours(reading, film)
    if objects:
        annotations.insert(0, GraphicAnnotation([film], lines, graphic_objects=objects))
    return {
        "graphic_layers": [lines, words] if objects else [words],
        "graphic_annotations": annotations,
    }


def _levels_told() -> str:
    return f"Heat map at {', '.join(f'{level:.0%}' for level in LEVELS)} of its own peak"


def _contours(reading: Reading, film: Dataset) -> list[GraphicObject]:
    outcome = reading.outcome
    if isinstance(outcome, Refused) or outcome.heat_map is None:
        return []
    return [
        GraphicObject(
            GraphicTypeValues.POLYLINE,
            np.round(contour.points, 2),
            units=AnnotationUnitsValues.PIXEL,
        )
        for contour in heat_contours(outcome.heat_map, rows=film.Rows, columns=film.Columns)
    ]


def _words(reading: Reading) -> TextObject:
    sentence = without_controls(outcome_sentence(reading.outcome))
    told = f"{reading.reader.label}. {NOT_ALONE}."
    return TextObject(
        f"{sentence[: MOST_LETTERS - len(told) - 2]}\r\n{told}",
        units=AnnotationUnitsValues.DISPLAY,
        bounding_box=WORD_BOX,
        text_justification=TextJustificationValues.LEFT,
    )


def _display(film: Dataset) -> dict[str, Any]:
    """The film's own rescale, window, and polarity, in the words of highdicom's constructor."""
    shape = PresentationLUTShapeValues.INVERSE if is_inverted(film) else PresentationLUTShapeValues.IDENTITY
    window = window_transformation(film)
    return {
        "presentation_lut_transformation": PresentationLUTTransformation(shape),
        "modality_lut_transformation": modality_transformation(film),
        "voi_lut_transformations": None if window is None else [window],
    }
