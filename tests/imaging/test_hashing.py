"""Hashes of bytes and of looks."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from hilum.imaging.hashing import file_sha256, hamming, perceptual_hash
from hilum.imaging.resize import area_resize


def random_picture(chance):
    layers = [chance.random((side, side)).astype(np.float32) for side in (3, 9, 20, 40)]
    return sum(area_resize(layer, height=200, width=180) for layer in layers) / len(layers)


@pytest.fixture
def film(chance):
    """A random picture with detail of every size, (200, 180) float32 in 0..1."""
    return random_picture(chance)


def test_the_file_hash_is_sha256_of_the_bytes(write):
    """The hash of a file is that of its content."""
    path = write(b"a film")

    assert file_sha256(path) == hashlib.sha256(b"a film").hexdigest()


def test_the_perceptual_hash_has_16_hex_digits(film):
    """64 bits are written as 16 hexadecimal digits."""
    digits = perceptual_hash(film)

    assert len(digits) == 16
    assert 0 <= int(digits, 16) < 2**64


def test_a_resized_film_keeps_its_hash(film):
    """Saving a film at half size changes nearly no bit."""
    half = area_resize(film, height=100, width=90)

    assert hamming(perceptual_hash(film), perceptual_hash(half)) <= 2


def test_brightness_and_contrast_leave_the_hash(film):
    """A darker, flatter copy has the same hash."""
    assert hamming(perceptual_hash(film), perceptual_hash(0.2 + 0.5 * film)) <= 1


def test_another_film_has_another_hash(film, chance):
    """Two unrelated pictures differ in many of the 64 bits."""
    other = random_picture(chance)

    assert hamming(perceptual_hash(film), perceptual_hash(other)) > 16


def test_an_inverted_film_has_the_opposite_hash(film):
    """Inverting the grey levels flips nearly every bit."""
    assert hamming(perceptual_hash(film), perceptual_hash(1 - film)) >= 62


def test_all_blank_films_have_the_hash_zero():
    """Rounding does not write bits into an empty film."""
    levels = (0.0, 0.3, 1.0)

    assert {perceptual_hash(np.full((50, 70), level, dtype=np.float32)) for level in levels} == {"0" * 16}


def test_hamming_counts_the_differing_bits():
    """The distance is the number of bits in which two hashes differ."""
    assert hamming("000000000000000f", "0000000000000001") == 3  # 1111 against 0001
    assert hamming("ffffffffffffffff", "0000000000000000") == 64
