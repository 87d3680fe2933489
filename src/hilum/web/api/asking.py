"""What endpoints of the API share: the visitor, the station, and the filter of lists as typed parameters."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy.orm import Session

from hilum.records import RefusalCode
from hilum.web.api.schemas import LARGEST_NUMBER, TestAnswer
from hilum.web.pages.filters import Listing
from hilum.web.rights import Right
from hilum.web.sight import sight
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.search import Sort, StudyFilter
from hilum.worklist.states import Opinion, Origin, State
from hilum.worklist.station import Station

Seer = Annotated[Visitor, Depends(require(Right.SEE_STUDIES))]
Here = Annotated[Station, Depends(current_station)]
Years = Annotated[float | None, Query(ge=0, le=150)]
Points = Annotated[float | None, Query(ge=0, le=100)]
Answers = dict[int | str, dict[str, Any]]  # of an endpoint's description
RowNumber = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows of a page.")]
MOST_VALUES = 100  # of one parameter


def study_filter(  # noqa: PLR0913 - one parameter of the address each
    q: Annotated[
        str,
        Query(
            max_length=100,
            description="In the name or number of a patient, an accession, or a study number; without the "
            "right to see identity, a study number alone.",
        ),
    ] = "",
    state: Annotated[list[State], Query(max_length=MOST_VALUES)] = [],  # noqa: B006 - FastAPI copies it
    flag: bool | None = None,
    refusal: Annotated[list[RefusalCode], Query(max_length=MOST_VALUES)] = [],  # noqa: B006
    site: Annotated[list[str], Query(max_length=MOST_VALUES)] = [],  # noqa: B006
    origin: Annotated[list[Origin], Query(max_length=MOST_VALUES)] = [],  # noqa: B006
    received_from: Annotated[date | None, Query(description="A day in UTC, included.")] = None,
    received_to: Annotated[date | None, Query(description="A day in UTC, included.")] = None,
    age_from: Years = None,
    age_to: Years = None,
    score_from: Points = None,
    score_to: Points = None,
    opinion: Annotated[list[Opinion], Query(max_length=MOST_VALUES)] = [],  # noqa: B006
    has_opinion: bool | None = None,
    test_result: Annotated[list[TestAnswer], Query(max_length=MOST_VALUES)] = [],  # noqa: B006
    upload: RowNumber = None,
) -> StudyFilter:
    """The dependency that reads a list's filter."""
    return StudyFilter(
        text=q,
        states=tuple(state),
        is_flagged=flag,
        refusal_codes=tuple(map(str, refusal)),
        sites=tuple(site),
        origins=tuple(origin),
        received_from=received_from,
        received_to=received_to,
        age_from=age_from,
        age_to=age_to,
        score_from=score_from,
        score_to=score_to,
        opinions=tuple(opinion),
        has_opinion=has_opinion,
        test_results=tuple(map(str, test_result)),
        upload_id=upload,
    )


Wanted = Annotated[StudyFilter, Depends(study_filter)]


def listing_for(session: Session, visitor: Visitor, wanted: StudyFilter, sort: Sort) -> Listing:
    """A list as this visitor may ask for it: without identity by no name, in blind mode by no score."""
    return Listing(wanted, sort, fields=()).as_seen(sight(session, visitor))
