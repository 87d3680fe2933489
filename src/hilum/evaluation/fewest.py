"""The fewest films for which a study is large enough.

Trap: halving finds the edge only where more films are always enough too; a caller whose figures are rounded
to whole films looks a few below the answer himself.
"""

from __future__ import annotations

from collections.abc import Callable

from hilum.errors import SettingsInvalid


def fewest(is_enough: Callable[[int], bool], *, most: int, too_many: str) -> int:
    """The smallest n from 1 on that is enough, by doubling and halving.

    Raises:
        SettingsInvalid: `too_many`, where more than `most` would be needed.
    """
    low, high = 0, 1
    while not is_enough(high):
        low, high = high, 2 * high
        if high > most:
            raise SettingsInvalid(too_many)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
