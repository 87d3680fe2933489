"""Hilum beside its peers: films a second and peak memory, from 3000 x 3000 PNG files to scores, in one run.

Every contender is a process of its own, started anew for each repeat; the repeats are interleaved in an order
drawn by the seed, so that a busy machine slows all alike, and only ratios within a repeat are compared.

    python benchmarks/peers/run.py --peers-python /path/to/peers-venv/bin/python --out results.md
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
SIDE = 3000  # pixels
NOISE = 1.5  # grey levels of 255; gives files of the size of Shenzhen's originals, 4 to 8 MB
N_DRAWN = 6  # phantoms; films are these with noise of their own


@dataclass
class Contender:
    """One way from files to scores, and what its repeats took."""

    name: str
    command: list[str]
    seconds: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)


def main() -> None:
    """Draw the films, run the repeats, print the table."""
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        films = draw_films(Path(scratch), options.films, options.seed)
        contenders = build_contenders(options)
        order = random.Random(options.seed)
        for contender in contenders:
            run_once(contender, films[:1])  # warms the disk cache and byte code; not counted
        for repeat in range(options.repeats):
            for contender in order.sample(contenders, len(contenders)):
                seconds, peak_mb = run_once(contender, films)
                contender.seconds.append(seconds)
                contender.peak_mb.append(peak_mb)
                print(f"{repeat + 1}/{options.repeats} {contender.name}: {seconds:.1f} s, {peak_mb:.0f} MB",
                      file=sys.stderr)  # fmt: skip
    text = report(contenders, options)
    print(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peers-python", type=Path, required=True, help="a Python with the peers; see README.md"
    )
    parser.add_argument("--bundle", default="hilum-small")
    parser.add_argument("--films", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2014)
    parser.add_argument("--out", type=Path, help="write the table here")
    return parser.parse_args()


def build_contenders(options: argparse.Namespace) -> list[Contender]:
    """Hilum as it comes, Hilum film by film, and the peers; all are compared with the first."""
    hilum = [sys.executable, "-m", "hilum.cli.main", "screen", "--bundle", options.bundle, "--csv"]
    peers = str(options.peers_python)
    return [
        Contender("hilum screen", hilum),
        Contender("hilum screen --jobs 1", [*hilum, "--jobs", "1"]),
        Contender("torchxrayvision, DenseNet121-224", [peers, str(HERE / "torchxrayvision_path.py")]),
        Contender("the notebook's path", [peers, str(HERE / "notebook_path.py")]),
    ]


def draw_films(folder: Path, n_films: int, seed: int) -> list[Path]:
    """Write phantoms, enlarged to 3000 x 3000 with a film's noise, as 8-bit grey PNG."""
    drawn = folder / "phantoms"
    words = ["data", "phantom", "--out", str(drawn), "--n", str(N_DRAWN), "--seed", str(seed)]
    words += ["--side", "1024", "--format", "png"]
    subprocess.run([sys.executable, "-m", "hilum.cli.main", *words], check=True, stdout=subprocess.DEVNULL)
    chance = np.random.default_rng(seed)
    sources = sorted((drawn / "films").glob("*.png"))
    paths = []
    for place in range(n_films):
        paths.append(folder / f"film-{place:03}.png")
        enlarge(sources[place % len(sources)], chance).save(paths[-1])
    return paths


def enlarge(source: Path, chance: np.random.Generator) -> Image.Image:
    """One film: 8 bits, square, with its own noise."""
    from hilum.imaging.read import read_radiograph

    film = Image.fromarray(read_radiograph(source).pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    noisy = np.asarray(film) * 255 + chance.normal(0, NOISE, (SIDE, SIDE))
    return Image.fromarray(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))


def run_once(contender: Contender, films: list[Path]) -> tuple[float, float]:
    """Wall-clock seconds of the whole process, start-up included, and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen([*contender.command, *map(str, films)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    check(contender, process.returncode, output, len(films))
    unit = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in kB elsewhere
    return seconds, usage.ru_maxrss / unit


def check(contender: Contender, status: int, output: str, n_films: int) -> None:
    """A contender that did not score every film has no time."""
    if contender.name.startswith("hilum"):
        n_scored = output.count(",scored,")
    else:
        n_scored = json.loads(output)["n"] if status == 0 else 0
    if status != 0 or n_scored != n_films:
        raise SystemExit(f"{contender.name}: status {status}, {n_scored} of {n_films} films scored")


def report(contenders: list[Contender], options: argparse.Namespace) -> str:
    """The table as Markdown: medians, and ratios to the first contender with their range."""
    first = contenders[0]
    lines = [
        f"{date.today().isoformat()}, {options.films} films of {SIDE} × {SIDE} pixels, "
        f"{options.repeats} repeats, seed {options.seed}, bundle {options.bundle}, "
        f"{os.cpu_count()} cores, {platform.system()}, "
        f"load at the end {os.getloadavg()[0]:.1f}.",
        "",
        "| | films a second | peak memory, MB | Hilum's speed over it | its memory over Hilum's |",
        "|---|---|---|---|---|",
    ]
    for contender in contenders:
        rates = [options.films / seconds for seconds in contender.seconds]
        faster = [theirs / ours for theirs, ours in zip(contender.seconds, first.seconds, strict=True)]
        larger = [theirs / ours for theirs, ours in zip(contender.peak_mb, first.peak_mb, strict=True)]
        lines.append(
            f"| {contender.name} | {spread(rates)} | {statistics.median(contender.peak_mb):.0f} "
            f"| {spread(faster)} | {spread(larger)} |"
        )
    return "\n".join([*lines, "", "Medians, with the lowest and highest of the repeats.", ""])


def spread(values: list[float]) -> str:
    """The median and the range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
