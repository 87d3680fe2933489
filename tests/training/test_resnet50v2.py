"""hilum-base: what is frozen stays, what learns changes, and only what is visible counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from hilum.errors import SettingsInvalid
from hilum.training import export
from hilum.training.checkpoint import parameter_groups, start_state
from hilum.training.loop import train_network
from hilum.training.networks import activation_map
from hilum.training.networks.resnet50v2 import N_FROZEN, ResNet50V2, build
from hilum.training.onnx_graph import OUTPUTS, ForScreening, write_graph

FROZEN = (
    "trunk.bn0.",
    "trunk.conv0.",
    "trunk.bn1.",
    *(f"trunk.stages.{stage}." for stage in range(N_FROZEN)),
)


@pytest.fixture
def base(settings):
    return replace(settings, network="hilum-base", epochs=1)


@pytest.fixture(scope="module")
def network() -> ResNet50V2:
    """At random, with a head that is not zero, ready to predict."""
    torch.manual_seed(0)
    network = build(1, 64)
    nn.init.uniform_(network.head.weight)
    nn.init.constant_(network.head.bias, -1.0)
    return network.eval()


def test_it_gives_a_feature_map_of_a_sixteenth_and_a_logit(network):
    """(N, 1, 64, 96) becomes (N, 1024, 4, 6) and (N, 1)."""
    film = torch.randn(2, 1, 64, 96)

    with torch.no_grad():
        features = network.features(film)

    assert features.shape == (2, 1024, 4, 6)
    assert network.classify(features).shape == (2, 1)


def test_the_mean_of_the_activation_map_is_the_logit(network):
    """Also where only a part is visible, since the shares average to one."""
    film = torch.randn(2, 1, 64, 64)
    film[:, :, :, 40:] = 0

    with torch.no_grad():
        logits, activation = network(film), activation_map(network, network.features(film))

    torch.testing.assert_close(activation.mean(dim=(2, 3)), logits, rtol=1e-4, atol=1e-4)


def test_blanked_surroundings_do_not_dilute_the_logit(network):
    """A film of 64 in a blank one of 128: plain pooling would leave a quarter; borders make the rest."""
    film = torch.randn(1, 1, 64, 64)
    in_blank = F.pad(film, (32, 32, 32, 32))

    with torch.no_grad():
        alone, surrounded = (network(each) - network.head.bias for each in (film, in_blank))

    assert 0.8 < (surrounded / alone).item() < 1.25


def test_a_film_of_nothing_is_finite(network):
    """No lungs were left by the recipe: nothing counts, and the bias remains."""
    with torch.no_grad():
        logit = network(torch.zeros(1, 1, 64, 64))

    assert logit.item() == pytest.approx(network.head.bias.item())


def test_what_is_frozen_has_no_gradient_and_the_rest_has(network):
    """The weights before the third stage are ImageNet's for good."""
    learning = build(1, 64).train()
    nn.init.ones_(learning.head.weight)

    learning(torch.randn(2, 1, 64, 64)).sum().backward()

    for name, parameter in learning.named_parameters():
        assert (parameter.grad is None) == name.startswith(FROZEN), name


def test_training_leaves_the_frozen_part_and_the_trunk_s_statistics(arrays, base, tmp_path):
    """Three steps: the third stage learns, the head's norm counts, all else is as it was loaded."""
    before = start_state(base, n_steps=3, seed=base.seed, device=torch.device("cpu")).network.state_dict()

    after = train_network(arrays, range(24), [], base, tmp_path / "run").network.state_dict()

    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not [name for name in changed if name.startswith(FROZEN)]
    assert not [name for name in changed if name.startswith("trunk.") and "running" in name]
    assert {"trunk.stages.2.5.conv3.weight", "norm.running_mean", "head.weight"} <= changed


def test_only_what_learns_is_given_to_the_optimiser(base):
    """One group at one rate, two where the trunk has its own."""
    network = build(1, 64)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]

    (whole,) = parameter_groups(network, base)
    rest, trunk = parameter_groups(network, replace(base, trunk_rate=0.1))

    assert all(one is other for one, other in zip(whole["params"], learning, strict=True))
    assert len(rest["params"]) == 4  # weight and bias of the norm and of the head
    assert len(rest["params"]) + len(trunk["params"]) == len(learning)
    assert trunk["lr"] == pytest.approx(base.learning_rate * 0.1)


def test_the_trunk_s_rate_peaks_at_its_share(base):
    """A tenth of the others' at the start, at the peak, and at the end."""
    state = start_state(replace(base, trunk_rate=0.1), n_steps=10, seed=0, device=torch.device("cpu"))
    rates = []
    for _ in range(10):
        rates.append([group["lr"] for group in state.optimiser.param_groups])
        state.optimiser.step()
        if len(rates) < 10:
            state.schedule.step()

    assert [trunk / rest for rest, trunk in rates] == pytest.approx([0.1] * 10)
    assert max(rest for rest, _ in rates) == pytest.approx(base.learning_rate)


def test_a_rate_for_a_trunk_that_is_not_there_is_refused(settings):
    """It would be ignored without a word."""
    settings = replace(settings, network="pasa", trunk_rate=0.1)

    with pytest.raises(SettingsInvalid, match="pasa has no trunk that learns"):
        start_state(settings, n_steps=3, seed=0, device=torch.device("cpu"))


@pytest.mark.slow
def test_the_exported_graph_scores_as_torch_does(network, arrays, tmp_path):
    """To 1e-4 of the probability, on films with blanked parts too."""
    path = tmp_path / "classifier.onnx"
    write_graph(ForScreening(network), path, example=torch.zeros(2, 1, 64, 64), outputs=OUTPUTS)

    difference = export.check_agreement(network, path, arrays, range(8))

    assert difference <= export.AGREEMENT


def test_a_side_that_the_stride_does_not_divide_is_refused():
    """The feature map and the lungs' share of it would differ in size."""
    with pytest.raises(SettingsInvalid, match="multiple of 16"):
        build(1, 100)


def test_a_film_and_its_mirror_image_score_alike():
    """Out of training both are looked at, and the map is mirrored with the film."""
    torch.manual_seed(0)
    network = build(1, 64).eval()
    nn.init.normal_(network.head.weight)
    film = torch.randn(2, 1, 64, 64)

    with torch.no_grad():
        plain, mirrored = (activation_map(network, network.features(each)) for each in (film, film.flip(3)))

    torch.testing.assert_close(plain, mirrored.flip(3), atol=1e-4, rtol=1e-4)
