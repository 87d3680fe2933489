"""Training the lungs network: masks are read as they are, and what comes out finds lungs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hilum.data.manifest import read_manifest, write_manifest
from hilum.data.phantom import write_phantoms
from hilum.errors import OutputRefused, TrainingRefused
from hilum.imaging.recipe import Recipe, film_canvas, lungs_input
from hilum.inference.lungs import LungFinder
from hilum.training.lung_augment import augmented_pair, normalised
from hilum.training.lungs import GRAPH_NAME, read_masked, train_lungs
from hilum.training.settings import LungsSettings


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory) -> Path:
    """The manifest of eight phantoms."""
    folder = tmp_path_factory.mktemp("phantoms") / "films"
    write_phantoms(folder, n=8, seed=3, side=96)
    return folder / "manifest.parquet"


@pytest.fixture
def settings(phantoms) -> LungsSettings:
    """A few steps at 64 pixels, one thread."""
    return LungsSettings(
        manifests=(phantoms,), judged=(phantoms,), lungs_side=64, held_out_share=0.25,
        epochs=1, n_steps_an_epoch=2, batch_size=4, n_threads=1,
    )  # fmt: skip


def test_a_mask_is_read_as_it_is_stored(settings, phantoms):
    """Two white lungs are not taken for a film with its bone dark: lung covers a part, not the rest."""
    masked = read_masked(read_manifest(phantoms), settings)

    shares = masked.masks.mean(dim=(1, 2, 3))
    assert len(masked.names) == 8
    assert (shares > 0.1).all()
    assert (shares < 0.45).all()


def test_film_and_mask_are_moved_alike():
    """A film that is its own mask stays so, wherever it is moved, but for tone and painted patches."""
    mask = torch.zeros(8, 1, 64, 64)
    mask[:, :, 20:44, 10:28] = 1

    films, moved = augmented_pair(mask.clone(), mask, torch.Generator().manual_seed(1))

    for film, lungs in zip(films, moved, strict=True):
        assert film[lungs > 0.5].mean() > film[lungs < 0.5].mean() + 0.3


def test_the_batch_is_normalised_as_the_recipe_does():
    """No skew between training and serving: both bring the 1st and 99th percentile to -1 and 1."""
    pixels = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    recipe = Recipe(film_side=64, lungs_side=64)

    served = lungs_input(film_canvas(pixels, recipe), recipe)

    np.testing.assert_allclose(normalised(torch.from_numpy(pixels)[None, None])[0].numpy(), served, atol=1e-5)


@pytest.mark.slow
def test_training_writes_a_graph_that_serving_reads(settings, phantoms, tmp_path):
    """Two steps teach nothing, but the graph runs, and its figures carry n and interval."""
    facts = train_lungs(settings, tmp_path)

    recipe = Recipe(film_side=96, lungs_side=64)
    lungs = LungFinder(tmp_path / GRAPH_NAME, recipe, n_threads=1).find(
        film_canvas(np.random.default_rng(0).random((96, 96)).astype(np.float32), recipe)
    )
    assert lungs.mask.shape == (64, 64)
    assert facts["dice"]["films"]["n"] == 8
    assert 0 <= facts["dice"]["films"]["low"] <= facts["dice"]["films"]["high"] <= 1


def test_a_finished_folder_is_not_trained_over(settings, tmp_path):
    """A lungs graph is never overwritten."""
    (tmp_path / GRAPH_NAME).write_bytes(b"")

    with pytest.raises(OutputRefused, match="is there already"):
        train_lungs(settings, tmp_path)


def test_films_without_masks_are_refused(settings, phantoms, tmp_path):
    """There is nothing to learn from."""
    films = tmp_path / "manifest.parquet"
    write_manifest([replace(film, lung_mask_paths=()) for film in read_manifest(phantoms)], films)

    with pytest.raises(TrainingRefused, match="none of the films has a lung mask"):
        train_lungs(replace(settings, manifests=(films,)), tmp_path / "run")
