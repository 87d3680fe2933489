"""Ten thousand broken films and PDUs at a running node, by a seed: is each answered, and does it live?

    python benchmarks/node/hostile.py --cases 10000 --seed 20261124 --out FOLDER

Each case is an association of its own that sends one recorded conversation with something broken in it: the
film's bytes, the command set, a PDU's type, length, or order. It ends with a status, an A-ABORT, an
A-ASSOCIATE-RJ, or a closed connection; anything else within the time is "no answer" and counts as a hang.
The node's memory, threads, and open files are watched on the way.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import struct
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from conversations import Conversation, conversations
from running_node import RunningNode, wait_until
from sqlalchemy import func, select

from hilum.worklist.states import State
from hilum.worklist.tables import Film, Study

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from bundles import write_tiny_bundle  # noqa: E402

IDLE_S = 2.0  # of the node in this measurement
WAIT_S = 15.0  # for an answer; the node gives up after IDLE_S
SENDERS = 12
NODE_TOML = """most_associations = 64
idle_s = 2.0
handshake_s = 2.0
closes_after_s = 1.0
[station]
folder = "data"
low_disk_bytes = 0
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case."""

    kind: str  # of what was broken
    answer: str  # "0000", "C000", "abort", "reject", "closed", "no answer"


def broken(bytes_in: bytes, chance: random.Random) -> bytes:
    """Bytes with one to four faults: flipped, cut, repeated, filled, or with a length made wild."""
    found = bytearray(bytes_in)
    for _ in range(chance.randint(1, 4)):
        if not found:
            break
        place = chance.randrange(len(found))
        size = chance.choice((1, 2, 4, 16, 200))
        fault = chance.randrange(7)
        if fault == 0:
            found[place] ^= 1 << chance.randrange(8)
        elif fault == 1:
            found[place : place + size] = chance.randbytes(size)
        elif fault == 2:
            del found[place : place + size]
        elif fault == 3:
            found[place:place] = found[place : place + size] * chance.choice((1, 3, 50))
        elif fault == 4:
            del found[place:]
        elif fault == 5:
            found[place : place + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"))
        else:
            found[place : place + 2] = chance.choice((b"SQ", b"OB", b"UN", b"\xfe\xff", b"\0\0"))
    return bytes(found)


def broken_pdus(pdus: list[bytes], chance: random.Random) -> list[bytes]:
    """A conversation's PDUs with one of them broken, lost, doubled, moved, or of another type or length."""
    found = list(pdus)
    place = chance.randrange(len(found))
    pdu = found[place]
    fault = chance.randrange(7)
    if fault == 0:
        found[place] = broken(pdu, chance)
    elif fault == 1:
        found[place] = pdu[:6] + broken(pdu[6:], chance)
    elif fault == 2:
        found[place] = bytes([chance.randrange(256)]) + pdu[1:]
    elif fault == 3:
        found[place] = pdu[:2] + struct.pack(">I", chance.choice((0, 1, 0xFFFFFFFF, len(pdu)))) + pdu[6:]
    elif fault == 4:
        del found[place]
    elif fault == 5:
        found.insert(place, pdu)
    else:
        chance.shuffle(found)
    return found


def case(number: int, seed: int, about: list[Conversation], port: int) -> Outcome:
    """Break a conversation by the case's own chance, hold it, and say how it ended."""
    chance = random.Random(seed * 1_000_003 + number)
    chosen = chance.choice(about).renumbered(number)
    kind = chance.choice(("film", "film", "command", "pdu", "pdu"))
    if kind == "film":
        pdus = chosen.pdus(data=broken(chosen.data, chance), longest=chance.choice((500, 4000, 16000)))
    elif kind == "command":
        pdus = chosen.pdus(command=broken(chosen.command, chance))
    else:
        pdus = broken_pdus(chosen.pdus(), chance)
    return Outcome(kind, hold(pdus, port, hangs_up=chance.random() < 0.7))


def hold(pdus: list[bytes], port: int, *, hangs_up: bool) -> str:
    """Send PDUs as a caller does, who waits for the association and for a status; name what came last."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as link:
        try:
            for place, pdu in enumerate(pdus):
                if place in (1, len(pdus) - 1):
                    listen(link, received, within_s=IDLE_S / 2)
                if named_answer(bytes(received)) is not None:
                    break
                link.sendall(pdu)
            if hangs_up:
                link.shutdown(socket.SHUT_WR)
            is_closed = listen(link, received, within_s=WAIT_S, is_last=True)
        except OSError:  # the node has closed already; what it said was read
            is_closed = True
    return named_answer(bytes(received)) or ("closed" if is_closed else "no answer")


def listen(link: socket.socket, received: bytearray, *, within_s: float, is_last: bool = False) -> bool:
    """Read what comes, until there is an answer; True where the other side has closed."""
    until = time.monotonic() + within_s
    while named_answer(bytes(received)) is None and (left := until - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            piece = link.recv(1 << 16)
        except TimeoutError:
            return False
        if not piece:
            return True
        received += piece
        if not is_last and named_answer(bytes(received)) is None and received[0] == 0x02:
            return False  # the association is there, and it is our turn
    return False


def named_answer(received: bytes) -> str | None:
    """The first abort, rejection, or status among whole PDUs."""
    place = 0
    while place + 6 <= len(received):
        kind, _, length = struct.unpack_from(">BBI", received, place)
        body = received[place + 6 : place + 6 + length]
        if len(body) < length:
            return None
        if kind in (0x03, 0x07):
            return "reject" if kind == 0x03 else "abort"
        status = body.find(b"\0\0\0\x09\x02\0\0\0") if kind == 0x04 else -1  # (0000,0900), length 2
        if status >= 0:
            return f"{struct.unpack_from('<H', body, status + 8)[0]:04X}"
        if kind == 0x06:
            return "released"
        place += 6 + length
    return None


def run(n_cases: int, seed: int, folder: Path) -> dict[str, object]:
    """All cases; memory, threads, and files on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node.toml").write_text(NODE_TOML, encoding="utf-8")
    bundle = folder / "bundle"
    if not bundle.exists():
        write_tiny_bundle(bundle)
    about = conversations(folder / "films")
    node = RunningNode(folder, bundle, ["--settings", str(folder / "node.toml")])
    node.start()
    began = time.monotonic()
    outcomes: Counter[tuple[str, str]] = Counter()
    watched = [(0, round(node.memory_mb(), 1), node.n_threads(), node.n_files())]
    with ThreadPoolExecutor(SENDERS) as senders:
        for start in range(0, n_cases, 500):
            numbers = range(start, min(start + 500, n_cases))
            for outcome in senders.map(lambda number: case(number, seed, about, node.port), numbers):
                outcomes[outcome.kind, outcome.answer] += 1
            watched.append((numbers.stop, round(node.memory_mb(), 1), node.n_threads(), node.n_files()))
            print(*watched[-1], f"{time.monotonic() - began:.0f} s", flush=True)
            if not node.is_running():
                raise RuntimeError("the node has died")
    seconds = time.monotonic() - began
    return {
        "date": datetime.now(UTC).date().isoformat(), "seed": seed, "cases": n_cases,
        "seconds": round(seconds),
        "outcomes": {f"{kind}: {answer}": n for (kind, answer), n in sorted(outcomes.items())},
        "memory_mb_threads_files": watched, **after(node, about),
    }  # fmt: skip


def after(node: RunningNode, about: list[Conversation]) -> dict[str, object]:
    """Whether the node still takes an unbroken film, what it has, and how it ends."""
    unbroken = hold(about[0].renumbered(89_999_999).pdus(), node.port, hangs_up=False)
    station = node.open_station()

    def n_waiting() -> int:
        waiting = select(func.count()).where(Study.state.in_((State.RECEIVED, State.QUEUED)))
        with station.database.reading() as session:
            return session.scalar(waiting.select_from(Study)) or 0

    is_done = wait_until(lambda: n_waiting() == 0, within_s=900, every_s=2)
    with station.database.reading() as session:
        states = dict(session.execute(select(Study.state, func.count()).group_by(Study.state)).all())
        n_films = session.scalar(select(func.count(Film.id)))
    calm = wait_until(lambda: node.n_threads() < 10, within_s=30)
    return {
        "unbroken film afterwards": unbroken, "all scored or refused": is_done, "films taken": n_films,
        "states": {str(state): n for state, n in states.items()},
        "threads at rest": node.n_threads(), "files at rest": node.n_files(), "calm": calm,
        "memory at rest, MB": round(node.memory_mb(), 1),
        "arrivals left on disk": len(list((node.folder / "data/films/arriving").iterdir())),
        "exit status": node.stop(),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps(run(given.cases, given.seed, given.out), indent=2))
