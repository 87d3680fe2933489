"""kill -9 of the server and of its workers at random moments, and what is left of the films afterwards.

A sender hands films to a server until each is acknowledged; meanwhile one process after another, the server
or a worker by chance, is killed. `python benchmarks/worklist/kill.py --films FOLDER --database postgresql`.
Another server takes part by a class of its own with `start`, `send`, `pids`, and `kill` (see `PlainServer`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kill_audit import Account, audit
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import shipped_bundles
from hilum.settings import settings_as_table
from hilum.worklist.migrating import migrate
from hilum.worklist.search import count_by_state
from hilum.worklist.states import ARRIVING
from hilum.worklist.station import Station, StationSettings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from postgres import running_postgres

SHORTEST_S = 0.2  # between two kills
SERVER_SHARE = 0.15  # of the kills; the rest are workers'
LEASE_S = 5.0
MOST_ATTEMPTS = 100  # of the station's own 3: here a worker's death tells nothing of the film


class PlainServer:
    """Intake and workers in one process, without a web server."""

    def __init__(self, settings: StationSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start it, or start it again."""
        with self._lock:
            program = [sys.executable, str(Path(__file__).with_name("kill_server.py"))]
            self._process = subprocess.Popen(
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                start_new_session=True,
            )  # fmt: skip
            self._say(json.dumps(settings_as_table(self._settings)))

    def send(self, path: Path) -> bool:
        """Whether the server took the film and said so; False where it died before that."""
        with self._lock:
            return self._say(str(path)) is not None

    @property
    def pid(self) -> int | None:
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def pids(self) -> tuple[int, ...]:
        """The workers' process numbers."""
        return () if self.pid is None else children_of(self.pid)

    def kill(self) -> None:
        """kill -9; `start` follows."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """As its keeper would."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()

    def _say(self, line: str) -> str | None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline() or None
        except (BrokenPipeError, ValueError):
            return None


@dataclass
class Chaos:
    """Kills one process after another."""

    server: PlainServer
    chance: random.Random
    n_left: int
    longest_s: float
    killed: Counter[str] = field(default_factory=Counter)

    def go_on(self) -> None:
        """Kill until the number is reached; a server that was killed starts again at once."""
        while self.n_left:
            time.sleep(self.chance.uniform(SHORTEST_S, self.longest_s))
            if self.chance.random() < SERVER_SHARE:
                self.server.kill()
                self._count("server")
                self.server.start()
            elif workers := self.server.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.chance.choice(workers), signal.SIGKILL)
                    self._count("worker")

    def _count(self, what: str) -> None:
        self.killed[what] += 1
        self.n_left -= 1


def children_of(pid: int) -> tuple[int, ...]:
    """Process numbers of a process's children, by Linux's /proc."""
    told = ""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it died meanwhile
        told = " ".join(thread.read_text() for thread in Path(f"/proc/{pid}/task").glob("*/children"))
    return tuple(int(word) for word in told.split())


def distinct_films(sources: Sequence[Path], folder: Path) -> Iterator[Path]:
    """The films again and again, each time with other bytes and the same pixels."""
    number = 0
    while True:
        for source in sources:
            number += 1
            told = PngInfo()
            told.add_text("Comment", f"film {number}")
            path = folder / f"{number:06}.png"
            with Image.open(source) as picture:
                picture.save(path, pnginfo=told, compress_level=1)
            yield path


def send_films(server: PlainServer, films: Iterator[Path], chaos: Chaos, station: Station) -> list[str]:
    """Send while there is killing, a few films ahead of the workers; the SHA-256 of what was acknowledged."""
    acknowledged = []
    while chaos.n_left:
        if n_waiting(station) > 20:
            time.sleep(0.2)
            continue
        path = next(films)
        while not server.send(path):
            time.sleep(0.1)
        acknowledged.append(file_sha256(path))
        path.unlink()
    return acknowledged


def n_waiting(station: Station) -> int:
    """Studies that are not finished."""
    with station.database.reading() as session:
        counts = count_by_state(session)
    return sum(counts[state] for state in ARRIVING)


def measure(
    settings: StationSettings,
    sources: Sequence[Path],
    asked: argparse.Namespace,
    server_of: type[PlainServer] = PlainServer,
) -> None:
    """One run; prints a row of results.md, and every fault."""
    station = Station(settings)
    migrate(station.database)
    server = server_of(settings)
    chaos = Chaos(server, random.Random(asked.seed), asked.kills, asked.longest)
    began = time.monotonic()
    server.start()
    with tempfile.TemporaryDirectory() as scratch:
        killer = threading.Thread(target=chaos.go_on)
        killer.start()
        acknowledged = send_films(server, distinct_films(sources, Path(scratch)), chaos, station)
        killer.join()
    while n_waiting(station):
        time.sleep(0.5)
    server.stop()
    print_account(audit(station, acknowledged), chaos, station, began, seed=asked.seed)
    station.close()


def print_account(account: Account, chaos: Chaos, station: Station, began: float, *, seed: int) -> None:
    """A row of results.md, and every fault."""
    kind = station.database.url.get_backend_name()
    again = sum(n for attempts, n in account.attempts.items() if attempts > 1)
    print(f"| {time.strftime('%Y-%m-%d')} | {kind} | {station.settings.n_workers} | {seed} | "
          f"{chaos.killed['server']} + {chaos.killed['worker']} | {account.n_films} | "
          f"{', '.join(f'{n} {state}' for state, n in account.states.items())} | "
          f"{again} | {max(account.attempts, default=0)} | {account.n_unused} | {len(account.faults)} | "
          f"{(time.monotonic() - began) / 60:.1f} min |", flush=True)  # fmt: skip
    for fault in account.faults:
        print("FAULT:", fault)


def main(server_of: type[PlainServer] = PlainServer) -> None:
    """Make a station, a server where it is asked for, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, required=True, help="a folder of PNG films")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--bundle", type=Path, help="the shipped hilum-small where not given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds between two kills, at the most")
    asked = parser.parse_args()
    sources = sorted(asked.films.rglob("*.png"))
    folder = Path(tempfile.mkdtemp(prefix="hilum-kill-"))
    with contextlib.ExitStack() as endings:
        endings.callback(shutil.rmtree, folder, ignore_errors=True)
        url = None
        if asked.database == "postgresql":
            server = endings.enter_context(running_postgres(settings=()))
            url = server.url(server.make_database())
        settings = StationSettings(
            folder, database_url=url, bundle=asked.bundle or shipped_bundles()["hilum-small"],
            n_workers=asked.workers, lease_s=LEASE_S, most_attempts=MOST_ATTEMPTS,
        )  # fmt: skip
        measure(settings, sources, asked, server_of)


if __name__ == "__main__":
    main()
