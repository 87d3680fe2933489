"""One network of the notebook's study: how it is trained, and how its epoch is chosen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hilum.training import notebook_training
from hilum.training.networks import NETWORKS
from hilum.training.notebook_training import GEOMETRY, Part, SweepPlan, accuracy, probabilities, sweep_epochs

SIDE = 64


def made_part(n: int, seed: int) -> Part:
    """Noise; every second film has a bright square."""
    chance = np.random.default_rng(seed)
    films = chance.uniform(0.2, 0.4, (n, 1, SIDE, SIDE))
    films[1::2, :, 8:40, 8:40] = 0.9
    return Part(torch.from_numpy(films).half(), torch.arange(n) % 2)


def swept(epochs: tuple[int, ...], *, is_augmented: bool = False, name: str = "notebook-model-4"):
    torch.manual_seed(3)
    plan = SweepPlan(epochs, 3, is_augmented=is_augmented)
    return sweep_epochs(
        NETWORKS.load(name)(2, SIDE), made_part(40, 0), validation=made_part(12, 1), plan=plan
    )


def test_a_long_run_passes_through_the_short_ones():
    """The sweep's figures at an epoch are those of a run that ends there."""
    long, short = swept((1, 2, 3)), swept((2,))

    assert long.points[1] == short.points[0]


def test_the_network_of_the_chosen_epoch_comes_back():
    """What is returned judges validation films as the sweep noted, whatever came after."""
    result = swept((1, 2, 3, 4))

    assert accuracy(result.network, made_part(12, 1)) == result.chosen.validation_accuracy


def test_the_best_epoch_is_chosen_and_the_shorter_of_equals(monkeypatch):
    """Of 0.5, 0.75, 0.75, and 0.6 on validation films the second wins."""
    figures = iter([0.5, 0.75, 0.75, 0.6])
    monkeypatch.setattr(notebook_training, "accuracy", lambda network, part: next(figures))

    assert swept((1, 2, 3, 4)).chosen.epoch == 2


def test_a_sweep_repeats_itself():
    """The same seed gives the same figures and weights, with augmentation and dropout too."""
    first, second = (swept((1, 2), is_augmented=True, name="notebook-model-3") for _ in range(2))

    assert first.points == second.points
    assert all(map(torch.equal, first.network.state_dict().values(), second.network.state_dict().values()))


def test_a_network_learns_what_is_easy():
    """A bright square is found in 20 epochs."""
    assert swept((5, 10, 20), name="notebook-model-1").chosen.validation_accuracy == 1.0


def test_augmentation_moves_films_and_leaves_their_grey_levels():
    """The notebook's augmentation is geometric: no tone, blur, noise, or erased box."""
    assert (GEOMETRY.tone, GEOMETRY.blur, GEOMETRY.noise, GEOMETRY.erase_probability) == (0, 0, 0, 0)
    assert swept((1,)).points != swept((1,), is_augmented=True).points


def test_the_second_output_is_the_probability_of_tuberculosis():
    """Softmax of logits 0 and ln 3 is 1/4 and 3/4."""

    class Fixed(nn.Module):
        def forward(self, film):
            return torch.tensor([[0.0, np.log(3.0)]]).expand(len(film), 2)

    assert probabilities(Fixed(), made_part(3, 0).arrays) == pytest.approx([0.75, 0.75, 0.75])
