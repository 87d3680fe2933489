"""Lungs as a mask: parts are counted right, the largest two are kept, and the box says where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from hilum.imaging.lungs import connected_parts, lung_mask


def picture(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """A probability picture of 100 pixels, 0.9 in boxes of (top, bottom, left, right)."""
    probability = np.zeros((100, 100), np.float32)
    for top, bottom, left, right in boxes:
        probability[top:bottom, left:right] = 0.9
    return probability


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
def test_parts_are_those_that_scipy_finds(seed, share):
    """On any mask: as many, and of the same pixels."""
    mask = np.random.default_rng(seed).random((17, 23)) < share

    found, (expected, n_expected) = connected_parts(mask), ndimage.label(mask)

    assert found.max() == n_expected
    assert len(set(zip(found.ravel().tolist(), expected.ravel().tolist(), strict=True))) == n_expected + (
        not mask.all()
    )


def test_the_largest_two_parts_are_kept():
    """A speck beside two lungs is dropped; the area is theirs alone."""
    lungs = lung_mask(picture((10, 60, 10, 40), (10, 60, 60, 90), (80, 84, 50, 54)))

    assert lungs.n_parts == 2
    assert lungs.area == pytest.approx(0.3)  # 2 * 50 * 30 of 10,000
    assert lungs.confidence == pytest.approx(0.9)
    assert lungs.box == (0.1, 0.1, 0.9, 0.6)


def test_a_speck_is_not_a_second_lung():
    """A part below a tenth of the larger one is not a lung."""
    assert lung_mask(picture((10, 60, 10, 40), (80, 84, 50, 54))).n_parts == 1


def test_the_box_of_one_lung_takes_in_its_mirror_image():
    """One lung at 0.1-0.4 from the left: the other is supposed at 0.6-0.9, so that scale holds."""
    assert lung_mask(picture((10, 60, 10, 40))).box == pytest.approx((0.1, 0.1, 0.9, 0.6))


def test_nothing_is_no_lung():
    """An empty mask has no part, no area, and no confidence."""
    lungs = lung_mask(picture())

    assert (lungs.n_parts, lungs.area, lungs.confidence) == (0, 0, 0)
