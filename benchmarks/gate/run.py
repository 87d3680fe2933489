"""What the gate lets through: chest films as they stand and turned, and pictures of something else.

Run it again with every new lungs network: the limits in hilum/inference/gate.py are measured, and may move.
The trap: DICOM headers would refuse children and side views before the picture is looked at, so ages are not
used here, and films turned for the test are read as the file would be, polarity included.

    python benchmarks/gate/run.py --chest shenzhen=FOLDER --chest jsrt=FOLDER --other FOLDER --out results.md
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hilum.errors import UnreadableImage
from hilum.imaging.chest import lung_spread, lungs_likeness
from hilum.imaging.lungs import LungMask
from hilum.imaging.polarity import with_bone_bright
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import Canvas, film_canvas
from hilum.inference.bundle import DEFAULT_BUNDLE, Bundle, read_bundle
from hilum.inference.gate import GateLimits, check_film, find_lungs
from hilum.inference.lungs import LungFinder
from hilum.inference.search import FilmSearch
from hilum.records import Radiograph

TURNS = {0: "as it stands", 1: "90 degrees left", 2: "upside down", 3: "90 degrees right"}
# What is measured of each picture, and whether the gate's limit is its least or its greatest value
MEASURES: dict[str, Callable[[list[float]], float]] = {
    "grey levels": min, "two tones": max, "coloured": max, "lung area": min, "confidence": min,
    "lung spread": min, "likeness": min, "gain by a turn": max,
}  # fmt: skip


class RememberingFinder(LungFinder):
    """Looks at a canvas once: a film turned four ways is four pictures, and the gate asks for sixteen."""

    seen: dict[bytes, LungMask]

    def find(self, canvas: Canvas) -> LungMask:
        """The lungs, from memory where they were looked for."""
        key = canvas.pixels.tobytes()
        if key not in self.seen:
            self.seen[key] = super().find(canvas)
        return self.seen[key]


@dataclass(frozen=True)
class Gate:
    """The gate as a bundle sets it, without the age."""

    bundle: Bundle
    finder: RememberingFinder
    limits: GateLimits

    def verdict(self, film: Radiograph) -> str:
        """`passed`, or the refusal code."""
        try:
            check_film(film, self.limits)
            find_lungs(film_canvas(film.pixels, self.bundle.recipe), self.finder, self.limits)
        except UnreadableImage as error:
            return str(error.code)
        return "passed"

    def measures(self, film: Radiograph) -> dict[str, float]:
        """What the limits are held against; nothing of the lungs where none were found."""
        canvas = film_canvas(film.pixels, self.bundle.recipe)
        lungs = self.finder.find(canvas)
        tones = film.tones
        assert tones is not None, "readers measure them"
        found = {"grey levels": tones.n_levels, "two tones": tones.two_tone_share,
                 "coloured": film.coloured_share, "lung area": lungs.area}  # fmt: skip
        if not lungs.n_parts:
            return found
        turned = [self.finder.find(film_canvas(turn(film, k).pixels, self.bundle.recipe)) for k in (1, 2, 3)]
        gain = max(other.confidence for other in turned) - lungs.confidence
        return found | {"confidence": lungs.confidence, "lung spread": lung_spread(canvas, lungs),
                        "likeness": lungs_likeness(canvas, lungs), "gain by a turn": gain}  # fmt: skip


@dataclass
class Outcome:
    """What became of one set of pictures."""

    name: str
    verdicts: dict[int, Counter[str]] = field(default_factory=dict)  # by quarter turns
    measures: list[dict[str, float]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # names and codes, as they stand

    @property
    def n(self) -> int:
        return self.verdicts[0].total()


def main() -> None:
    """Read every picture, print the tables."""
    options = parse()
    bundle = read_bundle(options.bundle)
    if bundle.lungs_path is None:
        sys.exit(f"{bundle.label} has no lungs network, and so no gate to measure")
    limits = GateLimits(minimum_age_years=0, views=bundle.intended_use.views)
    gate = Gate(bundle, RememberingFinder(bundle.lungs_path, bundle.recipe, n_threads=1), limits)
    chests = [measured(gate, name, files(folder), TURNS) for name, folder in options.chest]
    others = [
        measured(gate, name, paths, {0: TURNS[0]}) for name, paths in sorted(kinds(options.other).items())
    ]
    text = "\n\n".join(report(bundle, chests, others)) + "\n"
    print(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its name or folder")
    parser.add_argument("--chest", type=named, action="append", default=[], metavar="NAME=FOLDER",
                        help="upright frontal chest films; may be given more than once")  # fmt: skip
    parser.add_argument("--other", type=Path, help="pictures of no chest, a folder a kind")
    parser.add_argument("--out", type=Path, help="write the tables here")
    return parser.parse_args()


def named(text: str) -> tuple[str, Path]:
    """NAME=FOLDER as the two."""
    name, _, folder = text.partition("=")
    return name, Path(folder)


def files(folder: Path) -> list[Path]:
    """The pictures below a folder."""
    return list(FilmSearch([folder]))


def kinds(folder: Path | None) -> dict[str, list[Path]]:
    """The pictures of each kind, in two halves by the hash of the file's name."""
    halves: dict[str, list[Path]] = {}
    for path in [] if folder is None else files(folder):
        half = "AB"[hashlib.sha256(path.name.encode()).digest()[0] % 2]
        halves.setdefault(f"{path.parent.name}, half {half}", []).append(path)
    return halves


def measured(gate: Gate, name: str, paths: list[Path], turns: dict[int, str]) -> Outcome:
    """Put every picture of a set through the gate, in every turn."""
    outcome = Outcome(name, {quarters: Counter() for quarters in turns})
    for path in paths:
        gate.finder.seen = {}
        try:
            film = read_radiograph(path, max_side=gate.bundle.recipe.film_side)
        except UnreadableImage as error:
            for counts in outcome.verdicts.values():
                counts[str(error.code)] += 1
            continue
        for quarters, counts in outcome.verdicts.items():
            counts[verdict := gate.verdict(turn(film, quarters))] += 1
            if quarters == 0 and verdict != "passed":
                outcome.refused.append(f"{path.name} ({verdict})")
        outcome.measures.append(gate.measures(film))
    print(name, dict(outcome.verdicts[0]), file=sys.stderr)
    return outcome


def turn(film: Radiograph, quarters: int) -> Radiograph:
    """The film as if its file showed it turned."""
    if quarters == 0:
        return film
    return with_bone_bright(replace(film, pixels=np.ascontiguousarray(np.rot90(film.pixels, quarters))))


def report(bundle: Bundle, chests: list[Outcome], others: list[Outcome]) -> Iterator[str]:
    """The tables."""
    yield f"Bundle {bundle.label}."
    if chests:
        yield table(["chest films refused", "n", *TURNS.values()], [turned_row(one) for one in chests])
        yield "Refused as they stand: " + "; ".join(
            f"{one.name}: {', '.join(one.refused) or 'none'}" for one in chests
        )
        extremes = [f"{name}, {'least' if worst is min else 'greatest'}" for name, worst in MEASURES.items()]
        yield table(["chest films", *extremes], [extremes_row(one) for one in chests])
    if others:
        yield table(["other pictures", "n", "passed", "refused as"], [other_row(one) for one in others])
        head = ["other pictures", "n", "passed", "would pass by the lungs' area and confidence alone"]
        yield table(head, [half_row(others, half) for half in ("A", "B", "")])


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def turned_row(one: Outcome) -> list[str]:
    """How many were refused in each turn, and as what."""
    return [one.name, str(one.n), *(told(counts) for counts in one.verdicts.values())]


def told(counts: Counter[str]) -> str:
    """Refusals as a count and a share, with their codes."""
    n_refused = counts.total() - counts["passed"]
    if not n_refused:
        return "0"
    return f"{n_refused} ({n_refused / counts.total():.1%}): {codes(counts)}"


def codes(counts: Counter[str]) -> str:
    """The refusal codes, the commonest first."""
    return ", ".join(f"{n} {code}" for code, n in counts.most_common() if code != "passed")


def extremes_row(one: Outcome) -> list[str]:
    """What comes nearest to each limit."""
    row = [one.name]
    for name, worst in MEASURES.items():
        values = [measures[name] for measures in one.measures if name in measures]
        row.append(f"{worst(values):.3f}" if values else "")
    return row


def other_row(one: Outcome) -> list[str]:
    """How many passed, and how the rest was refused."""
    counts = one.verdicts[0]
    return [one.name, str(one.n), str(counts["passed"]), codes(counts)]


def half_row(others: list[Outcome], half: str) -> list[str]:
    """How many of a half passed; of all, where it is empty."""
    those = [one for one in others if one.name.endswith(half)]
    n, passed = sum(one.n for one in those), sum(one.verdicts[0]["passed"] for one in those)
    with_lungs = sum(have_lungs(measures) for one in those for measures in one.measures)
    counts = (f"{count} ({count / max(n, 1):.1%})" for count in (passed, with_lungs))
    return [f"half {half}" if half else "all", str(n), *counts]


def have_lungs(measures: dict[str, float]) -> bool:
    """Whether the two oldest checks alone would let a picture through."""
    limits = GateLimits(minimum_age_years=0, views=())
    is_sized = limits.min_lung_area <= measures["lung area"] <= limits.max_lung_area
    return is_sized and measures.get("confidence", 0) >= limits.min_lung_confidence


if __name__ == "__main__":
    main()
