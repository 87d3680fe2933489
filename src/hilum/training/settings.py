"""What a training run is told; filled from TOML by `hilum.settings`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hilum.imaging.recipe import Recipe


@dataclass(frozen=True)
class AugmentSettings:
    """How far a film is moved and toned at random, each batch anew; all zero leaves it as it is."""

    rotate_degrees: float = 10.0  # uniform, either way
    scale: float = 0.15  # of the natural logarithm of the side, either way
    stretch: float = 0.1  # of the logarithm of width over height, either way
    shift: float = 0.05  # of the side, either way
    flip_probability: float = 0.5  # left-right; a mirrored chest still shows tuberculosis
    tone: float = 0.25  # standardised grey levels: curvature, gain (log), and offset, either way
    blur: float = 1.0  # 1 replaces a film by its 3x3 mean; half of this sharpens
    noise: float = 0.1  # standard deviation in standardised grey levels, at most
    erase_probability: float = 0.4  # of one box of 1/12 to 1/4 of the side set to 0


@dataclass(frozen=True)
class TrainSettings:
    """One training run of one network."""

    manifest: Path  # manifest.parquet of the films to learn from
    weak_manifest: Path | None = None  # films of elsewhere, labelled for something that goes along with it
    weak_share: float = 0.25  # of each batch, where there is a weak manifest
    masked_manifest: Path | None = None  # films with masks of their findings, as phantoms, that teach where
    masked_share: float = 0.2  # of each batch, where there is a masked manifest
    mask_weight: float = 1.0  # of the loss of the activation map against those masks
    network: str = "hilum-small"  # by the registry's name
    weights: str | None = None  # that its trunk starts from: a pretrained name or a file; None is random
    recipe: Recipe = field(default_factory=Recipe)  # a table: how a film becomes the input
    lungs: str = "hilum-small"  # a bundle's name or folder, or an .onnx file: the network that finds lungs
    augment: AugmentSettings = field(default_factory=AugmentSettings)  # a table: random changes
    epochs: int = 60  # passes over the films
    batch_size: int = 32  # films
    learning_rate: float = 3e-3  # peak of the one-cycle schedule, or all along; AdamW
    schedule: Literal["one-cycle", "constant"] = "one-cycle"  # of the learning rate
    trunk_rate: float = 1.0  # the trunk's learning rate, of the others'
    warm_up_share: float = 0.2  # of all steps, until the one-cycle schedule's peak
    weight_decay: float = 0.05  # of AdamW
    label_smoothing: float = 0.05  # 1 is taught as 1 - half of this, 0 as half of this
    side_weight: float = 0.0  # of the loss of each lung's own label, from readings' laterality; 0 is without
    ema_decay: float = 0.99  # of the weights' moving average, per step; it is evaluated and exported
    inner_share: float = 0.0  # of the training films, by patient, for early stopping; 0 trains on all
    patience: int | None = None  # epochs without a better inner AUC before stopping; None runs all epochs
    n_folds: int = 5  # for cross-validate
    seed: int = 0  # of the split, the first weights, the order, and the random changes
    n_threads: int | None = None  # of the CPU, None is torch's choice; a result repeats at the same number
    mixed_precision: bool = False  # bfloat16 on the CPU too; faster where the processor has it
    allow_single_site_class: bool = False  # train although a class comes from one site only

    @property
    def teaches_places(self) -> bool:
        """Whether anything but the film's own label is learnt, so that the network must keep a map."""
        return self.masked_manifest is not None or self.side_weight > 0

    @property
    def n_weak(self) -> int:
        """Films of each batch that come from the weak manifest."""
        return 0 if self.weak_manifest is None else round(self.batch_size * self.weak_share)

    @property
    def n_masked(self) -> int:
        """Films of each batch that come from the masked manifest."""
        return 0 if self.masked_manifest is None else round(self.batch_size * self.masked_share)

    @property
    def n_own(self) -> int:
        """Films of each batch that are the run's own."""
        return self.batch_size - self.n_weak - self.n_masked


@dataclass(frozen=True)
class LungsSettings:
    """Training of the lungs network, from films with lung masks."""

    manifests: tuple[Path, ...]  # of films with lung masks
    judged: tuple[Path, ...] = ()  # manifests whose films are only judged, never learnt from
    lungs_side: int = 128  # pixels; goes into every recipe that uses the network
    held_out_share: float = 0.1  # of the films, by patient, judged and never learnt from
    epochs: int = 60  # of `n_steps_an_epoch`
    n_steps_an_epoch: int = 16  # batches, drawn at random
    batch_size: int = 16  # films
    learning_rate: float = 4e-3  # peak of the one-cycle schedule, AdamW
    weight_decay: float = 1e-4  # of AdamW
    seed: int = 0  # of the split, the first weights, the order, and the random changes
    n_threads: int | None = None  # of the CPU, None is torch's choice
