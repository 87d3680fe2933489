"""Writes docs/openapi.json, the API's description, as a station with nothing in it answers it.

A test compares the page with what a station says; `make docs` writes it again.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hilum.web.app import create_app
from hilum.web.settings import WebSettings
from hilum.worklist.station import StationSettings

PAGE = Path(__file__).resolve().parents[1] / "docs/openapi.json"


def main() -> None:
    """Make a station in a passing folder, and write down what it says of its API."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(WebSettings(StationSettings(Path(folder))))
        PAGE.write_text(json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
