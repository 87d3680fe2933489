"""QIDO-RS (PS3.18 10.6): studies, series, and instances that match a query, in the DICOM JSON model.

What is matched stands in the worklist's tables; what is answered is read from the films' own headers, so that
it is what the instance says. Trap: an answer is bounded, because every result costs the reading of a header.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydicom.datadict import tag_for_keyword
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from hilum.web.dicomweb.accepting import accepted
from hilum.web.dicomweb.answers import DICOM_JSON, NotAcceptable, base_url
from hilum.web.dicomweb.instances import Instance, Store, as_instance, is_offered
from hilum.web.dicomweb.json_model import CHARACTER_SET, UTF8, Json, as_json, attribute
from hilum.web.dicomweb.query import Query, condition, read_query
from hilum.web.problems import NotAllowed, NotFound
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, Study

router = APIRouter(include_in_schema=False)

Onlooker = Annotated[Visitor, Depends(require(Right.SEE_STUDIES))]
OpenStation = Annotated[Station, Depends(current_station)]

# What each level answers, PS3.18 Tables 10.6.3-3 to 10.6.3-5; what a header lacks is empty
STUDY = ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyDescription",
         "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID")  # fmt: skip
SERIES = ("Modality", "SeriesDescription", "SeriesNumber", "Manufacturer")
INSTANCE = ("InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames")
IF_PRESENT = frozenset({"StudyDescription", "SeriesDescription", "Manufacturer", *INSTANCE})

Group = Sequence[Instance]  # of one study, series, or instance
Tell = Callable[["Telling", Group], Json]
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Level:
    """Of the information model, PS3.4 C.6.2: what makes one result of films."""

    by: tuple[Any, ...]  # columns
    key: Callable[[Instance], Key]  # the same of a film in hand


STUDIES = Level((Film.study_id,), lambda one: (one.film.study_id, ""))
SERIES_OF_STUDIES = Level(
    (Film.study_id, func.coalesce(Film.series_uid, "")), lambda one: (one.film.study_id, one.series_uid)
)
INSTANCES = Level((Film.id,), lambda one: (one.film.id, ""))


@dataclass(frozen=True, slots=True)
class Telling:
    """How results are told to one visitor."""

    store: Store
    query: Query
    base: str

    def study(self, group: Group) -> Json:
        """Args: group: the study's instances."""
        first = group[0]
        told = self._from_header(first, STUDY) | attribute("StudyInstanceUID", first.study.study_uid)
        told |= attribute("ModalitiesInStudy", *sorted({one.modality for one in group}))
        told |= attribute("NumberOfStudyRelatedSeries", len({one.series_uid for one in group}))
        told |= attribute("NumberOfStudyRelatedInstances", len(group))
        return told | self._place(f"studies/{first.study.study_uid}")

    def series(self, group: Group) -> Json:
        """Args: group: the series' instances."""
        first = group[0]
        told = self._from_header(first, SERIES) | attribute("StudyInstanceUID", first.study.study_uid)
        told |= attribute("SeriesInstanceUID", first.series_uid)
        told |= attribute("NumberOfSeriesRelatedInstances", len(group))
        return told | self._place(f"studies/{first.study.study_uid}/series/{first.series_uid}")

    def instance(self, group: Group) -> Json:
        """Args: group: the one instance."""
        (one,) = group
        told = self._from_header(one, INSTANCE) | attribute("StudyInstanceUID", one.study.study_uid)
        told |= attribute("SeriesInstanceUID", one.series_uid)
        told |= attribute("SOPClassUID", one.sop_class_uid) | attribute(
            "SOPInstanceUID", one.sop_instance_uid
        )
        return told | self._place(one.path_in_web)

    def _from_header(self, instance: Instance, keywords: tuple[str, ...]) -> Json:
        """What is asked for and the header has; of a film that cannot be read, empty values."""
        try:
            header = as_json(self.store.dataset(instance, with_pixels=False))
        except NotFound:
            header = {CHARACTER_SET: UTF8}
        if self.query.includes_all:
            return {**_empty(keywords), **header}
        wanted = {
            f"{tag_for_keyword(word):08X}" for word in (*keywords, *self.query.includes) if "." not in word
        }
        return {
            **_empty(keywords),
            **{tag: told for tag, told in header.items() if tag in wanted | {CHARACTER_SET}},
        }

    def _place(self, path: str) -> Json:
        return attribute("InstanceAvailability", "ONLINE") | attribute("RetrieveURL", f"{self.base}/{path}")


@router.get("/studies")
def search_studies(request: Request, visitor: Onlooker, station: OpenStation) -> Response:
    """Studies that hold a film that matches."""
    search = _Search(request, visitor, station)
    with station.database.reading() as session:
        groups = search.groups(session, STUDIES)
    return search.answer(Telling.study, groups)


@router.get("/series")
@router.get("/studies/{study_uid}/series")
def search_series(
    request: Request, visitor: Onlooker, station: OpenStation, study_uid: str | None = None
) -> Response:
    """Series, of one study or of all."""
    search = _Search(request, visitor, station, study_uid)
    with station.database.reading() as session:
        groups = search.groups(session, SERIES_OF_STUDIES)
    return search.answer(Telling.series, groups, Telling.study if study_uid is None else None)


@router.get("/instances")
@router.get("/studies/{study_uid}/instances")
@router.get("/studies/{study_uid}/series/{series_uid}/instances")
def search_instances(
    request: Request,
    visitor: Onlooker,
    station: OpenStation,
    study_uid: str | None = None,
    series_uid: str | None = None,
) -> Response:
    """Instances, of one series, of one study, or of all."""
    search = _Search(request, visitor, station, study_uid, series_uid)
    with station.database.reading() as session:
        groups = search.groups(session, INSTANCES)
    return search.answer(Telling.instance, groups, Telling.series if series_uid is None else None)


class _Search:
    """One request: its query, checked, and its answer."""

    def __init__(
        self,
        request: Request,
        visitor: Visitor,
        station: Station,
        study_uid: str | None = None,
        series_uid: str | None = None,
    ) -> None:
        _check_acceptable(request)
        self.query = read_query(request.query_params.multi_items())
        self.telling = Telling(Store.of(station, visitor), self.query, base_url(request))
        self.study_uid, self.series_uid = study_uid, series_uid
        self.has_more = False
        if not visitor.may(Right.SEE_IDENTITY) and (named := self.query.names_identity()):
            raise NotAllowed(f"the role {visitor.role} does not search by {', '.join(named)}")

    def groups(self, session: Session, level: Level) -> list[list[Instance]]:
        """The matching films, grouped, newest study first; of each group, all instances that are offered."""
        found = session.scalars(
            select(func.min(Film.id))
            .join(Film.study)
            .outerjoin(Study.patient)
            .where(is_offered(), condition(self.query), *self._within())
            .group_by(*level.by)
            .order_by(func.min(Film.study_id).desc(), func.min(Film.id))
            .limit(self.query.limit + 1)
            .offset(self.query.offset)
        ).all()
        self.has_more = len(found) > self.query.limit
        return _grouped(session, found[: self.query.limit], level)

    def answer(self, tell: Tell, groups: list[list[Instance]], above: Tell | None = None) -> Response:
        """PS3.18 10.6.3: 204 where nothing matches."""
        told = [
            (above(self.telling, group) if above else {}) | tell(self.telling, group)
            for group in groups
            if self.series_uid in (None, group[0].series_uid)
        ]
        content = json.dumps([dict(sorted(one.items())) for one in told], ensure_ascii=False).encode()
        response = Response(content, 200, media_type=DICOM_JSON) if told else Response(status_code=204)
        for text in self._warnings():
            response.headers.append("Warning", f'299 hilum "{text}"')
        return response

    def _within(self) -> list[ColumnElement[bool]]:
        return [] if self.study_uid is None else [Study.study_uid == self.study_uid]

    def _warnings(self) -> tuple[str, ...]:
        more = f"There are additional results; ask again with offset={self.query.offset + self.query.limit}."
        return (*self.query.warnings, *((more,) if self.has_more else ()))


def _grouped(session: Session, firsts: Sequence[int], level: Level) -> list[list[Instance]]:
    """All offered instances of the group that each film is the first of, in the order given."""
    wanted = {film.id: as_instance(film) for film in _films(session, Film.id.in_(firsts))}
    groups: dict[Key, list[Instance]] = {}
    for film in _films(session, Film.study_id.in_({one.film.study_id for one in wanted.values()})):
        instance = as_instance(film)
        groups.setdefault(level.key(instance), []).append(instance)
    return [groups[level.key(wanted[first])] for first in firsts]


def _films(session: Session, which: ColumnElement[bool]) -> Sequence[Film]:
    return session.scalars(
        select(Film)
        .where(which, is_offered())
        .options(joinedload(Film.study).joinedload(Study.patient))
        .order_by(Film.id)
    ).all()


def _empty(keywords: tuple[str, ...]) -> Json:
    told: Json = {}
    for keyword in keywords:
        if keyword not in IF_PRESENT:
            told |= attribute(keyword)
    return told


def _check_acceptable(request: Request) -> None:
    ranges = accepted(request.headers.get("accept"), request.query_params.get("accept"))
    if not any(
        one.takes(kind) for one in ranges for kind in (DICOM_JSON, "application/json") if not one.is_multipart
    ):
        raise NotAcceptable(f"results are given as {DICOM_JSON}")
