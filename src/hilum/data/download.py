"""One file comes over the network into a part file beside its place, in as many attempts as it takes.

The trap: a part may belong to an older file. It is added to only where the server's validator and size are
those noted when it was begun, and the server is asked for the whole where they changed (If-Range, RFC 9110).
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hilum.data.remote import TRANSIENT, RemoteFile, network_fault, retry_after_s
from hilum.errors import FetchFailed, FetchInterrupted, OutputRefused

CHUNK_BYTES = 1 << 16  # what a break loses at most
PROGRESS_BYTES = 1 << 20  # that make the count of tries begin anew
RESERVE_BYTES = 256 << 20  # left free on the disk
EXPIRED = {400, 401, 403, 404, 410}  # how a storage server answers to an address whose signature has run out

Progress = Callable[[int, int], None]  # bytes done, bytes in all (0 where the server does not say)


@dataclass(frozen=True, slots=True)
class Retries:
    """How long to go on trying."""

    n_tries: int = 8  # in a row without a mebibyte of progress
    first_wait_s: float = 1.0  # doubled with every try in a row
    longest_wait_s: float = 60.0
    longest_asked_s: float = 600.0  # by the server's Retry-After
    silence_s: float = 60.0  # without a byte, until an attempt is given up


class Part:
    """The bytes that came so far, and a note of what they are part of."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    @property
    def n_bytes(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def suit(self, remote: RemoteFile) -> None:
        """Begin anew unless what is here is part of `remote`, and see that the rest has room."""
        note = {"validator": remote.validator, "n_bytes": remote.n_bytes}
        is_too_long = remote.n_bytes is not None and self.n_bytes > remote.n_bytes
        if remote.validator is None or is_too_long or self._read_note() != note:
            self.clear()
        free = shutil.disk_usage(self.path.parent).free
        missing = (remote.n_bytes or 0) - self.n_bytes
        if missing + RESERVE_BYTES > free:
            raise OutputRefused(
                f"{self.path.parent}: {missing / 1e9:.1f} GB are to come, and {free / 1e9:.1f} GB are free; "
                "make room, or choose another folder"
            )
        self._write(self._note, json.dumps(note).encode(), "wb")

    def append(self, chunk: bytes) -> None:
        self._write(self.path, chunk, "ab")

    def clear(self) -> None:
        """Forget all that came."""
        for path in (self.path, self._note):
            path.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        self.path.rename(target)
        self._note.unlink(missing_ok=True)

    def _read_note(self) -> Any:
        try:
            return json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _write(self, path: Path, content: bytes, mode: str) -> None:
        try:
            with path.open(mode) as stream:
                stream.write(content)
        except OSError as error:
            raise OutputRefused(f"cannot write {path}: {error.strerror}; run again to resume") from None


def download(
    find: Callable[[], RemoteFile],
    part: Part,
    *,
    retries: Retries,
    progress: Progress,
    sleep: Callable[[float], None] = time.sleep,
) -> RemoteFile:
    """Bring `part` to the length of the file that `find` finds, and return what was found.

    `find` is asked before every attempt, since the addresses it gives run out.

    Raises:
        FetchFailed: the tries are used up, or trying again is of no use; what came is kept.
        OutputRefused: the disk is full or too small.
    """
    n_failed, reached = 0, part.n_bytes
    while True:
        try:
            remote = find()
            part.suit(remote)
            _attempt(remote, part, retries, progress)
            return remote
        except FetchInterrupted as fault:
            if part.n_bytes >= reached + PROGRESS_BYTES:
                n_failed, reached = 0, part.n_bytes
            n_failed += 1
            if n_failed >= retries.n_tries:
                kept = f"; the {part.n_bytes / 1e6:.1f} MB that came are kept" if part.n_bytes else ""
                raise FetchFailed(
                    f"{fault}, {n_failed} times in a row{kept}; run the same command again"
                ) from None
            sleep(_wait_s(fault, n_failed, retries))


def _wait_s(fault: FetchInterrupted, n_failed: int, retries: Retries) -> float:
    if fault.wait_s is not None:
        return min(fault.wait_s, retries.longest_asked_s)
    return min(retries.first_wait_s * 2.0 ** (n_failed - 1), retries.longest_wait_s)


def _attempt(remote: RemoteFile, part: Part, retries: Retries, progress: Progress) -> None:
    """One request, from where the part ends to the end of the file."""
    import requests

    if remote.n_bytes is not None and part.n_bytes == remote.n_bytes:
        progress(part.n_bytes, remote.n_bytes)
        return
    try:
        with (
            requests.Session() as session,
            contextlib.closing(_send(session, remote, part, retries)) as response,
        ):
            _check_answer(response, remote, part)
            for chunk in response.iter_content(CHUNK_BYTES):
                part.append(chunk)
                progress(part.n_bytes, remote.n_bytes or 0)
    except requests.RequestException as error:
        raise FetchInterrupted(network_fault(error, remote.server)) from None
    _check_length(remote, part)


def _send(session: Any, remote: RemoteFile, part: Part, retries: Retries) -> Any:
    request = remote.request.copy()
    request.headers["Accept-Encoding"] = "identity"
    if part.n_bytes:
        request.headers["Range"] = f"bytes={part.n_bytes}-"
        request.headers["If-Range"] = remote.validator
    settings = session.merge_environment_settings(request.url, {}, True, None, None)
    return session.send(request, timeout=retries.silence_s, allow_redirects=True, **settings)


def _check_answer(response: Any, remote: RemoteFile, part: Part) -> None:
    """Go on only where the bytes to come belong at the end of the part; a whole file begins anew."""
    status = response.status_code
    if status == 200:
        part.clear()
        part.suit(remote)
        return
    if status == 206:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if stated and int(stated[1]) == part.n_bytes and stated[2] in ("*", str(remote.n_bytes)):
            return
    if status in (206, 416):
        part.clear()
        raise FetchInterrupted("the server sent another part of the file than was asked for")
    if status in TRANSIENT or status >= 500:
        raise FetchInterrupted(f"the server is in trouble (HTTP {status})", retry_after_s(response))
    if status in EXPIRED:
        raise FetchInterrupted(f"the address of the file no longer works (HTTP {status})")
    raise FetchFailed(f"the server refuses the file (HTTP {status})")


def _check_length(remote: RemoteFile, part: Part) -> None:
    if remote.n_bytes is None or part.n_bytes == remote.n_bytes:
        return
    if part.n_bytes > remote.n_bytes:
        part.clear()
        raise FetchInterrupted("more bytes came than the file has")
    raise FetchInterrupted("the connection broke off")
