"""Names become things: name -> "module:attribute", resolved on use, so that listing imports nothing.

Built-ins are given by each room; others come from the entry-point group and may not take a built-in name.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from hilum.errors import NameUnknown


class Registry:
    """The things of one kind.

    Args:
        kind: the word for one of them in messages, as in "network".
        group: the entry-point group that plug-ins use, as in "hilum.networks".
        built_ins: name -> "module:attribute".
    """

    def __init__(self, kind: str, group: str, built_ins: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._built_ins = dict(built_ins)

    def names(self) -> list[str]:
        """All names, sorted; imports nothing."""
        return sorted(self._targets())

    def load(self, name: str) -> Any:
        """Import and return the thing called `name`."""
        targets = self._targets()
        if name not in targets:
            raise NameUnknown(self._unknown(name, sorted(targets)))
        module, _, attribute = targets[name].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def _targets(self) -> dict[str, str]:
        plug_ins = {point.name: point.value for point in entry_points(group=self.group)}
        taken = sorted(plug_ins.keys() & self._built_ins.keys())
        if taken:
            raise NameUnknown(f"a plug-in may not take the built-in {self.kind} name {taken[0]!r}")
        return plug_ins | self._built_ins

    def _unknown(self, name: str, names: list[str]) -> str:
        nearest = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        return f"no {self.kind} is called {name!r}{hint} (known: {', '.join(names)})"
