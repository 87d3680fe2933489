"""Fixtures for every room: the development films beside the checkout, and a seeded source of chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The sibling `shared` of the checkout: real films and weights for development, never committed."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the development films in ../shared/data, which are not beside this checkout")
    return SHARED


@pytest.fixture
def chance() -> np.random.Generator:
    """Chance with a fixed seed."""
    return np.random.default_rng(20261124)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that takes `shared` carries its marker, and is skipped with a reason where they are absent."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)
        if item.get_closest_marker("shared") and not (SHARED / "data").is_dir():
            item.add_marker(pytest.mark.skip(reason="needs the development films in ../shared/data"))
