"""Words, phrases, and disagreements of readings."""

from __future__ import annotations

import pytest

from explorable import film_row
from hilum.data.explore.words import disagreement, phrases_of, read_vocabulary, words_of
from hilum.data.readings import clinical_reading
from hilum.findings import Laterality, TuberculosisKind, Zone
from hilum.records import ClinicalReading


def film_saying(name: str, text: str, label: int | None = 1, **facts):
    """A film with a reading."""
    return film_row(name, label=label, reading=ClinicalReading(text=text, **facts))


@pytest.mark.parametrize(
    "demographics", ["male 45yrs\n", "Female, 28yrs  \t\r\n", "femal 32yrs\r", "male 16month "]
)
def test_sex_and_age_are_no_words(demographics):
    """However the source spells them."""
    assert words_of(demographics + "bilateral PTB") == ["bilateral", "ptb"]


def test_numbers_and_joining_words_are_no_words():
    """Only what may be a finding is left."""
    assert words_of("1.secondary PTB in the right upper field,COPD") == [
        "secondary", "ptb", "right", "upper", "field", "copd",
    ]  # fmt: skip


def test_a_denial_is_a_word():
    """ "No active disease" must not be counted as "active disease" alone."""
    assert "no active disease" in phrases_of("no active disease")


def test_phrases_do_not_cross_a_comma_or_a_line():
    """ "field, COPD" are two findings."""
    phrases = phrases_of("upper field,COPD\nold PTB")

    assert phrases == ["upper field", "old ptb"]


def test_phrases_do_not_begin_or_end_with_a_joining_word():
    """ "PTB in the right" is shown, "in the right" is not."""
    phrases = phrases_of("PTB in right lung")

    assert "ptb in right" in phrases
    assert not [phrase for phrase in phrases if phrase.startswith("in ") or phrase.endswith(" in")]


def test_letters_of_any_script_are_words():
    """A reading need not be in English."""
    assert words_of("tuberculose à droite; 肺结核") == ["tuberculose", "à", "droite", "肺结核"]


def test_a_film_counts_once_for_a_word():
    """Saying it twice does not make it two films."""
    films = [
        film_saying("a", "cavity, cavity"),
        film_saying("b", "cavity", 0),
        film_saying("c", "cavity", None),
    ]

    (word,) = read_vocabulary(films).words

    assert (word.term, word.n_normal, word.n_tuberculosis, word.n_not_stated) == ("cavity", 1, 1, 1)


def test_a_word_of_one_film_is_left_out():
    """It could be a name."""
    films = [film_saying("a", "cavity of Mrs Wang"), film_saying("b", "cavity")]

    assert [word.term for word in read_vocabulary(films).words] == ["cavity"]


def test_kinds_zones_and_sides_are_counted_by_label():
    """As the readings were understood on import."""
    facts = {"kinds": (TuberculosisKind.CAVITY,), "zones": (Zone.LEFT_UPPER,), "laterality": Laterality.LEFT}
    vocabulary = read_vocabulary([film_saying("a", "cavity in the left upper field", **facts)])

    terms = [*vocabulary.kinds, *vocabulary.zones, *vocabulary.laterality]
    assert [(term.term, term.n_tuberculosis) for term in terms] == [
        ("cavity", 1),
        ("left upper", 1),
        ("left", 1),
    ]


def test_an_empty_reading_is_no_reading():
    """A text of blanks says nothing, not even that nothing is there."""
    vocabulary = read_vocabulary([film_saying("a", " \r\n"), film_row("b")])

    assert (vocabulary.n_films, vocabulary.n_readings, vocabulary.words) == (2, 0, ())


@pytest.mark.parametrize(
    ("label", "text", "why"),
    [
        (1, "male 30yrs\nnormal", "the text reads normal"),
        (0, "male 30yrs\nsecondary PTB in the right upper field", "the text names disease"),
        (1, "Male 29yrs\nmainly hyperplastic lesions", "the text names no form of tuberculosis"),
        (1, "female 30yrs\nbilateral PTB", ""),
        (1, "male 50yrs\ncavity in the left upper field", ""),
        (0, "male 30yrs\nnormal", ""),
    ],
)
def test_a_text_that_does_not_bear_out_the_label_is_named(label, text, why):
    """Neither is corrected; a form of the disease without its name is enough for label 1."""
    assert disagreement(label, clinical_reading(text)) == why


def test_films_without_a_label_disagree_with_nothing():
    """There is nothing to contradict."""
    films = [film_saying("a", "normal", None, is_normal=True)]

    assert read_vocabulary(films).disagreements == ()
