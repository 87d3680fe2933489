"""Films by the API: the bytes as they came, or as DICOM; without identity where the role may not see it.

Trap: bytes as they came hold whatever a name was written into (a header, EXIF), so they are given to roles
that may see identity alone; the others ask for DICOM, which is de-identified for them.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from hilum.errors import FilmMissing
from hilum.web.api.asking import Answers, Here, Seer
from hilum.web.api.schemas import Number
from hilum.web.pages import pictures
from hilum.web.pages.study import known_study
from hilum.web.problems import NotAllowed, NotFound
from hilum.web.rights import Right
from hilum.worklist.audit import record

router = APIRouter(tags=["films"])

KINDS = {"png": "image/png", "jpeg": "image/jpeg", "dicom": "application/dicom"}
BYTES: Answers = {200: {"content": {kind: {} for kind in (*KINDS.values(), "application/octet-stream")},
               "description": "The film."}}  # fmt: skip
DICOM: Answers = {200: {"content": {"application/dicom": {}}, "description": "The film."}}


@router.get("/studies/{study}/films/{film}", summary="A film as it came", responses=BYTES,
            response_class=FileResponse)  # fmt: skip
def film_bytes(study: Number, film: Number, visitor: Seer, station: Here) -> FileResponse:
    """Byte for byte; 403 for roles that may not see identity."""
    if not visitor.may(Right.SEE_IDENTITY):
        raise NotAllowed(f"the role {visitor.role} is given films as DICOM alone, without identity")
    with station.database.reading() as session:
        found = next((one for one in known_study(session, study).films if one.id == film), None)
    if found is None:
        raise NotFound(f"study {study} has no film {film}")
    path = station.originals.path(found.sha256)
    if found.removed_at is not None or not path.is_file():
        raise FilmMissing(f"the bytes of film {film} are no longer at this station")
    with station.database.writing() as session:
        record(session, at=station.now(), who=visitor.login, action="film", study_id=study, film=film)
    kind = KINDS.get(found.file_format, "application/octet-stream")
    return FileResponse(path, media_type=kind, headers={"Content-Disposition": "attachment"})


@router.get("/studies/{study}/films/{film}/dicom", summary="A film as DICOM", responses=DICOM,
            response_class=Response)  # fmt: skip
def film_dicom(study: Number, film: Number, visitor: Seer, station: Here) -> Response:
    """A DICOM original, or a picture wrapped as one; by PS3.15's profile for roles without identity."""
    return pictures.film_dicom(study, film, visitor, station)
