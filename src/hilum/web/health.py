"""Whether the server runs (open to all, and saying no more), and whether the station can do its work."""

from __future__ import annotations

import shutil
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hilum.web.visitor import Visitor, current_visitor, station_of
from hilum.worklist.station import Station

router = APIRouter(prefix="/api/v1", tags=["health"])


class Health(BaseModel):
    """That the server answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """What the station's work needs, each by itself; all of them must be true."""

    database: bool
    workers: bool
    disk: bool


@router.head("/health", include_in_schema=False)  # some load balancers ask for the headers alone
@router.get("/health", summary="Whether the server runs")
def health() -> Health:
    """Open to all; a load balancer may ask as often as it likes, since nothing else is asked."""
    return Health()


@router.get(
    "/ready", summary="Whether the station can take and score films", responses={503: {"model": Readiness}}
)
def ready(request: Request, visitor: Annotated[Visitor, Depends(current_visitor)]) -> JSONResponse:
    """200 where the database, the workers, and the disk are as they should be, else 503."""
    station = station_of(request)
    readiness = Readiness(
        database=_is_reachable(station),
        workers=request.app.state.are_workers_alive(),
        disk=shutil.disk_usage(station.settings.folder).free >= station.settings.low_disk_bytes,
    )
    is_ready = readiness.database and readiness.workers and readiness.disk
    return JSONResponse(readiness.model_dump(), status_code=200 if is_ready else 503)


def _is_reachable(station: Station) -> bool:
    try:
        with station.database.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
