"""Sex, age, ties, and encodings of readings, in every spelling seen and some that were imagined."""

from __future__ import annotations

import re
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.data.readings import MAX_BYTES, clinical_reading, decode_reading, read_reading
from hilum.findings import Sex


@pytest.mark.parametrize(
    ("text", "sex", "age_years"),
    [
        ("male 45yrs\r\nnormal\r\n", Sex.MALE, 45),
        ("femal 32yrs\nnormale", Sex.FEMALE, 32),
        ("male 16month\nnormal", Sex.MALE, 16 / 12),
        ("male 16monthyrs\nnormal", Sex.MALE, 16 / 12),
        ("male 2monthyrs\nnormal", Sex.MALE, 2 / 12),
        ("female 64days\nnormal", Sex.FEMALE, 64 / 365.25),
        ("male 42\nnormal", Sex.MALE, 42),
        ("male 42 normal", Sex.MALE, 42),
        ("male\n42\nnormal", Sex.MALE, 42),
        ("female24yrs\nnormal", Sex.FEMALE, 24),
        ("male , 29yrs  \t\nPTB", Sex.MALE, 29),
        ("Female, 28yrs\nPTB", Sex.FEMALE, 28),
        ("MALE 30YRS\nNORMAL", Sex.MALE, 30),
        ("Patient's Sex: F \nPatient's Age: 027Y\nnormal", Sex.FEMALE, 27),
        ("Patient’s Sex: M\nPatient’s Age: 003M\nnormal", Sex.MALE, 0.25),
        ("Patient's Sex: O\nPatient's Age: 064D\nnormal", Sex.OTHER, 64 / 365.25),
        ("Patient's Age: 012W\nPatient's Sex: F\nnormal", Sex.FEMALE, 84 / 365.25),
        ("45 yrs old male, normal", Sex.MALE, 45),
        ("45/M normal", Sex.MALE, 45),
        ("F24\nnormal", Sex.FEMALE, 24),
        ("male, 1yr 6months\nnormal", Sex.MALE, 1.5),
        ("female 35 years old, right PTB", Sex.FEMALE, 35),
        ("male 0yrs\nnormal", Sex.MALE, 0),
        ("ｍａｌｅ　４５ｙｒｓ，ｎｏｒｍａｌ", Sex.MALE, 45),
    ],
)
def test_sex_and_age_are_read_in_every_spelling(text, sex, age_years):
    """Sex and age come out whatever the typist did; ages in years, months and days as their part of one."""
    reading = clinical_reading(text)

    assert reading.sex is sex
    assert reading.age_years == pytest.approx(age_years, abs=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "male yrs\nnormal",
        "male 450yrs\nnormal",
        "male 1945yrs\nnormal",
        "male\n1.secondary PTB",
        "male 1.secondary PTB",
        "male\n2 small nodules",
        "male 3foo",
        "PTB, lesion of 3 months",
        "",
    ],
)
def test_an_age_that_is_not_stated_or_cannot_be_is_none(text):
    """A number that is no age, or beyond any human's, is not taken for one."""
    assert clinical_reading(text).age_years is None


@pytest.mark.parametrize(
    "text", ["male or female 45yrs", "45yrs\nnormal", "Patient's Sex: \nopacity RUL", ""]
)
def test_a_sex_not_stated_or_stated_twice_is_none(text):
    """Two sexes in one text contradict each other, and none is chosen."""
    assert clinical_reading(text).sex is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("improved infiltrate left; same pt as 0113", ("0113",)),
        ("normal\nsame pt. as MCUCXR_0170_1", ("0170",)),
        ("same patient as 0162, 0166 and 0170. normal", ("0162", "0166", "0170")),
        ("Same Pt as #117", ("0117",)),
        ("pt is the same as 0117", ("0117",)),
        ("same findings as 2 years ago", ()),
        ("same pt as 2 years ago", ()),
        ("normal", ()),
    ],
)
def test_same_patient_notes_name_their_films(text, numbers):
    """A tie is told by the word for patient beside "same", and its number has four digits."""
    assert clinical_reading(text).same_patient_as == numbers


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xef\xbb\xbfmale 30yrs\rnormal", "male 30yrs\rnormal"),
        ("male 30yrs\nnormal".encode("utf-16"), "male 30yrs\nnormal"),
        (b"Patient\x92s Sex: M", "Patient’s Sex: M"),
        ("Pleur\xe9sie".encode("latin-1"), "Pleur\xe9sie"),
        (b"\x81 normal", "\x81 normal"),
    ],
)
def test_bytes_become_text_in_any_encoding(raw, text):
    """A byte-order mark, UTF-8, Windows Latin, and Latin-1 are told apart; nothing fails."""
    assert decode_reading(raw) == text


def test_the_raw_text_is_kept_as_it_was(tmp_path):
    """Line ends and blanks of the file stay in the record."""
    path = tmp_path / "reading.txt"
    path.write_bytes(b"male , 29yrs  \t\r\nnormal\r\n")

    assert read_reading(path).text == "male , 29yrs  \t\r\nnormal\r\n"


def test_a_file_too_long_to_be_a_reading_is_refused(tmp_path):
    """A megabyte under a reading's name is not parsed."""
    path = tmp_path / "reading.txt"
    path.write_bytes(b"x" * (MAX_BYTES + 1))

    with pytest.raises(ValueError, match="too many for a reading"):
        read_reading(path)


@pytest.mark.parametrize(
    "unit", ["no a,", "same pt as 0001 ", "1.", "left ", "male 1yrs ", "(" * 50, "no or ", "\0"]
)
def test_the_longest_hostile_text_is_read_at_once(unit):
    """No pattern runs away: the largest allowed file of any repeated piece takes under two seconds."""
    started = time.perf_counter()
    clinical_reading(unit * (MAX_BYTES // len(unit)))

    assert time.perf_counter() - started < 2


@given(st.text(max_size=200))
def test_any_text_gives_a_reading(text):
    """Whatever is written, there is a record with that text in it, and its age is one a human can have."""
    reading = clinical_reading(text)

    assert reading.text == text
    assert reading.age_years is None or 0 <= reading.age_years <= 120


@given(
    age=st.integers(0, 120),
    sex=st.sampled_from(["male", "female", "femal"]),
    gap=st.sampled_from(["", " ", ", ", " ,\t"]),
)
def test_sex_and_age_survive_any_gap_between_them(age, sex, gap):
    """`female24yrs` and `female , 24yrs` say the same."""
    reading = clinical_reading(f"{sex}{gap}{age}yrs\nnormal")

    assert reading.age_years == age
    assert reading.sex is (Sex.MALE if sex == "male" else Sex.FEMALE)


def test_all_real_readings_have_sex_age_and_a_verdict(shared):
    """Of 662 readings one says neither normal nor diseased: "in the left upper field"."""
    silent = []
    with zipfile.ZipFile(shared / "data/pulmonary-chest-xray-abnormalities.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        for name in names:
            reading = clinical_reading(decode_reading(archive.read(name)))
            assert reading.sex is not None
            assert reading.age_years is not None
            is_labelled_normal = re.search(r"_0\.txt$", name) is not None
            assert reading.is_normal in (is_labelled_normal, None), name
            if reading.is_normal is None:
                silent.append(name.rpartition("/")[2])

    assert len(names) == 662
    assert silent == ["CHNCXR_0633_1.txt"]
