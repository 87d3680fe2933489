"""What a step learns from: the run's own films, and at random some that are learnt from beside them.

Trap: films with masks stand last in a batch, so that their masks need no list of whose they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hilum.training.augment import Move
from hilum.training.loader import FilmArrays, MaskedFilms
from hilum.training.places import SIDES, mirrored_sides
from hilum.training.settings import TrainSettings


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from."""

    arrays: Tensor  # (B, 1, H, W)
    labels: Tensor  # (B, 1) of 1, 0, NaN
    sides: Tensor  # (B, 2) of 1, 0, NaN: the patient's right lung, and the left
    masks: Tensor | None = None  # (M, 1, H, W) of 0..1, of the findings of the last M films

    def moved(self, arrays: Tensor, move: Move) -> Batch:
        """The batch once its films have been changed, and moved so."""
        masks = None if self.masks is None else move.of_last(len(self.masks)).of(self.masks)
        return Batch(arrays, self.labels, mirrored_sides(self.sides, move.is_mirrored), masks)


@dataclass(frozen=True, slots=True)
class Others:
    """Films that are learnt from beside the run's own, in every fold, and never judged."""

    weak: FilmArrays | None = None  # of elsewhere, with a label that goes along with the finding
    masked: MaskedFilms | None = None  # with masks of their findings

    def to(self, device: torch.device) -> Others:
        """The same on a device."""
        return Others(self.weak and self.weak.to(device), self.masked and self.masked.to(device))


NO_OTHERS = Others()


@dataclass(frozen=True, slots=True)
class Pool:
    """Where batches are drawn from, all on one device."""

    films: FilmArrays
    training: Tensor  # places of the films to learn from
    others: Others = NO_OTHERS

    def batch(self, index: Tensor, settings: TrainSettings, generator: torch.Generator) -> Batch:
        """The films at these places and, at random, some of the others."""

        def drawn(films: FilmArrays, n: int) -> Tensor:
            return torch.randint(len(films), (n,), generator=generator, device=index.device)

        weak, masked = self.others.weak, self.others.masked
        parts, masks = [self.films.batch(index)], None
        if weak is not None:
            parts.append(weak.batch(drawn(weak, settings.n_weak)))
        if masked is not None:
            chosen = drawn(masked.films, settings.n_masked)
            parts.append(masked.films.batch(chosen))
            masks = masked.masks[chosen].float()
        arrays, labels = (torch.cat(each) for each in zip(*parts, strict=True))
        sides = torch.full((len(labels), len(SIDES)), torch.nan, device=index.device)
        sides[: len(index)] = self.films.sides[index]
        return Batch(arrays, labels, sides, masks)
