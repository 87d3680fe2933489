"""`hilum node`: films by DICOM, scored by this machine's workers.

One node at a time has a station's folder.
Trap: it ends by a signal, so SIGTERM and Ctrl-C are the usual ends and exit with 0, once all parts are down.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hilum.worklist.states import OBJECT_KINDS

if TYPE_CHECKING:
    from hilum.dicomnode.node import DicomNode
    from hilum.dicomnode.settings import NodeSettings

DEFAULT_FOLDER = Path("hilum-data")
LOCKED_AS = "node"


@click.command(short_help="Take films by DICOM, score them, and send results back.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen here; 0 takes a free port.  [default: 11112]"
)
@click.option("--host", help="Listen at this address; 0.0.0.0 for every one.  [default: 127.0.0.1]")
@click.option("--ae-title", metavar="AE", help="Who we are.  [default: HILUM]")
@click.option("--data", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help=f"The station's folder.  [default: {DEFAULT_FOLDER}]")  # fmt: skip
@click.option("--database", "database_url", metavar="URL", envvar="HILUM_DATABASE",
              help="PostgreSQL; without it, a SQLite file in the folder.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path, exists=True), help="Read with this bundle.")
@click.option("--allow", multiple=True, metavar="AE[@ADDRESS]",
              help="Who may call: an AE title, or * for any, from an address or network.")  # fmt: skip
@click.option("--send-to", multiple=True, metavar="AE@HOST:PORT",
              help="Where results go; stow+https, mllp, and fhir+https URLs too.")  # fmt: skip
@click.option("--send", multiple=True, type=click.Choice([str(kind) for kind in OBJECT_KINDS]),
              help="Which DICOM objects go there.  [default: sr and picture]")  # fmt: skip
@click.option("--peer", "peers", multiple=True, metavar="AE@HOST:PORT",
              help="Where a caller listens for answers to storage commitment.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 256), metavar="N",
              help="Processes that read films; 0 where `hilum serve` has them.  [default: 1]")  # fmt: skip
@click.option("--closes-after", "closes_after_s", type=click.FloatRange(0), metavar="SECONDS",
              help="A study is whole this long after its last film.  [default: 30]")  # fmt: skip
@click.option("--settings", type=click.Path(path_type=Path, dir_okay=False), metavar="NODE.TOML",
              help="All settings, TLS among them; what is given here comes before it.")  # fmt: skip
@click.option("--tied", "is_tied", is_flag=True, hidden=True)  # of `hilum serve`, which holds the other end
def node(settings: Path | None, *, is_tied: bool, **flags: Any) -> None:
    """Take films from modalities and PACS by DICOM, score them, and send the results back.

    Listens for C-STORE, C-ECHO, storage commitment, and performed procedure steps.
    A film is acknowledged once it is safely on disk and in the worklist.
    Without --host only this machine can call; docs/node.md has the settings.
    """
    from hilum.dicomnode.node import DicomNode
    from hilum.worklist.folder_lock import folder_lock

    told = read_node_settings(settings, flags)
    is_alone = nullcontext() if is_tied else folder_lock(told.station.folder, LOCKED_AS)
    with is_alone:  # a tied node has the lock of `hilum serve --node`, handed down
        until_told(DicomNode(told), is_tied=is_tied)


def read_node_settings(path: Path | None, flags: dict[str, Any]) -> NodeSettings:
    """Settings from a file, and before it those of the command line that were given.

    Raises:
        SettingsInvalid: naming the key or the flag.
    """
    from hilum.dicomnode.settings import NodeSettings
    from hilum.settings import build_settings, read_table

    table: dict[str, Any] = {} if path is None else read_table(path)
    given: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in flags.items()
        if value not in (None, ())
    }
    own = _of_station(given)
    if isinstance(table.get("station", {}), dict):  # else it is refused below, by name
        table["station"] = {"folder": str(DEFAULT_FOLDER.resolve())} | table.get("station", {}) | own
    where = "the command line" if path is None else path.name
    folder = Path() if path is None else path.parent.resolve()
    return build_settings(table | given, NodeSettings, where=where, folder=folder)


def _of_station(given: dict[str, Any]) -> dict[str, Any]:
    """Take out of what was given what is the station's; paths are relative to where the command runs."""
    own: dict[str, Any] = {
        name: str(Path(given.pop(name)).resolve()) for name in ("folder", "bundle") if name in given
    }
    if "database_url" in given:
        own["database_url"] = given.pop("database_url")
    n_workers = given.pop("workers", None)
    if n_workers is not None:
        given["reads"] = n_workers > 0
    return own | ({"n_workers": n_workers} if n_workers else {})


def until_told(running: DicomNode, *, is_tied: bool) -> None:
    """Run a node until SIGTERM or Ctrl-C, and take it down in order.

    Args:
        running: not started yet.
        is_tied: end with standard input too, so with the program that holds its other end.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    if is_tied:
        threading.Thread(target=_tell_at_end, args=[told], name="parent", daemon=True).start()
    settings = running.settings
    running.start(lambda: click.echo(f"{settings.ae_title} listens at {settings.host}:{running.scp.port}"))
    try:
        told.wait()
    finally:
        running.stop()
    click.echo("node stopped")


def _tell_at_end(told: threading.Event) -> None:
    sys.stdin.buffer.read()
    told.set()
