"""Augmentation can be replayed, leaves what it should, and moves what it should."""

from __future__ import annotations

from dataclasses import replace

import torch

from hilum.training.augment import augmented
from hilum.training.settings import AugmentSettings

STILL = AugmentSettings(
    rotate_degrees=0,
    scale=0,
    stretch=0,
    shift=0,
    flip_probability=0,
    tone=0,
    blur=0,
    noise=0,
    erase_probability=0,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_all_zero_settings_leave_a_film_as_it_is():
    """Nothing is drawn, so nothing changes but rounding."""
    films = torch.randn(3, 1, 32, 32)

    torch.testing.assert_close(augmented(films, STILL, generator())[0], films, atol=1e-5, rtol=1e-5)


def test_the_same_generator_gives_the_same_films():
    """A run can be replayed from its seed; another seed gives other films."""
    films = torch.randn(3, 1, 32, 32)

    once = augmented(films, AugmentSettings(), generator(1))[0]

    assert torch.equal(once, augmented(films, AugmentSettings(), generator(1))[0])
    assert not torch.equal(once, augmented(films, AugmentSettings(), generator(2))[0])


def test_what_is_blank_stays_blank():
    """Tone and noise leave the part outside the lungs at exactly zero."""
    films = torch.zeros(2, 1, 32, 32)
    films[:, :, :, 16:] = 1.0

    toned, _ = augmented(films, replace(STILL, tone=0.5, noise=0.3), generator())

    assert (toned[:, :, :, :16] == 0).all()
    assert (toned[:, :, :, 16:] != 1).any()


def test_a_certain_flip_mirrors_the_film():
    """Left becomes right and nothing else moves."""
    films = torch.arange(16.0).repeat(1, 1, 16, 1)

    flipped, move = augmented(films, replace(STILL, flip_probability=1.0), generator())

    assert move.is_mirrored.all()
    torch.testing.assert_close(flipped, films.flip(3), atol=1e-4, rtol=1e-4)


def test_an_erased_box_is_zero_and_of_the_stated_size():
    """1/12 to 1/4 of a side each way."""
    films = torch.ones(8, 1, 48, 48)

    erased = augmented(films, replace(STILL, erase_probability=1.0), generator())[0] == 0

    n_rows, n_columns = erased.any(dim=3).sum(dim=2), erased.any(dim=2).sum(dim=2)
    for size in (n_rows, n_columns):
        assert (size >= 3).all()  # 48/12 less one for rounding
        assert (size <= 13).all()  # 48/4 and one


def test_a_mask_moves_with_its_film_and_changes_in_nothing_else():
    """A film that is its own mask stays so, under any turn, stretch, shift, and mirroring."""
    films = torch.zeros(6, 1, 32, 32)
    films[:, :, 8:20, 4:12] = 1.0
    moving = replace(AugmentSettings(), tone=0, blur=0, noise=0, erase_probability=0)

    moved, move = augmented(films, moving, generator())

    torch.testing.assert_close(move.of(films), moved)
    torch.testing.assert_close(move.of_last(2).of(films[4:]), moved[4:])
    assert not torch.equal(moved, films)
