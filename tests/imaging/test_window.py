"""From stored values to displayed grey: modality, window, padding, in the standard's order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from hilum.imaging.dicom import read_dicom

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def lut_item(entries, *, first=0, bits=16):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = list(entries)
    item["LUTData"].VR = "US"
    return item


@few
@given(
    centre=st.integers(-500, 5000),
    width=st.integers(2, 6000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_windows_are_those_of_pydicom(make_dicom, centre, width, function):
    """Each window function agrees with pydicom's, which gives the whole range of the stored bits."""
    path = make_dicom(RAMP, bits=12, WindowCenter=centre, WindowWidth=width, VOILUTFunction=function)
    with np.errstate(over="ignore"):  # pydicom lets a narrow sigmoid overflow, to the right answer
        oracle = apply_voi_lut(RAMP, dcmread(path)) / 4095

    film = read_dicom(path)

    if not film.notes:  # a window that shows nothing is not used, and says so
        np.testing.assert_allclose(film.pixels, oracle, atol=1e-6)


def test_a_window_is_applied_after_the_rescale(make_dicom):
    """The window's numbers are those of the rescaled values, not of the stored ones."""
    window = {"WindowCenter": -24, "WindowWidth": 2001, "VOILUTFunction": "LINEAR_EXACT"}

    film = read_dicom(make_dicom(RAMP, bits=12, RescaleSlope=0.5, RescaleIntercept=-1024, **window))

    # stored 2000 is -24 rescaled, the middle of the window; 2001 is a step of 0.5 of 2001
    assert film.pixels.ravel()[2000] == pytest.approx(0.5)
    assert film.pixels.ravel()[2001] == pytest.approx(0.5 + 0.5 / 2001)


def test_a_falling_rescale_turns_the_film_over(make_dicom):
    """A negative slope makes the highest stored value the darkest."""
    film = read_dicom(make_dicom(RAMP, bits=12, RescaleSlope=-1, RescaleIntercept=4095,
                                 WindowCenter=2048, WindowWidth=4096))  # fmt: skip

    np.testing.assert_allclose(film.pixels, 1 - RAMP / 4095, atol=1e-6)


def test_the_first_of_several_windows_is_used(make_dicom):
    """Viewers open with the first window, and so does Hilum."""
    one = read_dicom(make_dicom(RAMP, bits=12, WindowCenter=1000, WindowWidth=800))
    several = read_dicom(make_dicom(RAMP, bits=12, WindowCenter=[1000, 3000], WindowWidth=[800, 200]))

    assert (one.pixels == several.pixels).all()


def test_a_window_of_width_one_is_a_step(make_dicom):
    """LINEAR with width 1 shows everything up to the centre black and the rest white."""
    film = read_dicom(make_dicom(RAMP, bits=12, WindowCenter=2000, WindowWidth=1))

    # C.11.2.1.2.1: x <= c - 0.5 is black
    assert set(np.unique(film.pixels)) == {0.0, 1.0}
    assert film.pixels.ravel()[1999] == 0
    assert film.pixels.ravel()[2000] == 1


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 2000, "WindowWidth": 0},
        {"WindowCenter": 2000, "WindowWidth": -5, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 2000},
        {"WindowCenter": 2000, "WindowWidth": 100, "VOILUTFunction": "CUBIC"},
    ],
)
def test_a_window_that_cannot_be_is_left_out_with_a_note(make_dicom, window):
    """A window without width, or of an unknown function, is not used."""
    film = read_dicom(make_dicom(RAMP, bits=12, **window))

    assert film.notes == ("The window in the header is not usable and was not used.",)
    assert (film.pixels == read_dicom(make_dicom(RAMP, bits=12)).pixels).all()


def test_a_window_beside_the_film_is_left_out_with_a_note(make_dicom):
    """A window that would turn the film to one tone hides it, so the film's own range is shown."""
    film = read_dicom(make_dicom(RAMP + 30000, bits=16, WindowCenter=2725, WindowWidth=5310))

    assert "one tone" in film.notes[0]
    assert np.ptp(film.pixels) == 1


def test_without_a_window_8_bits_are_shown_whole(make_dicom):
    """An 8-bit film without a window looks like the PNG of the same levels."""
    stored = np.arange(40, 140, dtype=np.uint8).reshape(10, 10)

    np.testing.assert_allclose(read_dicom(make_dicom(stored)).pixels * 255, stored, atol=1e-4)


def test_without_a_window_deeper_films_are_shown_on_their_own_range(make_dicom, chance):
    """A 16-bit film that uses little of its range is not black, and a few hot pixels do not matter."""
    stored = chance.integers(1000, 2001, (200, 200)).astype(np.uint16)
    stored[0, :3] = 65535

    pixels = read_dicom(make_dicom(stored)).pixels

    np.testing.assert_allclose(pixels[1:], (stored[1:] - 1000.0) / 1000, atol=0.005)
    assert pixels.max() == 1


@pytest.mark.parametrize(("bits", "level", "shown"), [(8, 51, 0.2), (12, 819, 0.2), (16, 13107, 0.2)])
def test_a_film_of_one_level_is_shown_on_the_stored_range(make_dicom, bits, level, shown):
    """Where there is nothing to stretch, the level keeps its place in the range of the stored bits."""
    stored = np.full((9, 9), level, dtype=np.uint8 if bits == 8 else np.uint16)

    np.testing.assert_allclose(read_dicom(make_dicom(stored, bits=bits)).pixels, shown, atol=1e-6)


def test_a_modality_lut_comes_before_the_window(make_dicom):
    """The Modality LUT maps the stored values that the window then shows; pydicom is the oracle."""
    entries = (np.linspace(0, 1, 4096) ** 2 * 65535).astype(int)
    sequence = Sequence([lut_item(entries)])
    sequence[0].ModalityLUTType = "US"
    path = make_dicom(RAMP, bits=12, ModalityLUTSequence=sequence, WindowCenter=32768, WindowWidth=65536)
    dataset = dcmread(path)
    oracle = apply_voi_lut(apply_modality_lut(RAMP, dataset), dataset) / 65535

    np.testing.assert_allclose(read_dicom(path).pixels, oracle, atol=1e-6)


def test_a_voi_lut_is_used_before_a_window(make_dicom):
    """Where both are there, the VOI LUT is the one that a viewer opens with."""
    entries = (np.sqrt(np.linspace(0, 1, 4096)) * 65535).astype(int)
    window = {"WindowCenter": 100, "WindowWidth": 200}

    film = read_dicom(make_dicom(RAMP, bits=12, VOILUTSequence=Sequence([lut_item(entries)]), **window))

    np.testing.assert_allclose(film.pixels.ravel(), entries / 65535, atol=1e-6)


def test_a_voi_lut_holds_its_ends(make_dicom):
    """Values before the first and after the last entry take the first and the last."""
    entries = np.linspace(0, 4095, 1001).astype(int)

    film = read_dicom(
        make_dicom(RAMP, bits=12, VOILUTSequence=Sequence([lut_item(entries, first=1000, bits=12)]))
    )

    flat = film.pixels.ravel()
    assert (flat[:1001] == 0).all()
    assert (flat[2000:] == 1).all()
    assert flat[1500] == pytest.approx(entries[500] / 4095, abs=1e-6)


def test_a_voi_lut_that_overstates_its_bits_is_shown_on_the_bits_it_uses(make_dicom):
    """A table of 12-bit entries that says 16 is not shown black."""
    film = read_dicom(make_dicom(RAMP, bits=12, VOILUTSequence=Sequence([lut_item(range(4096), bits=16)])))

    np.testing.assert_allclose(film.pixels, RAMP / 4095, atol=1e-6)


def test_a_malformed_voi_lut_gives_way_to_the_window(make_dicom):
    """A table without its description is left out with a note, and the window is used."""
    item = lut_item(range(4096))
    del item.LUTDescriptor
    window = {"WindowCenter": 2048, "WindowWidth": 4096}

    film = read_dicom(make_dicom(RAMP, bits=12, VOILUTSequence=Sequence([item]), **window))

    np.testing.assert_allclose(film.pixels, RAMP / 4095, atol=1e-6)
    assert film.notes == ("The VOI LUT in the header is malformed and was not used.",)


@pytest.mark.parametrize("slope", [0, None])
def test_a_rescale_that_cannot_be_is_left_out_with_a_note(make_dicom, slope):
    """A slope of zero, or an empty one, would turn the film to one tone."""
    path = make_dicom(RAMP, bits=12, WindowCenter=2048, WindowWidth=4096, RescaleIntercept=0)
    dataset = dcmread(path)
    dataset.RescaleSlope = slope
    dataset.save_as(path, enforce_file_format=True)

    film = read_dicom(path)

    np.testing.assert_allclose(film.pixels, RAMP / 4095, atol=1e-6)
    assert film.notes == ("The modality LUT or rescale in the header is malformed and was not used.",)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("padding", [4095, 65535])
def test_padding_is_black_and_has_no_say_in_the_range(make_dicom, chance, photometric, padding):
    """Padded corners are background in either polarity, even at a value beyond the stored bits."""
    stored = chance.integers(500, 1501, (120, 120)).astype(np.uint16)
    stored[:30, :30] = padding
    elements = {"PixelPaddingValue": padding, "PhotometricInterpretation": photometric}

    pixels = read_dicom(make_dicom(stored, bits=12, **elements)).pixels

    assert (pixels[:30, :30] == 0).all()
    shown = (stored[30:] - 500.0) / 1000
    expected = 1 - shown if photometric == "MONOCHROME1" else shown
    np.testing.assert_allclose(pixels[30:], expected, atol=0.005)


def test_a_range_of_padding_is_black(make_dicom):
    """All values from the padding value to its limit are padding."""
    limits = {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 99}
    window = {"WindowCenter": 2048, "WindowWidth": 4096}

    flat = read_dicom(make_dicom(RAMP, bits=12, **limits, **window)).pixels.ravel()

    assert (flat[:100] == 0).all()
    assert flat[100] == pytest.approx(100 / 4095)
