"""Sending objects to a DICOMweb server by STOW-RS: PS3.18 10.5.

Trap: 200 and 202 may both hold instances that were refused; the answer's Failed SOP Sequence decides.
"""

from __future__ import annotations

import io
import uuid
from typing import Any

import httpx
from pydicom import dcmwrite
from pydicom.dataset import Dataset

from hilum.dicomnode.delivery.outcome import SENT, Fate, Outcome
from hilum.dicomnode.delivery.target import WebTarget
from hilum.dicomnode.delivery.web_answer import broken, refused

FAILED_SOP_SEQUENCE = "00081198"


def stow(target: WebTarget, client: httpx.Client, instance: Dataset) -> Outcome:
    """Send one object.

    Args:
        target: the server; `/studies` is added to its URL.
        client: with its time-out and token.
        instance: with its file meta information.
    """
    boundary = uuid.uuid4().hex
    try:
        answer = client.post(
            f"{target.url}/studies",
            content=_multipart(instance, boundary),
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
                "Accept": "application/dicom+json",
            },
        )
    except httpx.HTTPError as error:
        return broken(target.url, error)
    if answer.status_code not in (200, 202):
        return refused(target.url, answer)
    return _outcome(target, _failed(answer))


def _multipart(instance: Dataset, boundary: str) -> bytes:
    part10 = io.BytesIO()
    dcmwrite(part10, instance, enforce_file_format=True)
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode("ascii")
    return head + part10.getvalue() + f"\r\n--{boundary}--\r\n".encode("ascii")


def _failed(answer: httpx.Response) -> list[Any]:
    """The failed instances by the answer; a server that answers 200 with no JSON has stored it."""
    try:
        table = answer.json()
    except ValueError:
        return []
    if not isinstance(table, dict):
        return []
    failed = table.get(FAILED_SOP_SEQUENCE)
    return list(failed.get("Value") or []) if isinstance(failed, dict) else []


def _outcome(target: WebTarget, failed: list[Any]) -> Outcome:
    return Outcome(Fate.NEVER, f"{target.url} stored nothing and says why in its own log") if failed else SENT
