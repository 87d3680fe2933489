"""Answering "are you there": PS3.4 annex A."""

from __future__ import annotations

from pynetdicom import evt

from hilum.dicomnode.statuses import SUCCESS


def on_c_echo(_event: evt.Event) -> int:
    """Yes."""
    return SUCCESS.code
