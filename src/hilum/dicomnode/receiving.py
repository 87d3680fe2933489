"""Messages as they come in, within bounds: a film goes to disk fragment by fragment, anything else is short.

pynetdicom collects a message in memory without a limit, or in a temporary file that an abort leaves behind;
this takes the place of its DIMSE provider. Trap: everything here runs in the association's network thread and
on bytes that may be anything, so whatever goes wrong ends this association and no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from io import BytesIO

from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dsutils import create_file_meta, encode_file_meta
from pynetdicom.pdu_primitives import P_DATA

from hilum.dicomnode.outputs.uids import is_uid
from hilum.errors import DiskShort
from hilum.worklist.originals import Incoming

log = logging.getLogger(__name__)

# Made once by UUID; the file meta must be the same for the same object, or its hash would tell them apart, so
# neither of these follows our version.
IMPLEMENTATION_UID = UID("2.25.32352078625866886302123849102636311447")
IMPLEMENTATION_VERSION = "HILUM"

MOST_COMMAND_BYTES = 1 << 16  # of a command set; the longest in PS3.7 has under 1 KB
MOST_MESSAGE_BYTES = 16 << 20  # of a data set that is no film: 100,000 references of storage commitment
MOST_WAITING = 8  # messages not yet answered; PS3.7 D.3.3.3 lets a sender have one, as we agree on no more
INVALID_PDU = "Evt19"  # of the state machine of PS3.8 9.2: it sends an A-ABORT


class Film(BytesIO):
    """The data set of a C-STORE request on its way to disk; pynetdicom takes no other type than BytesIO.

    After the last fragment exactly one of `incoming` and `fault` is there, or neither where no byte came.

    Args:
        open_file: where the bytes go, called at the first of them.
        head: preamble and file meta information, which come first.
        most_bytes: of the data set; what comes after them is dropped, and `is_too_large`.
    """

    def __init__(self, open_file: Callable[[], Incoming], head: bytes, *, most_bytes: int) -> None:
        super().__init__()
        self.incoming: Incoming | None = None
        self.fault: OSError | DiskShort | None = None
        self.is_too_large = False
        self._open_file = open_file
        self._head = head
        self._most_bytes = most_bytes
        self._n_bytes = 0

    def write(self, block: bytes) -> int:  # type: ignore[override]
        """Take a fragment; a disk that fails is told of by `fault`, when the sender can be answered."""
        self._n_bytes += len(block)
        self.is_too_large = self._n_bytes > self._most_bytes
        if self.is_too_large or self.fault is not None:
            self.give_up()
            return len(block)
        try:
            self._write(block)
        except (OSError, DiskShort) as error:
            self.fault = error
            self.give_up()
        return len(block)

    def give_up(self) -> None:
        """Leave nothing on disk, unless it was kept."""
        if self.incoming is not None:
            self.incoming.give_up()
            self.incoming = None

    def _write(self, block: bytes) -> None:
        if self.incoming is None:
            self.incoming = self._open_file()
            self.incoming.write(self._head)
        self.incoming.write(block)


class Refused(BytesIO):
    """The data set of a message that will be turned away: nothing of it is held."""

    def write(self, block: bytes) -> int:  # type: ignore[override]
        """Drop a fragment."""
        return len(block)


class BoundedMemory(BytesIO):
    """Bytes in memory, up to a limit."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self._most_bytes = most_bytes

    def write(self, block: bytes) -> int:  # type: ignore[override]
        """Take a fragment.

        Raises:
            OverflowError: the message is too long.
        """
        if self.tell() + len(block) > self._most_bytes:
            raise OverflowError(f"a message of more than {self._most_bytes} bytes")
        return super().write(block)


class BoundedReceiver(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider, with limits.

    Args:
        association: that it serves.
        open_file: where a film's bytes go.
        most_bytes: of one film.
    """

    def __init__(
        self, association: Association, open_file: Callable[[], Incoming], *, most_bytes: int
    ) -> None:
        super().__init__(association)
        self._open_file = open_file
        self._most_bytes = most_bytes

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take the fragments of one P-DATA primitive."""
        try:
            for context_id, fragment in primitive.presentation_data_value_list:
                self._receive(context_id, fragment)
        except Exception as error:  # the bytes may be anything, and pynetdicom raises as many kinds
            log.warning("a message was not understood (%s); its association ends", type(error).__name__)
            self.message = None
            self.dul.event_queue.put(INVALID_PDU)

    def give_up(self) -> None:
        """Leave nothing on disk of a film that broke off; one that came whole is being filed and stays."""
        message = self.message
        if message is not None and isinstance(message.data_set, Film):
            message.data_set.give_up()

    def _receive(self, context_id: int, fragment: bytes) -> None:
        if self.msg_queue.qsize() >= MOST_WAITING:
            raise OverflowError("more messages than may wait")
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.encoded_command_set = BoundedMemory(MOST_COMMAND_BYTES)
            self.message.data_set = BoundedMemory(MOST_MESSAGE_BYTES)
        part = P_DATA()
        part.presentation_data_value_list.append([context_id, fragment])  # type: ignore[arg-type]  # a list there
        message = self.message
        super().receive_primitive(part)
        if self.message is not message or not isinstance(message, C_STORE_RQ):
            return
        if isinstance(message.data_set, BoundedMemory):  # its command set has just become whole
            message.data_set = self._film(message)

    def _film(self, message: C_STORE_RQ) -> BytesIO:
        """Where the data set of a C-STORE request goes, once its command set is whole."""
        context = self.assoc._accepted_cx.get(message.context_id or 0)
        sop_class, instance = (
            str(message.command_set.get(f"AffectedSOP{kind}UID", "")).strip(" \0")
            for kind in ("Class", "Instance")
        )
        if context is None or not (is_uid(sop_class) and is_uid(instance)):
            return Refused()
        head = file_head(sop_class, instance, context.transfer_syntax[0])
        return Film(self._open_file, head, most_bytes=self._most_bytes)


def file_head(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble and file meta information (PS3.10 7.1), the same bytes for the same object always."""
    meta = create_file_meta(
        sop_class_uid=UID(sop_class_uid),
        sop_instance_uid=UID(sop_instance_uid),
        transfer_syntax=UID(transfer_syntax_uid),
        implementation_uid=IMPLEMENTATION_UID,
        implementation_version=IMPLEMENTATION_VERSION,
    )
    return b"\0" * 128 + b"DICM" + encode_file_meta(meta)
