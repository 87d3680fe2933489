"""A threshold that was chosen on local films, and the reader that it was chosen for.

Trap: a probability of 0.4 from one version is not a probability of 0.4 from the next, so a threshold belongs
to one reader: to its name, its public version, and the hashes of its classifiers. Whoever knows better gives
the bare number, which then stands in every row as a threshold of their own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hilum.errors import ThresholdRefused
from hilum.inference.bundle import Bundle
from hilum.records import public_label

RECORD_NAME = "local-calibration"
LARGEST_RECORD = 50_000_000  # bytes


def reader_facts(bundle: Bundle) -> dict[str, Any]:
    """What a threshold is bound to: `bundle` ("name version", without a local ending) and `classifiers`."""
    hashes = {name: bundle.sha256[name].lower() for name in bundle.classifiers}
    return {"bundle": public_label(bundle.label), "classifiers": hashes}


def check_default_point(bundle: Bundle) -> bool:
    """Whether the default operating point was chosen on local films; False for a bundle as it shipped.

    Raises:
        ThresholdRefused: it was, but for another reader.
    """
    records = sorted(
        name for name in bundle.sha256 if name.startswith(RECORD_NAME) and name.endswith(".json")
    )
    read = [_read_record(bundle.folder / name) for name in records]
    ours = [record for record in read if record.get("operating_point") == bundle.default_operating_point]
    if not ours and public_label(bundle.version) != bundle.version:
        raise ThresholdRefused(
            f"{bundle.folder}: is called {bundle.version}, a local version, but holds no calibration of its "
            f"operating point {bundle.default_operating_point!r}; calibrate again, or say --threshold "
            f"{bundle.default_point.threshold:.6g} to use it all the same"
        )
    if not ours:
        return False
    found, reader = ours[-1].get("reader"), reader_facts(bundle)
    if found != reader:
        stated = found.get("bundle") if isinstance(found, dict) else None
        why = "of other classifiers" if stated == reader["bundle"] else f"of {stated or 'an unnamed reader'}"
        raise ThresholdRefused(
            f"{bundle.folder}: the operating point {bundle.default_operating_point!r} was chosen on the "
            f"scores {why}, not on those of {reader['bundle']} in this folder; calibrate again, or say "
            f"--threshold {bundle.default_point.threshold:.6g} to use it all the same"
        )
    return True


def read_threshold(path: Path, bundle: Bundle) -> float:
    """The threshold, 0..1, of a `calibration.json` that `hilum calibrate` wrote for this bundle.

    Raises:
        ThresholdRefused: no such file, no threshold in it, or one for another bundle.
    """
    record = _read_record(path)
    table, point = record.get("table"), record.get("operating_point")
    cut = point.get("threshold") if isinstance(point, dict) else None
    if not isinstance(table, dict) or isinstance(cut, bool) or not isinstance(cut, int | float):
        raise ThresholdRefused(f"{path}: holds no threshold that `hilum calibrate` chose")
    if not 0 <= cut <= 1:
        raise ThresholdRefused(f"{path}: its threshold {cut:g} is not on a bundle's probability, 0..1")
    ours, theirs = public_label(bundle.label), table.get("bundle")
    if not isinstance(theirs, str) or public_label(theirs) != ours:
        raise ThresholdRefused(
            f"{path}: its threshold was chosen for {theirs or 'scores of a reader that it does not name'}, "
            f"not for {ours}, whose scores are on another scale; calibrate for {ours}, or say --threshold "
            f"{cut:.6g} to use it all the same"
        )
    return float(cut)


def _read_record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ThresholdRefused(f"{path}: neither a number of 0 to 1 nor a calibration.json")
    if path.stat().st_size > LARGEST_RECORD:
        raise ThresholdRefused(f"{path}: is too large for a calibration")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ThresholdRefused(f"{path}: not a calibration: {error}") from None
    if not isinstance(record, dict):
        raise ThresholdRefused(f"{path}: not a calibration: must hold an object")
    return record
