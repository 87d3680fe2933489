"""Random changes that teach the lungs network what a healthy chest does not show.

The masks to learn from are of healthy or nearly healthy lungs, so white patches are painted into the lungs of
six films in ten: the network must draw the lung where a consolidation hides it. Trap: mirrored films are
drawn too, for dextrocardia and films stored the wrong way round.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from hilum.training.augment import per_film, random_affine, uniform
from hilum.training.settings import AugmentSettings

GEOMETRY = AugmentSettings(rotate_degrees=12.0, scale=0.35, stretch=0.15, shift=0.075, flip_probability=0.1)


def augmented_pair(films: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Films (N, 1, S, S) in 0..1 and masks (N, 1, S, S), moved alike, the films painted and toned too."""
    grid = F.affine_grid(
        random_affine(len(films), GEOMETRY, generator), list(films.shape), align_corners=False
    )
    is_mirrored = uniform(len(films), 0.5, generator) < GEOMETRY.flip_probability - 0.5
    films = torch.where(is_mirrored[:, None, None, None], films.flip(3), films)
    masks = torch.where(is_mirrored[:, None, None, None], masks.flip(3), masks)
    padding = "border" if chance(generator) < 0.3 else "zeros"
    films = F.grid_sample(films, grid, padding_mode=padding, align_corners=False)
    masks = F.grid_sample(masks, grid, align_corners=False)
    films = _with_opacities(films, masks, generator).clamp(0, 1)
    films = films ** torch.exp(per_film(films, 0.7, generator))  # gamma of 0.5 to 2
    films = _with_other_contrast(films, generator)
    films = _with_markers(films, generator)
    return films, (masks > 0.5).float()


def normalised(films: Tensor) -> Tensor:
    """What `hilum.imaging.recipe.lungs_input` does, for a batch."""
    flat = films.flatten(1)
    low = torch.quantile(flat, 0.01, dim=1)[:, None, None, None]
    high = torch.quantile(flat, 0.99, dim=1)[:, None, None, None]
    return ((films - low) / (high - low + 1e-3)).clamp(-0.1, 1.1) * 2 - 1


def chance(generator: torch.Generator) -> float:
    """One number from 0 to 1."""
    return float(torch.rand(1, generator=generator, device=generator.device))


def _with_opacities(films: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
    """Smooth white patches inside the lungs, up to almost the film's brightest grey."""
    side = films.shape[-1]
    coarse, fine = (
        F.interpolate(
            torch.randn(len(films), 1, n, n, generator=generator, device=generator.device),
            size=side,
            mode="bicubic",
        )
        for n in (4, 12)
    )
    level = uniform(len(films), 1.0, generator)[:, None, None, None] + 1.0  # 0..2: how rare the patches are
    strength = (uniform(len(films), 0.35, generator) + 0.55)[:, None, None, None]
    chosen = (uniform(len(films), 0.5, generator) < 0.1).float()[:, None, None, None]  # six in ten
    patches = (coarse + 0.5 * fine - level).clamp(0, 1) * F.avg_pool2d(masks, 5, stride=1, padding=2)
    white = films.amax(dim=(2, 3), keepdim=True) * 0.85
    return films + (white - films).clamp(min=0) * patches * strength * chosen


def _with_other_contrast(films: Tensor, generator: torch.Generator) -> Tensor:
    """Blur in three films of ten, local contrast in five, noise in all."""
    blurred = F.avg_pool2d(films, 3, stride=1, padding=1)
    films = torch.where((uniform(len(films), 0.5, generator) < -0.2)[:, None, None, None], blurred, films)
    surround = F.avg_pool2d(F.pad(films, (12, 12, 12, 12), mode="reflect"), 25, stride=1)
    amount = (uniform(len(films), 0.45, generator) + 0.15) * (uniform(len(films), 0.5, generator) < 0).float()
    films = films + amount[:, None, None, None] * (films - surround - 0.4 * (surround - 0.5))
    level = (uniform(len(films), 0.01, generator) + 0.01)[:, None, None, None]
    return films + torch.randn(films.shape, generator=generator, device=generator.device) * level


def _with_markers(films: Tensor, generator: torch.Generator) -> Tensor:
    """Up to three boxes of one grey level: side markers, name plates, and electrodes."""
    side = films.shape[-1]
    for film in films:
        for _ in range(int(chance(generator) * 4)):
            y, x = int(chance(generator) * side), int(chance(generator) * side)
            height, width = 3 + int(chance(generator) * side / 10), 3 + int(chance(generator) * side / 10)
            film[:, y : y + height, x : x + width] = chance(generator)
    return films
