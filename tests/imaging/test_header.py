"""What a DICOM header says of patient and film, believed only where it can be true."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from hilum.findings import Sex
from hilum.imaging import header

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # malformed values are the point


def dataset_of(**elements):
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("stated", "years"),
    [
        ("031Y", 31.0),
        ("016M", 16 / 12),
        ("064D", 64 / 365.25),
        ("012W", 84 / 365.25),
        ("000D", 0.0),
        ("62", 62.0),  # the RSNA films write years so
        ("45y", 45.0),
        ("120Y", 120.0),
        ("155Y", None),
        ("Y", None),
        ("03.5Y", None),
        ("-12Y", None),
        ("adult", None),
        ("", None),
    ],
)
def test_age_is_read_in_every_unit_and_junk_is_no_age(stated, years):
    """Years, months, weeks, and days become years; what is not an age is none."""
    found = header.age_years(dataset_of(PatientAge=stated))

    assert found == (None if years is None else pytest.approx(years))


@pytest.mark.parametrize(
    ("dates", "years"),
    [
        ({"PatientBirthDate": "19570101", "StudyDate": "20040831"}, 47.66),
        ({"PatientBirthDate": "1957.01.01", "StudyDate": "20040831"}, 47.66),
        ({"PatientBirthDate": "19570101", "AcquisitionDate": "20040831"}, 47.66),
        ({"PatientBirthDate": "20040901", "StudyDate": "20040831"}, None),
        ({"PatientBirthDate": "18000101", "StudyDate": "20040831"}, None),
        ({"PatientBirthDate": "d14a028c", "StudyDate": "20040831"}, None),
        ({"PatientBirthDate": "19570101"}, None),
        ({"StudyDate": "20040831"}, None),
    ],
)
def test_age_comes_from_the_dates_where_it_is_not_stated(dates, years):
    """The birth date and the date of the study give the age, unless they give an impossible one."""
    found = header.age_years(dataset_of(**dates))

    assert found == (None if years is None else pytest.approx(years, abs=0.01))


def test_the_stated_age_wins_over_the_dates():
    """Anonymised files keep the age and shift the dates."""
    assert (
        header.age_years(dataset_of(PatientAge="031Y", PatientBirthDate="19000101", StudyDate="19500101"))
        == 31
    )


@pytest.mark.parametrize(
    ("stated", "sex"), [("F", Sex.FEMALE), ("m ", Sex.MALE), ("O", Sex.OTHER), ("U", None), ("", None)]
)
def test_sex_is_one_of_the_three_letters_or_not_stated(stated, sex):
    """F, M, and O are kept, small letters too; anything else is not stated."""
    assert header.sex(dataset_of(PatientSex=stated)) == sex


def test_the_view_is_the_view_position():
    """View Position is given in capitals; an empty one is none."""
    assert header.view(dataset_of(ViewPosition="pa")) == "PA"
    assert header.view(dataset_of(ViewPosition="")) is None
    assert header.view(dataset_of()) is None


@pytest.mark.parametrize(("code", "view"), [("399348003", "AP"), ("R-10214", "PA"), ("1234", None)])
def test_the_view_code_stands_in_for_the_view_position(code, view):
    """DX films may give the view as a code alone."""
    assert header.view(dataset_of(ViewCodeSequence=[dataset_of(CodeValue=code)])) == view


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"PixelSpacing": [0.14, 0.15], "ImagerPixelSpacing": [0.2, 0.2]}, 0.14),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, 0.2),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, 0.2),
        ({"PixelSpacing": [0.14]}, None),
        ({"PixelSpacing": None}, None),
        ({}, None),
    ],
)
def test_spacing_is_that_of_the_patient_else_of_the_detector(elements, spacing):
    """Pixel Spacing, else Imager Pixel Spacing; zeros are no spacing."""
    assert header.pixel_spacing_mm(dataset_of(**elements)) == spacing


@pytest.mark.parametrize(
    ("directions", "n_notes"),
    [(["L", "F"], 0), (["A", "F"], 0), (["L", "PF"], 0), (["R", "F"], 1), (["H", "L"], 1), (["L"], 0)],
)
def test_a_film_stored_turned_or_mirrored_is_noted(directions, n_notes):
    """Rows that run to the patient's right, or columns that do not run to the feet, are worth a note."""
    assert len(header.orientation_notes(dataset_of(PatientOrientation=directions))) == n_notes


def test_numbers_that_are_none_are_left_out():
    """Text and infinity where a number belongs give no number rather than an error."""
    dataset = dataset_of(WindowWidth=[100, 200])

    assert header.numbers(dataset, "WindowWidth") == [100.0, 200.0]
    assert header.numbers(dataset, "WindowCenter") == []
    assert header.numbers(dataset_of(PatientID="many"), "PatientID") == []
    assert header.numbers(dataset_of(PatientID="inf"), "PatientID") == []
