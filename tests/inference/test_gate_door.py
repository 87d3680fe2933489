"""The gate of a bundle tells a chest film that only lies wrongly how it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import draw_film
from hilum.errors import UnreadableImage
from hilum.imaging.border import Field
from hilum.imaging.recipe import Canvas
from hilum.inference.gate import Gate, GateLimits
from hilum.inference.gate.kind import GateFacts, Kind, check_kind
from hilum.records import RefusalCode

LIMITS = GateLimits(minimum_age_years=15.0, views=("PA", "AP"))
FACTS = GateFacts(("chest", "turned", "other X-ray"), 0.3, 0.01, (1.0,), "nothing")


def upright() -> Canvas:
    """A drawn film with a bright corner, so that it is known how it lies."""
    pixels = draw_film(256).astype(np.float32) / 255
    pixels[:40, :40] = 0.9
    return Canvas(pixels, Field.whole((256, 256)))


class KnowsOneFilm:
    """Takes one canvas for a chest film, and every other for a bone."""

    facts = FACTS

    def __init__(self, chest: Canvas) -> None:
        self._chest = chest.pixels

    def look(self, canvas: Canvas) -> Kind:
        """Sure of what it knows."""
        share = 0.98 if np.allclose(canvas.pixels, self._chest, atol=1e-5) else 0.01
        return Kind({"chest": share, "turned": 0.0, "other X-ray": 1 - share}, 1.0, 1.0)


def refusal(tiny_bundle, canvas: Canvas) -> tuple[RefusalCode, str]:
    """The code and reason of a canvas before a gate that knows the upright film alone."""
    gate = Gate(tiny_bundle, LIMITS, n_threads=1)
    gate._kinds = KnowsOneFilm(upright())
    with pytest.raises(UnreadableImage) as caught:
        gate.admit(canvas)
    return RefusalCode(caught.value.code), caught.value.reason


@pytest.mark.parametrize(
    ("quarters", "told"), [(1, "90 degrees to the right"), (2, "180 degrees"), (3, "90 degrees to the left")]
)
def test_a_turned_film_is_told_how_to_turn_it(tiny_bundle, quarters, told):
    """The turn that undoes the film's own is named."""
    canvas = upright()
    code, reason = refusal(
        tiny_bundle, replace(canvas, pixels=np.ascontiguousarray(np.rot90(canvas.pixels, quarters)))
    )

    assert code == RefusalCode.TURNED
    assert told in reason
    assert "0.5" in reason


def test_an_inverted_film_is_told_so(tiny_bundle):
    """Black and white changed, it is the film that the gate knows."""
    canvas = upright()
    code, reason = refusal(tiny_bundle, replace(canvas, pixels=1 - canvas.pixels))

    assert code == RefusalCode.INVERTED
    assert "0.9800" in reason


def test_what_is_no_chest_in_any_turn_keeps_its_word(tiny_bundle):
    """Noise is a bone to this gate, however it lies."""
    pixels = np.random.default_rng(0).random((256, 256), np.float32)
    code, _ = refusal(tiny_bundle, Canvas(pixels, Field.whole((256, 256))))

    assert code == RefusalCode.NOT_A_CHEST


def test_words_of_a_chest_need_to_be_plain():
    """Half a turned chest is not enough to call a bone a turned film."""
    with pytest.raises(UnreadableImage) as caught:
        check_kind(Kind({"chest": 0.1, "turned": 0.5, "other X-ray": 0.4}, 1.0, 1.0), FACTS)

    assert caught.value.code == RefusalCode.NOT_A_CHEST
