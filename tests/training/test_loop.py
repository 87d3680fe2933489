"""The loop: it learns, repeats itself, goes on after a kill to the same result, and stops when it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hilum.errors import RunInvalid, TrainingRefused
from hilum.evaluation.discrimination import auroc
from hilum.training import loop
from hilum.training.checkpoint import read_network
from hilum.training.loop import predicted_logits, train_network

TRAINING, INNER = list(range(24)), list(range(24, 32))


def weights_equal(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def test_the_network_learns_to_see_the_square(arrays, settings, tmp_path):
    """After a few epochs, films that it never saw are told apart."""
    trained = train_network(arrays, TRAINING, INNER, replace(settings, epochs=12), tmp_path / "run")

    logits = predicted_logits(trained.network, arrays, INNER)[:, 0]

    assert auroc([arrays.films[place].label for place in INNER], logits).value == 1


def test_a_seed_gives_the_same_network_and_another_seed_another(arrays, settings, tmp_path):
    """On the same machine and number of threads."""
    first = train_network(arrays, TRAINING, [], replace(settings, epochs=1), tmp_path / "first")
    same = train_network(arrays, TRAINING, [], replace(settings, epochs=1), tmp_path / "same")
    other = train_network(arrays, TRAINING, [], replace(settings, epochs=1, seed=1), tmp_path / "other")

    assert weights_equal(first.network, same.network)
    assert not weights_equal(first.network, other.network)


def test_a_killed_run_goes_on_to_the_same_result(arrays, settings, tmp_path, monkeypatch):
    """Killed after two of four epochs and started again, it ends with the very weights and history."""
    whole = train_network(arrays, TRAINING, INNER, settings, tmp_path / "whole")
    train_epoch, epochs = loop.train_epoch, []

    def killed_in_the_third_epoch(*args):
        epochs.append(1)
        if len(epochs) == 3:
            raise KeyboardInterrupt
        return train_epoch(*args)

    monkeypatch.setattr(loop, "train_epoch", killed_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        train_network(arrays, TRAINING, INNER, settings, tmp_path / "killed")
    monkeypatch.setattr(loop, "train_epoch", train_epoch)
    resumed = train_network(arrays, TRAINING, INNER, settings, tmp_path / "killed")

    assert resumed.history == whole.history
    assert weights_equal(resumed.network, whole.network)


def test_training_stops_when_patience_is_spent_and_keeps_the_best_epoch(
    arrays, settings, tmp_path, monkeypatch
):
    """Inner losses 3, 1, 2, 2 with a patience of 2: stop after epoch 4, keep epoch 2."""
    losses = iter([3.0, 1.0, 2.0, 2.0, 0.5])
    monkeypatch.setattr(loop, "inner_figures", lambda *args: {"inner_loss": next(losses)})

    trained = train_network(
        arrays, TRAINING, INNER, replace(settings, epochs=9, patience=2), tmp_path / "run"
    )

    assert [row["epoch"] for row in trained.history] == [1, 2, 3, 4]
    assert trained.best_epoch == 2


def test_the_weights_on_disk_are_the_trained_network(arrays, settings, tmp_path):
    """What export reads back scores as the network that training returned."""
    trained = train_network(arrays, TRAINING, [], replace(settings, epochs=1), tmp_path / "run")

    again = read_network(tmp_path / "run" / loop.WEIGHTS_NAME, settings)

    np.testing.assert_allclose(
        predicted_logits(again, arrays, INNER), predicted_logits(trained.network, arrays, INNER), atol=1e-5
    )


def test_fewer_films_than_a_batch_are_refused(arrays, settings, tmp_path):
    """Nothing could be learnt, so nothing is pretended."""
    with pytest.raises(TrainingRefused, match="3 films are fewer than one batch of 8"):
        train_network(arrays, [0, 1, 2], [], settings, tmp_path / "run")


def test_a_damaged_checkpoint_is_named(arrays, settings, tmp_path):
    """A run cannot go on from a file that is no checkpoint."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / loop.CHECKPOINT_NAME).write_bytes(b"not a checkpoint")

    with pytest.raises(RunInvalid, match=r"checkpoint\.pt cannot be read"):
        train_network(arrays, TRAINING, [], settings, folder)
