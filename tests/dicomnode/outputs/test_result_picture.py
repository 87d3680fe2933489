"""The secondary capture: what is drawn, that the film stays bare, and what the object says of itself."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from dicom_tools import reread
from PIL import Image

from hilum.dicomnode.outputs.drawing import HEAD_ROOM, LEAST_SIDE, MARGIN, WARN, draw_result, plain_letters
from hilum.dicomnode.outputs.picture import result_picture
from hilum.inference.heat_map import draw_overlay


def has_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == np.array(colour, np.uint8)).all(axis=-1).any())


def test_the_picture_holds_the_overlay_and_nothing_covers_it(reading, scored):
    """The film with its heat map stands in the picture pixel for pixel, words and scale beside it."""
    preview = np.linspace(0, 255, 800 * 640).reshape(800, 640).astype(np.uint8)
    heat = np.zeros((800, 640), np.float32)
    heat[200:400, 100:300] = 1
    large = dataclasses.replace(reading, preview=preview, outcome=dataclasses.replace(scored, heat_map=heat))
    picture = draw_result(large)
    film = picture[HEAD_ROOM : HEAD_ROOM + 800, MARGIN : MARGIN + 640]

    assert (film == decoded(draw_overlay(preview, heat))).all()


def decoded(png: bytes) -> np.ndarray:

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_a_small_film_is_enlarged(reading):
    """A film of 80 by 64 pixels is drawn at a size that words can stand beside."""
    assert draw_result(reading).shape[0] > LEAST_SIDE


def test_the_warning_is_burned_in(reading, refusal):
    """Score or refusal, the warning's colour is in the head of the picture."""
    assert has_colour(draw_result(reading)[:HEAD_ROOM], WARN)
    assert has_colour(draw_result(refusal)[:HEAD_ROOM], WARN)


def test_a_refusal_without_a_film_is_a_picture_of_words(refusal):
    """A file that gave no picture gets one with the reason, and a longer reason a taller one."""
    bare = dataclasses.replace(refusal, preview=None)
    longer = dataclasses.replace(
        bare, outcome=dataclasses.replace(bare.outcome, reason="A longer reason. " * 12)
    )

    assert draw_result(bare).shape[2] == 3
    assert draw_result(longer).shape[0] > draw_result(bare).shape[0]


@pytest.mark.parametrize("reason", ["", "x" * 3000, "снимок перевернут", "\u202e\x00\n\t", "word " * 2000])
def test_any_reason_can_be_drawn(refusal, reason):
    """Long words, long texts, other scripts, and control characters draw a picture of a bounded size."""
    odd = dataclasses.replace(refusal, outcome=dataclasses.replace(refusal.outcome, reason=reason))

    assert draw_result(odd).shape[0] < 1400


@pytest.mark.parametrize("shape", [(1, 1), (1, 768), (768, 1), (768, 40)])
def test_a_film_of_any_shape_can_be_drawn(refusal, shape):
    """A line of a film does not stop the picture."""
    assert draw_result(dataclasses.replace(refusal, preview=np.zeros(shape, np.uint8))).size > 0


def test_letters_that_the_font_lacks_are_told():
    """Accents fall away, and other scripts become question marks."""
    assert plain_letters("Bérziņš 山\n") == "Berzins ? "


def test_the_object_says_that_it_is_derived(reading, film):
    """Derived from the film, burned in, research, in words and in codes."""
    dataset = reread(result_picture(reading))

    assert dataset.ImageType[0] == "DERIVED"
    assert (dataset.BurnedInAnnotation, dataset.ContentQualification) == ("YES", "RESEARCH")
    assert "Not for diagnosis alone" in dataset.DerivationDescription
    assert dataset.SourceImageSequence[0].ReferencedSOPInstanceUID == film.SOPInstanceUID
    assert (dataset.PhotometricInterpretation, dataset.BitsAllocated) == ("RGB", 8)


def test_the_pixels_are_what_was_drawn(reading):
    """The stored pixels are the drawing's."""
    assert (reread(result_picture(reading)).pixel_array == draw_result(reading)).all()
