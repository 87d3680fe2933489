"""Kill a node without warning while films are sent to it, many times; then look for what it acknowledged.

    python benchmarks/node/killing.py --kills 300 --seed 20261124 --out FOLDER [--forked]

Senders send distinct films without pause, and note each that was answered with 0x0000 before the next begins.
At the end the node is started once more and left in peace; then every noted film must be a row, its file must
have the bytes of its hash, and its study must be scored or refused; with --archive, an Orthanc beside it must
hold each result once. `CHECKS` names what is looked at, each a function of the station and the noted films.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from forked_node import ForkedNode
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, _config, build_context
from running_node import RunningNode, wait_until
from sqlalchemy import func, select

from hilum.worklist.states import DeliveryState, State
from hilum.worklist.station import Station
from hilum.worklist.tables import AuditEvent, Delivery, Film, Study

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from bundles import write_dicom_film, write_tiny_bundle  # noqa: E402
from orthanc import Orthanc, free_port  # noqa: E402

SENDERS = 4
PAUSES_S = (0.1, 4.0)  # between a start and the kill that follows, by chance
SETTLE_S = 1800
_config.LOG_HANDLER_LEVEL = "none"
NODE_TOML = """closes_after_s = 0.5
[station]
folder = "data"
low_disk_bytes = 0
lease_s = 10.0
most_attempts = 1000
"""


class Sender(threading.Thread):
    """Sends film after film, each until it is acknowledged, and notes it then.

    Args:
        number: of the sender; its films' UIDs hold it.
        node: whose port is called.
        film: a template, of which each film is a copy with UIDs and a pixel of its own.
    """

    def __init__(self, number: int, node: RunningNode, film: Dataset) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self.n_unanswered = 0
        self._number, self._node, self._film = number, node, film
        self._is_over = threading.Event()

    def run(self) -> None:
        entity = AE(ae_title=f"SENDER{self._number}")
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = 10
        context = build_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)
        while not self._is_over.is_set():
            link = entity.associate("127.0.0.1", self._node.port, contexts=[context], ae_title="HILUM")
            while link.is_established and not self._is_over.is_set():
                self._send_next(link)
            if link.is_established:
                link.release()
            else:
                time.sleep(0.05)

    def end(self) -> None:
        self._is_over.set()
        self.join()

    def _send_next(self, link) -> None:  # noqa: ANN001
        uid = f"1.2.826.0.1.{self._number}.{len(self.acknowledged)}"
        film = self._film
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = uid
        film.StudyInstanceUID = f"{uid}.1"
        film.PatientID = f"P-{self._number}-{len(self.acknowledged)}"
        try:
            status = link.send_c_store(film)
        except (RuntimeError, ValueError):  # the association is gone
            return
        if status.get("Status") == 0x0000:
            self.acknowledged.append(uid)
        else:
            self.n_unanswered += 1


def rows_are_there(station: Station, acknowledged: set[str]) -> dict[str, object]:
    """Every acknowledged film is one row, no more and no less."""
    with station.database.reading() as session:
        counted = Counter(session.scalars(select(Film.sop_instance_uid)).all())
    return {
        "lost": sorted(acknowledged - set(counted)),
        "twice": sorted(uid for uid, n in counted.items() if n > 1),
        "films in the worklist": sum(counted.values()),
    }  # fmt: skip


def bytes_are_there(station: Station, acknowledged: set[str]) -> dict[str, object]:
    """Every acknowledged film's file has the bytes of its hash."""
    bad = []
    with station.database.reading() as session:
        for film in session.scalars(select(Film).where(Film.sop_instance_uid.in_(acknowledged))):
            path = station.originals.path(film.sha256)
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != film.sha256:
                bad.append(film.sop_instance_uid)
    return {"files missing or damaged": bad}


def all_are_read(station: Station, acknowledged: set[str]) -> dict[str, object]:
    """Every acknowledged film's study is scored or refused, once."""
    with station.database.reading() as session:
        states = session.execute(select(Study.state, func.count()).group_by(Study.state)).all()
        scored = session.execute(
            select(AuditEvent.study_id, func.count()).where(AuditEvent.action == "score")
            .group_by(AuditEvent.study_id).having(func.count() > 1)
        ).all()  # fmt: skip
    return {"studies by state": {str(state): n for state, n in states}, "studies scored twice": len(scored)}


CHECKS: tuple[Callable[[Station, set[str]], dict[str, object]], ...] = (
    rows_are_there, bytes_are_there, all_are_read,
)  # fmt: skip


def all_are_delivered(station: Station, archive: Orthanc) -> dict[str, object]:
    """Every delivery has arrived, and the archive holds as many objects as there were deliveries."""
    with station.database.reading() as session:
        states = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all()
        n_sent_again = session.scalar(select(func.count()).where(Delivery.n_attempts > 1))
    return {
        "deliveries by state": {str(state): n for state, n in states},
        "deliveries sent more than once": n_sent_again,
        "objects in the archive": archive.count(),
    }


def run(given: argparse.Namespace) -> dict[str, object]:
    """All kills, or as many as the time allows, the last start, and the checks."""
    warnings.simplefilter("ignore", UserWarning)
    folder, seed = given.out, given.seed
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node.toml").write_text(NODE_TOML, encoding="utf-8")
    bundle = folder / "bundle"
    if not bundle.exists():
        write_tiny_bundle(bundle)
    archive = start_archive(folder) if given.archive else None
    send_to = [] if archive is None else ["--send-to", str(archive.peer)]
    options = ["--settings", str(folder / "node.toml"), *send_to, *given.options]
    node: RunningNode = RunningNode(folder, bundle, options)
    if given.forked:
        node = ForkedNode(folder, bundle, [*options, "--workers", "0"])
    node.start()
    template = write_dicom_film(folder / "film.dcm", PatientName="DOE^JANE", PatientAge="044Y",
                                ViewPosition="PA")  # fmt: skip
    senders = [Sender(number, node, dcmread(template)) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    began = time.monotonic()
    n_kills = kill_often(node, given.kills, random.Random(seed), until=began + 60 * given.minutes)
    for sender in senders:
        sender.end()
    acknowledged = {uid for sender in senders for uid in sender.acknowledged}
    minutes = round((time.monotonic() - began) / 60, 1)
    if given.forked:
        node.kill()
        node = RunningNode(folder, bundle, options, port=node.port)
        node.start()
    return {
        "date": datetime.now(UTC).date().isoformat(), "seed": seed, "kills": n_kills, "minutes": minutes,
        "acknowledged": len(acknowledged),
        "unanswered or turned away": sum(sender.n_unanswered for sender in senders),
        **settle(node, acknowledged, archive),
    }  # fmt: skip


def start_archive(folder: Path) -> Orthanc:
    """An Orthanc that results go to."""
    (folder / "archive").mkdir(exist_ok=True)
    archive = Orthanc(folder / "archive", free_port(), free_port())
    archive.start()
    return archive


def kill_often(node: RunningNode, n_kills: int, chance: random.Random, *, until: float) -> int:
    """Kill and start again, and say how often; it ends with a node that runs."""
    for number in range(1, n_kills + 1):
        if time.monotonic() > until:
            return number - 1
        time.sleep(chance.uniform(*PAUSES_S))
        node.kill()
        node.start()
        if number % 10 == 0:
            print(f"{number} kills", flush=True)
    return n_kills


def settle(node: RunningNode, acknowledged: set[str], archive: Orthanc | None) -> dict[str, object]:
    """Leave the node in peace until nothing waits, and look."""
    station = node.open_station()

    def is_done() -> bool:
        waiting = select(Study.id).where(Study.state.in_((State.RECEIVED, State.QUEUED))).limit(1)
        due = select(Delivery.id).where(Delivery.state == DeliveryState.WAITING).limit(1)
        with station.database.reading() as session:
            return session.scalar(waiting) is None and session.scalar(due) is None

    found: dict[str, object] = {"nothing waits": wait_until(is_done, within_s=SETTLE_S, every_s=2)}
    for check in CHECKS:
        found |= check(station, acknowledged)
    if archive is not None:
        found |= all_are_delivered(station, archive)
        archive.stop()
    return found | {"exit status": node.stop()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--minutes", type=float, default=24 * 60, help="stop killing after as long")
    parser.add_argument("--forked", action="store_true",
                        help="start quickly, and read only after the last kill")  # fmt: skip
    parser.add_argument("--archive", action="store_true", help="send results to an Orthanc beside it")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("options", nargs="*", help="of `hilum node`, after --")
    print(json.dumps(run(parser.parse_args()), indent=2))
