"""What the viewer fetches: a film as DICOM at full depth, and a reading's heat map.

Trap: a heat map tells where the machine looked, so blind mode refuses it here too, whatever a page shows.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from hilum.web.deidentify import Deidentification, station_secret
from hilum.web.film_dicom import FilmIdentity, film_as_dicom
from hilum.web.pages.study import known_study
from hilum.web.problems import NotAllowed, NotFound
from hilum.web.rights import Right
from hilum.web.sight import sight
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.station import Station

GONE = "the film's bytes are no longer at this station"

router = APIRouter(include_in_schema=False)
Seer = Annotated[Visitor, Depends(require(Right.SEE_STUDIES))]
Here = Annotated[Station, Depends(current_station)]


@router.get("/studies/{study_id}/films/{film_id}/dicom")
def film_dicom(study_id: int, film_id: int, visitor: Seer, station: Here) -> Response:
    """A film as DICOM, without identity where the role may not see it.

    Raises:
        NotFound: no such film, or its bytes are gone.
    """
    with station.database.reading() as session:
        study = known_study(session, study_id)
    film = next((one for one in study.films if one.id == film_id), None)
    if film is None:
        raise NotFound(f"study {study_id} has no film {film_id}")
    try:
        content = film_as_dicom(
            station.originals.path(film.sha256),
            FilmIdentity.of(film, study),
            with_identity=visitor.may(Right.SEE_IDENTITY),
            deidentification=Deidentification(station_secret(station.settings.folder)),
        )
    except FileNotFoundError:
        raise NotFound(GONE) from None
    return Response(content, media_type="application/dicom")


@router.get("/studies/{study_id}/readings/{reading_id}/heat-map.png")
def heat_map(study_id: int, reading_id: int, visitor: Seer, station: Here) -> Response:
    """A heat map in the film's own aspect, with opacity, to be laid over it.

    Raises:
        NotFound: no such reading, or nothing was localised.
        NotAllowed: it is hidden from the visitor until their own verdict.
    """
    with station.database.reading() as session:
        study = known_study(session, study_id)
        seen = sight(session, visitor, [study_id])
    if seen.hides(study_id):
        raise NotAllowed("the heat map is shown once you have given your verdict")
    reading = next((one for one in study.readings if one.id == reading_id), None)
    if reading is None or reading.heat_map_sha256 is None:
        raise NotFound(f"study {study_id} has no heat map of a reading {reading_id}")
    path = station.originals.path(reading.heat_map_sha256)
    if not path.is_file():
        raise NotFound(GONE)
    return Response(path.read_bytes(), media_type="image/png")
