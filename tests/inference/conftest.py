"""Fixtures of the inference tests: the tiny bundle and its reader."""

from __future__ import annotations

import pytest

from bundles import write_tiny_bundle
from hilum.inference.bundle import Bundle
from hilum.inference.predictor import Predictor


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory) -> Bundle:
    """One member; see tests/bundles.py."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(scope="session")
def predictor(tiny_bundle) -> Predictor:
    """A reader with the tiny bundle."""
    return Predictor(tiny_bundle, n_threads=1)
