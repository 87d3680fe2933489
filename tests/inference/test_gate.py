"""The gate refuses what the bundle must not read, and names the measurement and its limit."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import draw_film
from hilum.errors import UnreadableImage
from hilum.imaging.border import Field
from hilum.imaging.lungs import LungMask, lung_mask
from hilum.imaging.recipe import Canvas
from hilum.inference.gate import GateLimits, check_film, check_lungs, check_upright, find_lungs
from hilum.records import Radiograph, RefusalCode, Tones

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

    assert code == RefusalCode.LATERAL
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


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_a_film_with_a_coloured_sticker_passes(share):
    """A tenth of the picture may be coloured."""
    check_film(film(coloured_share=share), LIMITS)


def test_a_picture_in_colour_is_refused():
    """The reason names the share and its limit."""
    code, reason = refusal(check_film, film(coloured_share=0.187))

    assert code == RefusalCode.NOT_AN_XRAY
    assert "18.7%" in reason
    assert "10%" in reason


@pytest.mark.parametrize("tones", [Tones(16, 0.2), Tones(256, 0.95), None])
def test_a_film_of_enough_tones_passes(tones):
    """At the limits, and where the pixels are left to tell."""
    check_film(film(tones=tones), LIMITS)


@pytest.mark.parametrize(
    ("tones", "told"), [(Tones(2, 1.0), "2 grey levels"), (Tones(15, 0.3), "16"), (Tones(99, 0.972), "97.2%")]
)
def test_a_mask_or_a_drawing_is_refused(tones, told):
    """Too few levels, or two tones that make up almost all of it."""
    code, reason = refusal(check_film, film(tones=tones))

    assert code == RefusalCode.NOT_AN_XRAY
    assert told in reason


def test_a_mask_is_known_by_its_pixels():
    """Where the reader says nothing of tones, the pixels do."""
    mask = (draw_film() < 120).astype(np.float32)
    code, reason = refusal(check_film, film(mask))

    assert code == RefusalCode.NOT_AN_XRAY
    assert "2 grey levels" in reason


@pytest.mark.parametrize(
    ("turned", "told"),
    [
        ((0.97, 0.9, 0.9), "180 degrees"),
        ((0.9, 0.97, 0.99), "90 degrees to the left"),
        ((0.9, 0.9, 0.97), "90 degrees to the right"),
    ],
)
def test_a_turned_film_is_refused(turned, told):
    """The first turn that makes the lungs plainer is named, with what it gains and the limit."""
    with pytest.raises(UnreadableImage) as caught:
        check_upright(lungs(confidence=0.92), (lungs(confidence=value) for value in turned), LIMITS)

    assert caught.value.code == RefusalCode.TURNED
    assert told in caught.value.reason
    assert "0.050 more" in caught.value.reason
    assert "0.015" in caught.value.reason


def test_a_turn_that_gains_a_little_is_chance():
    """At the limit the film stands as it is."""
    check_upright(lungs(confidence=0.9), [lungs(confidence=0.914)] * 3, LIMITS)


def test_sure_lungs_are_not_looked_at_again():
    """Where no turn could gain enough, the network is spared."""

    def never():
        raise AssertionError("a turn was tried")
        yield

    check_upright(lungs(confidence=0.99), never(), LIMITS)


class DarkIsLung:
    """A lungs network that takes what is dark inside the body for lungs, and is surer of one turn."""

    def __init__(self, surest: int = 0) -> None:
        self.n_calls = 0
        self.surest = surest

    def find(self, canvas: Canvas) -> LungMask:
        """Surest at the call that asks for that turn: the film as it is, then 180 degrees, and so on."""
        sure = 0.98 if self.n_calls == self.surest else 0.93
        self.n_calls += 1
        return lung_mask(np.where(canvas.pixels[::2, ::2] < 0.5, sure, 0).astype(np.float32))


def canvas(pixels=None) -> Canvas:
    """A drawn film as a canvas."""
    drawn = draw_film(256).astype(np.float32) / 255
    return Canvas(drawn if pixels is None else pixels, Field.whole((256, 256)))


def test_a_chest_that_stands_upright_has_its_lungs_found():
    """Every turn is tried, and the mask of the film as it is comes back."""
    finder = DarkIsLung()
    found = find_lungs(canvas(), finder, LIMITS)

    assert finder.n_calls == 4
    assert found.n_parts == 2
    assert found.mask[64, 36]  # row 64 of 128 at 28 % of the width: the middle of the lung on the left


def test_a_film_is_tried_in_every_turn():
    """The third turn tried is to the right."""
    code, reason = refusal(find_lungs, canvas(), DarkIsLung(surest=3))

    assert code == RefusalCode.TURNED
    assert "to the right" in reason


def test_lungs_of_one_tone_are_refused():
    """The classifier would see nothing but zeros, and score them."""
    flat = canvas().pixels
    flat[flat < 0.5] = 0.2
    code, reason = refusal(find_lungs, canvas(flat), DarkIsLung())

    assert code == RefusalCode.BLANK
    assert "0.0000" in reason
    assert "0.015" in reason


def test_lungs_outside_a_chest_are_refused():
    """Dark blots above and below each other, with nothing like a spine between them."""
    y, x = np.mgrid[0:256, 0:256] / 256
    pixels = np.full((256, 256), 0.6, np.float32)
    for place in (0.25, 0.75):
        inside = ((y - place) / 0.15) ** 2 + ((x - 0.5) / 0.35) ** 2 < 1
        pixels[inside] = 0.2 + 0.2 * x[inside]
    code, reason = refusal(find_lungs, canvas(pixels), DarkIsLung())

    assert code == RefusalCode.NO_LUNGS
    assert "likeness" in reason
    assert "0.10" in reason
