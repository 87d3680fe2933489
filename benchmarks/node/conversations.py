"""Whole conversations with a node as bytes: an association, one message, and its release, to be broken.

Films in eight transfer syntaxes, an echo, a question of storage commitment, and a performed procedure step.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.dsutils import encode
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    StorageCommitmentPushModel,
    Verification,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from bundles import write_dicom_film  # noqa: E402

STUDY, INSTANCE = "1.2.826.0.1.1.10000000", "1.2.826.0.1.2.10000000"  # the last part is a case's number
RELEASE = struct.pack(">BBI", 0x05, 0, 4) + bytes(4)
NO_DATA, WITH_DATA = 0x0101, 0x0001  # Command Data Set Type (0000,0800)
DCMTK = {
    uid.ExplicitVRBigEndian: "dcmconv +tb", uid.DeflatedExplicitVRLittleEndian: "dcmconv +td",
    uid.ImplicitVRLittleEndian: "dcmconv +ti", uid.JPEGBaseline8Bit: "dcmcjpeg +eb +un",
    uid.JPEGLosslessSV1: "dcmcjpeg +e1 +un", uid.JPEGLSLossless: "dcmcjpls +el",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversation:
    """One message of one association."""

    association: bytes  # the A-ASSOCIATE-RQ PDU
    context_id: int
    command: bytes  # encoded command set
    data: bytes  # encoded data set; may be empty

    def renumbered(self, number: int) -> Conversation:
        """The same about another study and film; a deflated one stays as it is."""
        if self.data and STUDY.encode() not in self.data and INSTANCE.encode() not in self.data:
            return self
        digits = str(10_000_000 + number).encode()
        command, data = (
            part.replace(STUDY.encode(), STUDY[:-8].encode() + digits).replace(
                INSTANCE.encode(), INSTANCE[:-8].encode() + digits
            )
            for part in (self.command, self.data)
        )
        return replace(self, command=command, data=data)

    def pdus(
        self, *, command: bytes | None = None, data: bytes | None = None, longest: int = 16000
    ) -> list[bytes]:
        """The PDUs in order; a part that is given takes the place of its own."""
        data = self.data if data is None else data
        pieces = [data[start : start + longest] for start in range(0, len(data), longest)]
        fragments = [(self.command if command is None else command, 0x03)]
        fragments += [
            (piece, 0x02 if place == len(pieces) - 1 else 0x00) for place, piece in enumerate(pieces)
        ]
        return [self.association, *(self._p_data(*fragment) for fragment in fragments), RELEASE]

    def _p_data(self, fragment: bytes, control: int) -> bytes:
        value = struct.pack(">IBB", len(fragment) + 2, self.context_id, control) + fragment
        return struct.pack(">BBI", 0x04, 0, len(value)) + value


def conversations(folder: Path) -> list[Conversation]:
    """All kinds, films eight times in twelve; the films are made in a folder."""
    films = _films(folder)
    told = [(film.file_meta.MediaStorageSOPClassUID, film.file_meta.TransferSyntaxUID) for film in films]
    services = (Verification, StorageCommitmentPushModel, ModalityPerformedProcedureStep)
    pairs = [*told, *((service, uid.ExplicitVRLittleEndian) for service in services)]
    association = _association([(str(kind), str(syntax)) for kind, syntax in pairs])
    stores = [
        Conversation(association, 2 * place + 1, _store_command(film), _encoded_data(film))
        for place, film in enumerate(films)
    ]
    first = 2 * len(films) + 1
    return [
        *stores,
        Conversation(association, first, _command(0x0030, AffectedSOPClassUID=Verification), b""),
        Conversation(association, first + 2, *_commitment()),
        Conversation(association, first + 4, *_step_begins()),
        Conversation(association, first + 4, *_step_ends()),
    ]


def _films(folder: Path) -> list[Dataset]:
    told = {
        "StudyInstanceUID": STUDY, "SOPInstanceUID": INSTANCE, "SeriesInstanceUID": "1.2.3.4",
        "PatientID": "P-1", "PatientName": "DOE^JANE", "PatientAge": "044Y", "ViewPosition": "PA",
    }  # fmt: skip
    plain = write_dicom_film(folder / "plain.dcm", **told)
    paths = [plain]
    for syntax, tool in DCMTK.items():
        paths.append(folder / f"{UID(syntax).name[:20].replace(' ', '_')}.dcm")
        subprocess.run([*tool.split(), str(plain), str(paths[-1])], check=True)
    packed = dcmread(plain)
    packed.compress(uid.JPEG2000Lossless, generate_instance_uid=False)
    packed.save_as(folder / "j2k.dcm", enforce_file_format=True)
    return [dcmread(path) for path in (*paths, folder / "j2k.dcm")]


def _encoded_data(film: Dataset) -> bytes:
    """The data set of a file as its bytes are."""
    content = Path(str(film.filename)).read_bytes()
    length = struct.unpack_from("<I", content, 140)[0]  # of group 2, after its own element
    return content[144 + length :]


def _association(pairs: Sequence[tuple[str, str]]) -> bytes:
    request = A_ASSOCIATE()
    request.application_context_name = "1.2.840.10008.3.1.1.1"
    request.calling_ae_title, request.called_ae_title = "HOSTILE", "HILUM"
    request.calling_presentation_address = request.called_presentation_address = None
    contexts = [build_context(kind, syntax) for kind, syntax in pairs]
    for place, context in enumerate(contexts):
        context.context_id = 2 * place + 1
    request.presentation_context_definition_list = contexts
    longest = MaximumLengthNotification()
    longest.maximum_length_received = 16382
    who = ImplementationClassUIDNotification()
    who.implementation_class_uid = AE().implementation_class_uid
    request.user_information = [longest, who]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(request)
    return pdu.encode()


def _command(field: int, *, has_data: bool = False, **elements: object) -> bytes:
    command = Dataset()
    command.CommandGroupLength = 0
    for keyword, value in elements.items():
        setattr(command, keyword, value)
    command.CommandField, command.MessageID = field, 1
    command.CommandDataSetType = WITH_DATA if has_data else NO_DATA
    encoded = encode(command, True, True)
    assert encoded is not None
    return encoded[:8] + struct.pack("<I", len(encoded) - 12) + encoded[12:]


def _store_command(film: Dataset) -> bytes:
    return _command(0x0001, has_data=True, AffectedSOPClassUID=film.SOPClassUID, Priority=2,
                    AffectedSOPInstanceUID=film.SOPInstanceUID)  # fmt: skip


def _commitment() -> tuple[bytes, bytes]:
    item, about = Dataset(), Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = uid.ComputedRadiographyImageStorage, INSTANCE
    about.TransactionUID, about.ReferencedSOPSequence = STUDY, [item]
    command = _command(0x0130, has_data=True, RequestedSOPClassUID=StorageCommitmentPushModel, ActionTypeID=1,
                       RequestedSOPInstanceUID="1.2.840.10008.1.20.1.1")  # fmt: skip
    return command, encode(about, False, True) or b""


def _step_begins() -> tuple[bytes, bytes]:
    item, step = Dataset(), Dataset()
    item.StudyInstanceUID = STUDY
    step.PerformedProcedureStepStatus, step.ScheduledStepAttributesSequence = "IN PROGRESS", [item]
    command = _command(0x0140, has_data=True, AffectedSOPClassUID=ModalityPerformedProcedureStep,
                       AffectedSOPInstanceUID=INSTANCE)  # fmt: skip
    return command, encode(step, False, True) or b""


def _step_ends() -> tuple[bytes, bytes]:
    step = Dataset()
    step.PerformedProcedureStepStatus = "COMPLETED"
    command = _command(0x0120, has_data=True, RequestedSOPClassUID=ModalityPerformedProcedureStep,
                       RequestedSOPInstanceUID=INSTANCE)  # fmt: skip
    return command, encode(step, False, True) or b""
