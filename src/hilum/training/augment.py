"""Random changes to a batch of films, after the recipe: position, tone, sharpness, noise, and an erased box.

Masks that belong to films must move with them and change in nothing else, so the move is handed back. Each
change is drawn from the generator passed in, so that a run can be replayed. Zero is the recipe's ground
level (blank outside the lungs, or the lungs' median), so tone leaves exact zeros at zero: the blanked part
stays blank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hilum.training.settings import AugmentSettings


@dataclass(frozen=True, slots=True)
class Move:
    """Where the films of a batch went."""

    is_mirrored: Tensor  # (N,)
    matrices: Tensor  # (N, 2, 3), as of `random_affine`; after the mirroring

    def of(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 1, H, W), such as masks of the films, moved as the films were."""
        turned = torch.where(self.is_mirrored[:, None, None, None], pictures.flip(3), pictures)
        grid = F.affine_grid(self.matrices, list(pictures.shape), align_corners=False)
        return F.grid_sample(turned, grid, align_corners=False)

    def of_last(self, n: int) -> Move:
        """The move of the batch's last n films."""
        first = len(self.is_mirrored) - n
        return Move(self.is_mirrored[first:], self.matrices[first:])


def augmented(films: Tensor, settings: AugmentSettings, generator: torch.Generator) -> tuple[Tensor, Move]:
    """Films (N, 1, H, W), standardised, moved and toned at random; and how they were moved."""
    is_mirrored = _random(len(films), generator=generator) < settings.flip_probability
    move = Move(is_mirrored, random_affine(len(films), settings, generator))
    films = _toned(move.of(films), settings, generator)
    films = _sharpened(films, settings, generator)
    return _erased(films, settings, generator), move


def random_affine(n: int, settings: AugmentSettings, generator: torch.Generator) -> Tensor:
    """(N, 2, 3) matrices from output to input coordinates, as torch's `affine_grid` takes them."""
    angle = uniform(n, settings.rotate_degrees, generator) * (math.pi / 180)
    side = torch.exp(uniform(n, settings.scale, generator))
    width = side * torch.exp(uniform(n, settings.stretch, generator))
    shift = 2 * uniform(2 * n, settings.shift, generator).reshape(n, 2)  # affine_grid's side is 2 long
    first = torch.stack([torch.cos(angle) * width, -torch.sin(angle) * side, shift[:, 0]], dim=1)
    second = torch.stack([torch.sin(angle) * width, torch.cos(angle) * side, shift[:, 1]], dim=1)
    return torch.stack([first, second], dim=1)


def _toned(films: Tensor, settings: AugmentSettings, generator: torch.Generator) -> Tensor:
    curve, gain, offset = (per_film(films, settings.tone, generator) for _ in range(3))
    visible = (films.abs() > 1e-6).float()
    curved = films + curve * 0.5 * (films.square() - 1) * visible
    return curved * torch.exp(gain) + offset * visible


def _sharpened(films: Tensor, settings: AugmentSettings, generator: torch.Generator) -> Tensor:
    amount = (_random(len(films), generator=generator) * 1.5 - 0.5) * settings.blur
    chosen = (_random(len(films), generator=generator) < 0.5).float()
    films = films + (amount * chosen)[:, None, None, None] * (
        F.avg_pool2d(films, 3, stride=1, padding=1) - films
    )
    level = _random(len(films), generator=generator)[:, None, None, None] * settings.noise
    visible = (films.abs() > 1e-6).float()
    return films + torch.randn(films.shape, generator=generator, device=generator.device) * level * visible


def _erased(films: Tensor, settings: AugmentSettings, generator: torch.Generator) -> Tensor:
    """One box a film set to zero (DeVries & Taylor 2017, cutout)."""
    n, _, height, width = films.shape
    drawn = _random(n, 4, generator=generator)
    chosen = _random(n, generator=generator) < settings.erase_probability
    size = 1 / 12 + drawn[:, :2] * (1 / 4 - 1 / 12)
    start = drawn[:, 2:] * (1 - size)
    rows = torch.arange(height, device=films.device) / height
    columns = torch.arange(width, device=films.device) / width
    in_rows = (rows >= start[:, :1]) & (rows < start[:, :1] + size[:, :1])  # (N, H)
    in_columns = (columns >= start[:, 1:]) & (columns < start[:, 1:] + size[:, 1:])  # (N, W)
    box = in_rows[:, :, None] & in_columns[:, None, :] & chosen[:, None, None]
    return films.masked_fill(box[:, None], 0.0)


def _random(*size: int, generator: torch.Generator) -> Tensor:
    return torch.rand(*size, generator=generator, device=generator.device)


def uniform(n: int, reach: float, generator: torch.Generator) -> Tensor:
    """(N,) drawn evenly from -reach to reach."""
    return (_random(n, generator=generator) * 2 - 1) * reach


def per_film(films: Tensor, reach: float, generator: torch.Generator) -> Tensor:
    """`uniform` for each film of a batch, as (N, 1, 1, 1)."""
    return uniform(len(films), reach, generator)[:, None, None, None]
