"""Which bundles two tables were read by, and whether one took the other's place.

A local version (`0.1.0+local.1f2e`) is the same reader at another threshold: what follows the + is left out.
Trap: a table that does not name its bundle is not known to be of the same one; that is said, and not taken
for an answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hilum.errors import TableInvalid
from hilum.evaluation.watched import WatchedTable
from hilum.records import public_label


@dataclass(frozen=True, slots=True)
class LocalCalibration:
    """A threshold that was chosen for a bundle on local films."""

    bundle: str  # "name version"
    threshold: float
    source: str  # the films and the rule, as a sentence

    def as_json(self) -> dict[str, Any]:
        return {"bundle": self.bundle, "threshold": self.threshold, "source": self.source}


@dataclass(frozen=True, slots=True)
class BundleChange:
    """The bundles of the reference and of the current films, "name version" -> films."""

    reference: str | None  # None where it is not stated
    current: dict[str, int]
    n_unstated: int  # current films that name no bundle
    calibration: LocalCalibration | None = None

    @property
    def is_changed(self) -> bool:
        """Whether a current film was read by another bundle than the reference."""
        if self.reference is None:
            return False
        return any(public_label(name) != public_label(self.reference) for name in self.current)

    @property
    def is_known(self) -> bool:
        return self.reference is not None and self.n_unstated == 0

    @property
    def is_accepted(self) -> bool:
        """Whether the one other bundle has a threshold of its own, chosen on local films."""
        if self.calibration is None or self.n_unstated:
            return False
        return self.is_changed and {public_label(name) for name in self.current} == {
            public_label(self.calibration.bundle)
        }

    @property
    def is_alarm(self) -> bool:
        return self.is_changed and not self.is_accepted

    def as_json(self) -> dict[str, Any]:
        return {"reference": self.reference, "current": self.current, "films_without_bundle": self.n_unstated,
                "is_changed": self.is_changed, "is_known": self.is_known,
                "calibration": self.calibration and self.calibration.as_json(),
                "is_alarm": self.is_alarm}  # fmt: skip


def compare_bundles(
    reference: WatchedTable, current: WatchedTable, calibration: LocalCalibration | None = None
) -> BundleChange:
    """The bundles of two tables.

    Raises:
        TableInvalid: the reference was read by several, so it is no reference for any.
    """
    old = Counter(film.bundle for film in reference.films)
    if len({name and public_label(name) for name in old}) > 1:
        named = ", ".join(f"{name or 'not stated'} ({n} films)" for name, n in old.most_common(5))
        raise TableInvalid(f"{reference.path}: a reference is of one bundle, this one of several: {named}")
    new = Counter(film.bundle for film in current.films)
    n_unstated = new.pop(None, 0)
    named_new = {name: n for name, n in new.items() if name is not None}
    return BundleChange(old.most_common(1)[0][0], named_new, n_unstated, calibration)
