"""A real browser at a real station, for the journeys; they skip with a reason where there is no Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM
from serving import Serving, served_station, write_films

ARGUMENTS = ("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="module")
def chromium(playwright_driver: Any) -> Iterator[Any]:
    """The system's own Chromium, running."""
    with playwright_driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS)) as running:
        yield running


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten files to drop."""
    return write_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def serving(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A station that nobody has started before."""
    with served_station(tmp_path_factory.mktemp("station")) as running:
        yield running


@pytest.fixture(scope="module")
def axe(repository: Path) -> str:
    """The source of axe-core 4.14.1 (MPL-2.0, unchanged; see axe-LICENSE.txt)."""
    return (repository / "tests/web/browser/axe.min.js").read_text(encoding="utf-8")
