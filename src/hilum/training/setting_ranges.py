"""What each number in the settings of a training may be; refused before a run's folder is opened.

A setting out of range ends in a traceback, or worse, in a result of nothing: a label smoothed by 3 teaches
the opposite. Trap: every number of a settings record must have its range here; a test asks for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hilum.errors import SettingsInvalid
from hilum.training.settings import LungsSettings, TrainSettings


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a setting may be; the ends belong to it unless said otherwise."""

    low: float
    high: float
    is_above_low: bool = False  # the low end does not belong
    is_below_high: bool = False  # the high end does not belong

    def holds(self, value: float) -> bool:
        """Whether a number lies inside; NaN never does."""
        is_above = value > self.low if self.is_above_low else value >= self.low
        is_below = value < self.high if self.is_below_high else value <= self.high
        return is_above and is_below

    def __str__(self) -> str:
        low = "above" if self.is_above_low else "at least"
        high = "below" if self.is_below_high else "at most"
        return f"{low} {self.low:g} and {high} {self.high:g}"


SHARE = Range(0, 1)
RATE = Range(0, 1, is_above_low=True)  # AdamW moves each weight by about its rate a step; 1 is far too much
COUNT = Range(1, 1_000_000)
SEED = Range(0, 2**32 - 1)  # what numpy, torch, and scikit-learn all take
SIDE = Range(32, 4096)  # pixels

RANGES: Mapping[str, Range] = {
    "weak_share": SHARE,
    "masked_share": SHARE,
    "mask_weight": Range(0, 100),
    "epochs": COUNT,
    "batch_size": COUNT,
    "learning_rate": RATE,
    "trunk_rate": Range(0, 100),
    "warm_up_share": Range(0, 1, is_above_low=True, is_below_high=True),  # the cycle needs a rise and a fall
    "weight_decay": Range(0, 10),
    "label_smoothing": Range(
        0, 0.5, is_below_high=True
    ),  # at 0.5 a lung's label, smoothed twice, says nothing
    "side_weight": Range(0, 100),
    "ema_decay": Range(0, 1, is_below_high=True),  # at 1 the average stays at the random start
    "inner_share": Range(0, 1, is_below_high=True),
    "patience": COUNT,
    "n_folds": Range(2, 1000),
    "seed": SEED,
    "n_threads": Range(1, 1024),
    "augment.rotate_degrees": Range(0, 180),
    "augment.scale": Range(0, 2),
    "augment.stretch": Range(0, 2),
    "augment.shift": SHARE,
    "augment.flip_probability": SHARE,
    "augment.tone": Range(0, 2),
    "augment.blur": Range(0, 2),
    "augment.noise": Range(0, 4),
    "augment.erase_probability": SHARE,
    "recipe.film_side": SIDE,
    "recipe.lungs_side": SIDE,
    "recipe.crop_side": SIDE,
    "recipe.margin": SHARE,
    "lungs_side": SIDE,
    "held_out_share": Range(0, 1, is_above_low=True, is_below_high=True),
    "n_steps_an_epoch": COUNT,
}
"""By the key in the settings file; of a table, `table.key`."""


def check_ranges(settings: TrainSettings | LungsSettings) -> None:
    """Refuse the first setting that is out of its range.

    Raises:
        SettingsInvalid: names the key, its value, and the range.
    """
    for key, value in numbers_of(settings):
        assert key in RANGES, f"setting_ranges.py has no range for {key}"
        if not RANGES[key].holds(value):
            raise SettingsInvalid(f"{key} = {value!r} is out of range: it must be {RANGES[key]}")
    if isinstance(settings, TrainSettings) and settings.patience is not None and settings.inner_share == 0:
        raise SettingsInvalid(
            f"patience = {settings.patience} has no films to watch; set inner_share above 0, or leave it out"
        )


def numbers_of(settings: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a settings record that is stated, by key; truth values are none."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from numbers_of(value, f"{prefix}{field.name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{field.name}", value
