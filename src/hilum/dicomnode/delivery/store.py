"""Sending objects to a DICOM archive by C-STORE: PS3.4 Annex B.

Trap: an archive that refuses one SOP class at association may take the others, so each object has an
association of its own, and a refused one is that object's fate alone.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import build_context
from pynetdicom.status import code_to_category

from hilum.dicomnode.delivery.outcome import SENT, Fate, Outcome
from hilum.dicomnode.peer import Peer, Requestor, associated
from hilum.errors import PeerFailed, ServiceRefused

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
# PS3.4 B.2.3: out of resources. All other failures say that the archive understood and will not have it.
OUT_OF_RESOURCES = range(0xA700, 0xA800)
# PS3.7 C: a fault of the archive's own, a duplicate that is still being written, or no resources.
PASSING = frozenset({0x0110, 0x0210, 0x0213})


def store(peer: Peer, requestor: Requestor, instance: Dataset) -> Outcome:
    """Send one object, uncompressed as it is made.

    Args:
        peer: the archive.
        requestor: who we are.
        instance: with its SOP class and instance UIDs.
    """
    context = build_context(instance.SOPClassUID, [*UNCOMPRESSED])
    try:
        with associated(peer, requestor, (context,)) as link:
            return _outcome(peer, link.send_c_store(instance))
    except ServiceRefused as error:
        return Outcome(Fate.NEVER, str(error))
    except PeerFailed as error:
        return Outcome(Fate.AGAIN, str(error))


def _outcome(peer: Peer, status: Dataset) -> Outcome:
    if "Status" not in status:
        return Outcome(Fate.AGAIN, f"{peer} broke off before it answered")
    code = status.Status
    if code_to_category(code) in ("Success", "Warning"):
        return SENT
    fate = Fate.AGAIN if code in OUT_OF_RESOURCES or code in PASSING else Fate.NEVER
    return Outcome(fate, f"{peer} answers with status 0x{code:04X}")
