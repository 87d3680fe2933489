"""Numbers for Prometheus: requests by route and status, studies by state, disk, workers; no patient in any.

Trap: a label is a series for ever, so requests are counted by route, as "/study/{study_id}", never by path.
"""

from __future__ import annotations

import shutil
import time

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import hilum
from hilum.web.rights import Right
from hilum.web.visitor import require, station_of
from hilum.worklist.states import DeliveryState, State
from hilum.worklist.station import Station
from hilum.worklist.tables import Delivery, Study

router = APIRouter()

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The numbers of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self.requests = Counter(
            "hilum_http_requests", "Requests answered.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "hilum_http_seconds",
            "Seconds until an answer began.",
            labels,
            buckets=SECONDS,
            registry=self.registry,
        )
        self.studies = Gauge("hilum_studies", "Studies by state.", ("state",), registry=self.registry)
        self.deliveries = Gauge(
            "hilum_deliveries", "Deliveries by state.", ("state",), registry=self.registry
        )
        self.disk_free = Gauge("hilum_disk_free_bytes", "Free on the films' disk.", registry=self.registry)
        self.workers = Gauge("hilum_workers_alive", "1 where the workers run.", registry=self.registry)
        build = Gauge("hilum_build", "1; the label is the version.", ("version",), registry=self.registry)
        build.labels(hilum.__version__).set(1)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """One request."""
        route = scope.get("route")
        path = getattr(route, "path", None) or ("/static" if scope["path"].startswith("/static/") else "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.requests.labels(method, path, str(status)).inc()
        self.seconds.labels(method, path).observe(seconds)

    def look(self, station: Station, *, are_workers_alive: bool) -> None:
        """Set what the database and the disk say now."""
        with station.database.reading() as session:
            studies = select(Study.state, func.count().label("n")).group_by(Study.state)
            by_state = {row.state: row.n for row in session.execute(studies)}
            deliveries = select(Delivery.state, func.count().label("n")).group_by(Delivery.state)
            sent = {row.state: row.n for row in session.execute(deliveries)}
        for state in State:
            self.studies.labels(state).set(by_state.get(state, 0))
        for delivery_state in DeliveryState:
            self.deliveries.labels(delivery_state).set(sent.get(delivery_state, 0))
        self.disk_free.set(shutil.disk_usage(station.settings.folder).free)
        self.workers.set(are_workers_alive)


class Timed:
    """Counts every answer, whoever gives it."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.count(scope, message["status"], time.perf_counter() - start)
            await send(message)

        await self.app(scope, receive, send_timed)


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(require(Right.SEE_METRICS))])
def metrics(request: Request) -> Response:
    """The station's numbers, in Prometheus' text form."""
    state = request.app.state
    state.metrics.look(station_of(request), are_workers_alive=state.are_workers_alive())
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
