"""Finding studies: every filter, every order, page by page, and what people type."""

from __future__ import annotations

import base64
from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy import event

from hilum.errors import FilterInvalid
from hilum.worklist.migrating import migrate
from hilum.worklist.search import (
    Sort,
    StudyFilter,
    count_by_state,
    count_groups,
    earlier_studies,
    find_studies,
    neighbours,
    sites,
    study,
)
from hilum.worklist.states import Opinion, Origin, State
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.tables import Patient, Study
from hilum.worklist.wording import folded

NAMES = ("Élodie Tshala", "Mary Achieng", "John 50% Otieno", "")


@pytest.fixture
def filled(station):
    """Twelve studies a day apart: four patients, three sites, and every third without a score."""
    with station.database.writing() as session:
        patients = [Patient(patient_id=f"K{n}", issuer="", name=name, folded=folded(f"K{n}", name))
                    for n, name in enumerate(NAMES)]  # fmt: skip
        session.add_all(patients)
        session.flush()
        for n in range(12):
            score = None if n % 3 == 0 else float(n // 2 * 10)
            session.add(Study(
                study_uid=f"1.2.{n}", state=State.QUEUED if score is None else State.SCORED,
                state_since=station.now(), origin=Origin.UPLOAD, patient_key=patients[n % 4].id,
                accession=f"A{n:03}", age_years=10.0 * n, site=("Masina", "Lukala", "")[n % 3],
                received_at=station.now() + timedelta(days=n), priority=n % 2, score=score,
                is_flagged=None if score is None else score >= 30,
                opinion=Opinion.NORMAL if n == 4 else None, refusal_code="blank" if n == 3 else None,
            ))  # fmt: skip
            session.flush()
    return station


def found(station, wanted=StudyFilter(), sort=Sort.OLDEST) -> list[int]:  # noqa: B008
    """Numbers of the studies, counted from 0."""
    with station.database.reading() as session:
        return [one.id - 1 for one in find_studies(session, wanted, sort, limit=100).studies]


@pytest.mark.parametrize(("wanted", "numbers"), [
    (StudyFilter(), list(range(12))),
    (StudyFilter(states=[State.QUEUED]), [0, 3, 6, 9]),
    (StudyFilter(is_flagged=True), [7, 8, 10, 11]),
    (StudyFilter(is_flagged=False), [1, 2, 4, 5]),
    (StudyFilter(refusal_codes=["blank"]), [3]),
    (StudyFilter(sites=["Lukala"]), [1, 4, 7, 10]),
    (StudyFilter(received_from=date(2026, 11, 26), received_to=date(2026, 11, 27)), [2, 3]),
    (StudyFilter(received_to=date.max, received_from=date(2026, 12, 5)), [11]),
    (StudyFilter(age_from=20, age_to=40), [2, 3, 4]),
    (StudyFilter(score_from=50), [10, 11]),
    (StudyFilter(opinions=[Opinion.NORMAL]), [4]),
    (StudyFilter(has_opinion=False, states=[State.SCORED]), [1, 2, 5, 7, 8, 10, 11]),
    (StudyFilter(origins=[Origin.DICOM]), []),
    (StudyFilter(patient_key=2), [1, 5, 9]),
    (StudyFilter(upload_id=1), []),
])  # fmt: skip
def test_a_filter_lets_through_what_it_says(filled, wanted, numbers):
    """Each field alone, and two together."""
    assert found(filled, wanted) == numbers


@pytest.mark.parametrize(("text", "numbers"), [
    ("tshala", [0, 4, 8]),
    ("ELODIE", [0, 4, 8]),
    ("achieng mary", [1, 5, 9]),
    ("k1", [1, 5, 9]),
    ("50%", [2, 6, 10]),  # no wildcard
    ("%", [2, 6, 10]),
    ("_", []),
    ("A003", [3]),
    ("A00", list(range(10))),
    ("7", [6]),  # the study number
    ("nobody", []),
    ("\0", []),
    ("'; DROP TABLE study; --", []),
    ("9" * 40, []),
    ("٣", []),  # a digit, and no number of ours
])  # fmt: skip
def test_text_is_found_in_names_identifiers_and_numbers(filled, text, numbers):
    """Without case and accents; what is hostile finds nothing."""
    expected = list(range(12)) if text == "\0" else numbers

    assert found(filled, StudyFilter(text=text)) == expected


@pytest.mark.parametrize(("sort", "numbers"), [
    (Sort.NEWEST, list(range(11, -1, -1))),
    (Sort.OLDEST, list(range(12))),
    (Sort.HIGHEST, [11, 10, 8, 7, 5, 4, 2, 1, 9, 6, 3, 0]),
    (Sort.LOWEST, [0, 3, 6, 9, 1, 2, 4, 5, 7, 8, 10, 11]),
    (Sort.PRIORITY, [1, 3, 5, 7, 9, 11, 0, 2, 4, 6, 8, 10]),
])  # fmt: skip
def test_an_order_is_the_same_on_both_databases(filled, sort, numbers):
    """Studies without a score come last by highest, and first by lowest."""
    assert found(filled, sort=sort) == numbers


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_hold_each_study_once(filled, sort):
    """Page by page the list is the whole list."""
    gathered, after = [], None
    for _ in range(10):
        with filled.database.reading() as session:
            page = find_studies(session, StudyFilter(), sort, after=after, limit=5)
        gathered += [one.id - 1 for one in page.studies]
        after = page.after
        if after is None:
            break

    assert gathered == found(filled, sort=sort)


def test_a_study_that_arrives_meanwhile_moves_no_other(filled):
    """The second page begins where the first one ended."""
    with filled.database.reading() as session:
        first = find_studies(session, StudyFilter(), Sort.NEWEST, limit=5)
    with filled.database.writing() as session:
        session.add(Study(study_uid="9.9", state=State.QUEUED, state_since=filled.now(), origin=Origin.API,
                          received_at=filled.now() + timedelta(days=99)))  # fmt: skip

    with filled.database.reading() as session:
        second = find_studies(session, StudyFilter(), Sort.NEWEST, limit=5, after=first.after)
    assert [one.id - 1 for one in second.studies] == [6, 5, 4, 3, 2]


@pytest.mark.parametrize("after", ["", "x", "bm9wZQ", "WyJuZXdlc3QiLDEsMl0", "é", "W10", "bnVsbA"])
def test_a_page_that_is_none_is_refused(filled, after):
    """What comes from an address bar may be anything."""
    with pytest.raises(FilterInvalid), filled.database.reading() as session:
        find_studies(session, StudyFilter(), Sort.NEWEST, after=after)


@pytest.mark.parametrize(("sort", "place"), [
    (Sort.NEWEST, '["newest", "2026-01-01T00:00:00", 1]'),  # of no zone
    (Sort.NEWEST, '["newest", "0001-01-01T00:00:00+14:00", 1]'),  # before the first year
    (Sort.NEWEST, '["newest", "9999-12-31T23:00:00-12:00", 1]'),  # after the last
    (Sort.NEWEST, '["newest", 1, 1]'),
    (Sort.HIGHEST, '["highest", NaN, 1]'),
    (Sort.HIGHEST, '["highest", 1e400, 1]'),
    (Sort.HIGHEST, "[" * 40_000),
])  # fmt: skip
def test_a_place_that_no_study_can_have_is_refused(filled, sort, place):
    """Well written, and still none of ours."""
    after = base64.urlsafe_b64encode(place.encode()).decode()

    with pytest.raises(FilterInvalid), filled.database.reading() as session:
        find_studies(session, StudyFilter(), sort, after=after)


def test_a_page_of_another_order_is_refused(filled):
    """Its place means nothing here."""
    with filled.database.reading() as session:
        after = find_studies(session, StudyFilter(), Sort.NEWEST, limit=5).after
        with pytest.raises(FilterInvalid):
            find_studies(session, StudyFilter(), Sort.HIGHEST, after=after)


def test_counts_hold_every_state(filled):
    """The states of the filter itself are left aside, so that tabs can show them all."""
    with filled.database.reading() as session:
        counts = count_by_state(session, StudyFilter(states=[State.READ], sites=["Masina"]))

    assert (counts[State.QUEUED], counts[State.SCORED], len(counts)) == (4, 0, len(State))


def test_counts_tell_apart_what_was_read_and_what_was_refused(filled):
    """One of the eight scored has a verdict, and one of the four that wait a refusal of before."""
    with filled.database.reading() as session:
        groups = count_groups(session, StudyFilter(states=[State.READ]))

    assert {(group.state, group.has_opinion, group.refusal_code): group.n for group in groups} == {
        (State.QUEUED, False, None): 3,
        (State.QUEUED, False, "blank"): 1,
        (State.SCORED, False, None): 7,
        (State.SCORED, True, None): 1,
    }


@pytest.mark.parametrize(("wanted", "sort"), [
    (StudyFilter(), Sort.HIGHEST),
    (StudyFilter(is_flagged=True), Sort.HIGHEST),
    (StudyFilter(is_flagged=False), Sort.NEWEST),
    (StudyFilter(sites=["Masina"]), Sort.HIGHEST),
    (StudyFilter(states=[State.SCORED]), Sort.OLDEST),
])  # fmt: skip
def test_an_index_gives_the_order_of_a_list(station, wanted, sort):
    """Of the lists that people have open all day; sorting 100,000 rows for each page of 50 would be felt."""
    if not station.database.is_sqlite:
        pytest.skip("PostgreSQL chooses by what the tables hold, and these are empty")

    assert not any(
        "B-TREE" in step for step in plan(station, lambda session: find_studies(session, wanted, sort))
    )


@pytest.mark.parametrize(
    "wanted", [StudyFilter(), StudyFilter(is_flagged=True), StudyFilter(sites=["Masina"])]
)
def test_an_index_counts_without_a_look_at_the_rows(station, wanted):
    """The tabs' numbers stand on every page."""
    if not station.database.is_sqlite:
        pytest.skip("PostgreSQL chooses by what the tables hold, and these are empty")
    steps = plan(station, lambda session: count_groups(session, wanted))

    assert [step for step in steps if "COVERING INDEX" not in step] == []


def plan(station, ask) -> list[str]:
    """The steps that SQLite takes for a question."""
    asked = []
    with station.database.reading() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        ask(session)
        return [
            row[3] for statement, values in list(asked)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]  # fmt: skip


def test_a_study_knows_its_neighbours(filled):
    """For the page's arrows, in the order of the list."""
    with filled.database.reading() as session:
        middle, first = study(session, 5), study(session, 12)
        assert neighbours(session, middle, StudyFilter(), Sort.NEWEST) == (6, 4)
        assert neighbours(session, first, StudyFilter(), Sort.NEWEST) == (None, 11)


def test_a_patient_s_other_studies_are_found(filled):
    """The newest first; a study without a patient has none."""
    with filled.database.reading() as session:
        assert [one.id - 1 for one in earlier_studies(session, study(session, 6))] == [9, 1]


def test_sites_are_listed_once(filled):
    """For the filter's list."""
    with filled.database.reading() as session:
        assert sites(session) == ["Lukala", "Masina"]


@pytest.mark.parametrize("number", [0, -1, 999, 2**40])
def test_a_number_that_no_study_has_is_nothing(filled, number):
    """However large."""
    with filled.database.reading() as session:
        assert study(session, number) is None


@pytest.fixture
def icu_station(postgres, tmp_path):
    """A station on a database that orders words as English does, with letter case looked at last."""
    name = "hilum_english"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'"
        )
    opened = Station(StationSettings(tmp_path / "station", database_url=postgres.url(name)))
    migrate(opened.database)
    yield opened
    opened.close()
    postgres.drop_database(name)


@pytest.mark.parametrize(("text", "numbers"), [("R-1", [1, 2]), ("R-", [1, 2, 3]), ("r-", [4]), ("R1", [])])
def test_the_start_of_an_accession_is_found_whatever_the_language(icu_station, text, numbers):
    """English puts "r-1" between "R-1" and "R-2", and "R1" beside "R-1"; a prefix knows bytes alone."""
    with icu_station.database.writing() as session:
        for number, accession in enumerate(("R-1", "R-1\U0001f600é", "R-2", "r-1", "S-1"), start=1):
            session.add(Study(
                id=number, study_uid=f"1.2.{number}", state=State.QUEUED, state_since=icu_station.now(),
                origin=Origin.UPLOAD, accession=accession, received_at=icu_station.now(),
            ))  # fmt: skip

    with icu_station.database.reading() as session:
        listed = find_studies(session, StudyFilter(text=text), Sort.OLDEST, limit=100).studies
    assert sorted(one.id for one in listed) == numbers
