"""Twenty uploads at a time on the loopback, beside a reader who turns the pages of a worklist of 100,000.

`python benchmarks/station/load.py --seconds 300` fills a station, runs `hilum serve` on it, and prints the
rows of results.md: failures, the worklist page's time, and the server's memory as it goes. Trap: clients,
server, and worker share this machine's cores; its load is printed with the times.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import httpx
import numpy as np

from hilum.data.phantom.files import write_png
from hilum.data.phantom.film import build_phantom
from hilum.data.phantom.site import Site
from hilum.worklist.database import FILE_NAME, Database, database_url
from hilum.worklist.migrating import migrate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "worklist"))
from fill import fill

PASSWORD = "four words go here"
PAGES = ("/worklist", "/worklist?state=scored", "/worklist?flag=yes", "/worklist?q=achieng")
N_PICTURES = 6
LOOK_S = 5.0  # between looks at the server's memory


@dataclass
class Seen:
    """What the clients saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    upload_s: list[float] = field(default_factory=list)
    page_s: list[float] = field(default_factory=list)
    rss_mb: list[tuple[float, float]] = field(default_factory=list)  # after so many seconds
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, seconds: float, into: list[float]) -> None:
        with self.lock:
            self.outcomes[outcome] += 1
            into.append(seconds)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """`hilum serve` on the folder: its address and its process."""
    environment = {
        **os.environ,
        "HILUM_ADMINISTRATOR": "ada",
        "HILUM_PASSWORD": PASSWORD,
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "hilum.cli.main", "serve", "--port", "0", "--data", str(folder)],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield re.search(r"http://\S+", line)[0], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        print(f"the server ended with {process.wait(300)}")


def logged_in(url: str) -> tuple[httpx.Client, str]:
    """A browser, and its forms' token."""
    browser = httpx.Client(base_url=url, headers={"Accept": "text/html"}, timeout=120)
    browser.post("/login", data={"login": "ada", "password": PASSWORD})
    return browser, re.search(r'name="csrf" value="([\w-]+)"', browser.get("/account").text)[1]


def pictures(folder: Path) -> list[bytes]:
    """A few phantoms as PNG files."""
    made = []
    for seed in range(N_PICTURES):
        path = folder / f"{seed}.png"
        write_png(build_phantom(seed, side=1024, site=Site.B), path, number=1)
        made.append(path.read_bytes())
    return made


def send(url: str, films: list[bytes], seen: Seen, until: float, chance: random.Random) -> None:
    """Upload one film after another; each has bytes that no other has, after its picture's end."""
    browser, csrf = logged_in(url)
    with closing(browser):
        while time.monotonic() < until:
            film = chance.choice(films) + chance.randbytes(16)
            start = time.monotonic()
            outcome = sent(browser, csrf, film)
            seen.note(f"upload {outcome}", time.monotonic() - start, seen.upload_s)


def sent(browser: httpx.Client, csrf: str, film: bytes) -> str:
    """The answer's status, or the error's name."""
    try:
        answer = browser.post("/upload", data={"csrf": csrf}, files={"films": ("film.png", film)})
    except httpx.HTTPError as error:
        return type(error).__name__
    return str(int(answer.status_code))


def read(url: str, seen: Seen, until: float, chance: random.Random) -> None:
    """Turn the worklist's pages, one every second or so."""
    browser, _ = logged_in(url)
    with closing(browser):
        while time.monotonic() < until:
            start = time.monotonic()
            try:
                answer = browser.get(chance.choice(PAGES))
                outcome = str(int(answer.status_code))
            except httpx.HTTPError as error:
                outcome = type(error).__name__
            seen.note(f"page {outcome}", time.monotonic() - start, seen.page_s)
            time.sleep(chance.uniform(0.5, 1.5))


def read_apart(url: str, seen: Seen, seconds: float, seed: int) -> None:
    """`read` in a process of its own, so that the twenty senders' interpreter is not what is timed."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        page_s, outcomes = pool.submit(pages_read, url, seconds, seed).result()
    seen.page_s.extend(page_s)
    seen.outcomes.update(outcomes)


def pages_read(url: str, seconds: float, seed: int) -> tuple[list[float], Counter[str]]:
    """Seconds of each page, and what came of it."""
    seen = Seen()
    read(url, seen, time.monotonic() + seconds, random.Random(seed))
    return seen.page_s, seen.outcomes


def watch(pid: int, seen: Seen, until: float) -> None:
    """The server's resident memory, as Linux counts it."""
    began = time.monotonic()
    while time.monotonic() < until:
        text = Path(f"/proc/{pid}/status").read_text()
        seen.rss_mb.append((time.monotonic() - began, int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024))
        time.sleep(LOOK_S)


def measure(asked: argparse.Namespace) -> None:
    """One run; prints its rows."""
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        folder = Path(scratch) / "station"
        folder.mkdir()
        if asked.filled is None:
            fill_station(folder, asked)
        else:
            shutil.copy(asked.filled / FILE_NAME, folder)
        films = pictures(Path(scratch))
        seen = Seen()
        with serving(folder) as (url, pid):
            idle = Seen()
            read(url, idle, time.monotonic() + asked.idle_seconds, random.Random(asked.seed))
            until = time.monotonic() + asked.seconds
            run_all(url, pid, films, seen, until, asked)
    report(seen, idle, asked)


def fill_station(folder: Path, asked: argparse.Namespace) -> None:
    """As many studies as were asked for, without films."""
    database = Database(database_url(folder))
    migrate(database)
    began = time.monotonic()
    fill(database, asked.studies, seed=asked.seed)
    print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
    database.close()


def run_all(
    url: str, pid: int, films: list[bytes], seen: Seen, until: float, asked: argparse.Namespace
) -> None:
    """All clients at once, until the time is over."""
    threads = [
        threading.Thread(target=send, args=(url, films, seen, until, random.Random(asked.seed + number)))
        for number in range(asked.senders)
    ]
    threads.append(threading.Thread(target=read_apart, args=(url, seen, asked.seconds, asked.seed)))
    threads.append(threading.Thread(target=watch, args=(pid, seen, until)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def report(seen: Seen, idle: Seen, asked: argparse.Namespace) -> None:
    """The rows of results.md."""
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; seed {asked.seed}")
    print(f"{asked.senders} senders for {asked.seconds} s, {asked.studies} studies: {dict(seen.outcomes)}")
    for name, seconds in (
        ("upload", seen.upload_s),
        ("page", seen.page_s),
        ("page, no uploads", idle.page_s),
    ):
        p50, p95, worst = (1000 * np.quantile(seconds, [0.5, 0.95, 1.0])).round()
        print(f"| {name} | {len(seconds)} | {p50:.0f} | {p95:.0f} | {worst:.0f} |")
    fifth = max(1, len(seen.rss_mb) // 5)
    parts = [np.mean([mb for _, mb in seen.rss_mb[at : at + fifth]]) for at in range(0, 5 * fifth, fifth)]
    print("| server MB, by fifths of the run | " + " | ".join(f"{mb:.0f}" for mb in parts) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--idle-seconds", type=float, default=30)
    parser.add_argument("--senders", type=int, default=20)
    parser.add_argument("--filled", type=Path, help="a folder that fill.py filled with --studies, to copy")
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path, default=None)
    measure(parser.parse_args())
