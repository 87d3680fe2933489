"""The 240 real DICOM films by eight senders at once, to a node and to Orthanc in turn, on the same machine.

    python benchmarks/node/senders.py --films ../shared/data/rsna-dicom --out FOLDER

A sender is dcmtk's storescu with its share of the films, so that both receivers have the same to do. The node
runs with its usual settings and one worker, and then without workers, so that reading does not compete.
Every round has an empty receiver; what the node holds afterwards is compared with what was sent.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydicom import dcmread
from running_node import RunningNode, wait_until
from sqlalchemy import func, select

from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
from hilum.worklist.states import State
from hilum.worklist.tables import Film, Study

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from orthanc import Orthanc, free_port  # noqa: E402

SENDERS = 8
SETTLE_S = 3600


def send(films: Sequence[Path], port: int, called: str) -> float:
    """Seconds for eight storescu to send all films, each its share; all must succeed."""
    began = time.monotonic()
    call = ["storescu", "-xy", "-aec", called, "127.0.0.1", str(port)]
    senders = [
        subprocess.Popen([*call, *map(str, films[place::SENDERS])], stdout=subprocess.DEVNULL)
        for place in range(SENDERS)
    ]
    statuses = [sender.wait() for sender in senders]
    seconds = time.monotonic() - began
    if any(statuses):
        raise RuntimeError(f"storescu ended with {statuses}")
    return seconds


def to_node(films: Sequence[Path], folder: Path, *, workers: int) -> dict[str, object]:
    """A round with an empty node; what it holds, and how its studies end where it reads."""
    shutil.rmtree(folder, ignore_errors=True)
    node = RunningNode(folder, read_bundle(DEFAULT_BUNDLE).folder,
                       ["--workers", str(workers), "--closes-after", "2"])  # fmt: skip
    node.start()
    seconds = send(films, node.port, "HILUM")
    station = node.open_station()
    with station.database.reading() as session:
        held = Counter(session.scalars(select(Film.sop_instance_uid)).all())
    sent = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in films}
    found: dict[str, object] = {
        "seconds": round(seconds, 2), "films a second": round(len(films) / seconds, 1),
        "lost": len(sent - set(held)), "twice": sum(n > 1 for n in held.values()), "held": len(held),
    }  # fmt: skip
    if workers:
        waiting = select(func.count(Study.id)).where(Study.state.in_((State.RECEIVED, State.QUEUED)))

        def n_waiting() -> int:
            with station.database.reading() as session:
                return session.scalar(waiting) or 0

        found["all read"] = wait_until(lambda: n_waiting() == 0, within_s=SETTLE_S, every_s=2)
        with station.database.reading() as session:
            states = session.execute(select(Study.state, func.count()).group_by(Study.state)).all()
        found["states"] = {str(state): n for state, n in states}
    return found | {"exit status": node.stop()}


def to_orthanc(films: Sequence[Path], folder: Path) -> dict[str, object]:
    """A round with an empty Orthanc."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    orthanc = Orthanc(folder, free_port(), free_port())
    orthanc.start()
    try:
        seconds = send(films, orthanc.dicom_port, "ORTHANC")
    finally:
        orthanc.stop()
    return {"seconds": round(seconds, 2), "films a second": round(len(films) / seconds, 1)}


def run(films: Sequence[Path], rounds: int, folder: Path) -> dict[str, object]:
    """Rounds in turn, so that a machine that slows slows both."""
    found: dict[str, list[dict[str, object]]] = {"node": [], "Orthanc": []}
    for number in range(rounds):
        found["node"].append(to_node(films, folder / f"node-{number}", workers=0))
        found["Orthanc"].append(to_orthanc(films, folder / f"orthanc-{number}"))
        print(json.dumps({name: rows[-1] for name, rows in found.items()}), flush=True)
    medians = {name: statistics.median(float(str(row["films a second"])) for row in rows)
               for name, rows in found.items()}  # fmt: skip
    return {
        "date": datetime.now(UTC).date().isoformat(), "films": len(films),
        "megabytes": round(sum(path.stat().st_size for path in films) / 1e6, 1), "rounds": found,
        "median films a second": medians, "node with a worker": to_node(films, folder / "read", workers=1),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps(run(sorted(given.films.glob("*.dcm")), given.rounds, given.out), indent=2))
