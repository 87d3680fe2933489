"""The rooms import one way, and torch lives in one of them: the contracts of pyproject.toml, kept."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS_WITH_TORCH = {"training", "cli"}


def test_every_import_contract_is_kept():
    """import-linter finds no room that imports upwards and none that reaches torch."""
    lint = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert lint.returncode == 0, lint.stdout + lint.stderr


@pytest.mark.parametrize("path", sorted((REPOSITORY / "src").rglob("*.py")), ids=lambda path: path.stem)
def test_only_training_names_torch(path):
    """No module outside training and the commands imports torch, even inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    room = path.relative_to(REPOSITORY / "src/hilum").parts[0]

    assert room in ROOMS_WITH_TORCH or not any(
        name.partition(".")[0] == "torch" or name.startswith("hilum.training") for name in imported
    )
