"""A node forked from a process that has loaded its modules, so that hundreds of starts take minutes.

What runs, and what is killed, is the command `hilum node` all the same; only its imports are done once.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from running_node import START_S, RunningNode

PRELOADED = ["hilum.cli.main", "hilum.cli.node", "hilum.dicomnode.node", "hilum.dicomnode.delivery.sender"]


@dataclass
class ForkedNode(RunningNode):
    """As `RunningNode`, quicker to start."""

    forked: BaseProcess | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)

    def start(self) -> None:
        """Fork it and wait until it listens."""
        said = self.folder / "said.txt"
        said.unlink(missing_ok=True)
        self.forked = self._context.Process(target=_run, args=(self.words(), str(said), str(self.log)))
        self.forked.start()
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.forked.is_alive():
            found = re.search(r"listens at .*:(\d+)\n", said.read_text() if said.exists() else "")
            if found is not None:
                self.port = int(found[1])
                return
            time.sleep(0.01)
        raise RuntimeError(f"the node did not start; see {self.log}")

    def stop(self) -> int:
        """End it in order; its exit status."""
        assert self.forked is not None
        assert self.forked.pid is not None
        os.kill(self.forked.pid, signal.SIGTERM)
        self.forked.join(START_S)
        return -1 if self.forked.exitcode is None else self.forked.exitcode

    def kill(self) -> None:
        """Kill it without warning."""
        assert self.forked is not None
        self.forked.kill()
        self.forked.join()


def _run(words: list[str], said: str, log: str) -> None:
    os.setsid()
    for path, number in ((said, 1), (log, 2)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, number)
    sys.stdout = Path(said).open("a", encoding="utf-8")  # noqa: SIM115 - until the process ends
    sys.stderr = Path(log).open("a", encoding="utf-8")  # noqa: SIM115
    from hilum.cli.main import cli

    cli(words, prog_name="hilum")
