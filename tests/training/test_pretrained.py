"""Pretrained weights: from a file or by name, as tensors only, into a trunk that they fit."""

from __future__ import annotations

import functools
import hashlib
import pickle
import threading
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from hilum.data.web_file import WebFile, fetch_web_file
from hilum.errors import FetchFailed, RunInvalid, SettingsInvalid
from hilum.training import pretrained
from hilum.training.checkpoint import build_network, read_network, start_state
from hilum.training.loop import WEIGHTS_NAME, train_network
from hilum.training.networks.resnet50v2 import Trunk
from hilum.training.pretrained import PRETRAINED, cache_folder, pretrained_trunk, weights_file, weights_sha256
from hilum.training.run_folder import open_run, read_json

CPU = torch.device("cpu")


@pytest.fixture
def small_trunk(settings):
    """The state dict of a small network's trunk, of another seed than any run here."""
    torch.manual_seed(77)
    return build_network(settings).trunk.state_dict()


@pytest.fixture
def weights(small_trunk, tmp_path):
    """The same in half precision, in a file."""
    path = tmp_path / "trunk.pt"
    torch.save({name: value.half() if value.is_floating_point() else value
                for name, value in small_trunk.items()}, path)  # fmt: skip
    return str(path)


def start(settings):
    return start_state(settings, n_steps=10, seed=settings.seed, device=CPU)


def save(table, path):
    torch.save(table, path)
    return str(path)


def test_a_trunk_starts_from_the_file_and_the_rest_at_random(settings, weights, small_trunk):
    """Half precision is widened; the head is the seed's, as without weights."""
    network, without = start(replace(settings, weights=weights)).network, start(settings).network

    found = network.trunk.state_dict()

    assert all(torch.equal(found[name], small_trunk[name].half().to(found[name].dtype)) for name in found)
    assert torch.equal(network.head.weight, without.head.weight)


def test_the_average_starts_where_the_network_does(settings, weights):
    """What is evaluated knows the weights too."""
    state = start(replace(settings, weights=weights))

    averaged = state.average.module.state_dict()

    assert all(torch.equal(averaged[name], value) for name, value in state.network.state_dict().items())


def test_finished_weights_are_read_without_the_pretrained_ones(arrays, settings, weights, tmp_path):
    """Export on another machine needs the run's folder only."""
    started = replace(settings, weights=weights, epochs=1)
    trained = train_network(arrays, range(16), [], started, tmp_path / "run")
    Path(weights).unlink()

    network = read_network(tmp_path / "run" / WEIGHTS_NAME, started)

    assert torch.equal(network.head.weight, trained.network.head.weight)


def test_weights_of_another_trunk_are_refused_with_what_differs(settings, small_trunk, tmp_path):
    """Missing, foreign, and misshapen tensors are all named."""
    table = dict(small_trunk)
    del table["1.weight"]
    table |= {"0.weight": torch.zeros(24, 3, 3, 3), "extra": torch.zeros(1)}
    path = save(table, tmp_path / "other.pt")

    with pytest.raises(SettingsInvalid, match=r"1\.weight is missing; extra is not of this trunk; "
                       r"0\.weight is \(24, 3, 3, 3\) of float32, not \(24, 1, 3, 3\)"):  # fmt: skip
        start(replace(settings, weights=path))


def test_a_network_without_a_trunk_is_refused(settings, weights):
    """Pasa's network has blocks; nothing of it could take the weights."""
    with pytest.raises(SettingsInvalid, match="has no trunk that could take pretrained weights"):
        start(replace(settings, network="pasa", weights=weights))


def test_weights_that_are_not_finite_are_refused(settings, small_trunk, tmp_path):
    """A damaged training is no start."""
    small_trunk["0.weight"][0, 0, 0, 0] = torch.nan

    with pytest.raises(SettingsInvalid, match=r"0\.weight in .* not finite"):
        pretrained_trunk(save(small_trunk, tmp_path / "nan.pt"))


def test_a_pickled_module_is_refused_and_does_not_run(settings, tmp_path):
    """Its code would run while it is read."""

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "module.pt"
    path.write_bytes(pickle.dumps(Trap()))
    whole = save(build_network(settings), tmp_path / "whole.pt")

    for file in (str(path), whole):
        with pytest.raises(SettingsInvalid, match="is no state dict that can be read"):
            pretrained_trunk(file)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("table", [[torch.zeros(1)], {"epoch": 3}, {"model": {"weight": torch.zeros(1)}}])
def test_a_file_of_other_things_than_tensors_by_name_is_refused(table, tmp_path):
    """As a checkpoint, which holds a state dict among others."""
    with pytest.raises(SettingsInvalid, match="other things than tensors by name; give a state dict"):
        pretrained_trunk(save(table, tmp_path / "other.pt"))


def test_a_slip_in_the_name_is_answered_with_the_nearest():
    """A name that is no file either."""
    with pytest.raises(SettingsInvalid, match="did you mean 'resnet50v2-imagenet'"):
        pretrained_trunk("resnet50v2-imagnet")


def test_the_run_folder_names_the_weights_by_their_hash(arrays, settings, weights, tmp_path):
    """A run without weights has none."""
    open_run(tmp_path / "with", replace(settings, weights=weights), arrays.films)
    open_run(tmp_path / "without", settings, arrays.films)

    stated = [read_json(tmp_path / name / "run.json")["weights_sha256"] for name in ("with", "without")]

    assert stated == [hashlib.sha256(Path(weights).read_bytes()).hexdigest(), None]


def test_a_run_goes_on_with_the_same_weights_only(arrays, settings, weights, small_trunk, tmp_path):
    """They may have been moved; other bytes, or none, are another run."""
    folder, moved = tmp_path / "run", tmp_path / "moved.pt"
    open_run(folder, replace(settings, weights=weights), arrays.films)
    Path(weights).rename(moved)

    open_run(folder, replace(settings, weights=str(moved)), arrays.films)
    for other in (save(small_trunk, tmp_path / "other.pt"), None):
        with pytest.raises(RunInvalid, match="started from other pretrained weights"):
            open_run(folder, replace(settings, weights=other), arrays.films)


def test_weights_that_are_not_there_are_refused_before_a_folder_is_made(arrays, settings, tmp_path):
    """The settings can be mended and the command given again."""
    with pytest.raises(SettingsInvalid, match=r"there is no file nowhere\.pt"):
        open_run(tmp_path / "run", replace(settings, weights="nowhere.pt"), arrays.films)

    assert not (tmp_path / "run").exists()


def test_a_run_that_is_older_than_these_settings_goes_on(arrays, settings, tmp_path):
    """A key that its run.json does not know had its default."""
    folder = tmp_path / "run"
    open_run(folder, settings, arrays.films)
    text = (folder / "run.json").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "weights" not in line and "trunk_rate" not in line]
    (folder / "run.json").write_text("\n".join(lines), encoding="utf-8")

    assert "trunk_rate" not in open_run(folder, settings, arrays.films)["settings"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Tests read what came."""


@pytest.fixture
def public(tmp_path, weights, monkeypatch):
    """The weights at a public address of this machine, under a name; returns the server."""
    handler = functools.partial(Quiet, directory=str(Path(weights).parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    content = Path(weights).read_bytes()
    url = f"http://127.0.0.1:{server.server_port}/trunk.pt"
    monkeypatch.setitem(PRETRAINED, "tiny", WebFile(url, len(content), hashlib.sha256(content).hexdigest()))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HILUM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        pretrained, "fetch_web_file", functools.partial(fetch_web_file, sleep=lambda seconds: None)
    )
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_weights_by_name_come_once_into_the_cache(public, settings, weights, tmp_path):
    """The second use needs no network."""
    first = start(replace(settings, weights="tiny")).network
    public.shutdown()
    public.server_close()

    again = pretrained_trunk("tiny")

    assert torch.equal(again["0.weight"], first.trunk.state_dict()["0.weight"])
    assert [path.parent for path in (tmp_path / "cache").rglob("*.pt")] == [tmp_path / "cache" / "weights"]
    assert weights_sha256("tiny") == weights_sha256(weights)


def test_without_a_network_the_address_the_checksum_and_the_way_out_are_told(public):
    """Whoever has the file from elsewhere can name it."""
    public.shutdown()
    public.server_close()
    file = PRETRAINED["tiny"]

    with pytest.raises(FetchFailed, match="cannot be reached") as caught:
        weights_file("tiny")

    assert file.url in str(caught.value)
    assert file.sha256 in str(caught.value)
    assert "name the file in the settings' weights" in str(caught.value)


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    """HILUM_CACHE first; else, on Linux, XDG's."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("HILUM_CACHE", raising=False)
    by_platform = cache_folder()
    monkeypatch.setenv("HILUM_CACHE", str(tmp_path / "own"))

    assert (by_platform, cache_folder()) == (tmp_path / "xdg" / "hilum", tmp_path / "own")


def test_every_pretrained_file_is_named_by_size_checksum_and_a_fixed_version():
    """A branch's file would change under its checksum."""
    for file in PRETRAINED.values():
        assert file.url.startswith("https://")
        assert "/main/" not in file.url
        assert len(file.sha256) == 64
        assert file.n_bytes > 0


def test_the_shared_imagenet_weights_fill_the_trunk(shared):
    """All keys are matched, and batch norm's statistics are not those of a random start."""
    path = shared / "weights" / "resnet50v2_stage1-3_imagenet_fp16.pt"
    if not path.is_file():
        pytest.skip("needs ../shared/weights")
    trunk = Trunk()

    outcome = trunk.load_state_dict(pretrained_trunk(str(path)), strict=True)

    assert (outcome.missing_keys, outcome.unexpected_keys) == ([], [])
    assert {tensor.dtype for tensor in trunk.parameters()} == {torch.float32}
    assert trunk.stages[2][0].bn1.running_mean.abs().max() > 0.01
