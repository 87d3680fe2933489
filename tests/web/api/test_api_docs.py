"""The examples of docs/api.md and docs/dicomweb.md, run as they stand against a station that listens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_api_calls import finish

from bundles import write_dicom_film
from hilum.worklist.states import Role

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@pytest.fixture
def examples(repository) -> Callable[[str, str], list[str]]:
    """`examples("api.md", "bash")` gives the texts of a page's examples in a language."""

    def of(page: str, language: str) -> list[str]:
        text = (repository / "docs" / page).read_text(encoding="utf-8")
        return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)

    return of


@pytest.fixture
def surroundings(listening, station, program, tmp_path) -> tuple[Path, dict[str, str]]:
    """A listening station with one scored film, a folder with films, and the environment of the examples."""
    for seed, name in enumerate(("film.png", "other.png")):
        levels = np.random.default_rng(seed).integers(0, 255, (40, 30)).astype(np.uint8)
        Image.fromarray(levels).save(tmp_path / name)
    write_dicom_film(tmp_path / "film.dcm", StudyInstanceUID="1.2.4", SeriesInstanceUID="1.2.5")
    client = program(Role.SERVICE)
    client.post("/api/v1/uploads", files=[("files", ("film.png", (tmp_path / "film.png").read_bytes()))])
    finish(station)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return tmp_path, {**os.environ, "HILUM_URL": listening, "HILUM_TOKEN": token}


def run(command: list[str], surroundings: tuple[Path, dict[str, str]]) -> str:
    """What a command that succeeds prints."""
    folder, environment = surroundings
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_of_the_docs_run(examples, surroundings):
    """Every example of curl, one by one, and those of Python, one after another in one program."""
    told = [run(["bash", "-ec", text], surroundings) for text in examples("api.md", "bash")]
    printed = run([sys.executable, "-c", "\n".join(examples("api.md", "python"))], surroundings)

    assert [text[0] for text in told] == ["{"] * 3
    assert printed.startswith("scored 87.3 Score 87.3")


def test_the_examples_of_dicomweb_run(examples, surroundings):
    """A film is stored, found, taken out as it came, and drawn."""
    (store,), (fetch,) = examples("dicomweb.md", "bash"), examples("dicomweb.md", "python")
    stored = run(["bash", "-ec", store], surroundings)
    printed = run([sys.executable, "-c", fetch], surroundings)

    assert '"00081199"' in stored  # Referenced SOP Sequence
    assert re.fullmatch(r"\d+ image/png\n", printed)
