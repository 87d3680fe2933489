"""The conformance statement says what the node does, because it is written from what the node does it by."""

from __future__ import annotations

import runpy

import pytest

from hilum.dicomnode.contexts import supported_contexts
from hilum.dicomnode.statuses import STORE_STATUSES


@pytest.fixture(scope="module")
def statement(repository) -> dict:
    """The script that writes the page."""
    return runpy.run_path(str(repository / "scripts/write_conformance.py"))


def test_the_page_is_what_the_tables_say(statement, repository):
    """After a change of the node, `make docs` writes the page again."""
    written = (repository / "docs/conformance.md").read_text(encoding="utf-8")

    assert written == statement["page"]()


def test_every_service_and_status_is_named(statement):
    """No presentation context and no storage status is left out."""
    page = statement["page"]()

    assert all(f"`{one.abstract_syntax}`" in page for one in supported_contexts(statement["SETTINGS"]))
    assert all(f"`{one.code:04X}`" in page for one in STORE_STATUSES)
