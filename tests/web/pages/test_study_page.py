"""A study's page: what it says, what is hidden, and what people add."""

from __future__ import annotations

from sqlalchemy import select

from hilum.worklist.states import Role
from hilum.worklist.tables import Study, TestResult, Verdict


def test_a_reading_is_told_in_words_with_its_zones(browser, add_study):
    """The score against its threshold, the zone that stands out, and what is ruled out."""
    page = browser(Role.READER).get(f"/studies/{add_study(score=91.5)}").text

    assert "Score 91.5, at or above the threshold of 35.0: consistent with TB." in page
    assert "Right upper zone 0.90." in page
    assert "Unlike 90% of normal films." in page


def test_a_refusal_is_told_with_what_to_do(browser, add_study):
    """The measurement and the advice, in the visitor's language."""
    number = add_study(score=None, refusal="no-lungs")
    reader = browser(Role.READER)
    english = reader.get(f"/studies/{number}").text
    french = reader.get(f"/studies/{number}", headers={"Accept-Language": "fr"}).text

    assert "No lungs were found; is this a frontal chest film?" in english
    assert "Look at the film: is it a frontal chest film?" in english
    assert "Aucun poumon trouvé ; est-ce un cliché du thorax de face ?" in french
    assert "frontal chest" not in french


def test_blind_reading_hides_all_that_the_machine_said(browser, add_study, set_blind, station):
    """Before the own verdict nothing of it is in the source; after it everything is."""
    number = add_study(score=91.5)
    reader = browser(Role.READER)
    before = reader.get(f"/studies/{number}").text
    reader.post(f"/studies/{number}/verdict", data={"opinion": "normal", "zone": ["left upper"]})
    after = reader.get(f"/studies/{number}").text

    assert not any(
        word in before for word in ("91.5", "0.90", "lung-right", "overlay=", "big-score", "chip flagged")
    )
    assert "91.5" in after


def test_a_blind_verdict_is_kept_as_one(browser, add_study, set_blind, station):
    """Only the first of a reader is blind: they have seen the score before the second."""
    number = add_study()
    reader = browser(Role.READER)
    for opinion in ("normal", "tb-consistent"):
        reader.post(f"/studies/{number}/verdict", data={"opinion": opinion})
    with station.database.reading() as session:
        given = session.scalars(select(Verdict).order_by(Verdict.id)).all()

    assert [verdict.score_was_shown for verdict in given] == [False, True]


def test_one_readers_verdict_opens_nothing_for_another(people, add_study, set_blind):
    """Each reads blind for themselves, and does not see the other's opinion either."""
    number = add_study(score=91.5)
    first, second = people.browser(Role.READER, "ann"), people.browser(Role.READER, "ben")
    first.post(f"/studies/{number}/verdict", data={"opinion": "other-abnormality", "comment": "nodule"})
    page = second.get(f"/studies/{number}").text

    assert "91.5" not in page
    assert "nodule" not in page


def test_blind_reading_refuses_report_and_heat_map(browser, add_study, set_blind):
    """An address typed by hand tells no more than the page."""
    number = add_study()
    reader = browser(Role.READER)
    answers = [
        reader.get(f"/studies/{number}/{name}")
        for name in ("report", "report.pdf", "readings/1/heat-map.png")
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_a_verdict_needs_one_of_the_four_opinions(browser, add_study):
    """An empty form is told in words, and nothing is kept."""
    answer = browser(Role.READER).post(f"/studies/{add_study()}/verdict", data={"opinion": "maybe"})

    assert answer.status_code == 422
    assert "choose one of the four verdicts" in answer.text


def test_a_waiting_study_takes_no_verdict(browser, add_study):
    """Its form is not there, and the address refuses."""
    number = add_study(score=None)
    reader = browser(Role.READER)

    assert 'id="verdict"' not in reader.get(f"/studies/{number}").text
    assert reader.post(f"/studies/{number}/verdict", data={"opinion": "normal"}).status_code == 409


def test_a_radiographer_gives_no_verdict(browser, add_study):
    """The form is not there, and the address refuses."""
    number = add_study()
    radiographer = browser(Role.RADIOGRAPHER)

    assert 'id="verdict"' not in radiographer.get(f"/studies/{number}").text
    assert radiographer.post(f"/studies/{number}/verdict", data={"opinion": "normal"}).status_code == 403


def test_a_verdict_without_the_sessions_token_is_refused(browser, add_study):
    """Another site cannot give it in a reader's name."""
    reader = browser(Role.READER)
    del reader.headers["X-CSRF-Token"]

    assert reader.post(f"/studies/{add_study()}/verdict", data={"opinion": "normal"}).status_code == 403


def test_the_verdict_leads_to_the_next_study_of_the_list(browser, add_study):
    """In the order of the list that the reader came from."""
    first, second = add_study(score=90.0), add_study(score=80.0)
    answer = browser(Role.READER).post(
        f"/studies/{first}/verdict", data={"opinion": "normal", "then": "next", "list": "sort=highest"}
    )

    assert answer.headers["location"] == f"/studies/{second}?list=sort%3Dhighest"


def test_a_tests_result_is_entered(browser, add_study, station):
    """With its day; the study carries a copy."""
    number = add_study()
    browser(Role.RADIOGRAPHER).post(
        f"/studies/{number}/test-result",
        data={"test": "xpert", "result": "positive", "taken_on": "2026-11-02"},
    )
    with station.database.reading() as session:
        entered = session.scalars(select(TestResult)).one()
        study = session.get(Study, number)

    assert (entered.test, entered.result, str(entered.taken_on)) == ("xpert", "positive", "2026-11-02")
    assert study is not None
    assert study.test_result == "positive"


def test_an_unknown_study_is_told_in_words(browser):
    """With its status, and a way back."""
    answer = browser(Role.READER).get("/studies/999999")

    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_other_studies_of_the_patient_can_stand_beside(browser, add_study, station):
    """Their films are shown in a second viewer."""
    now, before = add_study(patient="MARY"), add_study(patient="MARY-AGAIN")
    with station.database.writing() as session:
        session.get_one(Study, before).patient_key = session.get_one(Study, now).patient_key
    page = browser(Role.READER).get(f"/studies/{now}?beside={before}").text

    assert page.count("<film-viewer") == 2
    assert f'film="/studies/{before}/films/' in page


def test_the_case_report_is_made_and_the_trail_says_so(browser, add_study):
    """As PDF and as a page with a policy of its own."""
    number = add_study()
    reader = browser(Role.READER)
    pdf, page = reader.get(f"/studies/{number}/report.pdf"), reader.get(f"/studies/{number}/report")

    assert pdf.content.startswith(b"%PDF")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Case report made" in reader.get(f"/studies/{number}").text
