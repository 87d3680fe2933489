"""A local server that speaks as much of Kaggle's API as a download takes, and misbehaves as told.

Kaggle's library is pointed to it by its own means: KAGGLE_API_ENVIRONMENT=LOCALHOST makes it call http://localhost,
and http_proxy brings those calls, and the storage's that they redirect to, to the server's own port.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import json
import re
import sys
import threading
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest

from hilum.data.download import Retries
from hilum.data.fetch import FetchPlan, fetch_dataset

NAME = "montgomery-shenzhen"
ZIP = "pulmonary-chest-xray-abnormalities.zip"
TOKEN = "KGAT_a-very-secret-token"
KEY = "0123456789abcdef-secret-key"
SIGNATURE = "signed-and-secret"


@dataclass
class Kaggle:
    """What the server holds, how it will misbehave, and what it saw."""

    content: bytes
    etag: str | None = '"first"'
    states_md5: bool = True
    content_type: str = "application/zip"
    api_answers: list[int] = field(default_factory=list)  # statuses of the next download requests; then 302
    introspect_status: int = 200
    retry_after: str | None = None
    faults: list[str] = field(default_factory=list)  # of the next transfers: see Handler._transfer
    ranges: list[str | None] = field(default_factory=list)  # of the transfers seen
    storage_authorizations: list[str | None] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    port: int = 0


class Handler(BaseHTTPRequestHandler):
    """Answers as a proxy does: the request line holds the whole address."""

    kaggle: Kaggle

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        self.kaggle.requests.append(path)
        if path.endswith("/IntrospectToken"):
            self._introspect()
        elif path.endswith("/DownloadDataset"):
            self._find()
        else:
            self._json(404, {"code": 404, "message": "no such method"})

    def do_GET(self) -> None:
        assert urlsplit(self.path).query == f"X-Goog-Signature={SIGNATURE}"
        self.kaggle.storage_authorizations.append(self.headers.get("Authorization"))
        if self.headers.get("Accept-Encoding") == "identity":
            self.kaggle.ranges.append(self.headers.get("Range"))
            self._transfer(self.kaggle.faults.pop(0) if self.kaggle.faults else "")
        else:
            self._transfer("")  # the library's own look, which nobody reads

    def _introspect(self) -> None:
        if self.kaggle.introspect_status == 200:
            self._json(200, {"active": True, "username": "reader"})
        else:
            self._json(
                self.kaggle.introspect_status, {"code": self.kaggle.introspect_status, "message": "no"}
            )

    def _find(self) -> None:
        known = {f"Bearer {TOKEN}", "Basic " + base64.b64encode(f"reader:{KEY}".encode()).decode()}
        status = self.kaggle.api_answers.pop(0) if self.kaggle.api_answers else 302
        if self.headers.get("Authorization") not in known:
            status = 401
        if status != 302:
            self._json(status, {"code": status, "message": f"refused {self.headers.get('Authorization')}"})
            return
        self.send_response(302)
        self.send_header("Location", f"http://storage.example/archive.zip?X-Goog-Signature={SIGNATURE}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _transfer(self, fault: str) -> None:
        """Send the content, or from where it is asked; `fault` says what goes wrong.

        "break N" closes after N bytes, "status N" answers N, "damage" flips a byte, "no range" sends the
        whole, "wrong range" sends from elsewhere, "too much" sends more than there is, "silent" sends half.
        """
        kind, _, number = fault.partition(" ")
        kind = fault if fault in ("no range", "wrong range", "too much") else kind
        if kind == "status":
            self._json(int(number), {"code": int(number)})
            return
        body, start = self.kaggle.content, 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and kind != "no range" and self.headers.get("If-Range") == self.kaggle.etag:
            start = int(asked[1]) - (7 if kind == "wrong range" else 0)
        if kind == "damage":
            body = body[:-400] + bytes([body[-400] ^ 255]) + body[-399:]
        body = body[start:] + (b"more" if kind == "too much" else b"")
        self._head(start, len(body), states_range=bool(start))
        self._write(
            body[: int(number)] if kind == "break" else body[: len(body) // 2] if kind == "silent" else body
        )
        if kind == "silent":
            self.server.let_go.wait(10)

    def _head(self, start: int, n_bytes: int, *, states_range: bool) -> None:
        total = len(self.kaggle.content)
        self.send_response(206 if states_range else 200)
        if states_range:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Type", self.kaggle.content_type)
        self.send_header("Content-Length", str(n_bytes))
        if self.kaggle.etag:
            self.send_header("ETag", self.kaggle.etag)
        if self.kaggle.states_md5:
            md5 = base64.b64encode(hashlib.md5(self.kaggle.content).digest()).decode()
            self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={md5}")
        self.end_headers()

    def _write(self, body: bytes) -> None:
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            pass  # the library looks and hangs up

    def _json(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.kaggle.retry_after:
            self.send_header("Retry-After", self.kaggle.retry_after)
        self.end_headers()
        self._write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read what was seen, not a log."""


class Server(ThreadingHTTPServer):
    """A server whose open connections do not keep the tests waiting."""

    daemon_threads = True

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.let_go = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error of the server's."""


@contextmanager
def serving(content: bytes) -> Iterator[Kaggle]:
    """Serve `content` as the dataset's zip."""
    kaggle = Kaggle(content)
    server = Server(type("BoundHandler", (Handler,), {"kaggle": kaggle}))
    kaggle.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kaggle
    finally:
        server.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def content():
    """A zip of four mebibytes, so that a transfer has many chunks."""
    chance = np.random.default_rng(0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for number in range(4):
            archive.writestr(f"set/CXR_png/CHNCXR_000{number}_0.png", chance.bytes(1 << 20))
        archive.writestr("set/CXR_png/Thumbs.db", b"junk")
    return stream.getvalue()


@pytest.fixture(scope="module")
def library_home(tmp_path_factory):
    """Kaggle's library, imported anew with its own switch for a local server, away from the user's token."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("KAGGLE_CONFIG_DIR", str(home / "config"))
        patch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
        warnings.simplefilter("ignore")  # of the library's own imports
        for name in [name for name in sys.modules if name.partition(".")[0] == "kaggle"]:
            patch.delitem(sys.modules, name)
        importlib.import_module("kaggle")
        yield home


@pytest.fixture
def kaggle(content, library_home, monkeypatch):
    """The server, and the environment that leads the library to it with a good token."""
    with serving(content) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def fetch(tmp_path, waits):
    """Fetch into a folder with short tries, noting the waits instead of waiting."""

    def run(**settings):
        retries = Retries(n_tries=settings.pop("n_tries", 3), silence_s=settings.pop("silence_s", 5.0))
        plan = FetchPlan(retries=retries, sleep=waits.append, **settings)
        return fetch_dataset(NAME, tmp_path / "out", plan=plan)

    return run
