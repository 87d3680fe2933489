"""The gate refuses what the bundle must not read, and names the measurement and its limit."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import draw_film
from hilum.errors import UnreadableImage
from hilum.imaging.lungs import LungMask
from hilum.inference.gate import GateLimits, check_film, check_lungs
from hilum.records import Radiograph, RefusalCode

LIMITS = GateLimits(minimum_age_years=15.0, views=("PA", "AP"))


def film(pixels=None, **facts) -> Radiograph:
    """A readable film, but for what is said."""
    drawn = draw_film().astype(np.float32) / 255
    return Radiograph(drawn if pixels is None else pixels, 8, "png", **facts)


def lungs(area: float = 0.3, n_parts: int = 2, confidence: float = 0.95) -> LungMask:
    """A mask's record, whatever its pixels."""
    return LungMask(np.ones((4, 4), np.bool_), area, n_parts, confidence)


def refusal(check, *arguments) -> tuple[RefusalCode, str]:
    """The code and reason of what must be refused."""
    with pytest.raises(UnreadableImage) as caught:
        check(*arguments, LIMITS)
    return RefusalCode(caught.value.code), caught.value.reason


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"age_years": 15.0},
        {"age_years": 90.0, "view": "PA"},
        {"view": " ap "},
        {"view": ""},
        {"view": "CHEST"},
    ],
)
def test_an_adults_frontal_film_passes(facts):
    """At the limit, with or without a header, the film is read."""
    check_film(film(**facts), LIMITS)


@pytest.mark.parametrize(
    ("age", "told"), [(14.9, "14.9 years"), (3.0, "3 years"), (0.25, "3 months"), (0.0, "0 months")]
)
def test_a_child_is_refused(age, told):
    """The reason names the age and the limit."""
    code, reason = refusal(check_film, film(age_years=age))

    assert code == RefusalCode.CHILD
    assert told in reason
    assert "15 years" in reason


@pytest.mark.parametrize("view", ["LL", "RL", "LLD", " ll"])
def test_a_view_from_the_side_is_refused(view):
    """A lateral film by its own header is not read."""
    code, reason = refusal(check_film, film(view=view))

    assert code == RefusalCode.UNSUPPORTED
    assert "PA and AP" in reason


def test_a_thumbnail_is_refused():
    """The shorter side counts, and both are named."""
    code, reason = refusal(check_film, film(np.tile(np.linspace(0, 1, 300, dtype=np.float32), (99, 1))))

    assert code == RefusalCode.TOO_SMALL
    assert "300 by 99" in reason
    assert "100" in reason


def test_the_size_that_counts_is_the_files():
    """A large film that was reduced on reading is not too small."""
    small = draw_film(80).astype(np.float32) / 255

    check_film(film(small, native_height=800, native_width=800), LIMITS)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_blank_picture_is_refused(level):
    """Black, grey, and white say nothing, even with a marker in the corner."""
    pixels = np.full((300, 300), level, np.float32)
    pixels[:20, :20] = 1 - level  # 400 of 90,000 pixels: below the 1 % that is left out
    code, reason = refusal(check_film, film(pixels))

    assert code == RefusalCode.BLANK
    assert "0.008" in reason


def test_twelve_bits_in_sixteen_are_not_blank():
    """A film that uses a sixteenth of its scale is dark to the eye, not to the gate."""
    check_film(film(draw_film().astype(np.float32) / 255 / 16), LIMITS)


def test_lungs_pass():
    """A usual mask is read."""
    check_lungs(lungs(), LIMITS)


def test_a_single_lung_passes():
    """A lung lost behind an effusion is a finding, not a refusal."""
    check_lungs(lungs(area=0.12, n_parts=1), LIMITS)


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (lungs(area=0.0, n_parts=0), "No lungs"),
        (lungs(area=0.01), "1.0%"),
        (lungs(area=0.9), "90.0%"),
        (lungs(confidence=0.85), "0.85"),
    ],
)
def test_a_picture_without_lungs_is_refused(mask, told):
    """None, too little, too much, or too unsure: the measurement is in the reason."""
    code, reason = refusal(check_lungs, mask)

    assert code == RefusalCode.NO_LUNGS
    assert told in reason
