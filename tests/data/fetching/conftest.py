"""Kaggle's own library, led to a local server, and a fetch that notes its waits instead of waiting."""

from __future__ import annotations

import importlib
import io
import sys
import warnings
import zipfile

import numpy as np
import pytest
from kaggle_server import NAME, TOKEN, serving

from hilum.data.download import Retries
from hilum.data.fetch import FetchPlan, fetch_dataset


@pytest.fixture(scope="module")
def content():
    """A zip of four mebibytes, so that a transfer has many chunks."""
    chance = np.random.default_rng(0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for number in range(4):
            archive.writestr(f"set/CXR_png/CHNCXR_000{number}_0.png", chance.bytes(1 << 20))
        archive.writestr("set/CXR_png/Thumbs.db", b"junk")
    return stream.getvalue()


@pytest.fixture(scope="module")
def library_home(tmp_path_factory):
    """Kaggle's library, imported anew with its own switch for a local server, away from the user's token."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("KAGGLE_CONFIG_DIR", str(home / "config"))
        patch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
        warnings.simplefilter("ignore")  # of the library's own imports
        for name in [name for name in sys.modules if name.partition(".")[0] == "kaggle"]:
            patch.delitem(sys.modules, name)
        importlib.import_module("kaggle")
        yield home


@pytest.fixture
def kaggle(content, library_home, monkeypatch):
    """The server, and the environment that leads the library to it with a good token."""
    with serving(content) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def fetch(tmp_path, waits):
    """Fetch into a folder with short tries, noting the waits instead of waiting."""

    def run(**settings):
        retries = Retries(n_tries=settings.pop("n_tries", 3), silence_s=settings.pop("silence_s", 5.0))
        plan = FetchPlan(retries=retries, sleep=waits.append, **settings)
        return fetch_dataset(NAME, tmp_path / "out", plan=plan)

    return run
