"""A node as its own process, for measurements: started by its command, watched, and ended or killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hilum.worklist.station import Station, StationSettings

START_S = 120


@dataclass
class RunningNode:
    """`hilum node` on a folder; `start` again after `kill` finds what was there."""

    folder: Path
    bundle: Path
    options: Sequence[str] = ()
    process: subprocess.Popen[str] | None = None
    port: int = 0
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "node.log"

    def words(self) -> list[str]:
        """The command's."""
        return ["node", "--port", str(self.port), "--data", str(self.folder / "data"), "--bundle",
                str(self.bundle), *self.options]  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = [str(Path(sys.executable).with_name("hilum")), *self.words()]
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)$", line.strip())
        if found is None:
            raise RuntimeError(f"the node did not start; see {self.log}")
        self.port = int(found[1])

    def stop(self) -> int:
        """End it in order; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START_S)

    def kill(self) -> None:
        """Kill it without warning, as a power cut would; its workers end by themselves."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def open_station(self) -> Station:
        """Its worklist, for counting."""
        return Station(StationSettings(folder=self.folder / "data", low_disk_bytes=0))

    def memory_mb(self) -> float:
        """Resident memory of the listening process."""
        status = self._proc("status")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")

    def n_threads(self) -> int:
        """Of the listening process."""
        found = re.search(r"Threads:\s+(\d+)", self._proc("status"))
        return int(found[1]) if found else -1

    def n_files(self) -> int:
        """Open files and sockets of the listening process."""
        assert self.process is not None
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def _proc(self, name: str) -> str:
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="utf-8")


def wait_until(is_so, *, within_s: float, every_s: float = 0.2) -> bool:  # noqa: ANN001
    """Whether something becomes so in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(every_s)
    return bool(is_so())
