"""Training the lungs network: films with masks in, one ONNX graph and its Dice coefficients out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from hilum.data.explore.lungs import read_lung_mask
from hilum.data.manifest import read_manifest
from hilum.data.splits import patient_split
from hilum.errors import OutputRefused, TrainingRefused, UnreadableImage
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import Recipe, film_canvas
from hilum.imaging.resize import fit_within
from hilum.records import Film, Pixels
from hilum.training.device import best_device, make_repeatable, moved_to
from hilum.training.losses import bce_and_dice
from hilum.training.lung_augment import augmented_pair, normalised
from hilum.training.networks.lungs import LungsNetwork
from hilum.training.onnx_graph import write_graph
from hilum.training.settings import LungsSettings

log = logging.getLogger(__name__)

GRAPH_NAME = "lungs.onnx"


@dataclass(frozen=True, slots=True)
class MaskedFilms:
    """Films with their lung masks, (N, 1, S, S) float32 each; films in 0..1, masks 0 or 1."""

    names: tuple[str, ...]
    films: Tensor
    masks: Tensor


def train_lungs(settings: LungsSettings, folder: Path) -> dict[str, Any]:
    """Train, judge, and write `folder`/lungs.onnx; returns what run.json holds besides the settings.

    Raises:
        TrainingRefused: no film has a lung mask.
        OutputRefused: the folder holds a lungs graph already.
    """
    if (folder / GRAPH_NAME).exists():
        raise OutputRefused(f"{folder / GRAPH_NAME} is there already; choose another folder")
    make_repeatable(settings.n_threads)
    films = [film for path in settings.manifests for film in read_manifest(path) if film.lung_mask_paths]
    if not films:
        raise TrainingRefused("none of the films has a lung mask")
    share = {"training": 1 - settings.held_out_share, "held out": settings.held_out_share}
    parts = patient_split(films, parts=share, seed=settings.seed)
    training = read_masked(
        [film for film, part in zip(films, parts, strict=True) if part == "training"], settings
    )
    network = fit(training, settings)
    write_lungs_graph(network, settings.lungs_side, folder / GRAPH_NAME)
    judged = {"held out": [film for film, part in zip(films, parts, strict=True) if part == "held out"]}
    for path in settings.judged:
        judged[path.parent.name] = [film for film in read_manifest(path) if film.lung_mask_paths]
    figures = {name: dice_summary(network, read_masked(films, settings)) for name, films in judged.items()}
    return {"n_films": len(training.names), "dice": figures}


def fit(training: MaskedFilms, settings: LungsSettings) -> nn.Module:
    """The trained network, on the CPU."""
    device = best_device()
    torch.manual_seed(settings.seed)
    generator = torch.Generator(device).manual_seed(settings.seed)
    network = moved_to(device, LungsNetwork())
    n_steps = settings.epochs * settings.n_steps_an_epoch
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = OneCycleLR(optimiser, settings.learning_rate, total_steps=n_steps)
    films, masks = training.films.to(device), training.masks.to(device)
    network.train()
    steps = tqdm(range(n_steps), desc="lungs", unit="step", leave=False)
    for _ in steps:
        index = torch.randint(len(films), (settings.batch_size,), generator=generator, device=device)
        moved, drawn = augmented_pair(films[index], masks[index], generator)
        loss = bce_and_dice(network(normalised(moved)), drawn)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        steps.set_postfix(loss=f"{float(loss.detach()):.3f}")
    return network.cpu().eval()


def read_masked(films: Sequence[Film], settings: LungsSettings) -> MaskedFilms:
    """Films and masks on the lungs network's square.

    A film that cannot be read is left out and named in the log.
    """
    recipe = Recipe(lungs_side=settings.lungs_side)
    names, pixels, masks = [], [], []
    for film in films:
        try:
            canvas = film_canvas(read_radiograph(film.image_path).pixels, recipe)
            mask = film_canvas(read_lung_mask(film.lung_mask_paths).astype(np.float32), recipe)
        except UnreadableImage as error:
            log.warning("%s is left out: %s", film.film, error)
            continue
        names.append(film.film)
        pixels.append(fit_within(canvas.pixels, settings.lungs_side))
        masks.append(fit_within(mask.pixels, settings.lungs_side))
    if not names:
        raise TrainingRefused("none of the films with a lung mask could be read")
    return MaskedFilms(tuple(names), _stacked(pixels), (_stacked(masks) > 0.5).float())


def dice_summary(network: nn.Module, judged: MaskedFilms) -> dict[str, float | int]:
    """Mean, 5th percentile, and lowest Dice coefficient (Dice 1945) of the raw mask over films."""
    with torch.no_grad():
        logits = torch.cat([network(normalised(part)) for part in judged.films.split(64)])
    found, drawn = logits > 0, judged.masks > 0.5
    overlap = 2 * (found & drawn).sum(dim=(1, 2, 3)) / (found.sum(dim=(1, 2, 3)) + drawn.sum(dim=(1, 2, 3)))
    values: npt.NDArray[np.float64] = overlap.double().numpy()
    half = 1.96 * values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else float("nan")
    return {
        "n": int(values.size), "mean": float(values.mean()),
        "low": float(values.mean() - half), "high": float(values.mean() + half),
        "fifth_percentile": float(np.quantile(values, 0.05)), "lowest": float(values.min()),
    }  # fmt: skip


def write_lungs_graph(network: nn.Module, side: int, path: Path) -> None:
    """The ONNX graph: input `film`, output `lungs`, both (N, 1, side, side)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_graph(network, path, example=torch.zeros(2, 1, side, side), outputs=("lungs",))


def _stacked(pictures: list[Pixels]) -> Tensor:
    return torch.from_numpy(np.stack(pictures))[:, None]
