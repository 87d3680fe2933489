"""Every status that the node answers with, and why; the conformance statement is generated from these tables.

Trap: what a sender does next hangs on the class of the code. It sends again after A7xx, and gives up after
A9xx and Cxxx, so a passing fault of ours must never be told as one of those.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from hilum.errors import HilumError

LONGEST_COMMENT = 64  # characters of Error Comment (0000,0902), VR LO


@dataclass(frozen=True, slots=True)
class Status:
    """One answer."""

    code: int
    reason: str  # sent as Error Comment, so at most 64 plain characters
    source: str  # where the standard defines the class of the code
    error_id: int | None = None  # Error ID (0000,0903)

    def response(self, detail: str = "") -> Dataset:
        """The elements of a response's command set, with `detail` after the reason where it fits."""
        answer = Dataset()
        answer.Status = self.code
        if self.code != SUCCESS.code:
            answer.ErrorComment = " ".join(f"{self.reason} {detail}".split())[:LONGEST_COMMENT]
        if self.error_id is not None:
            answer.ErrorID = self.error_id
        return answer


class ObjectRefused(HilumError):
    """A message that is answered with a failure.

    Args:
        status: of the answer.
        detail: what of the message it is about; never a value of the patient's.
    """

    def __init__(self, status: Status, detail: str = "") -> None:
        super().__init__(status.reason)
        self.status = status
        self.detail = detail


SUCCESS = Status(0x0000, "on disk and in the worklist", "PS3.7 C.1.1")

# C-STORE: PS3.4 B.2.3 leaves the last digits of A7xx, A9xx, and Cxxx to the implementation.
DISK_SHORT = Status(0xA700, "the disk is nearly full; send again later", "PS3.4 B.2.3, A7xx")
NOT_WRITTEN = Status(0xA701, "could not be written; send again later", "PS3.4 B.2.3, A7xx")
CLASS_DIFFERS = Status(0xA900, "data set is of another SOP class than announced", "PS3.4 B.2.3, A9xx")
INSTANCE_DIFFERS = Status(0xA901, "data set is another SOP instance than announced", "PS3.4 B.2.3, A9xx")
STUDY_MISSING = Status(0xA902, "data set names no study", "PS3.4 B.2.3, A9xx")
UNREADABLE = Status(0xC000, "no data set in the agreed transfer syntax", "PS3.4 B.2.3, Cxxx")
FOR_PROCESSING = Status(0xC101, "for processing is not read; send for presentation", "PS3.4 B.2.3, Cxxx")
SECONDARY_CAPTURE = Status(0xC102, "this node takes no secondary captures", "PS3.4 B.2.3, Cxxx")
OWN_RESULT = Status(0xC103, "a result of Hilum's own is not taken back", "PS3.4 B.2.3, Cxxx")
TOO_LARGE = Status(0xC104, "larger than this node takes", "PS3.4 B.2.3, Cxxx")
FAULT = Status(0xC1FF, "a fault of the node; its log holds the details", "PS3.4 B.2.3, Cxxx")
INVALID_INSTANCE = Status(0x0117, "no valid UID", "PS3.7 C.4.2.1.2")

STORE_STATUSES = (
    SUCCESS, DISK_SHORT, NOT_WRITTEN, CLASS_DIFFERS, INSTANCE_DIFFERS, STUDY_MISSING, UNREADABLE,
    FOR_PROCESSING, SECONDARY_CAPTURE, OWN_RESULT, TOO_LARGE, FAULT, INVALID_INSTANCE,
)  # fmt: skip

# DIMSE-N: PS3.7 annex C.
INVALID_VALUE = Status(0x0106, "invalid attribute value", "PS3.7 C.4.2.1.3")
PROCESSING_FAILURE = Status(0x0110, "a fault of the node; its log holds the details", "PS3.7 C.4.2.1.1")
DUPLICATE_INSTANCE = Status(0x0111, "this instance is here already", "PS3.7 C.4.2.1.4")
NO_SUCH_INSTANCE = Status(0x0112, "no such instance", "PS3.7 C.4.2.1.5")
NO_SUCH_ARGUMENT = Status(0x0114, "no such argument", "PS3.7 C.4.2.1.7")
INVALID_ARGUMENT = Status(0x0115, "invalid argument", "PS3.7 C.4.2.1.8")
MISSING_ATTRIBUTE = Status(0x0120, "missing attribute", "PS3.7 C.4.2.1.10")
NO_SUCH_ACTION = Status(0x0123, "no such action", "PS3.7 C.4.2.1.12")
RESOURCE_LIMITATION = Status(0x0213, "not possible now; send again later", "PS3.7 C.4.2.1.15")
NO_LONGER_UPDATED = Status(
    0x0110, "performed procedure step may no longer be updated", "PS3.4 F.7.2.2.2", error_id=0xA710
)

COMMITMENT_STATUSES = (
    SUCCESS, NO_SUCH_INSTANCE, NO_SUCH_ACTION, MISSING_ATTRIBUTE, INVALID_ARGUMENT, RESOURCE_LIMITATION,
    PROCESSING_FAILURE,
)  # fmt: skip
PROCEDURE_STEP_STATUSES = (
    SUCCESS, INVALID_VALUE, INVALID_ARGUMENT, DUPLICATE_INSTANCE, NO_SUCH_INSTANCE, MISSING_ATTRIBUTE,
    NO_LONGER_UPDATED, INVALID_INSTANCE, RESOURCE_LIMITATION, PROCESSING_FAILURE,
)  # fmt: skip

# Storage commitment's Failure Reason (0008,1197): PS3.3 C.14.1.1.
NOT_HERE = Status(0x0112, "no such instance is held here", "PS3.3 C.14.1.1")
HELD_AS_ANOTHER_CLASS = Status(0x0119, "the instance is held under another SOP class", "PS3.3 C.14.1.1")
FAILURE_REASONS = (NOT_HERE, HELD_AS_ANOTHER_CLASS)

# A-ASSOCIATE-RJ, as result, source, and diagnostic: PS3.8 9.3.4.
CALLER_UNKNOWN = (0x01, 0x01, 0x03)
