"""What the manager of a station sets on a page, typed: a row a setting, or its default where there is none.

Trap: what stands in the table was checked when it was written, by this version or an older one; a value that
this version does not take is an error that names it, never a silent default.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.errors import SettingsInvalid
from hilum.settings import build_settings
from hilum.worklist.audit import record
from hilum.worklist.tables import StationSetting

Order = Literal["highest", "oldest", "newest", "priority"]
ORDERS: tuple[Order, ...] = get_args(Order)
HIGHEST_PRIORITY = 1000


@dataclass(frozen=True)
class SiteRule:
    """How soon a site's studies are scored, and shown where the list is by priority."""

    site: str
    priority: int  # higher first; 0 is a site without a rule


@dataclass(frozen=True)
class Choices:
    """The settings, with what holds until somebody chooses."""

    is_blind: bool = False  # readers see the score once they have given their verdict
    reading_order: Order = "highest"  # of the worklist as it opens
    site_rules: tuple[SiteRule, ...] = field(default=())
    retention_days: int | None = None  # originals of delivered or read studies go after this; None: never

    def __post_init__(self) -> None:
        if self.retention_days is not None and self.retention_days < 1:
            raise SettingsInvalid("retention_days must be 1 or more, or empty to keep films for ever")
        names = [rule.site for rule in self.site_rules]
        if len(set(names)) < len(names):
            raise SettingsInvalid("site_rules name a site twice")
        if any(abs(rule.priority) > HIGHEST_PRIORITY for rule in self.site_rules):
            raise SettingsInvalid(
                f"a site's priority lies between -{HIGHEST_PRIORITY} and {HIGHEST_PRIORITY}"
            )

    def priority_of(self, site: str) -> int:
        """By the site's rule; 0 where it has none."""
        return next((rule.priority for rule in self.site_rules if rule.site == site), 0)


NAMES = tuple(one.name for one in fields(Choices))


def read_choices(session: Session) -> Choices:
    """All settings as they stand.

    Raises:
        SettingsInvalid: the table holds a value that this version does not take.
    """
    rows = session.scalars(select(StationSetting).where(StationSetting.name.in_(NAMES))).all()
    return _built({row.name: row.value for row in rows})


def choose_setting(session: Session, name: str, value: Any, *, who: str, now: datetime) -> Choices:
    """Set one setting, and write the trail of it.

    Args:
        session: a writing one.
        name: a field of `Choices`.
        value: as JSON has it; `site_rules` is a list of {"site": ..., "priority": ...}.
        who: the login.
        now: with its zone.

    Raises:
        SettingsInvalid: no such setting, or not a value of it.
    """
    before = read_choices(session)
    rows = session.scalars(select(StationSetting).where(StationSetting.name.in_(NAMES))).all()
    chosen = _built({row.name: row.value for row in rows} | {name: value})
    row = next((row for row in rows if row.name == name), None)
    if row is None:
        row = StationSetting(name=name, value=value, changed_by=who, changed_at=now)
        session.add(row)
    row.value, row.changed_by, row.changed_at = value, who, now
    if chosen != before:
        record(session, at=now, who=who, action="setting", name=name, value=value)
    return chosen


def _built(table: dict[str, Any]) -> Choices:
    return build_settings(table, Choices, where="station settings", folder=Path())
