"""The numbers of a screening programme, from the station's own rows: how much, how often, and how well.

Each rate comes with its interval and its denominator. Trap: a reader who has seen the score agrees with it
more, so agreement is told apart by whether the verdict was given blind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, case, func, select
from sqlalchemy.orm import Session

from hilum.evaluation.agreement import PairedReadings
from hilum.evaluation.intervals import wilson
from hilum.records import Estimate, RefusalCode
from hilum.worklist.states import Opinion
from hilum.worklist.tables import Study, Verdict


@dataclass(frozen=True, slots=True)
class Period:
    """Which studies are counted: by the day, in UTC, that they came in; both days included."""

    first: date
    last: date
    site: str | None = None  # None: every site

    def condition(self) -> ColumnElement[bool]:
        """For a query of `Study`."""
        begin = datetime.combine(self.first, time(), UTC)
        end = datetime.combine(min(self.last, date.max - timedelta(days=1)) + timedelta(days=1), time(), UTC)
        within = (Study.received_at >= begin) & (Study.received_at < end)
        return within if self.site is None else within & (Study.site == self.site)


@dataclass(frozen=True, slots=True)
class Counts:
    """Studies of a day, a site, a device, or all."""

    n: int = 0
    n_scored: int = 0
    n_flagged: int = 0
    n_refused: int = 0  # by the gate
    n_failed: int = 0  # faults of ours

    @property
    def flag_rate(self) -> Estimate:
        """Of those scored."""
        return wilson(self.n_flagged, self.n_scored)

    @property
    def refusal_rate(self) -> Estimate:
        """Of those scored or refused."""
        return wilson(self.n_refused, self.n_scored + self.n_refused)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A reader's opinion, tuberculosis or not, beside the machine's flag; repeat films are left out."""

    who: str  # a login; "" for all
    all: PairedReadings
    blind: PairedReadings
    shown: PairedReadings


@dataclass(frozen=True, slots=True)
class Tested:
    """Positives among those with a confirmatory test's result, indeterminate ones left out."""

    flagged: Estimate
    not_flagged: Estimate
    all: Estimate
    n_indeterminate: int


@dataclass(frozen=True, slots=True)
class ProgrammeFigures:
    """Everything that the programme page shows of a period."""

    period: Period
    total: Counts
    days: dict[date, Counts]  # every day of the period, those without a film too
    sites: dict[str, Counts]
    devices: dict[str, Counts]
    refusals: dict[str, int]  # code -> studies, the commonest first
    agreement: Agreement
    by_reader: tuple[Agreement, ...]
    tested: Tested


Key = TypeVar("Key")
EARLIEST = date(1895, 11, 8)  # no film is older; a day asked for may be any
LONGEST_DAYS = 3660  # of a period, for the table of days


def programme_figures(session: Session, period: Period) -> ProgrammeFigures:
    """Count a period.

    Args:
        session: a reading one.
        period: ten years at most; of a longer one the last ten count.
    """
    last = min(max(period.last, EARLIEST), date.max - timedelta(days=1))
    first = max(period.first, last - timedelta(days=LONGEST_DAYS))
    period = Period(first, last, period.site)
    cells = _cells(session, period)
    days = {first + timedelta(days=n): Counts() for n in range((last - first).days + 1)}
    pairs = _pairs(session, period)
    return ProgrammeFigures(
        period=period,
        total=_summed(cells),
        days=days | _by(cells, lambda row: date.fromisoformat(str(row.day))),
        sites=dict(sorted(_by(cells, lambda row: row.site).items())),
        devices=dict(sorted(_by(cells, lambda row: row.device).items())),
        refusals=_refusals(session, period),
        agreement=_agreement("", pairs),
        by_reader=tuple(_agreement(who, pairs) for who in sorted({pair.who for pair in pairs})),
        tested=_tested(session, period),
    )


def _cells(session: Session, period: Period) -> Sequence[Row[Any]]:
    """A row for each day, site, and device, so that one walk over the table serves all three."""
    day = func.date(Study.received_at)
    is_failed = Study.refusal_code == RefusalCode.FAILED
    is_refused = Study.refusal_code.is_not(None) & ~is_failed
    return session.execute(
        select(
            day.label("day"),
            Study.site.label("site"),
            Study.device.label("device"),
            func.count().label("n"),
            _n(Study.score.is_not(None)).label("n_scored"),
            _n(Study.is_flagged.is_(True)).label("n_flagged"),
            _n(is_refused).label("n_refused"),
            _n(is_failed).label("n_failed"),
        )
        .where(period.condition())
        .group_by(day, Study.site, Study.device)
    ).all()


def _n(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _summed(cells: Iterable[Row[Any]]) -> Counts:
    rows = list(cells)
    names = ("n", "n_scored", "n_flagged", "n_refused", "n_failed")
    return Counts(**{name: sum(int(getattr(row, name)) for row in rows) for name in names})


def _by(cells: Sequence[Row[Any]], key: Callable[[Row[Any]], Key]) -> dict[Key, Counts]:
    groups: dict[Key, list[Row[Any]]] = defaultdict(list)
    for row in cells:
        groups[key(row)].append(row)
    return {name: _summed(rows) for name, rows in groups.items()}


def _refusals(session: Session, period: Period) -> dict[str, int]:
    rows = session.execute(
        select(Study.refusal_code, func.count())
        .where(period.condition(), Study.refusal_code.is_not(None))
        .group_by(Study.refusal_code)
    ).all()
    return dict(Counter({str(code): n for code, n in rows}).most_common())


def _pairs(session: Session, period: Period) -> list[Any]:
    """The newest verdict of each reader on each scored study, beside the flag."""
    rows: Sequence[Any] = session.execute(
        select(Verdict.study_id, Verdict.who, Verdict.opinion, Verdict.score_was_shown, Study.is_flagged)
        .join(Study, Study.id == Verdict.study_id)
        .where(period.condition(), Study.is_flagged.is_not(None))
        .order_by(Verdict.id)
    ).all()
    newest = {(row.study_id, row.who): row for row in rows}
    return [row for row in newest.values() if row.opinion is not Opinion.REPEAT]


def _agreement(who: str, pairs: Sequence[Any]) -> Agreement:
    own = [pair for pair in pairs if who in ("", pair.who)]
    blind = [pair for pair in own if not pair.score_was_shown]
    shown = [pair for pair in own if pair.score_was_shown]
    return Agreement(who, _paired(own), _paired(blind), _paired(shown))


def _paired(pairs: Sequence[Any]) -> PairedReadings:
    counted = Counter((pair.opinion is Opinion.TUBERCULOSIS, bool(pair.is_flagged)) for pair in pairs)
    return PairedReadings(
        both_yes=counted[True, True],
        first_only=counted[True, False],
        second_only=counted[False, True],
        both_no=counted[False, False],
    )


def _tested(session: Session, period: Period) -> Tested:
    rows = session.execute(
        select(Study.test_result, Study.is_flagged, func.count())
        .where(period.condition(), Study.test_result.is_not(None))
        .group_by(Study.test_result, Study.is_flagged)
    ).all()
    counted = {(str(result), is_flagged): n for result, is_flagged, n in rows}

    def share(*flags: bool | None) -> Estimate:
        positive, negative = (
            sum(counted.get((result, flag), 0) for flag in flags) for result in ("positive", "negative")
        )
        return wilson(positive, positive + negative)

    n_open = sum(n for (result, _), n in counted.items() if result not in ("positive", "negative"))
    return Tested(share(True), share(False), share(True, False, None), n_open)
