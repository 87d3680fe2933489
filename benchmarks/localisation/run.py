"""Whether heat maps lie where the finding is: on phantoms against masks, on real films against readings.

The trap: a bundle of one network has learnt from every film of its study, so real films are asked of the
network of their fold, which has not; and maps are judged as a reader sees them, empty ones as misses.

    python benchmarks/localisation/run.py phantoms MANIFEST --bundle BUNDLE
    python benchmarks/localisation/run.py readings RUN --bundle BUNDLE
    python benchmarks/localisation/run.py sanity RUN --bundle BUNDLE
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from hilum.data.manifest import read_manifest
from hilum.errors import UnreadableImage
from hilum.evaluation.calibration import sigmoid
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.intervals import wilson
from hilum.evaluation.localisation import (
    Agreement,
    FilmLocalisation,
    agreement,
    energy_inside,
    film_localisation,
    hit_rate,
    mean_of,
)
from hilum.evaluation.table import read_predictions
from hilum.findings import Laterality, Zone
from hilum.imaging.read import read_radiograph
from hilum.inference.bundle import DEFAULT_BUNDLE, Bundle, read_bundle
from hilum.inference.heat_map import film_preview, lungs_on_film
from hilum.inference.predictor import Predictor, View, localised
from hilum.records import Film, Pixels, Prediction, Radiograph, Scored
from hilum.reports.page import estimate_text
from hilum.settings import build_settings
from hilum.training.checkpoint import read_network
from hilum.training.cross_validation import fold_folder
from hilum.training.loop import WEIGHTS_NAME
from hilum.training.networks import activation_map
from hilum.training.run_folder import read_run_facts
from hilum.training.settings import TrainSettings

N_STEPS = 10  # of deletion and insertion: a tenth of the lungs at a time
SIDES = (Laterality.RIGHT, Laterality.LEFT)


@dataclass(frozen=True)
class Asked:
    """A film, and the network that has not learnt from it."""

    film: Film
    network: nn.Module
    view: View
    shape: tuple[int, int]  # of its preview

    def activation(self, bundle: Bundle, array: Pixels | None = None) -> Pixels:
        """Calibrated log odds (h, w), place by place, of the film's array or of another."""
        seen = self.view.seen.array if array is None else array
        with torch.no_grad():
            features = self.network.features(torch.from_numpy(seen[None]))
            found = activation_map(self.network, features)[0, 0].numpy()
        calibration = bundle.calibration[0]
        return np.asarray(calibration.slope * found + calibration.intercept, np.float32)


def main() -> None:
    """Read the command line and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("phantoms", "readings", "sanity"))
    parser.add_argument("source", type=Path, help="a manifest of phantoms, or a cross-validation's folder")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="name or folder")
    parser.add_argument("--n", type=int, default=40, help="films of the sanity checks")
    arguments = parser.parse_args()
    bundle = read_bundle(arguments.bundle)
    print(f"`{' '.join(['benchmarks/localisation/run.py', *sys.argv[1:]])}`, {bundle.label}\n")
    if arguments.what == "phantoms":
        phantoms(arguments.source, Predictor(bundle, n_threads=1))
    elif arguments.what == "readings":
        readings(arguments.source, bundle)
    else:
        sanity(arguments.source, bundle, arguments.n)


def phantoms(manifest: Path, predictor: Predictor) -> None:
    """Maps of phantoms with a finding, against its true mask, by kind of finding; and the scores of all.

    Scores too, because a network that learnt from phantoms may have learnt what a phantom looks like, and a
    healthy one is a phantom too.
    """
    found: dict[str, list[FilmLocalisation]] = {"all": []}
    read: list[tuple[int | None, Scored]] = []
    for film in read_manifest(manifest):
        screened = predictor.examine(film.image_path, with_picture=True)
        if not isinstance(screened.outcome, Scored) or screened.preview is None:
            continue
        read.append((film.label, screened.outcome))
        if film.finding_mask_path is None:
            continue
        mask = finding_mask(film.finding_mask_path, screened.preview.shape)
        one = film_localisation(screened.outcome.heat_map, mask)
        kinds = () if film.reading is None else film.reading.kinds
        for name in ("all", *(kind.value for kind in kinds)):
            found.setdefault(name, []).append(one)
    print_scores(read)
    print("| finding | n | pointing game | energy inside | overlap | average precision | finding's share |")
    print("|---|---|---|---|---|---|---|")
    for name, films in found.items():
        keys = ("energy_inside", "overlap", "average_precision")
        means = (mean_of([getattr(film, key) for film in films]) for key in keys)
        figures = [hit_rate(films), *means]
        share = np.mean([film.mask_share for film in films])
        print(f"| {name} | {len(films)} | {' | '.join(map(estimate_text, figures))} | {share:.3f} |")


def print_scores(read: Sequence[tuple[int | None, Scored]]) -> None:
    """How well phantoms' labels are told, and how many of each label are flagged and have a map."""
    area = auroc([label for label, _ in read], np.array([scored.probability for _, scored in read]))
    print(f"{len(read)} phantoms were scored: AUC {estimate_text(area)}.")
    for label, name in ((1, "with a finding"), (0, "without one")):
        these = [scored for truth, scored in read if truth == label]
        flagged = estimate_text(wilson(sum(scored.is_flagged for scored in these), len(these)))
        mapped = estimate_text(wilson(sum(scored.heat_map is not None for scored in these), len(these)))
        print(f"Of {len(these)} {name} {flagged} are flagged, and {mapped} have a map.")
    print()


def finding_mask(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """The mask (H, W) at the preview's size; a finding smaller than a pixel keeps one."""
    mask = np.asarray(Image.open(path).convert("L")) > 0
    small = Image.fromarray(mask.astype(np.uint8) * 255).resize(shape[::-1], Image.Resampling.BOX)
    share = np.asarray(small)
    return share >= min(128, share.max())


def readings(run: Path, bundle: Bundle) -> None:
    """Maps of sick films by the network of their fold, against the side and zone of their readings."""
    sides: list[tuple[Laterality | None, Laterality, bool]] = []
    zones: list[tuple[Zone | None, Zone, bool]] = []
    energies, empty, n_flagged = [], 0, 0
    threshold = bundle.default_point.threshold
    for asked, is_flagged in asked_films(run, bundle):
        reading = asked.film.reading
        activation = asked.activation(bundle)
        chances = asked.view.zones(activation)
        heat = localised(activation, asked.view, threshold=threshold, shape=asked.shape)
        if is_flagged:
            n_flagged += 1
            empty += heat is None
            if heat is not None:
                energies.append(energy_inside(heat, lungs_mask(asked)))
        if asked.film.label != 1 or reading is None or reading.laterality not in SIDES:
            continue
        sides.append((hotter_side(chances), reading.laterality, is_flagged))
        if len(reading.zones) == 1:
            zones.append((max(chances, key=lambda zone: chances[zone]), reading.zones[0], is_flagged))
    print("| what | n | agreement | by chance |\n|---|---|---|---|")
    for name, pairs in (("side, of one-sided disease", sides), ("zone, where one is named", zones)):
        agreed(name, pairs)
        agreed(f"{name}; flagged films", [pair for pair in pairs if pair[2]])
    print(f"\n{n_flagged} films were flagged, {empty} of them without a map; of the maps' energy "
          f"{estimate_text(mean_of(energies))} lies in the lungs.")  # fmt: skip


def agreed(name: str, pairs: Sequence[tuple[object, object, bool]]) -> None:
    """Print one row of agreement."""
    found: Agreement = agreement([pair[0] for pair in pairs], [pair[1] for pair in pairs])  # type: ignore[misc]
    print(f"| {name} | {found.observed.n} | {estimate_text(found.observed)} | {found.by_chance:.3f} |")


def hotter_side(chances: dict[Zone, float]) -> Laterality:
    """The side whose zones have the higher mean log odds."""
    odds = {zone: np.log(chance / (1 - chance)) for zone, chance in chances.items()}
    by_side = [np.mean([odds[zone] for zone in odds if zone.value.startswith(side.value)]) for side in SIDES]
    return SIDES[int(np.argmax(by_side))]


def lungs_mask(asked: Asked) -> np.ndarray:
    """The lungs on the film's preview, with the soft rim that the recipe shows."""
    assert asked.view.lungs is not None
    height, width = asked.view.pixels.shape
    soft = lungs_on_film(asked.view.lungs, asked.view.canvas.box, native=(height, width), shape=asked.shape)
    return soft > 0.5


def sanity(run: Path, bundle: Bundle, n: int) -> None:
    """Random weights must destroy the map; hot places must matter; small changes must not."""
    sick = [asked for asked, is_flagged in asked_films(run, bundle) if is_flagged and asked.film.label == 1]
    chosen = [sick[place] for place in np.random.default_rng(0).permutation(len(sick))[:n]]
    print("| check | n | figure |\n|---|---|---|")
    for name, check in CHECKS.items():
        found = mean_of([check(asked, bundle) for asked in chosen])
        print(f"| {name} | {len(chosen)} | {estimate_text(found)} |")


def with_random_head(asked: Asked, bundle: Bundle) -> float:
    """Correlation of the map with that of the same network with its last layer drawn anew (Adebayo 2018)."""
    network = read_copy(asked.network)
    generator = torch.Generator().manual_seed(0)
    head = network.head
    head.weight.data = torch.randn(head.weight.shape, generator=generator) * head.weight.std()
    return alike(asked.activation(bundle), replace(asked, network=network).activation(bundle))


def with_random_trunk(asked: Asked, bundle: Bundle) -> float:
    """Correlation of the map with that of the same network with every convolution's weights shuffled."""
    network = read_copy(asked.network)
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            flat = module.weight.data.flatten()
            module.weight.data = flat[torch.randperm(len(flat), generator=generator)].reshape(
                module.weight.shape
            )
    return alike(asked.activation(bundle), replace(asked, network=network).activation(bundle))


def deletion(asked: Asked, bundle: Bundle) -> float:
    """How much further the probability falls on average while the hottest tenths of the lungs go first, than
    while they go in random order (Petsiuk 2018).
    """
    return deletion_curve(asked, bundle, "random") - deletion_curve(asked, bundle, "hottest")


def deletion_curve(asked: Asked, bundle: Bundle, order: str) -> float:
    """The mean probability while tenths of the lungs are set to their median, one after the other."""
    array = asked.view.seen.array.copy()
    cells = asked.activation(bundle)
    side = array.shape[1] // cells.shape[0]
    heat = np.kron(cells, np.ones((side, side), np.float32))
    if order == "random":
        shuffled = np.random.default_rng(0).permutation(cells.ravel()).reshape(cells.shape)
        heat = np.kron(shuffled, np.ones((side, side), np.float32))
    inside = np.abs(array[0]) > 1e-6
    ranked = np.argsort(-np.where(inside, heat, -np.inf), axis=None, kind="stable")[: int(inside.sum())]
    chances = []
    for part in np.array_split(ranked, N_STEPS):
        array[0].flat[part] = 2e-6  # the lungs' median, and still lung to the network
        chances.append(film_probability(asked, bundle, array))
    return float(np.mean(chances))


def film_probability(asked: Asked, bundle: Bundle, array: Pixels) -> float:
    """Calibrated: the mean of the log odds over the map is that of the film."""
    return float(sigmoid(np.array(asked.activation(bundle, array).mean(), np.float64)))


def turned(degrees: float) -> Callable[[Asked, Bundle], float]:
    """Correlation of the map with that of the film turned by so much, turned back."""

    def check(asked: Asked, bundle: Bundle) -> float:
        array = asked.view.seen.array
        picture = Image.fromarray(array[0]).rotate(degrees, Image.Resampling.BILINEAR)
        moved = asked.activation(bundle, np.asarray(picture, np.float32)[None])
        back = Image.fromarray(moved).resize((array.shape[2], array.shape[1]), Image.Resampling.BICUBIC)
        back = back.rotate(-degrees, Image.Resampling.BILINEAR).resize(
            moved.shape[::-1], Image.Resampling.BOX
        )
        return alike(asked.activation(bundle), np.asarray(back))

    return check


def exposed(factor: float) -> Callable[[Asked, Bundle], float]:
    """Correlation of the map with that of the film with its grey levels times a factor, from the file on."""

    def check(asked: Asked, bundle: Bundle) -> float:
        radiograph = read_radiograph(asked.film.image_path)
        brighter = replace(radiograph, pixels=np.clip(radiograph.pixels * np.float32(factor), 0, 1))
        view = Predictor(bundle, n_threads=1).see(brighter)
        return alike(asked.activation(bundle), asked.activation(bundle, view.seen.array))

    return check


CHECKS: dict[str, Callable[[Asked, Bundle], float]] = {
    "correlation with the map of a random last layer": with_random_head,
    "correlation with the map of shuffled convolutions": with_random_trunk,
    "mean probability saved by deleting at random and not the hottest first": deletion,
    "correlation with the map of the film turned by 2 degrees": turned(2),
    "correlation with the map of the film turned by -2 degrees": turned(-2),
    "correlation with the map of the film 5 % brighter": exposed(1.05),
    "correlation with the map of the film 5 % darker": exposed(0.95),
}


def read_copy(network: nn.Module) -> nn.Module:
    """The network once more, so that the one that is asked stays as it is."""
    return copy.deepcopy(network)


def alike(one: Pixels, other: Pixels) -> float:
    """Pearson's correlation of two maps; 0 where one of them is even."""
    if one.std() < 1e-9 or other.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def asked_films(run: Path, bundle: Bundle) -> Iterator[tuple[Asked, bool]]:
    """Each film of a cross-validation with the network of its fold, and whether it is flagged."""
    facts = read_run_facts(run)
    settings = build_settings(facts["settings"], TrainSettings, where=str(run), folder=Path())
    films = {film.film: film for film in read_manifest(settings.manifest)}
    rows: dict[int, list[Prediction]] = {}
    for row in read_predictions(run / "predictions.parquet"):
        rows.setdefault(row.fold or 0, []).append(row)
    predictor = Predictor(bundle, n_threads=1)
    for fold, members in sorted(rows.items()):
        network = read_network(fold_folder(run, fold) / WEIGHTS_NAME, settings)
        for row in members:
            radiograph: Radiograph = read_radiograph(films[row.film].image_path)
            try:
                view = predictor.see(radiograph)
            except UnreadableImage:
                continue
            asked = Asked(films[row.film], network, view, film_preview(radiograph.pixels).shape)
            probability = bundle.calibration[0].probability(np.array(float(row.extra["logit"])))
            yield asked, bool(probability >= predictor.threshold)


if __name__ == "__main__":
    main()
