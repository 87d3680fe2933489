"""Rendered instances (PS3.18 10.4.1.1.4): PNG or JPEG with a window, at a size, for whoever has no viewer.

Rendered as imaging shows a film, by its header's own window and polarity, or by the window that is asked for.
Trap: nothing is turned or inverted beyond what the header says, although the gate would mend it.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from PIL import Image
from pydicom.dataset import Dataset

from hilum.errors import UnreadableImage
from hilum.imaging.codec import unpack
from hilum.imaging.layout import read_layout
from hilum.imaging.resize import fit_within
from hilum.imaging.window import display_table
from hilum.records import Pixels
from hilum.web.deidentify import quiet
from hilum.web.dicomweb.accepting import Accepted
from hilum.web.dicomweb.answers import BadQuery, NotAcceptable
from hilum.web.dicomweb.instances import Instance, Store
from hilum.web.dicomweb.multipart import Message, Reply
from hilum.web.dicomweb.wado import INSTANCE, SERIES, STUDY, Named, Retrieval
from hilum.web.problems import NotFound

router = APIRouter(include_in_schema=False)

PNG, JPEG = "image/png", "image/jpeg"
KINDS = (JPEG, PNG)  # JPEG is the standard's default, PS3.18 8.7.4
THUMBNAIL_SIDE = 256  # pixels
MOST_SIDE = 8192  # pixels of a viewport
USUAL_QUALITY = 90  # of a JPEG
_WINDOW = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?),([0-9]+(?:\.[0-9]+)?)(?:,(linear|linear-exact|sigmoid))?")


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a film is to be shown."""

    side: int | None = None  # pixels of the longest side at most; None: as it is
    window: tuple[float, float, str] | None = None  # centre, width, VOI LUT function; None: the header's
    quality: int = USUAL_QUALITY


def read_rendering(
    viewport: Annotated[str | None, Query()] = None,
    window: Annotated[str | None, Query()] = None,
    quality: Annotated[int, Query(ge=1, le=100)] = USUAL_QUALITY,
) -> Rendering:
    """The dependency that reads PS3.18 8.3.5's parameters.

    The dependency raises:
        BadQuery: a value is not as the standard has it.
    """
    return Rendering(_side(viewport), _window(window), quality)


Asked = Annotated[Rendering, Depends(read_rendering)]


@router.get(STUDY + "/rendered")
@router.get(SERIES + "/rendered")
@router.get(INSTANCE + "/rendered")
@router.get(INSTANCE + "/frames/1/rendered")
def retrieve_rendered(named: Named, rendering: Asked, request: Request) -> Response:
    """The film, or of several a part each."""
    kind, is_multipart = _kind(named)
    if len(named.instances) == 1 and not is_multipart:
        return Response(_picture(named.store, named.instances[0], rendering, kind), media_type=kind)
    replies = (
        Reply(kind, _picture(named.store, one, rendering, kind), f"{named.place(one)}/rendered")
        for one in named.instances
    )
    message = Message(kind, replies)
    return StreamingResponse(message.blocks(), media_type=message.content_type)


@router.get(STUDY + "/thumbnail")
@router.get(SERIES + "/thumbnail")
@router.get(INSTANCE + "/thumbnail")
@router.get(INSTANCE + "/frames/1/thumbnail")
def retrieve_thumbnail(named: Named, rendering: Asked) -> Response:
    """A small picture of the first film."""
    kind, _ = _kind(named)
    small = Rendering(
        min(rendering.side or THUMBNAIL_SIDE, THUMBNAIL_SIDE), rendering.window, rendering.quality
    )
    return Response(_picture(named.store, named.instances[0], small, kind), media_type=kind)


def shown(dataset: Dataset, rendering: Rendering) -> Pixels:
    """The film as displayed, (H, W) of 0 black to 1 white.

    Raises:
        UnreadableImage: it cannot be unpacked, or is no single grey picture.
    """
    if rendering.window is not None:
        _put_window(dataset, *rendering.window)
    cells, _ = unpack(dataset, read_layout(dataset))
    table, _ = display_table(cells, dataset)
    pixels: Pixels = table[cells.patterns]  # (H, W)
    if rendering.side is None or max(pixels.shape) <= rendering.side:
        return pixels
    return fit_within(pixels, rendering.side)


def encoded(pixels: Pixels, kind: str, quality: int) -> bytes:
    """A PNG or JPEG of 8 bits."""
    picture = Image.fromarray(np.rint(pixels * 255).clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    if kind == PNG:
        picture.save(buffer, "PNG", compress_level=3)
    else:
        picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _picture(store: Store, instance: Instance, rendering: Rendering, kind: str) -> bytes:
    dataset = store.dataset(instance, with_pixels=True)
    try:
        with quiet():
            return encoded(shown(dataset, rendering), kind, rendering.quality)
    except UnreadableImage as error:
        raise NotFound(f"instance {instance.film.id} cannot be shown: {error.reason}") from error


def _put_window(dataset: Dataset, centre: float, width: float, function: str) -> None:
    for keyword in ("VOILUTSequence", "VOILUTFunction"):
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.WindowCenter, dataset.WindowWidth = centre, width
    dataset.VOILUTFunction = function.upper().replace("-", "_")


def _kind(named: Retrieval) -> tuple[str, bool]:
    """The kind of picture, and whether it is to come in a multipart."""
    best: list[tuple[str, Accepted]] = [
        (kind, one) for one in named.ranges for kind in KINDS if one.takes(kind)
    ]
    if not best:
        raise NotAcceptable(f"films are shown as {' or '.join(KINDS)}")
    kind, wanted = best[0]
    return kind, wanted.is_multipart


def _side(viewport: str | None) -> int | None:
    """The longest side by `viewport=width,height`; no part of the film is cut out."""
    if viewport is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6}),([0-9]{1,6})", viewport)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise BadQuery("viewport: width,height in pixels; a part of the film is not cut out")
    return min(int(found[1]), int(found[2]), MOST_SIDE)


def _window(text: str | None) -> tuple[float, float, str] | None:
    if text is None:
        return None
    found = _WINDOW.fullmatch(text.lower())
    if found is None or float(found[2]) < 1:
        raise BadQuery(
            "window: centre,width,function with a width of 1 or more; linear, linear-exact, or sigmoid"
        )
    return float(found[1]), float(found[2]), found[3] or "linear"
