"""STOW-RS (PS3.18 10.5): DICOM instances in, each kept and filed before the answer says so, each by itself.

Trap: the answer is 200 only where every instance was stored, 202 where some were, 409 where none was. A
message that breaks off keeps what had come whole, and sending it again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydicom import uid

from hilum.errors import DiskShort
from hilum.web.dicomweb.answers import DICOM_JSON, UnsupportedMediaType, base_url
from hilum.web.dicomweb.json_model import Json, attribute
from hilum.web.dicomweb.multipart import Part, PartReader, boundary_of
from hilum.web.problems import NotReady
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.film_facts import FilmFacts, read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.originals import Incoming, Kept
from hilum.worklist.states import Origin
from hilum.worklist.station import Station

router = APIRouter(include_in_schema=False)

DICOM = "application/dicom"
STUDY_CLOSES_AFTER_S = 10.0  # senders such as Orthanc send a study in several requests

# Failure reasons, PS3.18 Table I.2-2 and PS3.4 Annex B.2.3
OUT_OF_RESOURCES = 0xA700
OTHER_STUDY = 0xA900  # data set does not match: it is not of the study that the address names
CANNOT_UNDERSTAND = 0xC000
CLASS_NOT_SUPPORTED = 0x0122

# What the station reads, PS3.4 B.5; anything else belongs in an archive
FILM_CLASSES = frozenset(
    {
        uid.ComputedRadiographyImageStorage,
        uid.DigitalXRayImageStorageForPresentation,
        uid.DigitalXRayImageStorageForProcessing,
        uid.SecondaryCaptureImageStorage,
        uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)

Uploader = Annotated[Visitor, Depends(require(Right.UPLOAD))]
OpenStation = Annotated[Station, Depends(current_station)]


@dataclass(slots=True)
class Storing:
    """One request's instances, stored as they come.

    Args:
        base: the address of this DICOMweb.
        study_uid: that the address names; None takes any.
    """

    station: Station
    visitor: Visitor
    base: str
    study_uid: str | None
    stored: list[Json] = field(default_factory=list)
    failed: list[Json] = field(default_factory=list)
    unnamed: list[Json] = field(default_factory=list)  # failures of what names no instance
    studies: set[str] = field(default_factory=set)

    def take(self, part: Part) -> None:
        """Store a part, or note why not."""
        if part.kind not in ("", DICOM):
            self.unnamed.append(attribute("FailureReason", CANNOT_UNDERSTAND))
            return
        self.store(part.incoming)

    def store(self, incoming: Incoming) -> None:
        """Keep and file an instance, or note why not."""
        incoming.flush()
        facts = read_film_facts(incoming.path)
        reason = self._reason_against(facts)
        if reason is None:
            try:
                self.station.originals.check_room()
                self._file(incoming.keep(), facts)
            except (DiskShort, OSError):
                reason = OUT_OF_RESOURCES
        self._note(facts, reason)

    def answer(self) -> Response:
        """PS3.18 10.5.3: what became of each."""
        content: Json = {}
        if len(self.studies) == 1:
            content |= attribute("RetrieveURL", f"{self.base}/studies/{next(iter(self.studies))}")
        sequences = {"ReferencedSOPSequence": self.stored, "FailedSOPSequence": self.failed,
                     "OtherFailuresSequence": self.unnamed}  # fmt: skip
        for keyword, listed in sequences.items():
            if listed:
                content |= attribute(keyword, *listed)
        has_failed = bool(self.failed or self.unnamed)
        status = (
            HTTPStatus.OK if not has_failed else HTTPStatus.ACCEPTED if self.stored else HTTPStatus.CONFLICT
        )
        return JSONResponse(dict(sorted(content.items())), status_code=status, media_type=DICOM_JSON)

    def _reason_against(self, facts: FilmFacts) -> int | None:
        if facts.file_format != "dicom" or None in (
            facts.study_uid, facts.series_uid, facts.sop_instance_uid, facts.sop_class_uid
        ):  # fmt: skip
            return CANNOT_UNDERSTAND
        if facts.sop_class_uid not in FILM_CLASSES:
            return CLASS_NOT_SUPPORTED
        if self.study_uid not in (None, facts.study_uid):
            return OTHER_STUDY
        return None

    def _file(self, kept: Kept, facts: FilmFacts) -> None:
        arrival = Arrival(
            kept=kept,
            facts=facts,
            origin=Origin.DICOMWEB,
            who=self.visitor.login,
            at=self.station.now(),
            source=self.visitor.login,
            site=self.station.settings.site,
            closes_after_s=STUDY_CLOSES_AFTER_S,
        )
        with self.station.database.writing() as session:
            accept(session, arrival)

    def _note(self, facts: FilmFacts, reason: int | None) -> None:
        if facts.sop_instance_uid is None or facts.sop_class_uid is None:
            self.unnamed.append(attribute("FailureReason", reason))
            return
        told = attribute("ReferencedSOPClassUID", facts.sop_class_uid)
        told |= attribute("ReferencedSOPInstanceUID", facts.sop_instance_uid)
        if reason is not None:
            self.failed.append(told | attribute("FailureReason", reason))
            return
        assert facts.study_uid is not None
        self.studies.add(facts.study_uid)
        place = f"studies/{facts.study_uid}/series/{facts.series_uid}/instances/{facts.sop_instance_uid}"
        self.stored.append(told | attribute("RetrieveURL", f"{self.base}/{place}"))


@router.post("/studies")
async def store_instances(request: Request, visitor: Uploader, station: OpenStation) -> Response:
    """Store instances of any study."""
    return await _store(request, Storing(station, visitor, base_url(request), study_uid=None))


@router.post("/studies/{study_uid}")
async def store_in_study(
    study_uid: str, request: Request, visitor: Uploader, station: OpenStation
) -> Response:
    """Store instances of one study."""
    return await _store(request, Storing(station, visitor, base_url(request), study_uid))


async def _store(request: Request, storing: Storing) -> Response:
    kind, inner, boundary = boundary_of(request.headers.get("content-type", ""))
    await run_in_threadpool(storing.station.originals.check_room)
    if kind == DICOM:
        await _store_one(request, storing)
    elif kind == "multipart/related" and inner == DICOM:
        await _store_parts(request, storing, boundary)
    else:
        raise UnsupportedMediaType('send multipart/related; type="application/dicom", or application/dicom')
    return await run_in_threadpool(storing.answer)


async def _store_parts(request: Request, storing: Storing, boundary: bytes) -> None:
    reader = PartReader(storing.station.originals, boundary, storing.take)
    try:
        async for block in request.stream():
            await run_in_threadpool(reader.write, block)
        reader.close()
    except OSError as error:
        raise NotReady("the film cannot be written to disk") from error
    finally:
        reader.give_up()


async def _store_one(request: Request, storing: Storing) -> None:
    incoming = storing.station.originals.incoming()
    try:
        async for block in request.stream():
            await run_in_threadpool(incoming.write, block)
        await run_in_threadpool(storing.store, incoming)
    except OSError as error:
        raise NotReady("the film cannot be written to disk") from error
    finally:
        incoming.give_up()
