"""A real browser at a real station, for the journeys; they skip with a reason where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import Serving, served_station, write_films

CHROMIUM = Path(os.environ.get("HILUM_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = ("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Playwright downloads nothing: it drives the system's own Chromium.

    Ended with each module, since it keeps an event loop running that other rooms' tests would trip over.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the python package playwright")
    if not CHROMIUM.is_file():
        pytest.skip(f"needs Chromium at {CHROMIUM}, or its path in HILUM_CHROMIUM")
    with (
        sync_api.sync_playwright() as driver,
        driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS)) as running,
    ):
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
