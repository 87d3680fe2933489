"""Which half of the pictures that are no chest films one belongs to: A to develop on, B to be judged on once.

The halves are drawn within each kind by the hash of a seed and the file's name, so that neither the order of
a folder nor a later picture moves one across.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

SEED = 20261124


def half_a(paths: Sequence[Path]) -> set[Path]:
    """Half of the pictures of each folder, the larger where their number is odd."""
    chosen: set[Path] = set()
    for folder in {path.parent for path in paths}:
        drawn = sorted((path for path in paths if path.parent == folder), key=_draw)
        chosen.update(drawn[: (len(drawn) + 1) // 2])
    return chosen


def _draw(path: Path) -> str:
    return hashlib.sha256(f"{SEED}:{path.name}".encode()).hexdigest()
