"""The programme's page: figures, the threshold by calibration or by hand, and the station's settings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from hilum.records import Estimate
from hilum.web.pages.charts import common_end, films_by_time
from hilum.worklist.programme import Counts
from hilum.worklist.states import Role
from hilum.worklist.tables import OperatingPoint, StationSetting, Study

PERIOD = "from=2026-11-01&to=2026-11-30"


@pytest.fixture
def confirmed(add_study, station):
    """Sixty confirmed cases with scores of 40 to 99, and sixty others of 1 to 60."""
    for number in range(60):
        add_study(score=40.0 + number), add_study(score=1.0 + number)
    with station.database.writing() as session:
        for study in session.scalars(select(Study)):
            study.test_result = "positive" if study.id % 2 else "negative"


def test_figures_are_of_the_period_that_was_asked_for(browser, add_study):
    """Studies outside it are not counted."""
    add_study(site="Hill"), add_study(score=None, refusal="blank", site="Hill")
    manager = browser(Role.MANAGER)

    assert "Hill" in manager.get(f"/programme?{PERIOD}").text.split("Watch for drift")[0]
    assert "No study came in these days." in manager.get("/programme?from=2020-01-01&to=2020-01-31").text


def test_a_period_that_ends_before_it_begins_is_told(browser):
    """In words."""
    assert browser(Role.MANAGER).get("/programme?from=2026-11-30&to=2026-11-01").status_code == 422


def test_a_radiographer_sees_no_programme(browser):
    """The role does not have the right."""
    assert browser(Role.RADIOGRAPHER).get("/programme").status_code == 403


def test_a_calibration_is_shown_before_anything_changes(browser, confirmed, station):
    """With what it rests on."""
    page = browser(Role.MANAGER).post("/programme/calibration", data={"sensitivity": "90"}).text

    assert "60 confirmed cases" in page
    with station.database.reading() as session:
        assert session.scalar(select(OperatingPoint)) is None


def test_a_calibration_is_put_in_force_with_its_evidence(browser, confirmed, station):
    """The threshold is among the cases' own scores, and holds the sensitivity that was asked for."""
    browser(Role.MANAGER).post("/programme/threshold/calibrated", data={"sensitivity": "90"})
    with station.database.reading() as session:
        point = session.scalars(select(OperatingPoint)).one()

    # Of 60, 1 may score below it: at a sensitivity of 0.9 two misses or fewer have a chance of 5.3 %, one or
    # none of 1.4 %.
    assert point.threshold == pytest.approx(0.41)
    assert point.evidence["sample"]["n_positive"] == 60


def test_too_few_cases_change_nothing(browser, add_study, station):
    """The page says how many are needed."""
    add_study(score=80.0), add_study(score=20.0)
    with station.database.writing() as session:
        for study, result in zip(session.scalars(select(Study)), ("positive", "negative"), strict=True):
            study.test_result = result
    manager = browser(Role.MANAGER)

    assert "too few confirmed cases" in manager.post("/programme/calibration").text
    assert manager.post("/programme/threshold/calibrated").status_code == 422


@pytest.mark.parametrize(
    ("threshold", "reason"), [("101", "x"), ("nan", "x"), ("-1", "x"), ("", "x"), ("50", " ")]
)
def test_a_threshold_by_hand_needs_a_score_and_a_reason(browser, threshold, reason):
    """Nothing is put in force without both."""
    answer = browser(Role.MANAGER).post(
        "/programme/threshold", data={"threshold": threshold, "reason": reason}
    )

    assert answer.status_code == 422


def test_a_reader_sets_no_threshold(browser):
    """The role sees the programme and does not change it."""
    answer = browser(Role.READER).post("/programme/threshold", data={"threshold": "50", "reason": "x"})

    assert answer.status_code == 403


def test_drift_without_films_before_says_so(browser, add_study):
    """There is nothing to compare with."""
    add_study()

    assert "no films of the year before" in browser(Role.MANAGER).get(f"/programme/drift?{PERIOD}").text


def test_a_change_of_the_films_is_an_alarm_on_the_page(browser, add_study):
    """A hundred studies of the period that score 40 points higher than the hundred of October."""
    october, november = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    for number in range(100):
        later = timedelta(hours=6 * number)
        add_study(score=10.0 + number % 40, received_at=october + later)
        add_study(score=50.0 + number % 40, received_at=november + later)

    told = browser(Role.MANAGER).get(f"/programme/drift?{PERIOD}").text

    assert "Alarm: the films of this period are unlike those before it." in told


def test_the_month_is_a_table_without_identity(browser, add_study):
    """As the filter by its days would give it."""
    add_study(patient="MARY-1")
    answer = browser(Role.MANAGER).get("/programme/month?month=2026-11")

    assert answer.text.count("\r\n") == 2
    assert "MARY" not in answer.text


@pytest.mark.parametrize("month", ["2026-13", "2026", "0000-01", "x", "٢٠٢٦-11"])
def test_a_month_that_is_none_is_told(browser, month):
    """In words, not as a fault."""
    assert browser(Role.MANAGER).get("/programme/month", params={"month": month}).status_code == 422


def test_settings_are_saved_together(browser, station):
    """Blind reading, the order, retention, and the sites' priority."""
    form = {
        "blind": "yes",
        "order": "oldest",
        "retention": "365",
        "site": ["Hill", "River"],
        "priority": ["5", ""],
    }
    browser(Role.MANAGER).post("/settings", data=form)
    with station.database.reading() as session:
        kept = {row.name: row.value for row in session.scalars(select(StationSetting))}

    assert kept == {"is_blind": True, "reading_order": "oldest", "retention_days": 365,
                    "site_rules": [{"site": "Hill", "priority": 5}]}  # fmt: skip


def test_a_setting_that_cannot_be_saves_nothing(browser, station):
    """All or none."""
    answer = browser(Role.MANAGER).post(
        "/settings", data={"blind": "yes", "order": "oldest", "retention": "0"}
    )
    with station.database.reading() as session:
        kept = session.scalars(select(StationSetting)).all()

    assert answer.status_code == 422
    assert kept == []


def test_a_chart_of_days_adds_up():
    """Every column's blocks are as high together as its films."""
    counts = Counts(n=10, n_scored=7, n_flagged=2, n_refused=1)
    column = films_by_time({date(2026, 11, 1): counts}).columns[0]

    # The axis ends at 10 films, so the column fills the drawing's height of 150.
    assert sum(block.height for block in column.blocks) == pytest.approx(150)
    assert [block.kind for block in column.blocks] == ["flagged", "clear", "refused", "waiting"]


def test_many_days_are_gathered():
    """Into weeks, and then into months, so that columns stay wide enough to see."""
    first = date(2024, 1, 1)
    days = {first + timedelta(days=number): Counts(n=1) for number in range(731)}
    columns = films_by_time(days).columns

    assert len(columns) == 24
    assert sum(column.n for column in columns) == 731


def test_a_rates_line_ends_at_a_round_rate():
    """The smallest that holds every interval."""
    assert common_end([Estimate(0.05, 0.01, 0.12, 10), Estimate(None, None, None, 0)]) == 0.2
