"""The ONNX model zoo's names lead to our own, and a graph of another network is refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from hilum.errors import SettingsInvalid
from hilum.training.checkpoint import check_network, start_state
from hilum.training.networks.resnet50v2 import DEPTHS, Trunk
from hilum.training.pretrained import pretrained_trunk
from hilum.training.settings import TrainSettings
from hilum.training.zoo_graph import read_zoo_trunk

PREFIX = "resnetv24_"


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    """A trunk with chance in every tensor, batch norm's too, so that no two are equal."""
    torch.manual_seed(0)
    trunk = Trunk()
    for module in trunk.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
                tensor.uniform_()
    return trunk


@pytest.fixture(scope="module")
def initialisers(trunk) -> dict[str, np.ndarray]:
    """What the zoo's file would hold of the trunk."""
    return in_zoo_names(trunk)


def in_zoo_names(trunk: Trunk) -> dict[str, np.ndarray]:
    """The trunk in Gluon's names, counted as it builds them, and what the zoo's file has besides."""
    found = {"reshape_attr_tensor164": np.array([0, -1])}

    def add_norm(name: str, norm: nn.BatchNorm2d) -> None:
        found[f"{PREFIX}{name}_gamma"] = norm.weight.detach().numpy()
        found[f"{PREFIX}{name}_beta"] = norm.bias.detach().numpy()
        found[f"{PREFIX}{name}_running_mean"] = norm.running_mean.numpy()
        found[f"{PREFIX}{name}_running_var"] = norm.running_var.numpy()

    add_norm("batchnorm0", trunk.bn0)
    add_norm("batchnorm1", trunk.bn1)
    found[f"{PREFIX}conv0_weight"] = trunk.conv0.weight.detach().numpy()
    for number, stage in enumerate(trunk.stages, start=1):
        layers = [layer for block in stage for layer in block.children()]
        norms = [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]
        convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
        for count, norm in enumerate(norms):
            add_norm(f"stage{number}_batchnorm{count}", norm)
        for count, convolution in enumerate(convolutions):
            found[f"{PREFIX}stage{number}_conv{count}_weight"] = convolution.weight.detach().numpy()
    found[f"{PREFIX}stage4_conv0_weight"] = np.zeros((512, 1024, 1, 1), np.float32)
    found[f"{PREFIX}dense0_bias"] = np.zeros(1000, np.float32)
    return found


@pytest.fixture
def write(tmp_path):
    def write_graph(initialisers):
        tensors = [onnx.numpy_helper.from_array(array, name) for name, array in initialisers.items()]
        path = tmp_path / "resnet.onnx"
        onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "zoo", [], [], tensors)), path)
        return path

    return write_graph


def without(initialisers, *names):
    return {name: array for name, array in initialisers.items() if name not in names}


def test_a_graph_of_the_zoo_gives_the_trunk_back(write, initialisers, trunk):
    """Every tensor is where it was, and what the trunk has no place for is left out."""
    wanted = trunk.state_dict()

    found = read_zoo_trunk(write(initialisers))

    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_a_stage_has_a_shortcut_and_three_convolutions_a_block(initialisers):
    """10, 13, and 19 convolutions: the zoo's own counts for the three stages."""
    counts = [sum(f"stage{number}_conv" in name for name in initialisers) for number in (1, 2, 3)]

    assert counts == [3 * depth + 1 for depth in DEPTHS] == [10, 13, 19]


def test_the_prefix_may_count_another_network(write, initialisers, trunk):
    """Gluon counts the networks of a process."""
    renamed = {name.replace(PREFIX, "resnetv27_"): array for name, array in initialisers.items()}

    found = read_zoo_trunk(write(renamed))

    assert torch.equal(found["stages.2.5.conv3.weight"], trunk.state_dict()["stages.2.5.conv3.weight"])


def test_half_precision_is_widened(write, initialisers):
    """Training is in single precision."""
    halved = {name: array.astype(np.float16) for name, array in initialisers.items() if array.ndim}

    found = read_zoo_trunk(write(halved | {"shape": np.array([1])}))

    assert {tensor.dtype for name, tensor in found.items() if "tracked" not in name} == {torch.float32}


def test_a_tensor_that_is_missing_is_named(write, initialisers):
    """By the zoo's name, so that one can look for it in the file."""
    name = f"{PREFIX}stage2_batchnorm4_beta"

    with pytest.raises(SettingsInvalid, match=f"no ResNet50-v2 of the ONNX model zoo: {name} is missing"):
        read_zoo_trunk(write(without(initialisers, name)))


def test_a_tensor_of_another_shape_is_named(write, initialisers):
    """With both shapes."""
    narrow = {f"{PREFIX}conv0_weight": np.zeros((64, 1, 7, 7), np.float32)}

    with pytest.raises(SettingsInvalid, match=r"conv0_weight is \(64, 1, 7, 7\), not \(64, 3, 7, 7\)"):
        read_zoo_trunk(write(initialisers | narrow))


def test_a_deeper_network_is_refused_although_its_first_blocks_fit(write, initialisers):
    """ResNet-101 begins as ResNet-50 does, and its third stage goes on."""
    deeper = {f"{PREFIX}stage3_conv19_weight": np.zeros((256, 1024, 1, 1), np.float32)}

    with pytest.raises(SettingsInvalid, match="stage3_conv19_weight has no place"):
        read_zoo_trunk(write(initialisers | deeper))


def test_many_differences_are_counted(write, initialisers):
    """Three are named, so that the message stays a line."""
    first = {name: array for name, array in initialisers.items() if "stage" not in name}

    with pytest.raises(SettingsInvalid, match=r"is missing; .* is missing; .* is missing, and \d+ more$"):
        read_zoo_trunk(write(first))


def test_a_graph_of_something_else_is_refused(write):
    """As the lungs network's, which is ONNX too."""
    with pytest.raises(SettingsInvalid, match="no single tensor called resnetv2N_conv0_weight"):
        read_zoo_trunk(write({"weight": np.zeros((3, 3), np.float32)}))


def test_a_file_that_is_no_onnx_is_refused(tmp_path):
    """A Git-LFS pointer in place of its file is a common slip."""
    path = tmp_path / "resnet.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1e80e8a7\n")

    with pytest.raises(SettingsInvalid, match=r"resnet\.onnx is no ONNX file that can be read"):
        read_zoo_trunk(path)


def test_a_tensor_kept_in_another_file_is_refused(tmp_path):
    """A graph may point to any file of the machine; none is opened."""
    tensor = onnx.helper.make_tensor(f"{PREFIX}conv0_weight", onnx.TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    path = tmp_path / "resnet.onnx"
    path.write_bytes(
        onnx.helper.make_model(onnx.helper.make_graph([], "zoo", [], [], [tensor])).SerializeToString()
    )

    with pytest.raises(SettingsInvalid, match="is no ONNX file that can be read"):
        read_zoo_trunk(path)


def test_imagenets_own_weights_come_back_from_a_graph_of_the_zoo(shared, write):
    """The half-precision copy that hilum-base was made from, under the zoo's names; not the zoo's file."""
    copy = shared / "weights" / "resnet50v2_stage1-3_imagenet_fp16.pt"
    imagenet = Trunk()
    imagenet.load_state_dict(pretrained_trunk(str(copy)))

    found = read_zoo_trunk(write(in_zoo_names(imagenet)))

    wanted = pretrained_trunk(str(copy))
    assert all(torch.equal(found[name], wanted[name]) for name in wanted if "num_batches" not in name)


def test_a_network_starts_from_a_graph_of_the_zoo(write, initialisers, trunk, tmp_path):
    """As `make study` would from the zoo's file: named in the settings, its trunk is the graph's."""
    settings = TrainSettings(tmp_path, network="hilum-base", weights=str(write(initialisers)))
    check_network(settings)

    state = start_state(settings, n_steps=2, seed=0, device=torch.device("cpu"))

    started, wanted = state.network.trunk.state_dict(), trunk.state_dict()
    assert all(torch.equal(started[name], wanted[name]) for name in wanted)
