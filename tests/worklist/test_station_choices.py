"""What the manager sets and chooses: typed, told in the trail, and in force from then on."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hilum.errors import SettingsInvalid, StationRefused, ThresholdRefused
from hilum.worklist.operating_points import PointChoice, choose_point, point_in_force, reader_in_force
from hilum.worklist.station import StationSettings
from hilum.worklist.station_settings import Choices, SiteRule, choose_setting, read_choices
from hilum.worklist.tables import AuditEvent, StationSetting


def chosen(station, name, value):
    with station.database.writing() as session:
        return choose_setting(session, name, value, who="ada", now=station.now())


def pointed(station, name="ours", threshold=0.3):
    with station.database.writing() as session:
        choice = PointChoice(name, threshold, {"reason": "ten cases"})
        return choose_point(
            session, station.bundle, station.bundle_sha256, choice, who="ada", now=station.now()
        )


def trail(station, action):
    with station.database.reading() as session:
        return session.scalars(select(AuditEvent).where(AuditEvent.action == action)).all()


def test_without_a_choice_the_defaults_hold(station):
    """An empty table is a station as it comes."""
    with station.database.reading() as session:
        assert read_choices(session) == Choices()


def test_a_setting_holds_once_it_is_chosen(station):
    """And the trail says who chose what."""
    chosen(station, "is_blind", True)

    with station.database.reading() as session:
        assert read_choices(session).is_blind
    assert [(one.who, one.detail) for one in trail(station, "setting")] == [
        ("ada", {"name": "is_blind", "value": True})
    ]


def test_a_setting_that_stays_is_not_told(station):
    """Saving a form unchanged is no event."""
    chosen(station, "is_blind", False)

    assert trail(station, "setting") == []


def test_site_rules_give_a_priority(station):
    """A site without a rule has 0."""
    rules = chosen(station, "site_rules", [{"site": "Prison", "priority": 5}])

    assert rules.site_rules == (SiteRule("Prison", 5),)
    assert (rules.priority_of("Prison"), rules.priority_of("Masina")) == (5, 0)


@pytest.mark.parametrize(("name", "value"), [
    ("is_blind", "yes"), ("nothing", 1), ("retention_days", 0), ("retention_days", "30"),
    ("reading_order", "random"), ("site_rules", [{"site": "A", "priority": 10_000}]),
    ("site_rules", [{"site": "A", "priority": 1}, {"site": "A", "priority": 2}]), ("site_rules", ["A"]),
])  # fmt: skip
def test_a_wrong_setting_is_refused_and_nothing_changes(station, name, value):
    """By name, as the person can act on."""
    with pytest.raises(SettingsInvalid):
        chosen(station, name, value)

    with station.database.reading() as session:
        assert session.scalars(select(StationSetting)).all() == []


def test_the_bundle_s_own_point_holds_until_one_is_chosen(station):
    """Then the newest of the bundle does."""
    with station.database.reading() as session:
        assert point_in_force(session, station.bundle_sha256) is None
        assert reader_in_force(session, station.bundle, station.bundle_sha256).threshold == 0.5
    pointed(station, "first", 0.3)
    pointed(station, "second", 0.4)

    with station.database.reading() as session:
        reader = reader_in_force(session, station.bundle, station.bundle_sha256)
    assert (reader.operating_point, reader.threshold) == ("second", 0.4)
    assert [(one.threshold, one.bundle) for one in trail(station, "operating-point")] == [
        (0.3, "tiny 0.1"), (0.4, "tiny 0.1"),
    ]  # fmt: skip


def test_a_point_holds_for_its_bundle_alone(station):
    """A probability of another bundle is on another scale."""
    pointed(station)

    with station.database.reading() as session:
        assert point_in_force(session, "1" * 64) is None


@pytest.mark.parametrize(
    ("name", "threshold"), [("ours", 1.2), ("ours", -0.1), ("ours", float("nan")), (" ", 0.5)]
)
def test_a_point_outside_the_scale_is_refused(station, name, threshold):
    """A threshold of 60 would flag nobody."""
    with pytest.raises(ThresholdRefused):
        pointed(station, name, threshold)


@pytest.mark.parametrize("wrong", [
    {"n_workers": -1}, {"lease_s": 0}, {"film_limit_s": -1}, {"most_attempts": 0}, {"low_disk_bytes": -1},
])  # fmt: skip
def test_a_station_with_impossible_settings_is_refused(tmp_path, wrong):
    """Before anything is opened."""
    with pytest.raises(StationRefused):
        StationSettings(tmp_path, **wrong)
