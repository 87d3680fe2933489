"""The station by the API: operating points, deliveries, the audit trail, and exports of many studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import ColumnElement, select

from hilum.inference.bundle import OperatingPoint as BundlePoint
from hilum.web.api.asking import Answers, Here, Limit, RowNumber, Seer, Wanted, listing_for
from hilum.web.api.film_export import film_zip
from hilum.web.api.schemas import (
    LARGEST_NUMBER,
    AuditList,
    AuditOut,
    DeliveryList,
    PointIn,
    PointOut,
    PointsOut,
)
from hilum.web.api.telling import delivery_out
from hilum.web.pages import export as tables
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, require
from hilum.worklist.operating_points import PointChoice, choose_point, points_chosen
from hilum.worklist.search import Sort
from hilum.worklist.states import DeliveryState
from hilum.worklist.station import Station
from hilum.worklist.tables import AuditEvent, Delivery, OperatingPoint

router = APIRouter(tags=["station"])
Chooser = Annotated[Visitor, Depends(require(Right.SET_THRESHOLD))]
Auditor = Annotated[Visitor, Depends(require(Right.SEE_AUDIT))]
Exporter = Annotated[Visitor, Depends(require(Right.SEE_STUDIES, Right.EXPORT))]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER, description="Of the page before.")]
Row = TypeVar("Row", Delivery, AuditEvent)

TABLE: Answers = {
    200: {"content": {"text/csv": {}, "application/vnd.apache.parquet": {}}, "description": "The table."}
}
ZIP: Answers = {200: {"content": {"application/zip": {}}, "description": "DICOM files and index.csv."}}


@router.get("/operating-points", summary="The threshold in force, and the others")
def list_points(_visitor: Seer, station: Here) -> PointsOut:
    """The bundle's own points, those chosen here, and the one that new films are read at."""
    with station.database.reading() as session:
        chosen = [_chosen_out(point) for point in points_chosen(session, station.bundle_sha256)]
    bundle = station.bundle
    own = [
        _own_out(station, point) for point in dict.fromkeys((bundle.default_point, *bundle.operating_points))
    ]
    return PointsOut(in_force=(chosen or own)[0], chosen=chosen, own=own)


@router.post("/operating-points", status_code=201, summary="Put a threshold in force")
def add_point(sent: PointIn, visitor: Chooser, station: Here) -> PointOut:
    """For films that are scored from now on; what was scored keeps its own."""
    choice = PointChoice(sent.name, sent.threshold, {"reason": sent.reason} if sent.reason else {})
    with station.database.writing() as session:
        return _chosen_out(
            choose_point(session, station.bundle, station.bundle_sha256, choice,
                         who=visitor.login, now=station.now())
        )  # fmt: skip


@router.get("/deliveries", summary="Results on their way out")
def list_deliveries(
    _visitor: Seer,
    station: Here,
    state: DeliveryState | None = None,
    study: RowNumber = None,
    limit: Limit = 50,
    before: Before = None,
) -> DeliveryList:
    """What goes where, and what became of it; the newest first."""
    found, more = _newest(
        station,
        Delivery,
        None if state is None else Delivery.state == state,
        None if study is None else Delivery.study_id == study,
        limit=limit,
        before=before,
    )
    return DeliveryList(deliveries=[delivery_out(one) for one in found], before=more)


@router.get("/audit", summary="The audit trail")
def list_audit(
    _visitor: Auditor,
    station: Here,
    study: RowNumber = None,
    who: Annotated[str | None, Query(max_length=128)] = None,
    action: Annotated[str | None, Query(max_length=48)] = None,
    limit: Limit = 50,
    before: Before = None,
) -> AuditList:
    """Who did what, when, with which bundle and threshold; the newest first."""
    found, more = _newest(
        station,
        AuditEvent,
        None if study is None else AuditEvent.study_id == study,
        None if who is None else AuditEvent.who == who,
        None if action is None else AuditEvent.action == action,
        limit=limit,
        before=before,
    )
    return AuditList(events=[_event_out(event) for event in found], before=more)


@router.get("/export", summary="A table of studies", responses=TABLE, response_class=StreamingResponse)
def export_table(
    visitor: Exporter,
    station: Here,
    wanted: Wanted,
    sort: Sort = Sort.NEWEST,
    kind: Annotated[Literal["csv", "parquet"], Query(alias="as")] = "csv",
    identity: Annotated[
        bool, Query(description="With names and numbers of patients, where you may.")
    ] = False,
) -> StreamingResponse:
    """The whole of a filtered list, de-identified unless identity is asked for and may be seen."""
    with station.database.reading() as session:
        listing = listing_for(session, visitor, wanted, sort)
    return tables.send(station, visitor, listing, kind=kind, with_identity=identity)


@router.get("/export/films", summary="De-identified films", responses=ZIP, response_class=StreamingResponse)
def export_films(
    visitor: Exporter,
    station: Here,
    study: Annotated[list[int], Query(min_length=1, max_length=500, description="Study numbers.")],
) -> StreamingResponse:
    """A zip of the studies' films as DICOM, by PS3.15's Basic Profile, age and sex kept, UIDs replaced.

    Its index.csv names each film's study number, and says where identity may be burned into the pixels.
    """
    return StreamingResponse(
        film_zip(station, visitor, study),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="hilum-films.zip"'},
    )


def _newest(
    station: Station,
    table: type[Row],
    *conditions: ColumnElement[bool] | None,
    limit: int,
    before: int | None,
) -> tuple[Sequence[Row], int | None]:
    """The newest rows that fulfil the conditions there are, and the `before` of those that follow."""
    wanted = select(table).order_by(table.id.desc()).limit(limit + 1)
    asked = [*conditions, None if before is None else table.id < before]
    wanted = wanted.where(*(condition for condition in asked if condition is not None))
    with station.database.reading() as session:
        found = session.scalars(wanted).all()
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _own_out(station: Station, point: BundlePoint) -> PointOut:
    return PointOut(name=point.name, threshold=point.threshold, bundle=station.bundle.label, chosen_by=None,
                    chosen_at=None, evidence={"source": point.source})  # fmt: skip


def _chosen_out(point: OperatingPoint) -> PointOut:
    return PointOut(
        name=point.name,
        threshold=point.threshold,
        bundle=point.bundle,
        chosen_by=point.chosen_by,
        chosen_at=point.chosen_at,
        evidence=point.evidence,
    )


def _event_out(event: AuditEvent) -> AuditOut:
    return AuditOut(event=event.id, at=event.at, who=event.who, action=event.action, study=event.study_id,
                    before=event.before, after=event.after, bundle=event.bundle, threshold=event.threshold,
                    detail=event.detail)  # fmt: skip
