"""Right-to-left text in the PDF: order, joined letters, brackets, numbers."""

from __future__ import annotations

import pytest

from hilum.reports.document_letters import joined, known_letters, visual_order

ALEPH, BET, GIMEL = "\N{HEBREW LETTER ALEF}", "\N{HEBREW LETTER BET}", "\N{HEBREW LETTER GIMEL}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("abc 123", "abc 123"),
        (f"{ALEPH}{BET}{GIMEL}", f"{GIMEL}{BET}{ALEPH}"),
        (f"a {ALEPH}{BET} b", f"a {BET}{ALEPH} b"),
        (f"{ALEPH}{BET} a", f"a {BET}{ALEPH}"),
        (f"{ALEPH} 123 {BET}", f"{BET} 123 {ALEPH}"),
        (f"{ALEPH}({BET})", f"({BET}){ALEPH}"),
        (f"a {ALEPH} (2024) b", f"a (2024) {ALEPH} b"),
        (f"a ({ALEPH}) b", f"a ({ALEPH}) b"),
        ("", ""),
    ],
)
def test_letters_stand_in_the_order_in_which_they_are_seen(line: str, shown: str) -> None:
    """As Unicode's bidirectional algorithm has it, for lines without embeddings."""
    assert visual_order(line) == shown


def test_arabic_letters_take_the_shape_of_their_place() -> None:
    """Seen, lam, lam: initial, medial, final."""
    word = "\N{ARABIC LETTER SEEN}\N{ARABIC LETTER LAM}\N{ARABIC LETTER LAM}"

    assert joined(word) == (
        "\N{ARABIC LETTER SEEN INITIAL FORM}\N{ARABIC LETTER LAM MEDIAL FORM}\N{ARABIC LETTER LAM FINAL FORM}"
    )


def test_a_letter_that_does_not_join_onwards_ends_the_run() -> None:
    """Dal is final after beh, and beh after it begins anew."""
    word = "\N{ARABIC LETTER BEH}\N{ARABIC LETTER DAL}\N{ARABIC LETTER BEH}"

    assert joined(word) == (
        "\N{ARABIC LETTER BEH INITIAL FORM}\N{ARABIC LETTER DAL FINAL FORM}"
        "\N{ARABIC LETTER BEH ISOLATED FORM}"
    )


def test_lam_and_alef_become_one_letter() -> None:
    """Alone and after a letter that joins."""
    pair = "\N{ARABIC LETTER LAM}\N{ARABIC LETTER ALEF}"

    assert joined(pair) == "\N{ARABIC LIGATURE LAM WITH ALEF ISOLATED FORM}"
    assert joined("\N{ARABIC LETTER BEH}" + pair) == (
        "\N{ARABIC LETTER BEH INITIAL FORM}\N{ARABIC LIGATURE LAM WITH ALEF FINAL FORM}"
    )


def test_marks_without_width_are_left_out_and_unknown_letters_named() -> None:
    """A font of A alone draws A and says what the other was."""
    assert known_letters("A\u200dB\ufe0f", {ord("A")}) == "A[U+0042]"
