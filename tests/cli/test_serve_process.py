"""`hilum serve` as a process of its own: it starts, scores what is sent, outlives kill -9, and ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from hilum.data.phantom import Site, build_phantom
from hilum.data.phantom.files import write_png
from hilum.worklist.states import FINISHED
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.tables import Study

PASSWORD = "four words go here"
LONGEST_S = 180.0  # on a busy machine
pytestmark = pytest.mark.slow


def wait_for(what: Callable[[], object]) -> object:
    """Until it is something, or the test fails."""
    deadline = time.monotonic() + LONGEST_S
    while not (found := what()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
    return found


class Serving:
    """A running server, and a browser that is logged in as its administrator."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "HILUM_ADMINISTRATOR": "ada", "HILUM_PASSWORD": PASSWORD,
                       "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}  # fmt: skip
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hilum.cli.main", "serve", "--port", "0", "--data", str(folder)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"Hilum answers at (http://127\.0\.0\.1:\d+)\n", line)
        assert found, line
        self.browser = httpx.Client(base_url=found[1], headers={"Accept": "text/html"}, timeout=60)
        self.browser.post("/login", data={"login": "ada", "password": PASSWORD})

    @property
    def csrf(self) -> str:
        return re.search(r'name="csrf" value="([\w-]+)"', self.browser.get("/account").text)[1]

    def n_children(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return len(children.read_text().split())

    def stop(self, number: int) -> int:
        self.browser.close()
        self.process.send_signal(number)
        status = self.process.wait(LONGEST_S)
        self.process.stdout.close()
        return status


@pytest.fixture
def serving(tmp_path) -> Iterator[Serving]:
    """A server of its own, killed if the test has not stopped it."""
    made = Serving(tmp_path / "station")
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()
        made.process.stdout.close()
    made.browser.close()


def state_of(folder: Path) -> str | None:
    station = Station(StationSettings(folder=folder))
    try:
        with station.database.reading() as session:
            study = session.get(Study, 1)
        return study.state if study is not None and study.state in FINISHED else None
    finally:
        station.close()


def test_a_film_that_is_sent_is_scored_and_the_server_stops_when_told(serving, tmp_path):
    """One command: log-in, upload, worker, score; SIGTERM is a clean end that leaves no process."""
    path = tmp_path / "film.png"
    write_png(build_phantom(3, side=512, site=Site.B), path, number=0)
    with path.open("rb") as film:
        sent = serving.browser.post("/upload", data={"csrf": serving.csrf}, files={"films": film})
    state = wait_for(lambda: state_of(serving.folder))

    assert sent.status_code == 200
    assert state == "scored"
    assert serving.browser.get("/api/v1/ready").json() == {"database": True, "workers": True, "disk": True}
    workers = Path(f"/proc/{serving.process.pid}/task/{serving.process.pid}/children").read_text().split()
    assert serving.stop(signal.SIGTERM) == 0
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_ctrl_c_is_a_clean_end_too(serving):
    """As by hand, in a terminal."""
    assert serving.browser.get("/worklist").status_code == 200
    assert serving.stop(signal.SIGINT) == 0


def test_after_kill_nine_the_next_start_goes_on(serving, tmp_path):
    """No stale lock, no lost session; the workers of the dead one end by themselves."""
    path = tmp_path / "film.png"
    write_png(build_phantom(4, side=512, site=Site.B), path, number=0)
    with path.open("rb") as film:
        serving.browser.post("/upload", data={"csrf": serving.csrf}, files={"films": film})
    serving.stop(signal.SIGKILL)
    again = Serving(serving.folder)
    try:
        assert wait_for(lambda: state_of(again.folder)) == "scored"
    finally:
        assert again.stop(signal.SIGTERM) == 0
