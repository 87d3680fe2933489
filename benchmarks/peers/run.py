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

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Run:
    """What one process took."""

    wall_s: float  # start-up included
    cpu_s: float  # of all its threads; a busy machine changes it little
    peak_mb: float


@dataclass
class Contender:
    """One way from files to scores, and what its repeats took."""

    name: str
    command: list[str]
    runs: list[Run] = field(default_factory=list)


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
                contender.runs.append(run_once(contender, films))
                print(
                    f"{repeat + 1} of {options.repeats}", contender.name, contender.runs[-1], file=sys.stderr
                )
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
    parser.add_argument("--bundle", default="hilum-base")
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
    """Have the films written by a process of its own; see films.py for why."""
    words = [sys.executable, str(HERE / "films.py"), str(folder), str(n_films), str(seed)]
    subprocess.run(words, check=True)
    return sorted(folder.glob("film-*.png"))


def run_once(contender: Contender, films: list[Path]) -> Run:
    """Start the contender on all films, and wait for its end."""
    start = time.perf_counter()
    words = [*contender.command, *map(str, films)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=all_cores())
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    check(contender, process.returncode, output, len(films))
    unit = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in kB elsewhere
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def all_cores() -> dict[str, str]:
    """The environment without limits on threads, so that every contender takes the cores there are."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}


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
    lines = [
        f"{date.today().isoformat()}, {options.films} films of 3000 × 3000 pixels, "
        f"{options.repeats} repeats, seed {options.seed}, bundle {options.bundle}, "
        f"{os.cpu_count()} cores, {platform.system()}, "
        f"load at the end {os.getloadavg()[0]:.1f}.",
        "",
        "| | films a second | processor s a film | peak memory, MB | Hilum is faster by | and smaller by |",
        "|---|---|---|---|---|---|",
        *(row(contender, contenders[0], options.films) for contender in contenders),
        "",
        "Medians, with the lowest and highest of the repeats.",
        "The last two columns are ratios within a repeat.",
        "",
    ]
    return "\n".join(lines)


def row(contender: Contender, first: Contender, n_films: int) -> str:
    """One contender's line."""
    pairs = list(zip(contender.runs, first.runs, strict=True))
    cells = [
        contender.name,
        spread([n_films / run.wall_s for run in contender.runs]),
        spread([run.cpu_s / n_films for run in contender.runs]),
        f"{statistics.median(run.peak_mb for run in contender.runs):.0f}",
        spread([theirs.wall_s / ours.wall_s for theirs, ours in pairs]),
        spread([theirs.peak_mb / ours.peak_mb for theirs, ours in pairs]),
    ]
    return f"| {' | '.join(cells)} |"


def spread(values: list[float]) -> str:
    """The median and the range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
