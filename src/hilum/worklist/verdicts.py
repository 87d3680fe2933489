"""What people say of a study: a reader's verdict, a confirmatory test's result, the wish to score it again.

Trap: rows are added and never changed, so that what was believed at any time can be told; the study carries a
copy of the newest for the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.errors import StateRefused, StudyUnknown
from hilum.findings import Zone
from hilum.worklist.audit import move, record
from hilum.worklist.queue import queue_again
from hilum.worklist.search import LARGEST_NUMBER
from hilum.worklist.states import ARRIVING, Opinion, State, check_transition
from hilum.worklist.tables import Study, TestResult, Verdict

TESTS = ("culture", "xpert", "smear", "other")  # the surest first
RESULTS = ("positive", "negative", "indeterminate")
LONGEST_COMMENT = 4000  # characters


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict as it was given."""

    opinion: Opinion
    score_was_shown: bool  # False: given blind
    zones: tuple[Zone, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Tested:
    """A test's result as it was entered."""

    test: str  # one of TESTS
    result: str  # one of RESULTS
    taken_on: date | None = None


@dataclass(frozen=True, slots=True)
class Bulk:
    """What became of one wish for many studies."""

    done: tuple[int, ...]  # study numbers
    refused: dict[int, str]  # study number -> why not, as a sentence


def give_verdict(session: Session, study_id: int, said: Said, *, who: str, now: datetime) -> Verdict:
    """File a reader's verdict; the study is then read.

    Args:
        session: a writing one.
        study_id: of a study that has been scored, refused, or failed.
        said: zones belong to an opinion that something is there.
        who: the login.
        now: with its zone.

    Raises:
        StudyUnknown: no such study.
        StateRefused: it is still waiting to be scored, or its comment is too long.
    """
    if len(said.comment) > LONGEST_COMMENT:
        raise StateRefused(f"a comment has {LONGEST_COMMENT} characters at most")
    study = locked_study(session, study_id)
    check_transition(study.id, study.state, State.READ)
    verdict = Verdict(
        study_id=study.id, who=who, given_at=now, opinion=said.opinion,
        zones=[str(zone) for zone in dict.fromkeys(said.zones)], comment=said.comment.strip(),
        score_was_shown=said.score_was_shown,
    )  # fmt: skip
    session.add(verdict)
    session.flush()
    study.opinion = said.opinion
    event = move(session, study, State.READ, at=now, who=who, action="verdict")
    event.detail = {
        "verdict": verdict.id,
        "opinion": str(said.opinion),
        "score_was_shown": said.score_was_shown,
    }
    return verdict


def enter_test_result(
    session: Session, study_id: int, tested: Tested, *, who: str, now: datetime
) -> TestResult:
    """File the result of a confirmatory test; the study's state stays.

    Raises:
        StudyUnknown: no such study.
        StateRefused: the test or the result is none of ours, or the day has not come.
    """
    if tested.test not in TESTS or tested.result not in RESULTS:
        raise StateRefused(f"a test is one of {', '.join(TESTS)} and its result one of {', '.join(RESULTS)}")
    if tested.taken_on is not None and tested.taken_on > now.date():
        raise StateRefused("a test cannot have been taken on a day that has not come")
    study = locked_study(session, study_id)
    earlier = session.scalars(
        select(TestResult).where(TestResult.study_id == study.id).order_by(TestResult.id)
    ).all()
    result = TestResult(study_id=study.id, who=who, given_at=now, test=tested.test, result=tested.result,
                        taken_on=tested.taken_on)  # fmt: skip
    session.add(result)
    session.flush()
    study.test_result = reference_result([*earlier, result])
    record(session, at=now, who=who, action="test-result", study_id=study.id, test_result=result.id,
           test=tested.test, result=tested.result)  # fmt: skip
    return result


def reference_result(results: Sequence[TestResult]) -> str | None:
    """What a study's tests say together: the newest clear result of the surest test, else indeterminate.

    A culture outweighs Xpert, Xpert a smear, and a smear any other; a negative smear after a positive culture
    does not make the patient healthy.

    Args:
        results: in the order that they were entered.
    """
    clear = {one.test: one.result for one in results if one.result != "indeterminate"}
    surest = next((clear[test] for test in TESTS if test in clear), None)
    return surest or (results[-1].result if results else None)


def requeue(session: Session, study_id: int, *, who: str, now: datetime) -> Study:
    """Have a study scored again, with the bundle and the threshold that are then in force.

    Raises:
        StudyUnknown: no such study.
        StateRefused: it is still waiting, or its films were removed.
    """
    study = locked_study(session, study_id)
    if study.state in ARRIVING:
        raise StateRefused(
            f"study {study.id} is {study.state} and will be scored; it need not be queued again"
        )
    queue_again(session, study, at=now, who=who, action="requeue")
    return study


def give_verdicts(session: Session, study_ids: Iterable[int], said: Said, *, who: str, now: datetime) -> Bulk:
    """One verdict for many studies; those that cannot take it are told apart."""
    return _each(session, study_ids, lambda number: give_verdict(session, number, said, who=who, now=now))


def requeue_many(session: Session, study_ids: Iterable[int], *, who: str, now: datetime) -> Bulk:
    """`requeue` for many studies; those that cannot be are told apart."""
    return _each(session, study_ids, lambda number: requeue(session, number, who=who, now=now))


def locked_study(session: Session, study_id: int) -> Study:
    """A study, held until the session's end.

    Raises:
        StudyUnknown: no such study.
    """
    is_number = 0 < study_id <= LARGEST_NUMBER
    wanted = select(Study).where(Study.id == study_id).with_for_update()
    study = session.scalar(wanted) if is_number else None
    if study is None:
        raise StudyUnknown(study_id)
    return study


def _each(session: Session, study_ids: Iterable[int], act: Callable[[int], object]) -> Bulk:
    """Act on studies in the order of their numbers, so that two bulk wishes cannot wait for each other."""
    done, refused = [], {}
    for number in sorted(set(study_ids)):
        try:
            with session.begin_nested():
                act(number)
        except (StateRefused, StudyUnknown) as error:
            refused[number] = str(error)
        else:
            done.append(number)
    return Bulk(tuple(done), refused)
