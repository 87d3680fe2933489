"""Worker processes: they read, are started again when they die, and go when their program goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bundles import write_film
from hilum.errors import HilumError
from hilum.worklist.renewal import Renewal
from hilum.worklist.search import count_by_state
from hilum.worklist.states import State
from hilum.worklist.supervisor import Workers
from hilum.worklist.worker import SESSION_NICENESS, settings_line

PATIENCE_S = 90.0  # on a machine that does much else


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Whether it comes to be so."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def n_scored(station) -> int:
    with station.database.reading() as session:
        return count_by_state(session)[State.SCORED]


def is_there(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def workers(settings):
    """One worker process."""
    started = Workers(settings)
    started.start()
    yield started
    started.stop()


def test_films_are_scored_and_a_killed_worker_is_replaced(station, take, tmp_path, workers):
    """kill -9 of the worker loses nothing: the next one reads what comes."""
    take()
    assert wait_until(lambda: n_scored(station) == 1)
    first = workers.pids

    os.kill(first[0], signal.SIGKILL)
    take(write_film(tmp_path / "b.png", side=210))

    assert wait_until(lambda: n_scored(station) == 2)
    assert (workers.is_alive(), workers.pids != first) == (True, True)


def test_workers_stop_when_they_are_told(settings):
    """Those that idle end at once, and none is left."""
    started = Workers(settings)
    started.start()
    pids = started.pids

    started.stop()

    assert [is_there(pid) for pid in pids] == [False]
    assert not started.is_alive()


def test_a_worker_is_below_the_web_server_in_rank(workers):
    """Pages stay quick while films are read."""
    (pid,) = workers.pids

    assert wait_until(lambda: os.getpriority(os.PRIO_PROCESS, pid) >= 10)


def test_workers_go_when_their_program_is_killed(settings, tmp_path):
    """kill -9 of the server leaves no worker behind."""
    (tmp_path / "settings").write_bytes(settings_line(settings, "x"))
    program = (
        "import json, sys, time; from pathlib import Path; from hilum.settings import build_settings; "
        "from hilum.worklist.station import StationSettings; from hilum.worklist.supervisor import Workers; "
        "told = json.loads(Path(sys.argv[1]).read_text())['settings']; "
        "workers = Workers(build_settings(told, StationSettings, where='test', folder=Path())); "
        "workers.start(); print(*workers.pids, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", program, tmp_path / "settings"], stdout=subprocess.PIPE)
    (pid,) = map(int, server.stdout.readline().split())

    server.kill()
    server.wait()
    server.stdout.close()

    assert wait_until(lambda: not is_there(pid))


def test_a_bundle_that_cannot_be_read_is_told_at_the_start(settings, tmp_path):
    """The person at the keyboard hears of it, not a worker's log."""
    with pytest.raises(HilumError):
        Workers(replace(settings, bundle=tmp_path / "none")).start()


def test_a_film_that_takes_too_long_ends_its_worker(station, take):
    """A decoder that hangs cannot hold a study for ever."""
    from hilum.worklist.queue import lease

    station.settings = replace(station.settings, film_limit_s=0.05, lease_s=60)
    take()
    with station.database.writing() as session:
        held = lease(session, worker="w", now=station.now(), seconds=60)
    ended = []

    with Renewal(station, held, lambda: ended.append(True)):
        assert wait_until(lambda: bool(ended))


def test_a_lease_is_renewed_while_a_film_is_read(station, take):
    """A film slower than a lease keeps its worker."""
    from hilum.worklist.queue import lease
    from hilum.worklist.search import study

    station.settings = replace(station.settings, lease_s=0.3)
    accepted = take()
    with station.database.writing() as session:
        held = lease(session, worker="w", now=station.now(), seconds=0.3)
    station.wait(100)

    def is_renewed() -> bool:
        with station.database.reading() as session:
            return study(session, accepted.study_id).lease_until > held.until

    with Renewal(station, held, lambda: None):
        assert wait_until(is_renewed)


def test_a_worker_s_session_is_below_the_web_server_s(workers):
    """Linux with sched_autogroup shares the cores between sessions before it looks at niceness."""
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    if not switch.is_file() or switch.read_text().strip() != "1":
        pytest.skip("this system has no groups of sessions")
    group = Path(f"/proc/{workers.pids[0]}/autogroup")

    assert wait_until(lambda: group.read_text().endswith(f" nice {SESSION_NICENESS}\n"))
