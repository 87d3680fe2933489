"""Films with masks of their findings: cut as the films are, kept, refused where they cannot teach where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from hilum.data.manifest import read_manifest, write_manifest
from hilum.data.phantom import write_phantoms
from hilum.errors import RunInvalid, SettingsInvalid, SplitLeak, TrainingRefused
from hilum.training import loop
from hilum.training.checkpoint import check_network
from hilum.training.cross_validation import cross_validate, load_run
from hilum.training.finding_masks import cut_mask, masks_hash
from hilum.training.finished_run import read_run
from hilum.training.loader import load_masked

TOP_LEFT = (slice(16, 80), slice(16, 80))  # of the masked films' 128 pixels, as the square is drawn


@pytest.fixture
def masked(manifest, tmp_path):
    """Eight films of made-up people, every second one with the square and a mask of it, on disk."""
    folder = tmp_path / "masked"
    folder.mkdir()
    films = []
    for film in manifest[:8]:
        path = None
        if film.label:
            path = folder / f"{film.film}.png"
            mask = np.zeros((128, 128), np.uint8)
            mask[TOP_LEFT] = 255
            Image.fromarray(mask).save(path)
        films.append(
            replace(film, film=f"made-{film.film}", patient=f"made-{film.patient}", site="made", width=128,
                    height=128, sha256="e" + film.sha256[1:], finding_mask_path=path)
        )  # fmt: skip
    write_manifest(films, folder / "manifest.parquet")
    return films


@pytest.fixture
def masked_settings(settings, masked, tmp_path):
    """A quarter of each batch has masks; a network that keeps a map."""
    return replace(
        settings, network="hilum-small", masked_manifest=tmp_path / "masked" / "manifest.parquet",
        masked_share=0.25, epochs=1,
    )  # fmt: skip


def test_a_mask_is_cut_as_its_film_is(masked):
    """The lower right quarter of a film, with as much beyond it: the finding's own corner is its top left."""
    cut = cut_mask(masked[1], (48.0, 48.0, 176.0, 176.0), 64)

    expected = np.zeros((64, 64), np.float32)
    expected[:16, :16] = 1  # pixels 48 to 80 of a box that is two pixels a cell
    np.testing.assert_array_equal(cut[0], expected)


def test_a_mask_of_another_size_than_its_film_is_laid_over_it(masked):
    """A mask may be drawn at half the film's size; the box is in the film's pixels."""
    halved = replace(masked[1], width=256, height=256)

    cut = cut_mask(halved, (0.0, 0.0, 256.0, 256.0), 128)

    assert cut[0, 16:80, 16:80].all()
    assert cut.sum() == 64 * 64


def test_a_mask_in_one_pixel_is_not_lost(masked):
    """Cells hold the share that lies inside, so nothing small falls between them."""
    Image.fromarray(np.eye(1, 128 * 128, 300, dtype=np.uint8).reshape(128, 128) * 255).save(
        masked[1].finding_mask_path
    )

    cut = cut_mask(masked[1], (0.0, 0.0, 128.0, 128.0), 8)

    assert cut.sum() == pytest.approx(1 / 256)


def test_films_and_masks_are_kept_together_and_read_once(masked, masked_settings, tmp_path, monkeypatch):
    """Healthy films have empty masks; a changed mask is not mistaken for the old one."""
    first = load_masked(masked, masked_settings.recipe, "", tmp_path / "cache")
    monkeypatch.setattr("hilum.training.loader.read_radiograph", None)

    again = load_masked(masked, masked_settings.recipe, "", tmp_path / "cache")

    assert torch.equal(again.masks, first.masks)
    assert torch.equal(again.films.arrays, first.films.arrays)
    assert first.masks.flatten(1).any(dim=1).tolist() == [film.label == 1 for film in masked]
    Image.fromarray(np.full((128, 128), 255, np.uint8)).save(masked[1].finding_mask_path)
    with pytest.raises(TypeError):
        load_masked(masked, masked_settings.recipe, "", tmp_path / "cache")


def test_the_hash_is_of_the_masks_too(masked):
    """Other outlines on the same films teach other things."""
    before = masks_hash(masked)
    Image.fromarray(np.full((128, 128), 255, np.uint8)).save(masked[1].finding_mask_path)

    assert masks_hash(masked) != before
    assert masks_hash(masked[::-1]) == masks_hash(masked)


def test_masked_films_are_learnt_from_and_never_judged(masked_settings, manifest, tmp_path, monkeypatch):
    """Each batch of eight ends in two of them, with their masks and without a side's label."""
    batches = []
    train_step = loop.train_step

    def watched(state, batch, settings):
        batches.append(batch)
        return train_step(state, batch, settings)

    monkeypatch.setattr(loop, "train_step", watched)
    rows = cross_validate(load_run(masked_settings, tmp_path / "run"), tmp_path / "run")

    assert {row.film for row in rows} == {film.film for film in manifest}
    assert {(len(batch.labels), len(batch.masks)) for batch in batches} == {(8, 2)}
    for batch in batches:
        assert batch.sides[6:].isnan().all()
        assert torch.equal(batch.masks.flatten(1).any(dim=1), batch.labels[6:, 0] == 1)


def test_a_network_learns_where_from_masks(masked_settings, masked, manifest, tmp_path):
    """On films with the square its map is hotter there than elsewhere, though no film's own label says so."""
    settings = replace(masked_settings, epochs=30, mask_weight=4.0)
    run = load_run(settings, tmp_path / "run")
    network = loop.train_network(
        run.arrays, list(range(24)), [], settings, tmp_path / "run", others=run.others
    ).network

    sick = run.arrays.arrays[1::2].float()
    with torch.no_grad():
        cells = loop.activation_map(network, network.features(sick))[:, 0]
    inside = cells[:, :2, :2].mean(dim=(1, 2))  # 64 pixels are 4 cells; the square is their upper left

    assert (inside > cells[:, 2:, 2:].mean(dim=(1, 2))).all()


def test_a_sick_film_without_a_mask_is_refused(masked, masked_settings, tmp_path):
    """It would teach that nothing is anywhere on it."""
    write_manifest([replace(masked[1], finding_mask_path=None), *masked[2:]], masked_settings.masked_manifest)

    with pytest.raises(TrainingRefused, match="made-film-001 has a finding and no mask"):
        load_run(masked_settings, tmp_path / "run")


def test_masked_films_of_one_label_are_refused(masked, masked_settings, tmp_path):
    """Were all of them sick, their looks alone would tell a label."""
    write_manifest(masked[1::2], masked_settings.masked_manifest)

    with pytest.raises(TrainingRefused, match="needs normal films and films with a finding"):
        load_run(masked_settings, tmp_path / "run")


def test_a_masked_film_that_is_judged_too_is_refused(masked, manifest, masked_settings, tmp_path):
    """It would be learnt from in every fold and judged in one."""
    write_manifest([*manifest, replace(masked[1], site="here")], masked_settings.manifest)

    with pytest.raises(SplitLeak, match="made-film-001"):
        load_run(masked_settings, tmp_path / "run")


def test_shares_that_leave_no_room_are_refused(masked_settings, tmp_path):
    """For the run's own films, or for the masked."""
    for share in (1.0, 0.01):
        with pytest.raises(SettingsInvalid, match="masked_share"):
            load_run(replace(masked_settings, masked_share=share), tmp_path / "run")


def test_other_masks_are_another_run(masked, masked_settings, tmp_path):
    """A run does not go on with outlines that it did not start with."""
    load_run(masked_settings, tmp_path / "run")
    Image.fromarray(np.full((128, 128), 255, np.uint8)).save(masked[1].finding_mask_path)

    with pytest.raises(RunInvalid, match="other films"):
        load_run(masked_settings, tmp_path / "run")


def test_a_finished_run_knows_its_masked_films(masked, masked_settings, tmp_path):
    """They go into the bundle's list of training films."""
    cross_validate(load_run(masked_settings, tmp_path / "run"), tmp_path / "run")

    assert [film.film for film in read_run(tmp_path / "run").masked] == [film.film for film in masked]


def test_a_network_without_a_map_cannot_learn_from_masks(masked_settings):
    """It is refused before the run's folder is made."""
    with pytest.raises(SettingsInvalid, match="leave masked_manifest out"):
        check_network(replace(masked_settings, network="notebook-model-1"))


def test_phantoms_can_be_learnt_from(settings, tmp_path):
    """As `hilum data phantom` writes them, half of them sick, each sick one with its mask."""
    write_phantoms(tmp_path / "phantoms", n=8, seed=3, side=128)
    films = read_manifest(tmp_path / "phantoms" / "manifest.parquet")

    loaded = load_masked(films, settings.recipe, "", tmp_path / "cache")

    assert loaded.masks.flatten(1).any(dim=1).tolist() == [film.label == 1 for film in films]
