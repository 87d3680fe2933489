"""Which SOP classes and transfer syntaxes the node takes, by its settings.

Films that a setting refuses are still agreed on: only then can a status say to the sender what is wrong.
What is no film at all is turned away at the association, unless the settings keep it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import uid
from pynetdicom import AllStoragePresentationContexts
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    StorageCommitmentPushModel,
    Verification,
)

from hilum.dicomnode.settings import NodeSettings

COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"  # the well-known instance of the push model, PS3.4 J.3.2

TRANSFER_SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLossless,
    uid.RLELossless,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEG2000,
    uid.JPEGLSNearLossless,
)

FILMS = (uid.ComputedRadiographyImageStorage, uid.DigitalXRayImageStorageForPresentation)
FOR_PROCESSING_FILMS = (uid.DigitalXRayImageStorageForProcessing,)
SECONDARY_CAPTURES = (
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
)
AGREED_FILMS = (*FILMS, *FOR_PROCESSING_FILMS, *SECONDARY_CAPTURES)


def supported_contexts(settings: NodeSettings) -> list[PresentationContext]:
    """What the node agrees on with a sender."""
    classes = list(AGREED_FILMS)
    if settings.others == "keep":
        classes += [uid.UID(other) for other in _other_storage_classes()]
    services = (Verification, StorageCommitmentPushModel, ModalityPerformedProcedureStep)
    plain = [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian]
    return [
        *(build_context(film, list(TRANSFER_SYNTAXES)) for film in classes),
        *(build_context(service, list(plain)) for service in services),
    ]


def _other_storage_classes() -> Sequence[str]:
    known = (str(context.abstract_syntax) for context in AllStoragePresentationContexts)
    return [name for name in known if name not in AGREED_FILMS]
