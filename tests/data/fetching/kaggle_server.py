"""A local server that speaks as much of Kaggle's API as a download takes, and misbehaves as told.

Kaggle's library is pointed to it by its own means: KAGGLE_API_ENVIRONMENT=LOCALHOST makes it call http://localhost,
and http_proxy brings those calls, and the storage's that they redirect to, to the server's own port.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

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
