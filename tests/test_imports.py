"""The rooms import one way, and torch lives in one of them: the contracts of pyproject.toml, kept."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS_WITH_TORCH = {"training", "cli"}


def test_every_import_contract_is_kept():
    """import-linter finds no room that imports upwards and none that reaches torch."""
    lint = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert lint.returncode == 0, lint.stdout + lint.stderr


def imported_by(path: Path) -> set[str]:
    """Every module that a file names in an import, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_only_training_names_torch():
    """No module outside training and the commands imports torch, even inside a function."""
    package = REPOSITORY / "src/hilum"
    outside = [
        path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in ROOMS_WITH_TORCH
    ]
    torch_names = re.compile(r"torch(\.|$)|hilum\.training(\.|$)")

    assert [path for path in outside if any(map(torch_names.match, imported_by(path)))] == []
