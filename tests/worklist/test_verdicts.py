"""What people say of a study is added and never changed, and the study shows the newest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hilum.errors import StateRefused, StudyUnknown
from hilum.findings import Zone
from hilum.worklist.going_over import Worker
from hilum.worklist.search import study
from hilum.worklist.states import Opinion, State
from hilum.worklist.tables import AuditEvent
from hilum.worklist.verdicts import (
    LONGEST_COMMENT,
    Said,
    enter_test_result,
    give_verdict,
    give_verdicts,
    requeue_many,
)
from hilum.worklist.verdicts import Tested as Outcome  # pytest takes what begins with Test for a test

NORMAL = Said(Opinion.NORMAL, score_was_shown=False)


@pytest.fixture
def scored(station, take) -> int:
    """The number of a study that was scored."""
    accepted = take()
    Worker(station, name="w", on_overtime=lambda: None).work_once()
    return accepted.study_id


def loaded(station, study_id):
    with station.database.reading() as session:
        return study(session, study_id)


def said(station, study_id, what=NORMAL, who="ada"):
    with station.database.writing() as session:
        return give_verdict(session, study_id, what, who=who, now=station.now())


def entered(station, study_id, *results):
    for test, result in results:
        with station.database.writing() as session:
            enter_test_result(session, study_id, Outcome(test, result), who="lab", now=station.now())
    return loaded(station, study_id).test_result


def test_a_verdict_makes_a_study_read(station, scored):
    """Its opinion stands in lists, and the trail says whether the score was shown."""
    said(station, scored, Said(Opinion.TUBERCULOSIS, True, (Zone.LEFT_UPPER,), " a cavity "))

    found = loaded(station, scored)
    assert (found.state, found.opinion) == (State.READ, Opinion.TUBERCULOSIS)
    assert (found.verdicts[0].zones, found.verdicts[0].comment) == (["left upper"], "a cavity")
    with station.database.reading() as session:
        detail = session.scalars(select(AuditEvent.detail).where(AuditEvent.action == "verdict")).one()
    assert detail["score_was_shown"] is True


def test_a_second_verdict_follows_the_first(station, scored):
    """Both are kept, and the newer one shows."""
    said(station, scored)
    said(station, scored, Said(Opinion.OTHER, True), who="ben")

    found = loaded(station, scored)
    assert ([one.who for one in found.verdicts], found.opinion) == (["ada", "ben"], Opinion.OTHER)


def test_a_study_that_waits_takes_no_verdict(station, take):
    """There is no result yet to be read beside."""
    accepted = take()

    with pytest.raises(StateRefused):
        said(station, accepted.study_id)


@pytest.mark.parametrize("number", [0, -1, 999, 2**31, 2**63, 10**30])
def test_a_study_that_is_not_there_is_told(station, number):
    """However large the number is."""
    with pytest.raises(StudyUnknown):
        said(station, number)


def test_a_comment_has_an_end(station, scored):
    """A page of text is enough."""
    with pytest.raises(StateRefused):
        said(station, scored, Said(Opinion.NORMAL, True, comment="x" * (LONGEST_COMMENT + 1)))


def test_a_hostile_comment_is_kept(station, scored):
    """NUL and surrogates go, the rest stays."""
    said(station, scored, Said(Opinion.NORMAL, True, comment="a\0\ud800<script>"))

    assert loaded(station, scored).verdicts[0].comment == "a<script>"


@pytest.mark.parametrize(("results", "together"), [
    ([("xpert", "positive")], "positive"),
    ([("culture", "positive"), ("smear", "negative")], "positive"),  # a smear misses half
    ([("smear", "negative"), ("culture", "positive")], "positive"),
    ([("xpert", "positive"), ("xpert", "negative")], "negative"),  # repeated, and corrected
    ([("xpert", "indeterminate"), ("smear", "negative")], "negative"),
    ([("xpert", "indeterminate")], "indeterminate"),
])  # fmt: skip
def test_the_surest_test_decides(station, scored, results, together):
    """A culture outweighs Xpert, Xpert a smear; of one test the newest counts."""
    assert entered(station, scored, *results) == together


def test_a_test_leaves_the_state(station, scored):
    """It comes weeks later, and reads nothing."""
    entered(station, scored, ("xpert", "positive"))

    assert loaded(station, scored).state is State.SCORED


@pytest.mark.parametrize("wrong", [Outcome("x-ray", "positive"), Outcome("xpert", "maybe")])
def test_an_unknown_test_or_result_is_refused(station, scored, wrong):
    """The words are few, so that they can be counted."""
    with pytest.raises(StateRefused), station.database.writing() as session:
        enter_test_result(session, scored, wrong, who="lab", now=station.now())


def test_a_test_of_tomorrow_is_refused(station, scored):
    """A day that has not come is a slip of the pen."""
    wrong = Outcome("xpert", "positive", station.now().date() + timedelta(days=1))

    with pytest.raises(StateRefused), station.database.writing() as session:
        enter_test_result(session, scored, wrong, who="lab", now=station.now())


def test_many_studies_take_one_verdict_where_they_can(station, scored, take, tmp_path):
    """Those that cannot are told apart, and the others are done."""
    from bundles import write_film

    waiting = take(write_film(tmp_path / "b.png", side=210)).study_id
    with station.database.writing() as session:
        done = give_verdicts(session, [waiting, scored, 999], NORMAL, who="ada", now=station.now())

    assert (done.done, sorted(done.refused)) == ((scored,), [waiting, 999])
    assert [loaded(station, one).state for one in (scored, waiting)] == [State.READ, State.QUEUED]


def test_many_studies_are_queued_again_where_they_can(station, scored):
    """A new bundle reads the old films."""
    with station.database.writing() as session:
        done = requeue_many(session, [scored, 999], who="ada", now=station.now())

    assert (done.done, list(done.refused)) == ((scored,), [999])
    assert loaded(station, scored).state is State.QUEUED
