"""A copy of a bundle with one more operating point, which becomes its default.

Networks and pixels are as they were; the version gets a `+local.` ending, so that no two bundles that flag
differently share a name. Where the threshold came from stands in the point's `source`, in a file beside the
graphs, and in the model card; every file is hashed as ever.
Trap: the operating points from before stay, and so do their figures, which are of other films.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hilum.inference.bundle import Bundle, write_bundle
from hilum.inference.bundle_facts import BundleFacts, OperatingPoint
from hilum.inference.local_point import RECORD_NAME, reader_facts
from hilum.records import public_label

CARD_NAME = "model-card.md"


def write_recalibrated(
    bundle: Bundle, folder: Path, *, point: OperatingPoint, record: Mapping[str, Any], mark: str
) -> Bundle:
    """Write `bundle` to `folder` with `point` as the default; its name is made unique where it is taken.

    Args:
        record: where the point came from, as JSON values; kept as `local-calibration.json`.
        mark: what tells this calibration from another, as some digits of its table's SHA-256.

    Raises:
        OutputRefused: the folder already holds something.
        BundleInvalid: the point does not fit the bundle.
    """
    taken = [one.name for one in bundle.operating_points]
    named = replace(point, name=_free_name(point.name, taken))
    facts = {name: getattr(bundle, name) for name in BundleFacts.__dataclass_fields__}
    facts |= {
        "version": f"{public_label(bundle.version)}+local.{mark}",
        "operating_points": (*bundle.operating_points, named),
        "default_operating_point": named.name,
    }
    files = {name: bundle.folder / name for name in bundle.sha256}
    with tempfile.TemporaryDirectory() as scratch:
        record_name = f"{_free_name(RECORD_NAME, [Path(name).stem for name in files])}.json"
        files[record_name] = Path(scratch) / record_name
        text = json.dumps(
            {**record, "operating_point": named.name, "reader": reader_facts(bundle)},
            indent=2,
            ensure_ascii=False,
            allow_nan=False,
        )
        files[record_name].write_text(text + "\n", encoding="utf-8")
        if CARD_NAME in files:
            card = files[CARD_NAME].read_text(encoding="utf-8")
            files[CARD_NAME] = Path(scratch) / CARD_NAME
            files[CARD_NAME].write_text(_with_point(card, named), encoding="utf-8")
        return write_bundle(folder, facts=BundleFacts(**facts), files=files)


def _free_name(name: str, taken: Collection[str]) -> str:
    """The name, or the first of `name-2`, `name-3`, ... that is not taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _with_point(card: str, point: OperatingPoint) -> str:
    return (
        f"{card.rstrip()}\n\n## Local threshold: {point.name}\n\n"
        f"This copy flags a film from a probability of {point.threshold:.4f} on, in place of the threshold "
        f"above.\nIt is {point.source}.\n"
    )
