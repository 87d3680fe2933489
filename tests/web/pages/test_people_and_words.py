"""One word a thing: pages and case reports say the same, and people go by their names."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from hilum.reports import case_report
from hilum.web.pages import names
from hilum.worklist.states import Role
from hilum.worklist.tables import Person


def test_pages_and_case_reports_have_one_word_for_verdicts_and_tests():
    """Whoever reads both must not wonder whether they mean the same."""
    assert {str(opinion): word for opinion, word in names.OPINIONS.items()} == case_report.OPINIONS
    assert names.TESTS == case_report.TESTS


def test_a_reader_stands_beside_a_verdict_by_name(browser, add_study, station):
    """With the login, on the study and in the programme."""
    study = add_study(received_at=station.now())
    reader = browser(Role.ADMINISTRATOR)
    reader.post(f"/studies/{study}/verdict", data={"opinion": "normal"})
    with station.database.writing() as session:
        session.execute(update(Person).values(name="Dr Ada Okoye"))

    assert "Dr Ada Okoye (" in reader.get(f"/studies/{study}").text
    assert "Dr Ada Okoye (" in reader.get("/programme").text


def test_the_newest_day_stands_first(browser, add_study, station):
    """In the table by day, which a phone shows from its top."""
    now = station.now()
    add_study(received_at=now - timedelta(days=3)), add_study(received_at=now)
    page = browser(Role.ADMINISTRATOR).get("/programme").text
    rows = page.partition("<tbody>")[2]
    days = [f"{(now - timedelta(days=ago)).day} " for ago in (0, 3)]

    assert rows.index(f'"row">{days[0]}') < rows.index(f'"row">{days[1]}')


def test_a_missing_page_says_so_once(browser):
    """The heading says it; the server's own two words are not repeated below."""
    page = browser(Role.READER).get("/nothing").text

    assert "There is no such page" in page
    assert "Not Found" not in page
