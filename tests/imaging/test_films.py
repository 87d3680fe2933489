"""Real films beside the checkout: each reads as a person sees it, or fails for a true reason."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hilum.errors import UnreadableImage
from hilum.imaging.polarity import chest_likeness
from hilum.imaging.read import read_radiograph
from hilum.imaging.resize import fit_within

pytestmark = pytest.mark.shared

# Of each odd DICOM: shape, stored bits, age, sex, and a word of each note. Looked at one by one.
ODD = {
    "1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm": ((1024, 1024), 8, 62, "M", []),
    "966.dcm": ((2128, 2000), 12, None, None, ["stray comment"]),
    "966_fixed.dcm": ((2128, 2000), 12, None, None, []),
    "CR-MONO1-10-chest.dcm": ((440, 440), 10, None, None, ["transfer syntax"]),
    "Fake_MONOHR1.dcm": ((1024, 1024), 8, 62, "M", ["bone dark"]),
    "JPEG2KLossless_1s_1f_u_16_16.dcm": ((1416, 1420), 16, 47, "F", ["window", "turned", "bone dark"]),
    "RG1_J2KI.dcm": ((1955, 1841), 15, 64, "F", []),
    "RG1_JLSN.dcm": ((1955, 1841), 15, 64, "F", []),
    "gdcm-CR-MONO1-10-chest.dcm": ((440, 440), 10, None, None, []),
    "highdicom_dx_image.dcm": ((169, 211), 8, 5, "F", []),
}

read_once = cache(read_radiograph)  # JPEG 2000 takes a second a film


@pytest.fixture
def odd(shared):
    return shared / "data" / "dicom-odd"


@pytest.mark.parametrize("name", sorted(ODD))
def test_every_odd_dicom_reads_as_it_should(odd, name):
    """Size, depth, age, sex, and notes of each odd file are those found by looking at it."""
    shape, bits, age, sex, words = ODD[name]

    film = read_once(odd / name)

    assert (film.pixels.shape, film.bit_depth, film.sex) == (shape, bits, sex)
    assert (None if film.age_years is None else int(film.age_years)) == age
    assert len(film.notes) == len(words)
    assert all(word in note for word, note in zip(words, film.notes, strict=True))


@pytest.mark.parametrize("name", sorted(set(ODD) - {"highdicom_dx_image.dcm"}))
def test_every_odd_chest_film_has_bone_bright(odd, name):
    """All but the animal seen from the side are plainly chests with bone bright."""
    assert chest_likeness(read_once(odd / name).pixels) > 0.4


@pytest.mark.parametrize(
    ("one", "other", "tolerance"),
    [
        ("966.dcm", "966_fixed.dcm", 0),
        ("CR-MONO1-10-chest.dcm", "gdcm-CR-MONO1-10-chest.dcm", 0),
        # the same pixels under the two polarities, of which one is a lie
        ("Fake_MONOHR1.dcm", "1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm", 1e-6),
        # lossy JPEG 2000 and lossy JPEG-LS of one film
        ("RG1_J2KI.dcm", "RG1_JLSN.dcm", 0.03),
    ],
)
def test_two_files_of_one_film_are_one_film(odd, one, other, tolerance):
    """What was packed twice in different ways comes out alike."""
    difference = read_once(odd / one).pixels - read_once(odd / other).pixels

    assert np.abs(difference).max() <= tolerance


def test_all_rsna_films_are_read_with_their_facts(shared):
    """240 CR films in baseline JPEG give pixels, age, sex, and view, without a note."""
    films = [
        read_radiograph(path, max_side=128) for path in sorted((shared / "data/rsna-dicom").glob("*.dcm"))
    ]

    assert len(films) == 240
    assert {(film.height, film.width, film.bit_depth, film.notes) for film in films} == {(1024, 1024, 8, ())}
    assert {film.view for film in films} == {"PA", "AP"}
    assert {film.sex for film in films} == {"F", "M"}
    assert sum(film.age_years is None for film in films) <= 2
    assert min(film.age_years for film in films if film.age_years is not None) < 15


@pytest.mark.parametrize(("folder", "n"), [("india-da", 156), ("jsrt/images", 247), ("pediatric", 28)])
def test_all_public_films_are_read_and_none_is_turned_over(shared, folder, n):
    """Every film of these hospitals is read, and none is mistaken for a negative."""
    films = [read_radiograph(path, max_side=128) for path in sorted((shared / "data" / folder).iterdir())]

    assert len(films) == n
    assert not any("bone dark" in note for film in films for note in film.notes)


def range_of(path):
    """Lowest and highest level; None where the file is refused."""
    try:
        pixels = read_radiograph(path, max_side=256).pixels
    except UnreadableImage:
        return None
    return float(pixels.min()), float(pixels.max())


def test_what_is_no_chest_film_is_read_or_refused_but_never_crashes(shared):
    """Photographs, documents, and other bones are read as pixels; whether they are films is for the gate."""
    paths = [path for path in sorted((shared / "data/not-chest").rglob("*")) if path.is_file()]

    ranges = [found for path in paths if (found := range_of(path)) is not None]

    assert len(paths) == 229
    assert len(ranges) > 200
    assert all(0 <= low <= high <= 1 for low, high in ranges)


@pytest.mark.parametrize("name", ["india-da/da_test_nx1.jpg", "dicom-odd/RG1_JLSN.dcm"])
def test_the_lean_way_agrees_with_the_long_way_on_real_films(shared, name):
    """Reducing while reading and reducing afterwards differ by far less than a grey level of 8 bits."""
    whole = read_radiograph(shared / "data" / name)
    small = read_radiograph(shared / "data" / name, max_side=256)

    np.testing.assert_allclose(small.pixels, fit_within(whole.pixels, 256), atol=0.1 / 255)
