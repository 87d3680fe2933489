"""Text made fit for columns: what is kept, what is cut, and what must stay distinct."""

from __future__ import annotations

import pytest

from hilum.worklist.wording import (
    as_identifier,
    as_line,
    as_prose,
    as_uid,
    folded,
    is_standard_uid,
    person_name,
)


def test_control_characters_become_spaces():
    """A line has no line ends, NULs, or surrogates."""
    assert as_line("a\0b\nc\ud800", 64) == "a b c"


def test_a_long_line_is_cut():
    """A value never passes its column's width."""
    assert as_line("x" * 100, 10) == "x" * 10


def test_prose_keeps_its_lines():
    """A comment keeps line ends, and loses what PostgreSQL refuses."""
    assert as_prose("one\ntwo\0\udfff") == "one\ntwo"


def test_two_long_identifiers_that_begin_alike_stay_distinct():
    """Cutting both at 64 characters would make one patient of two."""
    first, second = (as_identifier("9" * 199 + end, 64) for end in "12")

    assert first != second
    assert len(first) == len(second) == 64


def test_a_short_identifier_stays_as_it_is():
    """What fits is not touched."""
    assert as_identifier("KIN-0042", 64) == "KIN-0042"


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2", "2.25.0", "1.02.3"])
def test_a_uid_stays_as_it_is(uid):
    """A leading zero is against the standard and names one thing all the same."""
    assert as_uid(uid) == uid


@pytest.mark.parametrize("text", ["1." + "2" * 200, "not a uid", "1.2.3é"])
def test_what_is_no_uid_becomes_one_made_of_it(text):
    """The same text always becomes the same UID, and it is a standard one."""
    made = as_uid(text)

    assert made == as_uid(text)
    assert is_standard_uid(made)


def test_no_text_is_no_uid():
    """An empty element names nothing."""
    assert as_uid(" \0") is None


@pytest.mark.parametrize(("header", "read"), [
    ("ACHIENG^Mary", "ACHIENG Mary"), ("=山田^太郎=やまだ", "山田 太郎"), ("^^^", ""), (" Otieno ", "Otieno"),
])  # fmt: skip
def test_a_person_name_is_as_people_read_it(header, read):
    """Carets go, and the first group of characters that says anything is taken."""
    assert person_name(header) == read


def test_folded_text_has_neither_case_nor_accents():
    """What a person types finds what a header wrote."""
    assert folded("K1", "Élodie  TSHALA\n") == "k1 elodie  tshala"
