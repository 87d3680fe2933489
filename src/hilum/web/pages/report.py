"""The case report of a study, as a PDF to keep and as a page to print.

Trap: both are in English, as they go to a folder or an archive that others read; the page brings its own
sheet, so it answers with its own policy, which is stricter than the station's in all else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response

from hilum.reports.case_report import case_report
from hilum.reports.document import Document
from hilum.reports.document_html import POLICY, document_html
from hilum.reports.document_pdf import document_pdf
from hilum.web.pages.study import known_study
from hilum.web.problems import NotAllowed, NotFound
from hilum.web.rights import Right
from hilum.web.sight import sight
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.audit import record
from hilum.worklist.cases import case_of_study, film_of, preview_of
from hilum.worklist.readings import deciding
from hilum.worklist.station import Station

router = APIRouter(include_in_schema=False)
Seer = Annotated[Visitor, Depends(require(Right.SEE_STUDIES))]
Here = Annotated[Station, Depends(current_station)]


@router.get("/studies/{study_id}/report.pdf")
def report_pdf(study_id: int, visitor: Seer, station: Here) -> Response:
    """The report as a file."""
    content = document_pdf(_report(station, visitor, study_id, kind="pdf"))
    headers = {"Content-Disposition": f'inline; filename="hilum-study-{study_id}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/studies/{study_id}/report")
def report_page(study_id: int, visitor: Seer, station: Here) -> HTMLResponse:
    """The report as a page to print."""
    page = document_html(_report(station, visitor, study_id, kind="page"))
    return HTMLResponse(page, headers={"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"})


def _report(station: Station, visitor: Visitor, study_id: int, *, kind: str) -> Document:
    """The document, with identity where the role may see it, and the trail of who took it.

    Raises:
        NotFound: the study has not been read by the machine.
        NotAllowed: it is hidden from the visitor until their own verdict.
    """
    with_identity = visitor.may(Right.SEE_IDENTITY)
    with station.database.reading() as session:
        study = known_study(session, study_id)
        seen = sight(session, visitor, [study_id])
        if seen.hides(study_id):
            raise NotAllowed("the report is made once you have given your verdict")
        if not study.readings:
            raise NotFound(f"study {study_id} has no reading yet")
        reading = deciding(study.readings)
        case = case_of_study(session, station, study, reading, with_identity=with_identity)
    preview = preview_of(station, film_of(study, reading))
    with station.database.writing() as session:
        record(session, at=station.now(), who=visitor.login, action="report", study_id=study_id,
               kind=kind, identity=with_identity)  # fmt: skip
    return case_report(replace(case, preview=preview, age_years=seen.age(case.age_years)))
