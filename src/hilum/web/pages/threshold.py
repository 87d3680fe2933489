"""The station's threshold: calibrated on its own confirmed cases, or set by hand with a reason.

A calibration is shown first and put in force by a second step, which reckons it anew on the server: nothing
that a form carries is believed. Trap: a new threshold holds for films that are scored from then on; what
was scored keeps the one it had.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from hilum.evaluation.local_calibration import CalibrationRequest, LocalCalibration, calibrate
from hilum.evaluation.programme import Programme
from hilum.evaluation.threshold_choice import Goal
from hilum.web.problems import InvalidRequest
from hilum.web.rights import Right
from hilum.web.templating import render
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.confirmed import confirmed_cases
from hilum.worklist.operating_points import PointChoice, choose_point, reader_in_force
from hilum.worklist.station import Station

LONGEST_REASON = 500  # characters

router = APIRouter(include_in_schema=False)
Chooser = Annotated[Visitor, Depends(require(Right.SET_THRESHOLD))]
Here = Annotated[Station, Depends(current_station)]


def goal_of(
    sensitivity: Annotated[str, Form()] = "90",
    confidence: Annotated[str, Form()] = "95",
    prevalence: Annotated[str, Form()] = "1",
) -> CalibrationRequest:
    """What the form asks of a calibration, in per cent.

    Raises:
        InvalidRequest: a share that is none.
    """
    goal = Goal(_share("sensitivity", sensitivity), _share("confidence", confidence))
    return CalibrationRequest(goal, Programme(prevalence=_share("prevalence", prevalence)))


Asked = Annotated[CalibrationRequest, Depends(goal_of)]


@router.post("/programme/calibration")
def try_calibration(request: Request, _visitor: Chooser, station: Here, asked: Asked) -> HTMLResponse:
    """What a calibration on the confirmed cases would choose, and what it rests on.

    Raises:
        InvalidRequest: there are no confirmed cases.
    """
    calibration = _calibrated(station, asked)
    with station.database.reading() as session:
        reader = reader_in_force(session, station.bundle, station.bundle_sha256)
    return render(request, "calibration.html", calibration=calibration, asked=asked, reader=reader)


@router.post("/programme/threshold/calibrated")
def put_in_force(visitor: Chooser, station: Here, asked: Asked) -> RedirectResponse:
    """Calibrate again and put the threshold in force.

    Raises:
        InvalidRequest: there are too few confirmed cases for the promise.
    """
    calibration = _calibrated(station, asked)
    if calibration.row is None:
        raise InvalidRequest("there are too few confirmed cases for this promise")
    evidence = calibration.as_json()
    del evidence["thresholds"]
    films, goal = calibration.films, asked.goal
    evidence["reason"] = (
        f"Calibrated on {films.n_positive} confirmed cases and {films.n - films.n_positive} without of this "
        f"station, for a sensitivity of {100 * goal.sensitivity:g} % with a confidence of "
        f"{100 * goal.confidence:g} %."
    )
    name = f"local-sensitivity-{100 * goal.sensitivity:g}"
    _choose(station, visitor, PointChoice(name, calibration.row.threshold, evidence))
    return RedirectResponse("/programme#threshold", status_code=303)


@router.post("/programme/threshold")
def set_by_hand(
    visitor: Chooser,
    station: Here,
    threshold: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Set a threshold on the score, 0 to 100, with the reason for it.

    Raises:
        InvalidRequest: no number of 0 to 100, or no reason.
    """
    try:
        score = float(threshold.replace(",", "."))
    except ValueError:
        raise InvalidRequest("threshold: a score of 0 to 100") from None
    if not 0 <= score <= 100:
        raise InvalidRequest("threshold: a score of 0 to 100")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidRequest("a threshold needs a reason, for those who come after")
    _choose(station, visitor, PointChoice("set-by-hand", score / 100, {"reason": reason.strip()}))
    return RedirectResponse("/programme#threshold", status_code=303)


def _calibrated(station: Station, asked: CalibrationRequest) -> LocalCalibration:
    with station.database.reading() as session:
        rows = confirmed_cases(session, station.bundle_sha256)
    if {row.label for row in rows} != {0, 1}:
        raise InvalidRequest(
            "calibration needs confirmed cases and confirmed others; enter results of tests first"
        )
    return calibrate(rows, asked)


def _choose(station: Station, visitor: Visitor, choice: PointChoice) -> None:
    with station.database.writing() as session:
        choose_point(
            session, station.bundle, station.bundle_sha256, choice, who=visitor.login, now=station.now()
        )


def _share(name: str, value: str) -> float:
    try:
        share = float(value.replace(",", ".")) / 100
    except ValueError:
        raise InvalidRequest(f"{name}: a number above 0 and below 100") from None
    if not 0 < share < 1:
        raise InvalidRequest(f"{name}: a number above 0 and below 100")
    return share
