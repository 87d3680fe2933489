"""A file at a public address, known beforehand by its size and SHA-256, comes to its place on this machine.

Trap: a server may send another file of the same name, or a page to sign in at. The file gets its name only
once its bytes are those that were promised.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from hilum.data.download import Part, Progress, Retries, download
from hilum.data.remote import TRANSIENT, RemoteFile, network_fault, remote_file, retry_after_s
from hilum.errors import ExtraMissing, FetchFailed, FetchInterrupted, OutputRefused
from hilum.imaging.hashing import file_sha256

RETRIES = Retries(n_tries=5)  # a quarter of a minute without a network


@dataclass(frozen=True, slots=True)
class WebFile:
    """What must come."""

    url: str
    n_bytes: int
    sha256: str  # 64 hex digits

    @property
    def server(self) -> str:
        return urlsplit(self.url).hostname or self.url

    def __str__(self) -> str:
        return f"{self.url} ({self.n_bytes:,} bytes, SHA-256 {self.sha256})"


def fetch_web_file(
    file: WebFile,
    target: Path,
    *,
    progress: Progress,
    retries: Retries = RETRIES,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See that `target` is the file: download it, finish a download that broke off, or check what is there.

    Raises:
        ExtraMissing: the HTTP library is not installed.
        FetchFailed: no network, a server that refuses or sends another file, or what is there is damaged.
        OutputRefused: the folder cannot be written to, or the disk is too small.
    """
    if target.exists():
        _check(target, file, f"{target} is damaged; delete it and run the same command again")
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputRefused(f"{target.parent}: cannot be made: {error.strerror}") from None
    part = Part(target)
    find = partial(_find, file, answer_s=retries.silence_s)
    download(find, part, retries=retries, progress=progress, sleep=sleep)
    try:
        _check(part.path, file, "the file came damaged; it was removed; run the same command again")
    except FetchFailed:
        part.clear()
        raise
    part.become(target)


def _check(path: Path, file: WebFile, complaint: str) -> None:
    if path.stat().st_size != file.n_bytes:
        raise FetchFailed(f"{complaint} (it has {path.stat().st_size:,} bytes, not {file.n_bytes:,})")
    if file_sha256(path) != file.sha256:
        raise FetchFailed(f"{complaint} (its SHA-256 is not {file.sha256})")


def _find(file: WebFile, *, answer_s: float) -> RemoteFile:
    """Ask for the file, follow redirections, and read none of it yet."""
    try:
        import requests
    except ModuleNotFoundError:
        raise ExtraMissing(f"the download of {file.url}", "fetch") from None
    headers = {"Accept-Encoding": "identity"}  # else the stated length is that of packed bytes
    try:
        with (
            requests.Session() as session,
            contextlib.closing(
                session.get(file.url, headers=headers, stream=True, timeout=answer_s)
            ) as answer,
        ):
            status, wait_s, remote = answer.status_code, retry_after_s(answer), remote_file(answer)
    except requests.RequestException as error:
        raise FetchInterrupted(network_fault(error, file.server)) from None
    if status in TRANSIENT or status >= 500:
        raise FetchInterrupted(f"the server is in trouble (HTTP {status})", wait_s)
    if status != 200:
        raise FetchFailed(f"the server refuses the file (HTTP {status})")
    if remote is None:
        raise FetchFailed("the answer is a page instead of a file; does this network ask to sign in first?")
    if remote.n_bytes not in (None, file.n_bytes):
        raise FetchFailed(f"the server's file has {remote.n_bytes:,} bytes, not {file.n_bytes:,}")
    return dataclasses.replace(remote, n_bytes=file.n_bytes, server=file.server)
