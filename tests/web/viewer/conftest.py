"""A browser for the viewer's tests, which skip with a reason where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM
from viewing import NO_CARD, PROCESSOR, SOFTWARE_CARD, Viewing, served


def _launched(driver: Any, args: tuple[str, ...]) -> Any:
    return driver.chromium.launch(executable_path=str(CHROMIUM), args=list(args))


@pytest.fixture(scope="module")
def browser(playwright_driver: Any) -> Iterator[Any]:
    """A browser that draws by the processor."""
    with _launched(playwright_driver, PROCESSOR) as running:
        yield running


@pytest.fixture(scope="module")
def card_browser(playwright_driver: Any) -> Iterator[Any]:
    """A browser with WebGL, played by a program."""
    with _launched(playwright_driver, SOFTWARE_CARD) as running:
        yield running


@pytest.fixture(scope="module")
def cardless_browser(playwright_driver: Any) -> Iterator[Any]:
    """A browser without WebGL."""
    with _launched(playwright_driver, NO_CARD) as running:
        yield running


@pytest.fixture(scope="module")
def address(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the folders of all tests are served, so that a browser keeps the viewer from test to test."""
    with served(repository / "src/hilum/web/static/viewer", tmp_path_factory.getbasetemp()) as running:
        yield running


@pytest.fixture
def viewing_in(tmp_path: Path, address: str) -> Iterator[Any]:
    """A function that opens a page in a browser; films lie in `tmp_path`."""
    contexts = []

    def opened(running: Any, **options: Any) -> Viewing:
        options = {"viewport": {"width": 1000, "height": 700}} | options
        contexts.append(running.new_context(**options))
        return Viewing(contexts[-1].new_page(), f"{address}/{tmp_path.name}", tmp_path)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def context(browser: Any) -> Iterator[Any]:
    """What the pages of a module share: the browser's memory of the viewer's files."""
    running = browser.new_context(viewport={"width": 1000, "height": 700})
    yield running
    running.close()


@pytest.fixture
def viewing(context: Any, address: str, tmp_path: Path) -> Iterator[Viewing]:
    """A page of the browser that draws by the processor; it must complain of nothing."""
    page = context.new_page()
    shown = Viewing(page, f"{address}/{tmp_path.name}", tmp_path)
    yield shown
    page.close()
    assert shown.complaints == []
