"""Reading elements of a message that may hold anything: what is not of its kind is as if absent.

Trap: pydicom converts an element on access, so a malformed one raises there and not when the message came.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import evt

from hilum.dicomnode.outputs.uids import is_uid
from hilum.dicomnode.statuses import INVALID_ARGUMENT, ObjectRefused
from hilum.imaging import header


def decoded(event: evt.Event, attribute: str) -> Dataset:
    """The data set of a message, by the event's name for it.

    Raises:
        ObjectRefused: its bytes are no data set.
    """
    try:
        dataset: Dataset = getattr(event, attribute)
    except Exception as error:  # the bytes may be anything, and pydicom raises as many kinds
        raise ObjectRefused(INVALID_ARGUMENT, "(no data set)") from error
    return dataset


def text(dataset: Dataset, keyword: str) -> str:
    """The first value as stripped text; empty where it is absent or malformed."""
    try:
        return header.text(dataset, keyword)
    except header.MALFORMED:
        return ""


def uid(dataset: Dataset, keyword: str) -> str | None:
    """A UID of valid characters and length, or None."""
    told = text(dataset, keyword)
    return told if is_uid(told) else None


def sequence(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is absent, or is no sequence."""
    try:
        value = dataset.get(keyword)
    except header.MALFORMED:
        return []
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Sequence) else []
