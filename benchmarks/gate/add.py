"""Put a fitted gate.onnx into a bundle's folder, and its hash into bundle.json, in place of an older one.

python benchmarks/gate/add.py BUNDLE_FOLDER gate.onnx
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import FACTS_NAME, read_bundle
from hilum.inference.gate.kind import GRAPH_NAME, KindFinder


def add_gate(folder: Path, gate: Path) -> None:
    """Copy the graph, list it, and read the bundle back."""
    KindFinder(gate)
    shutil.copyfile(gate, folder / GRAPH_NAME)
    table = json.loads((folder / FACTS_NAME).read_text(encoding="utf-8"))
    table["sha256"] = dict(sorted((table["sha256"] | {GRAPH_NAME: file_sha256(gate)}).items()))
    text = json.dumps(table, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / FACTS_NAME).write_text(text, encoding="utf-8")
    read_bundle(folder)


if __name__ == "__main__":
    add_gate(Path(sys.argv[1]), Path(sys.argv[2]))
