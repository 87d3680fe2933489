"""The reading station as one program: folder locked, database brought up, parts started and stopped.

Trap: uvicorn raises the signals that it caught once more when it ends, so ours are set beforehand to do
nothing then, and the parts are stopped in the open.
"""

from __future__ import annotations

import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

import click
import uvicorn
from fastapi import FastAPI

from hilum.cli.node import LOCKED_AS
from hilum.cli.serve_demo import Demo
from hilum.cli.serve_folder import locked_folder
from hilum.cli.serve_node import NodeProcess
from hilum.cli.serve_people import administrator_from_environment, demo_administrator
from hilum.cli.serve_settings import ServeJob, web_settings
from hilum.errors import StationRefused
from hilum.web.accounts.people import has_administrator
from hilum.web.app import create_app
from hilum.web.settings import WebSettings
from hilum.worklist.folder_lock import folder_lock
from hilum.worklist.migrating import migrate
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.supervisor import Workers

__all__ = ["ServeJob", "run"]

GRACE_S = 10  # for answers under way; an open page's events are cut off
IDLE_S = 60  # of a connection; uvicorn's 5 s close one under a slow client's next request
BACKLOG = 512
SWITCH_S = 0.001  # of the interpreter between threads; at Python's 5 ms a page's many short waits add up


class Part(Protocol):
    """Something that runs beside the web server, for as long."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def run(job: ServeJob) -> None:
    """Run until SIGTERM or Ctrl-C.

    Raises:
        HilumError: whatever keeps the station from starting.
    """
    run_with(job, web_settings(job))


def run_with(job: ServeJob, settings: WebSettings) -> None:
    """`run` with settings that are made already."""
    with ExitStack() as stack:
        stack.enter_context(locked_folder(settings.station.folder))
        node = _node(job, settings.station, stack)
        listening = stack.enter_context(_listening(job))
        station = Station(settings.station)
        stack.callback(station.close)
        migrate(station.database)
        administrator_from_environment(station)
        workers = Workers(settings.station)
        parts: list[Part] = [workers]
        if job.demo:
            demo_administrator(station, tell=click.echo)
            parts.append(Demo(station))
        if node is not None:
            node.plan(station)
            parts.append(node)
        app = create_app(settings, station=station, are_workers_alive=workers.is_alive)
        url = _url(job, listening)
        with _started(parts):
            _serve(app, job, listening, told=lambda: _tell(url, settings, station, job))
    click.echo("stopped")


def _node(job: ServeJob, station: StationSettings, stack: ExitStack) -> NodeProcess | None:
    if job.node_settings is not None and not job.has_node:
        raise StationRefused("--node-settings needs --node")
    if not job.has_node:
        return None
    lock = stack.enter_context(folder_lock(station.folder, LOCKED_AS))
    return NodeProcess(station, lock, job.node_settings)


@contextmanager
def _started(parts: Sequence[Part]) -> Iterator[None]:
    """The parts, started in order and stopped in reverse, whatever happens between."""
    with ExitStack() as stack:
        for part in parts:
            part.start()
            stack.callback(part.stop)
        yield


def _serve(app: FastAPI, job: ServeJob, listening: socket.socket, *, told: Callable[[], None]) -> None:
    sys.setswitchinterval(SWITCH_S)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # its lines hold queries, and those names; see web.access_log
        server_header=False,
        ws="none",
        lifespan="on",
        proxy_headers=job.behind_proxy,
        forwarded_allow_ips=list(job.proxies),
        ssl_certfile=job.tls_certificate,
        ssl_keyfile=job.tls_key,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=IDLE_S,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise StationRefused(f"the TLS certificate and key cannot be used: {error}") from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    _Server(config, told).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Tells once it answers."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._told()


@contextmanager
def _listening(job: ServeJob) -> Iterator[socket.socket]:
    """The port, taken before anything else is started.

    Raises:
        StationRefused: another program has it, or the address is none of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(job.host, job.port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise StationRefused(
            f"cannot listen at {job.host} port {job.port}: {error.strerror or error}; another program may "
            "have it, choose with --port"
        ) from error
    with listening:
        yield listening


def _url(job: ServeJob, listening: socket.socket) -> str:
    host = "localhost" if job.host in ("0.0.0.0", "::") else job.host
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if job.has_tls else 'http'}://{shown}:{listening.getsockname()[1]}"


def _tell(url: str, settings: WebSettings, station: Station, job: ServeJob) -> None:
    click.echo(f"Hilum answers at {url}")
    with station.database.reading() as session:
        is_new = not has_administrator(session)
    if is_new and settings.start_code is not None:
        click.echo(f"First start: make the administrator at {url}/start with the code {settings.start_code}")
    elif is_new:
        click.echo(f"First start: make the administrator at {url}/start")
    click.echo("Stop with Ctrl-C.")
    if job.opens_browser:
        webbrowser.open(url)
