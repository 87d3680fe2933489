"""Sending an HL7 message over MLLP, and reading the acknowledgement: HL7 v2.5.1 2.9, MLLP release 1.

Trap: an engine may send its acknowledgement in pieces, or none at all while it holds the connection open.
"""

from __future__ import annotations

import socket

from hilum.dicomnode.delivery.outcome import SENT, Fate, Outcome
from hilum.dicomnode.delivery.target import MllpTarget
from hilum.dicomnode.messages.hl7 import acknowledgement_code, mllp_frame, mllp_unframe

MOST_BYTES = 1 << 20  # of an acknowledgement
BLOCK = 4096
END_OF_FRAME = b"\x1c\r"


def send_message(target: MllpTarget, message: str, *, timeout_s: float) -> Outcome:
    """Send one message and wait for its acknowledgement.

    Args:
        target: the engine.
        message: HL7 v2, segments ended by carriage returns.
        timeout_s: of connecting and of each piece of the answer.
    """
    where = f"mllp://{target.host}:{target.port}"
    try:
        with socket.create_connection((target.host, target.port), timeout=timeout_s) as link:
            link.sendall(mllp_frame(message))
            answer = _answer(link)
    except OSError as error:
        return Outcome(Fate.AGAIN, f"{where} does not answer ({type(error).__name__})")
    if END_OF_FRAME not in answer:
        return Outcome(Fate.AGAIN, f"{where} broke off before it acknowledged")
    code = acknowledgement_code(mllp_unframe(answer)) or "no code"
    if code in ("AA", "CA"):
        return SENT
    # HL7 2.9.2: an error (AE) may pass, a rejection (AR) says that the message itself is wrong.
    return Outcome(Fate.NEVER if code in ("AR", "CR") else Fate.AGAIN, f"{where} acknowledges with {code}")


def _answer(link: socket.socket) -> bytes:
    received = bytearray()
    while END_OF_FRAME not in received and len(received) < MOST_BYTES:
        block = link.recv(BLOCK)
        if not block:
            break
        received += block
    return bytes(received)
