"""Verdicts of readers and results of confirmatory tests by the API; rows are added and never changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from hilum.web.api.asking import Here, Seer
from hilum.web.api.schemas import Number, TestResultIn, TestResultOut, VerdictIn, VerdictOut
from hilum.web.api.telling import Telling, test_result_out, verdict_out
from hilum.web.pages.study import known_study
from hilum.web.rights import Right
from hilum.web.sight import sight
from hilum.web.visitor import Visitor, require
from hilum.worklist.verdicts import Said, Tested, enter_test_result, give_verdict

router = APIRouter(tags=["verdicts"])
Reader = Annotated[Visitor, Depends(require(Right.GIVE_VERDICT))]
Tester = Annotated[Visitor, Depends(require(Right.ENTER_TEST))]


@router.get("/studies/{study}/verdicts", summary="What readers said")
def list_verdicts(study: Number, visitor: Seer, station: Here) -> list[VerdictOut]:
    """All verdicts on a study, oldest first; in blind mode a reader gets none before their own."""
    with station.database.reading() as session:
        return Telling(session, visitor, [study]).verdicts(known_study(session, study))


@router.post("/studies/{study}/verdicts", status_code=201, summary="Give a verdict")
def add_verdict(study: Number, said: VerdictIn, visitor: Reader, station: Here) -> VerdictOut:
    """The study is then read; 409 while it waits to be scored."""
    with station.database.writing() as session:
        was_shown = not sight(session, visitor, [study]).hides(study)
        words = Said(said.opinion, was_shown, tuple(said.zones), said.comment)
        return verdict_out(give_verdict(session, study, words, who=visitor.login, now=station.now()))


@router.get("/studies/{study}/test-results", summary="What confirmatory tests found")
def list_test_results(study: Number, _visitor: Seer, station: Here) -> list[TestResultOut]:
    """All results of a study, oldest first."""
    with station.database.reading() as session:
        return [test_result_out(result) for result in known_study(session, study).test_results]


@router.post("/studies/{study}/test-results", status_code=201, summary="Enter a test's result")
def add_test_result(study: Number, sent: TestResultIn, visitor: Tester, station: Here) -> TestResultOut:
    """The study's state stays; 409 for a day that has not come."""
    tested = Tested(str(sent.test), str(sent.result), sent.taken_on)
    with station.database.writing() as session:
        entered = enter_test_result(session, study, tested, who=visitor.login, now=station.now())
        session.flush()
        return test_result_out(entered)
