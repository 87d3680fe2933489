"""The numbers of a programme: counted right, with intervals, and a threshold from the station's own cases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hilum.errors import TableInvalid
from hilum.evaluation.monitoring import MonitorSettings
from hilum.worklist.confirmed import Wanted, calibrate_station, confirmed_cases
from hilum.worklist.drifting import drift
from hilum.worklist.operating_points import point_in_force
from hilum.worklist.programme import Period, programme_figures
from hilum.worklist.readings import Reader
from hilum.worklist.states import Opinion, Origin, State
from hilum.worklist.tables import Reading, Study, Verdict

FIRST = date(2026, 11, 24)
WEEK = Period(FIRST, FIRST + timedelta(days=6))


@pytest.fixture
def add(station):
    """Add a study that was scored, or refused, with what people said of it."""

    def added(n, *, score=None, code=None, opinion=None, test=None, site="Masina", shown=False):
        reader = Reader(station.bundle.label, station.bundle_sha256, 0.5, "screening")
        at = station.now() + timedelta(hours=6 * n)
        with station.database.writing() as session:
            study = Study(study_uid=f"1.2.{n}", state=State.SCORED if code is None else State.REFUSED,
                          state_since=at, received_at=at, origin=Origin.UPLOAD, site=site, device="Fuji",
                          score=score, is_flagged=None if score is None else score >= 50, refusal_code=code,
                          opinion=opinion, test_result=test, age_years=30.0)  # fmt: skip
            session.add(study)
            session.flush()
            session.add(Reading(
                study_id=study.id, made_at=at, worker="w", bundle=reader.bundle, seconds=0.1, score=score,
                bundle_sha256=reader.bundle_sha256, threshold=0.5, operating_point="screening",
                probability=None if score is None else score / 100, is_flagged=study.is_flagged,
                refusal_code=code,
            ))  # fmt: skip
            if opinion is not None:
                session.add(Verdict(study_id=study.id, who=f"reader{n % 2}", given_at=at, opinion=opinion,
                                    score_was_shown=shown))  # fmt: skip
        return study.id

    return added


def figures(station, period=WEEK):
    with station.database.reading() as session:
        return programme_figures(session, period)


def test_studies_are_counted_by_day_site_and_device(station, add):
    """Noon of the first day, 18 h, and then the second day by UTC."""
    add(0, score=80)
    add(1, score=20, site="Lukala")
    add(2, code="blank")
    add(3, code="failed", site="")

    found = figures(station)
    assert [counts.n for counts in found.days.values()] == [2, 2, 0, 0, 0, 0, 0]
    assert (found.sites["Masina"].n, found.devices["Fuji"].n) == (2, 4)
    assert (found.total.flag_rate.value, found.total.flag_rate.n) == (0.5, 2)
    assert (found.total.n_refused, found.total.n_failed) == (1, 1)
    assert found.total.refusal_rate.value == pytest.approx(1 / 3)  # of those scored or refused
    assert found.refusals == {"blank": 1, "failed": 1}


def test_a_day_is_utc_s(station, add):
    """A study at midnight is the next day's, on both databases."""
    add(2, score=10)  # 24 hours after noon less 12: midnight

    assert [counts.n for counts in figures(station).days.values()][:2] == [0, 1]


def test_a_site_alone_is_counted(station, add):
    """The others are left out of every figure."""
    add(0, score=80)
    add(1, score=80, site="Lukala")

    assert figures(station, Period(WEEK.first, WEEK.last, "Lukala")).total.n == 1


def test_an_empty_period_has_no_rates(station):
    """They are not estimated, and say why."""
    found = figures(station)

    assert (found.total.flag_rate.value, found.agreement.all.n, found.tested.all.value) == (None, 0, None)


@pytest.mark.parametrize("period", [Period(date.min, date.max), Period(date.max, date.min)])
def test_a_period_without_end_is_counted(station, add, period):
    """An address bar may ask for any days."""
    add(0, score=80)

    assert len(figures(station, period).days) <= 3661


def test_agreement_is_told_by_reader_and_by_blindness(station, add):
    """Reader 0 read blind and agreed; reader 1 saw the score and did not; a repeat film is no opinion."""
    add(0, score=80, opinion=Opinion.TUBERCULOSIS)
    add(1, score=80, opinion=Opinion.NORMAL, shown=True)
    add(2, score=20, opinion=Opinion.OTHER)
    add(4, score=20, opinion=Opinion.REPEAT)

    found = figures(station)
    assert (found.agreement.all.n, found.agreement.blind.agreement().value) == (3, 1)
    assert [(one.who, one.all.n, one.all.agreement().value) for one in found.by_reader] == [
        ("reader0", 2, 1), ("reader1", 1, 0),
    ]  # fmt: skip


def test_positives_among_the_tested(station, add):
    """Of those flagged and of those not; indeterminate ones are counted apart."""
    for n, (score, result) in enumerate([(80, "positive"), (80, "negative"), (20, "negative"),
                                         (80, "indeterminate"), (80, None)]):  # fmt: skip
        add(n, score=score, test=result)

    tested = figures(station).tested
    assert [(one.value, one.n) for one in (tested.flagged, tested.not_flagged, tested.all)] == [
        (0.5, 2), (0, 1), (pytest.approx(1 / 3), 3),
    ]  # fmt: skip
    assert tested.n_indeterminate == 1


def test_confirmed_cases_are_a_prediction_table(station, add):
    """Scored by this bundle, with a clear result; patients by our own number."""
    add(0, score=80, test="positive")
    add(1, score=20, test="negative")
    add(2, score=20, test="indeterminate")
    add(3, code="blank", test="positive")

    with station.database.reading() as session:
        cases = confirmed_cases(session, station.bundle_sha256)
        others = confirmed_cases(session, "1" * 64)
    assert [(one.label, one.score, one.extra["bundle"]) for one in cases] == [
        (1, 0.8, "tiny 0.1"), (0, 0.2, "tiny 0.1"),
    ]  # fmt: skip
    assert others == []


def test_a_threshold_is_chosen_on_enough_cases(station, add):
    """It is put in force with its evidence, and a report is written."""
    for n in range(60):
        add(n, score=90 - n / 2 if n % 2 else 10 + n / 4, test="positive" if n % 2 else "negative")

    found = calibrate_station(station, Wanted(prevalence=0.1), who="ada")

    assert found.point is not None
    with station.database.reading() as session:
        point = point_in_force(session, station.bundle_sha256)
    assert (point.threshold, point.chosen_by) == (found.calibration.row.threshold, "ada")
    assert "confirmed cases" in point.evidence["reason"]
    assert {"calibration.html", "calibration.pdf", "confirmed-cases.csv"} <= {
        path.name for path in found.folder.iterdir()
    }


def test_too_few_cases_put_nothing_in_force(station, add):
    """The report says what it takes."""
    add(0, score=80, test="positive")
    add(1, score=20, test="negative")

    found = calibrate_station(station, Wanted(prevalence=0.1), who="ada")

    assert found.point is None
    with station.database.reading() as session:
        assert point_in_force(session, station.bundle_sha256) is None


def test_no_cases_are_told(station):
    """There is nothing to calibrate on."""
    with pytest.raises(TableInvalid):
        calibrate_station(station, Wanted(prevalence=0.1), who="ada")


def test_a_change_of_the_scores_is_an_alarm(station, add):
    """A hundred studies that score 40 points higher than the hundred before them."""
    for n in range(200):
        add(n, score=float(10 + n % 40 + (40 if n >= 100 else 0)))
    half = FIRST + timedelta(days=25)  # four a day

    with station.database.reading() as session:
        found = drift(session, Period(FIRST, half), Period(half + timedelta(days=1), date(2027, 2, 1)),
                      MonitorSettings())  # fmt: skip
    assert (found.is_alarm, found.can_alarm) == (True, True)


def test_a_time_without_a_scored_study_cannot_be_compared(station, add):
    """And says which."""
    add(0, score=10)

    with pytest.raises(TableInvalid, match="current"), station.database.reading() as session:
        drift(session, WEEK, Period(date(2030, 1, 1), date(2030, 2, 1)), MonitorSettings())
