"""The examples of docs/api.md, run as they stand against a station that listens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from test_api_calls import finish

from hilum.worklist.states import Role


@pytest.fixture
def examples(repository) -> list[tuple[str, str]]:
    """Language and text of each example."""
    text = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    return re.findall(r"```(bash|python)\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def surroundings(listening, station, program, tmp_path):
    """A listening station with one scored film, a folder with films, and the environment of the examples."""
    for seed, name in enumerate(("film.png", "other.png")):
        levels = np.random.default_rng(seed).integers(0, 255, (40, 30)).astype(np.uint8)
        Image.fromarray(levels).save(tmp_path / name)
    client = program(Role.SERVICE)
    client.post("/api/v1/uploads", files=[("files", ("film.png", (tmp_path / "film.png").read_bytes()))])
    finish(station)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return tmp_path, {**os.environ, "HILUM_URL": listening, "HILUM_TOKEN": token}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_examples_of_the_docs_run(examples, surroundings):
    """Every example of curl, one by one, and those of Python, one after another in one program."""
    folder, environment = surroundings
    shells = [text for language, text in examples if language == "bash"]
    program = "\n".join(text for language, text in examples if language == "python")
    for text in [*shells]:
        done = subprocess.run(
            ["bash", "-ec", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("{")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("scored 87.3 Score 87.3")
