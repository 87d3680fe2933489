"""The presentation state: contours where the heat is, the film's own window and polarity."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess

import numpy as np
import pytest
from dicom_tools import MADE_AT, faults, ran, reread, written
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.path import Path as Outline
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MultiFrameTrueColorSecondaryCaptureImageStorage

from hilum.dicomnode.outputs.contours import LEVELS, heat_contours
from hilum.dicomnode.outputs.reading import Reading, reading_of
from hilum.dicomnode.outputs.softcopy import CONTOUR_LAYER, WORD_LAYER, softcopy_state
from hilum.errors import ObjectImpossible


def state_of(film: Dataset, outcome, reader) -> Dataset:
    """The state of a film, after a way through a file."""
    return reread(softcopy_state(reading_of(film, outcome, reader, made_at=MADE_AT)))


def test_contours_lie_around_the_heat(heat):
    """Of a map ten times smaller than the film, each level's line has its hot pixels inside and no others."""
    for contour in heat_contours(heat, rows=800, columns=640):
        outline = Outline(contour.points)
        columns, rows = np.meshgrid(np.arange(5, 640, 10), np.arange(5, 800, 10))
        inside = outline.contains_points(np.column_stack([columns.ravel(), rows.ravel()])).reshape(80, 64)

        wrong = inside != (heat >= contour.level)
        assert wrong.sum() <= 0.12 * inside.sum()  # the line is thinned by a third of a map pixel
    assert {contour.level for contour in heat_contours(heat, rows=800, columns=640)} == set(LEVELS)


def test_a_place_at_the_edge_is_closed():
    """Heat in a corner has a closed line that stays on the film."""
    heat = np.zeros((40, 40), np.float32)
    heat[:15, :15] = 1
    contours = heat_contours(heat, rows=400, columns=200)

    assert contours
    for contour in contours:
        assert (contour.points[0] == contour.points[-1]).all()
        assert contour.points.min() >= 0
        assert (contour.points.max(axis=0) <= (200, 400)).all()


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (12, 9), elements=st.floats(0, 1, width=32)))
def test_any_map_has_closed_contours_on_the_film(heat):
    """Whatever a map holds, its lines are closed and stay on the film."""
    for contour in heat_contours(heat, rows=120, columns=90):
        assert np.allclose(contour.points[0], contour.points[-1])
        assert (contour.points >= 0).all()
        assert (contour.points <= (90, 120)).all()


def test_contours_and_words_have_layers_of_their_own(reading, film):
    """Lines in the film's pixels on one layer, the sentence on another, both about the film."""
    dataset = reread(softcopy_state(reading))
    lines, words = dataset.GraphicAnnotationSequence

    assert [layer.GraphicLayer for layer in dataset.GraphicLayerSequence] == [CONTOUR_LAYER, WORD_LAYER]
    assert lines.ReferencedImageSequence[0].ReferencedSOPInstanceUID == film.SOPInstanceUID
    assert {one.GraphicAnnotationUnits for one in lines.GraphicObjectSequence} == {"PIXEL"}
    assert words.TextObjectSequence[0].UnformattedTextValue.startswith("Score 73.4")


def test_a_refusal_has_words_and_no_lines(refusal):
    """A refused film's state tells the reason."""
    (words,) = reread(softcopy_state(refusal)).GraphicAnnotationSequence

    assert words.TextObjectSequence[0].UnformattedTextValue.startswith("No score: No lungs")


def test_a_long_reason_fits_its_element(refusal):
    """Unformatted Text Value has at most 1024 characters, however long a reason is."""
    longer = dataclasses.replace(
        refusal, outcome=dataclasses.replace(refusal.outcome, reason="too long " * 400)
    )
    (words,) = softcopy_state(longer).GraphicAnnotationSequence

    assert len(words.TextObjectSequence[0].UnformattedTextValue) <= 1024


def test_the_film_keeps_its_window(film, scored, reader):
    """The first window of the film is the state's."""
    film.WindowCenter, film.WindowWidth, film.VOILUTFunction = ["1000", "5"], ["500", "6"], "SIGMOID"
    (window,) = state_of(film, scored, reader).SoftcopyVOILUTSequence

    assert (window.WindowCenter, window.WindowWidth, window.VOILUTFunction) == (1000, 500, "SIGMOID")


def test_a_table_of_twelve_bits_is_shown_as_bright(film, scored, reader):
    """A VOI LUT is repeated entry for entry, over the 16 bits that a state's table may have."""
    del film.WindowCenter, film.WindowWidth
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [4, 100, 12])
    table.add_new("LUTData", "US", [0, 100, 2000, 4095])
    film.VOILUTSequence = [table]
    state = state_of(film, scored, reader)
    (item,) = state.SoftcopyVOILUTSequence[0].VOILUTSequence

    assert list(item.LUTDescriptor) == [4, 100, 16]
    assert np.frombuffer(item.LUTData, "<u2").tolist() == [0, 1600, 32007, 65535]
    assert faults(state) == []


@pytest.mark.parametrize(
    ("descriptor", "entries"),
    [([3, 0, 8], b"\x00\x80\xff"), ([4, 65530, 16], [0, 1, 2, 255]), ([3, 9, 16], [0, 300, 65535]),
     ([4, 0, 12], [1, 2]), ([4, 0], [1, 2, 3, 4]), ([2, 0, 3], [1, 2]), ([], [])],
)  # fmt: skip
def test_any_table_leaves_a_valid_state(film, scored, reader, descriptor, entries):
    """Odd lengths, ends, and depths of a table are repeated or left out, and the state stays valid."""
    table = Dataset()
    table.add_new("LUTDescriptor", "US", descriptor)
    table.add_new("LUTData", "OW" if isinstance(entries, bytes) else "US", entries)
    film.VOILUTSequence, film.ModalityLUTSequence = [table], [table]

    assert faults(state_of(film, scored, reader)) == []


def test_a_deep_film_without_a_window_gets_its_range(film, scored, reader):
    """Smallest and largest value, where the header tells them, become the window."""
    del film.WindowCenter, film.WindowWidth
    film.add_new("SmallestImagePixelValue", "US", 100)
    film.add_new("LargestImagePixelValue", "US", 299)
    (window,) = state_of(film, scored, reader).SoftcopyVOILUTSequence

    assert (window.WindowCenter, window.WindowWidth) == (200, 200)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("WindowWidth", "0"), ("WindowWidth", "-5"), ("VOILUTFunction", "CUBIC"), ("WindowCenter", "")],
)
def test_a_window_that_cannot_be_used_is_left_out(film, scored, reader, keyword, value):
    """A width of nothing or an unknown function leave the state without a window, and it stays valid."""
    setattr(film, keyword, value)
    state = state_of(film, scored, reader)

    assert "SoftcopyVOILUTSequence" not in state
    assert faults(state) == []


def test_the_rescale_is_repeated(film, scored, reader):
    """Slope, intercept, and type of the film are the state's; a slope of nothing is left out."""
    film.RescaleSlope, film.RescaleIntercept, film.RescaleType = "2", "-10", "OD"
    state = state_of(film, scored, reader)

    assert (state.RescaleSlope, state.RescaleIntercept, state.RescaleType) == (2, -10, "OD")
    film.RescaleSlope = "0"
    assert "RescaleSlope" not in state_of(film, scored, reader)


@pytest.mark.parametrize(
    ("interpretation", "shape"), [("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "IDENTITY")]
)
def test_polarity_is_the_films(film, scored, reader, interpretation, shape):
    """A film stored inverted is inverted by its state."""
    film.PhotometricInterpretation = interpretation

    assert state_of(film, scored, reader).PresentationLUTShape == shape


def test_a_film_in_colour_gets_a_colour_state(film, scored, reader):
    """A colour presentation state, valid and the same on each making."""
    film.PhotometricInterpretation, film.SamplesPerPixel = "RGB", 3
    reading = reading_of(film, scored, reader, made_at=MADE_AT)

    assert softcopy_state(reading).SOPClassUID.name.startswith("Color Softcopy")
    assert faults(softcopy_state(reading)) == []
    assert written(softcopy_state(reading)) == written(softcopy_state(reading))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("Rows", 0), ("PhotometricInterpretation", "HSV"), ("NumberOfFrames", "3"),
     ("SOPClassUID", MultiFrameTrueColorSecondaryCaptureImageStorage)],
)  # fmt: skip
def test_what_no_state_can_be_made_of_is_refused(film, scored, reader, keyword, value):
    """No size, an unknown colour, or several frames: refused by name."""
    setattr(film, keyword, value)

    with pytest.raises(ObjectImpossible):
        state_of(film, scored, reader)


def test_dcmtk_accepts_the_state(reading):
    """dcmpschk finds no fault."""
    checked = ran("dcmpschk", softcopy_state(reading))

    assert "Test passed" in checked.stdout + checked.stderr


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
def test_dcmtk_shows_the_film_as_without_the_state(tmp_path, film, scored, reader, interpretation):
    """dcmp2pgm with the state and dcm2pnm without it give the same grey levels, to rounding."""
    if shutil.which("dcmp2pgm") is None:
        pytest.skip("needs dcmp2pgm (Debian: apt install dcmtk)")
    film.PhotometricInterpretation = interpretation
    reading = reading_of(film, scored, reader, made_at=MADE_AT)
    shown = rendered(tmp_path, film, reading)

    assert np.abs(shown["with"].astype(int) - shown["without"].astype(int)).max() <= 1


def rendered(folder, film: Dataset, reading: Reading) -> dict[str, np.ndarray]:
    """The film as dcmtk draws it, with and without the state."""
    ramp = np.linspace(0, 4095, 800 * 640).reshape(800, 640).astype("<u2")
    film.PixelData = ramp.tobytes()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    (folder / "film.dcm").write_bytes(written(film))
    (folder / "state.dcm").write_bytes(written(softcopy_state(reading)))
    commands = {
        "with": ["dcmp2pgm", "--pstate", "state.dcm", "film.dcm", "with.pgm"],
        "without": ["dcm2pnm", "+Wi", "1", "film.dcm", "without.pgm"],
    }
    for command in commands.values():
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {name: np.asarray(Image.open(folder / f"{name}.pgm").convert("L")) for name in commands}
