"""WADO-RS (PS3.18 10.4): studies, series, and instances as DICOM files; metadata, frames, and bulk data.

Trap: without `transfer-syntax` a client is promised Explicit VR Little Endian (PS3.18 8.7.3.5.2), so a packed
film is unpacked for it; with `transfer-syntax=*`, or its own, the original goes out byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydicom import uid
from pydicom.dataset import Dataset

from hilum.errors import UnreadableImage
from hilum.web.dicomweb.accepting import ANY_SYNTAX, Accepted, accepted
from hilum.web.dicomweb.answers import DICOM_JSON, BadQuery, NotAcceptable, base_url
from hilum.web.dicomweb.frames import OCTETS, frames, read_numbers, unpacked
from hilum.web.dicomweb.instances import Instance, Store, instances_of
from hilum.web.dicomweb.json_model import BINARY, PIXEL_DATA, Json, as_json
from hilum.web.dicomweb.multipart import Message, Reply
from hilum.web.film_dicom import as_part10
from hilum.web.problems import NotFound
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.station import Station

router = APIRouter(include_in_schema=False)

DICOM = "application/dicom"


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One request: what it names, and what its sender accepts."""

    store: Store
    instances: tuple[Instance, ...]
    ranges: tuple[Accepted, ...]
    base: str

    def place(self, instance: Instance) -> str:
        return f"{self.base}/{instance.path_in_web}"


def named_by(
    request: Request,
    visitor: Annotated[Visitor, Depends(require(Right.SEE_STUDIES))],
    station: Annotated[Station, Depends(current_station)],
) -> Retrieval:
    """The dependency of every retrieval: the instances that the address names.

    The dependency raises:
        NotFound: there are none.
    """
    named = request.path_params
    with station.database.reading() as session:
        found = instances_of(
            session, named["study_uid"], named.get("series_uid"), named.get("sop_instance_uid")
        )
    ranges = accepted(request.headers.get("accept"), request.query_params.get("accept"))
    return Retrieval(Store.of(station, visitor), tuple(found), tuple(ranges), base_url(request))


Named = Annotated[Retrieval, Depends(named_by)]
STUDY = "/studies/{study_uid}"
SERIES = STUDY + "/series/{series_uid}"
INSTANCE = SERIES + "/instances/{sop_instance_uid}"


@router.get(STUDY)
@router.get(SERIES)
@router.get(INSTANCE)
def retrieve(named: Named) -> Response:
    """The instances as DICOM files."""
    for wanted in named.ranges:
        if not wanted.takes(DICOM):
            continue
        if wanted.is_multipart or wanted.kind == "*/*":
            replies = _files(named, wanted)
            first = next(replies)  # so that what cannot be given is a problem, not a broken stream
            message = Message(DICOM, _chained(first, replies))
            return StreamingResponse(message.blocks(), media_type=message.content_type)
        if len(named.instances) == 1:
            return _file_alone(named, wanted)
    raise NotAcceptable('instances are given as multipart/related; type="application/dicom"')


@router.get(STUDY + "/metadata")
@router.get(SERIES + "/metadata")
@router.get(INSTANCE + "/metadata")
def retrieve_metadata(named: Named) -> Response:
    """All elements but the long binary ones, which have an address each."""
    kinds = (DICOM_JSON, "application/json")
    if not any(one.takes(kind) for one in named.ranges for kind in kinds if not one.is_multipart):
        raise NotAcceptable(f"metadata are given as {DICOM_JSON}")
    told = [_metadata(named, instance) for instance in named.instances]
    return Response(json.dumps(told, ensure_ascii=False).encode(), media_type=DICOM_JSON)


@router.get(INSTANCE + "/frames/{numbers}")
def retrieve_frames(numbers: str, named: Named) -> Response:
    """Some frames of an instance, a part each."""
    (instance,) = named.instances
    wanted = read_numbers(numbers)
    dataset = named.store.dataset(instance, with_pixels=True)
    found = frames(dataset, wanted, list(named.ranges))
    place = named.place(instance)
    if not any(one.is_multipart or one.kind == "*/*" for one in named.ranges) and len(wanted) == 1:
        return Response(found.contents[0], media_type=found.content_type)
    replies = (
        Reply(found.content_type, content, f"{place}/frames/{number}")
        for number, content in zip(wanted, found.contents, strict=True)
    )
    message = Message(found.kind, replies)
    return StreamingResponse(message.blocks(), media_type=message.content_type)


@router.get(INSTANCE + "/bulkdata/{tag}")
def retrieve_bulk(tag: str, named: Named) -> Response:
    """The value of one element as bytes; of the pixel data, as they are stored."""
    (instance,) = named.instances
    content = _bulk(named.store.dataset(instance, with_pixels=True), tag)
    for wanted in named.ranges:
        if not wanted.takes(OCTETS):
            continue
        if wanted.is_multipart:
            message = Message(OCTETS, [Reply(OCTETS, content, f"{named.place(instance)}/bulkdata/{tag}")])
            return StreamingResponse(message.blocks(), media_type=message.content_type)
        return Response(content, media_type=OCTETS)
    raise NotAcceptable(f"bulk data are given as {OCTETS}")


def _files(named: Retrieval, wanted: Accepted) -> Iterator[Reply]:
    for instance in named.instances:
        content, syntax = _file(named.store, instance, wanted)
        yield Reply(f"{DICOM}; transfer-syntax={syntax}", content, named.place(instance))


def _file_alone(named: Retrieval, wanted: Accepted) -> Response:
    (instance,) = named.instances
    content, syntax = _file(named.store, instance, wanted)
    return Response(content, media_type=f"{DICOM}; transfer-syntax={syntax}")


def _file(store: Store, instance: Instance, wanted: Accepted) -> tuple[bytes, str]:
    """The instance in a transfer syntax that is accepted, the original's where it is.

    Raises:
        NotAcceptable: another packing is asked for; nothing is packed anew.
    """
    named = instance.film.transfer_syntax_uid
    if store.is_as_it_came(instance) and named is not None and wanted.takes_syntax(named):
        return store.file(instance), named
    dataset = store.dataset(instance, with_pixels=True)
    own = dataset.file_meta.TransferSyntaxUID
    if not wanted.takes_syntax(own):
        if wanted.syntax not in (ANY_SYNTAX, uid.ExplicitVRLittleEndian):
            raise NotAcceptable(
                f"the instance is stored as {own}; ask for that, or for Explicit VR Little Endian"
            )
        dataset = unpacked(dataset)
    try:
        return as_part10(dataset), str(dataset.file_meta.TransferSyntaxUID)
    except UnreadableImage as error:
        raise NotFound(f"instance {instance.film.id} cannot be given: {error}") from error


def _metadata(named: Retrieval, instance: Instance) -> Json:
    dataset = named.store.dataset(instance, with_pixels=False)
    base = f"{named.place(instance)}/bulkdata"
    told = as_json(dataset, bulk_base=base)
    told[PIXEL_DATA] = {"vr": "OW", "BulkDataURI": f"{base}/{PIXEL_DATA}"}
    return told


def _bulk(dataset: Dataset, tag: str) -> bytes:
    if len(tag) != 8 or not all(digit in "0123456789abcdefABCDEF" for digit in tag):
        raise BadQuery("bulk data are named by a tag of eight hexadecimal digits")
    element = dataset.get(int(tag, 16))
    if element is None or element.VR not in BINARY or not element.value:
        raise NotFound(f"the instance has no binary value {tag}")
    return bytes(element.value)


def _chained(first: Reply, others: Iterator[Reply]) -> Iterator[Reply]:
    yield first
    yield from others
