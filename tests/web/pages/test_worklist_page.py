"""The worklist's page: what it shows, to whom, and what its address asks for."""

from __future__ import annotations

import re

import pytest

from hilum.worklist.states import Role
from hilum.worklist.station_settings import choose_setting


def rows(text: str) -> list[int]:
    """The numbers of the studies in a page, in its order."""
    return [int(number) for number in re.findall(r'id="row-(\d+)"', text)]


def tab_counts(text: str) -> dict[str, str]:
    """Of each part of the list, by the word that it goes by."""
    return dict(re.findall(r">([^<>]+) <span class=\"count\">(\d+)</span>", text))


def test_the_highest_score_stands_first(browser, add_study):
    """So the list opens until a manager chooses another order."""
    low, high, refused = add_study(score=10.0), add_study(score=90.0), add_study(score=None, refusal="blank")
    page = browser(Role.READER).get("/worklist").text

    assert rows(page) == [high, low, refused]


def test_a_filter_stands_in_the_address_and_in_the_form(browser, add_study):
    """Only the studies that fit are listed, and the form shows what was asked for."""
    here = add_study(site="Hill", score=50.0)
    add_study(site="River", score=50.0)
    add_study(site="Hill", score=10.0)
    page = browser(Role.READER).get("/worklist?site=Hill&flag=yes&sort=oldest").text

    assert rows(page) == [here]
    assert '<option value="Hill" selected>' in page
    assert '<option value="oldest" selected>' in page


def test_a_value_that_cannot_be_is_told_by_its_field(browser):
    """A list that left it aside would show more than was asked for."""
    answer = browser(Role.READER).get("/worklist?state=sleeping")

    assert answer.status_code == 422
    assert "state" in answer.text


def test_a_manager_sees_no_name_and_no_identifier(browser, add_study):
    """The role answers for the programme, not for a patient."""
    add_study(patient="MARY-1", name="Mary Achieng")
    reader, manager = browser(Role.READER).get("/worklist").text, browser(Role.MANAGER).get("/worklist").text

    assert "Mary Achieng" in reader
    assert "MARY-1" in reader
    assert "Mary" not in manager
    assert "MARY" not in manager


def test_a_manager_finds_no_study_by_a_name(browser, add_study):
    """Nor is the list of an unknown name told from that of a known one, in pages and tables alike."""
    number = add_study(patient="MARY-1", name="Mary Achieng", accession="ACC-1")
    manager = browser(Role.MANAGER)
    guesses = ("Mary", "MARY-1", "ACC-1")

    assert [rows(manager.get(f"/worklist?q={guess}").text) for guess in guesses] == [[], [], []]
    assert not any(f"{number}," in manager.get(f"/worklist/export?q={guess}").text for guess in guesses)
    assert rows(manager.get(f"/worklist?q={number}").text) == [number]


def test_a_manager_is_told_ninety_of_all_who_are_older(browser, add_study):
    """In the list, the study, its report, and by no filter: 45 CFR 164.514(b)(2)(i)(C)."""
    older, oldest, _ = add_study(age_years=94.0), add_study(age_years=97.0), add_study(age_years=50.0)
    manager, reader = browser(Role.MANAGER), browser(Role.READER)
    pages = ("worklist", f"studies/{oldest}", f"studies/{oldest}/report")
    told = re.compile(r"\b97( years|\s*</td>)")
    filters = ("age_from=95", "age_from=91&age_to=93", "age_from=60&age_to=90")

    assert not any(told.search(manager.get(f"/{page}").text) for page in pages)
    assert all(told.search(reader.get(f"/{page}").text) for page in pages)
    assert all(set(rows(manager.get(f"/worklist?{one}").text)) == {older, oldest} for one in filters)
    assert rows(reader.get("/worklist?age_from=95").text) == [oldest]


def test_a_name_is_shown_as_text(browser, add_study):
    """A header may hold anything, a script too."""
    add_study(patient="<script>alert(1)</script>", name='"><img src=x onerror=alert(1)>')
    page = browser(Role.READER).get("/worklist").text

    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_next_page_goes_on_where_the_first_ended(browser, add_study):
    """No study is on both pages, and none is left out."""
    added = [add_study(score=float(number)) for number in range(60)]
    reader = browser(Role.READER)
    first = reader.get("/worklist").text
    address = re.search(r'rel="next" href="([^"]+)"', first)
    assert address is not None
    second = reader.get(address[1].replace("&amp;", "&")).text

    assert rows(first) + rows(second) == added[::-1]


def test_tabs_count_the_whole_filter(browser, add_study):
    """Two at the site wait to be read and one has no score, whatever tab is open."""
    add_study(site="Hill"), add_study(site="River"), add_study(site="Hill", score=None, refusal="blank")
    page = browser(Role.READER).get("/worklist?site=Hill&score=none").text

    assert tab_counts(page) == {"All": "2", "Waiting": "0", "To read": "2", "Read": "0", "No score": "1"}


@pytest.mark.parametrize("is_blind", [False, True])
def test_the_tab_without_scores_holds_those_that_were_read(browser, add_study, station, is_blind):
    """A film to be repeated has no score before its verdict and after it; the count is that of the list."""
    refused, _scored = add_study(score=None, refusal="blank"), add_study()
    with station.database.writing() as session:
        choose_setting(session, "is_blind", is_blind, who="test", now=station.now())
    reader = browser(Role.READER)
    reader.post(f"/studies/{refused}/verdict", data={"opinion": "repeat-film"})
    address = re.search(r'href="(/worklist[?][^"]+)">No score', reader.get("/worklist").text)
    assert address is not None
    page = reader.get(address[1].replace("&amp;", "&")).text

    assert rows(page) == [refused]
    assert re.search(r'aria-current="page">No score', page)
    assert tab_counts(page) == {"All": "2", "Waiting": "0", "To read": "1", "Read": "1", "No score": "1"}


def test_blind_reading_hides_scores_flags_and_their_order(browser, add_study, set_blind):
    """A reader gets the list by age without a score in it; a radiographer, who gives no verdict, gets all."""
    first, second = add_study(score=11.7), add_study(score=93.4)
    reader = browser(Role.READER).get("/worklist?sort=highest&flag=yes").text

    assert rows(reader) == [first, second]
    assert not re.search(r"11\.7|93\.4|score-line|Flagged", reader)
    assert "93.4" in browser(Role.RADIOGRAPHER).get("/worklist").text


def test_ticked_studies_are_queued_again(browser, add_study, station):
    """The list comes back with the number of those that were, and of those that could not be."""
    scored, waiting = add_study(), add_study(score=None)
    answer = browser(Role.RADIOGRAPHER).post(
        "/worklist/queue-again", data={"study": [scored, waiting], "query": "sort=oldest"}
    )

    assert answer.headers["location"] == "/worklist?sort=oldest&done=1&refused=1"


def test_a_row_is_sent_by_itself(browser, add_study):
    """For the page that was told of a change."""
    number = add_study()
    answer = browser(Role.READER).get(f"/worklist/studies/{number}?sort=oldest")

    assert rows(answer.text) == [number]
    assert "<html" not in answer.text


def test_a_row_is_found_by_its_number_alone(browser, add_study):
    """However many newer studies have the number in their patient's; empty where there is no such study."""
    number = add_study(patient="K", name="Mary")
    for other in range(51):
        add_study(patient=f"{number}-{other}")
    reader = browser(Role.READER)

    answer = reader.get(f"/worklist/studies/{number}")
    assert rows(answer.text) == [number]
    assert "Mary" in answer.text
    assert rows(reader.get("/worklist/studies/99999999999").text) == []


def test_a_service_account_gets_the_list_only_with_its_right(program, add_study):
    """A token is a visitor as any other."""
    add_study(patient="MARY-1", name="Mary")
    answer = program(Role.SERVICE).get("/worklist")

    assert answer.status_code == 200
    assert "Mary" not in answer.text
