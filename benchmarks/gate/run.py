"""What the gate refuses: chest films as they stand and spoilt, and pictures of something else.

Run it again with every new lungs network or gate.onnx. The traps: ages and views of DICOM headers would
refuse before the picture is looked at, so they are set aside; and half A of the other pictures taught the
gate, so only half B says what it is worth.

    python benchmarks/gate/run.py --chest shenzhen=FOLDER --other FOLDER --out benchmarks/gate/results.md
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from add import add_gate
from halves import SEED, half_a
from PIL import Image

from hilum.errors import UnreadableImage
from hilum.evaluation.intervals import wilson
from hilum.imaging.polarity import with_bone_bright
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import film_canvas
from hilum.inference.bundle import Bundle, read_bundle
from hilum.inference.gate import Gate, GateLimits
from hilum.inference.search import FilmSearch
from hilum.records import Pixels, Radiograph

PASSED = "passed"


def padded(pixels: Pixels) -> Pixels:
    """A black border of a fifth of the side, all round."""
    return np.pad(pixels, max(pixels.shape) // 5)


def leaning(degrees: float) -> Callable[[Pixels], Pixels]:
    """A film that lies askew."""
    return lambda pixels: np.array(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR))


def marked(pixels: Pixels) -> Pixels:
    """A white marker burned in at an upper corner."""
    height, width = pixels.shape
    made = pixels.copy()
    made[height // 20 : height // 9, width // 20 : width // 6] = 1
    return made


def as_jpeg(pixels: Pixels) -> Pixels:
    """Through JPEG of quality 50."""
    buffer = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(buffer, "JPEG", quality=50)
    return np.asarray(Image.open(buffer), np.float32) / 255


def turned(quarters: int) -> Callable[[Pixels], Pixels]:
    """By quarter turns to the left."""
    return lambda pixels: np.rot90(pixels, quarters).copy()


SPOILT: dict[str, Callable[[Pixels], Pixels]] = {
    "90 degrees left": turned(1), "upside down": turned(2), "90 degrees right": turned(3),
    "right half": lambda pixels: pixels[:, pixels.shape[1] // 2 :],
    "upper half": lambda pixels: pixels[: pixels.shape[0] // 2],
}  # fmt: skip
ALTERED: dict[str, Callable[[Pixels], Pixels]] = {
    "border": padded, "gamma 0.6": lambda pixels: pixels**0.6, "gamma 1.6": lambda pixels: pixels**1.6,
    "10 degrees left": leaning(10), "10 degrees right": leaning(-10), "marker": marked, "JPEG 50": as_jpeg,
    "inverted, mended": lambda pixels: 1 - pixels, "mirrored": lambda pixels: pixels[:, ::-1].copy(),
}  # fmt: skip


@dataclass
class Outcome:
    """What became of one set of pictures."""

    name: str
    codes: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    warned: Counter[str] = field(default_factory=Counter)

    def row(self) -> list[str]:
        """Name, n, refused with its interval, and the codes."""
        n = self.codes.total()
        n_refused = n - self.codes[PASSED]
        told = ", ".join(f"{count} {code}" for code, count in self.codes.most_common() if code != PASSED)
        return [self.name, str(n), str(n_refused), share_of(n_refused, n), told]


class Judge:
    """The gate of a bundle, without age and view, and how long it took."""

    def __init__(self, bundle: Bundle) -> None:
        limits = GateLimits(minimum_age_years=0, views=bundle.intended_use.views)
        self._recipe = bundle.recipe
        self._gate = Gate(bundle, limits, n_threads=1)
        self.seconds: list[float] = []

    def verdict(self, film: Radiograph) -> tuple[str, tuple[str, ...]]:
        """`passed` or the code, and the warnings."""
        start = time.perf_counter()
        try:
            self._gate.check(replace(film, view=None))
            return PASSED, self._gate.admit(film_canvas(film.pixels, self._recipe)).notes
        except UnreadableImage as error:
            return str(error.code), ()
        finally:
            self.seconds.append(time.perf_counter() - start)

    def read(self, path: Path) -> Radiograph:
        """A film as screening reads it."""
        return read_radiograph(path, max_side=2 * self._recipe.film_side)


def main() -> None:
    """Read every picture, print the tables."""
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        bundle = read_bundle(options.bundle)
        if options.gate is not None:
            folder = shutil.copytree(bundle.folder, Path(scratch) / "bundle")
            add_gate(folder, options.gate)
            bundle = read_bundle(folder)
        text = "\n\n".join(report(Judge(bundle), bundle, options)) + "\n"
    print(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="hilum-base", help="its name or folder")
    parser.add_argument("--gate", type=Path, help="judge this gate.onnx in place of the bundle's")
    parser.add_argument("--chest", type=named, action="append", default=[], metavar="NAME=FOLDER",
                        help="upright frontal chest films; may be given more than once")  # fmt: skip
    parser.add_argument("--other", type=Path, help="pictures of no chest, a folder a kind")
    parser.add_argument("--every", type=int, default=6, help="of the chest films that are spoilt or altered")
    parser.add_argument("--out", type=Path, help="write the tables here")
    return parser.parse_args()


def named(text: str) -> tuple[str, Path]:
    """NAME=FOLDER as the two."""
    name, _, folder = text.partition("=")
    return name, Path(folder)


def report(judge: Judge, bundle: Bundle, options: argparse.Namespace) -> Iterator[str]:
    """The tables."""
    today = datetime.now(UTC).date()
    yield f"Bundle {bundle.label}, {today}; halves by seed {SEED}; intervals of 95 % (Wilson)."
    sets = " ".join(f"--chest {name}=FOLDER" for name, _ in options.chest)
    other = "" if options.other is None else " --other FOLDER"
    yield f"`python benchmarks/gate/run.py --bundle {options.bundle} {sets}{other} --every {options.every}`"
    chests = {name: list(FilmSearch([folder])) for name, folder in options.chest}
    if chests:
        outcomes = [judged(judge, name, paths) for name, paths in chests.items()]
        yield table(
            ["chest films as they stand", "n", "refused", "share", "as"], [one.row() for one in outcomes]
        )
        refused = [f"{one.name} {', '.join(one.refused)}" for one in outcomes if one.refused]
        yield "Refused: " + ("; ".join(refused) or "none") + "."
        yield "Warned: " + "; ".join(f"{one.name}: {dict(one.warned)}" for one in outcomes) + "."
        some = [path for paths in chests.values() for path in paths[:: options.every]]
        for head, changes in (("made unfit", SPOILT), ("still fit", ALTERED)):
            rows = [judged(judge, name, some, change).row() for name, change in changes.items()]
            yield table(
                [f"chest films, {head}, every {options.every}th", "n", "refused", "share", "as"], rows
            )
    if options.other is not None:
        yield from report_others(judge, list(FilmSearch([options.other])))
    milliseconds = np.array(judge.seconds) * 1000
    yield (f"Time of the gate, its looks for lungs included, one thread: median "
           f"{np.median(milliseconds):.0f} ms, 95th percentile {np.quantile(milliseconds, 0.95):.0f} ms, "
           f"{len(milliseconds)} pictures.")  # fmt: skip


def report_others(judge: Judge, paths: list[Path]) -> Iterator[str]:
    """Pictures of no chest: kind by kind and half by half."""
    in_a = half_a(paths)
    for half, those in (("A", [p for p in paths if p in in_a]), ("B", [p for p in paths if p not in in_a])):
        kinds = sorted({path.parent.name for path in those})
        outcomes = [
            judged(judge, kind, [path for path in those if path.parent.name == kind]) for kind in kinds
        ]
        every = Outcome("all", sum((one.codes for one in outcomes), Counter()))
        rows = [one.row() for one in [*outcomes, every]]
        yield table([f"other pictures, half {half}", "n", "refused", "share", "as"], rows)


def judged(
    judge: Judge, name: str, paths: list[Path], change: Callable[[Pixels], Pixels] | None = None
) -> Outcome:
    """Put every picture of a set through the gate."""
    outcome = Outcome(name)
    for path in paths:
        try:
            film = judge.read(path)
        except UnreadableImage as error:
            outcome.codes[str(error.code)] += 1
            continue
        if change is not None:
            pixels = np.ascontiguousarray(change(film.pixels))
            film = with_bone_bright(
                replace(film, pixels=pixels, tones=None, native_height=None, native_width=None)
            )
        code, notes = judge.verdict(film)
        outcome.codes[code] += 1
        outcome.warned.update(" ".join(note.split(" ")[:5]) for note in notes)
        if code != PASSED:
            outcome.refused.append(f"{path.name} ({code})")
    print(name, dict(outcome.codes), file=sys.stderr)
    return outcome


def share_of(count: int, n: int) -> str:
    """A share with its interval."""
    found = wilson(count, n)
    if found.value is None or found.low is None or found.high is None:
        return ""
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
