"""Adding films by page: with a script, one a request, and without, all in one form."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from hilum.worklist.states import Role


def png() -> bytes:
    """A small picture."""
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_form_alone_takes_films_and_tells_of_those_it_refused(browser):
    """Without script the answer is the page of the upload."""
    files = [("films", ("a.png", png())), ("films", ("letter.txt", b"Dear colleague"))]
    page = browser(Role.RADIOGRAPHER).post("/upload", files=files, data={"age": "44"}).text

    assert page.count('class="line"') == 1
    assert "letter.txt" in page
    assert "Send the film itself: PNG, JPEG, or DICOM." in page


def test_a_script_sends_one_film_a_request(browser):
    """The answer is the film's line, for the page that stands."""
    radiographer = browser(Role.RADIOGRAPHER)
    upload = radiographer.post("/upload/open").json()["upload"]
    answer = radiographer.post(f"/upload/{upload}", files={"films": ("a.png", png())})

    assert answer.text.count("data-study=") == 1
    assert "<html" not in answer.text
    assert radiographer.get(f"/upload/{upload}/lines").text.count("data-study=") == 1


def test_a_film_that_was_here_is_told_as_such(browser):
    """It is the same study, and says so."""
    radiographer = browser(Role.RADIOGRAPHER)
    for _ in range(2):
        page = radiographer.post("/upload", files={"films": ("a.png", png())}).text

    assert "This film was here already." in page


def test_nobody_adds_to_anothers_upload(people):
    """Its lines would show them the other's films."""
    upload = people.browser(Role.RADIOGRAPHER, "ann").post("/upload/open").json()["upload"]
    answer = people.browser(Role.RADIOGRAPHER, "ben").post(
        f"/upload/{upload}", files={"films": ("a.png", png())}
    )

    assert answer.status_code == 404


def test_an_empty_form_takes_nothing(browser):
    """A browser sends a field without a file."""
    answer = browser(Role.RADIOGRAPHER).post("/upload", files={"films": ("", b"")})

    assert answer.status_code == 200
    assert 'class="line"' not in answer.text


def test_an_age_that_is_none_is_told(browser):
    """No film is taken with a wrong age beside it."""
    answer = browser(Role.RADIOGRAPHER).post(
        "/upload", files={"films": ("a.png", png())}, data={"age": "old"}
    )

    assert answer.status_code == 422
    assert "an age is 0 to 130 years" in answer.text


def test_the_sex_of_the_form_is_taken(browser):
    """The form's values are the tables' own."""
    answer = browser(Role.RADIOGRAPHER).post("/upload", files={"films": ("a.png", png())}, data={"sex": "F"})

    assert answer.status_code == 200


def test_a_manager_adds_no_films(browser):
    """The role does not have the right."""
    assert browser(Role.MANAGER).get("/upload").status_code == 403


def test_a_page_that_waits_loads_itself_again_without_script(browser):
    """Until every study is finished."""
    page = browser(Role.RADIOGRAPHER).post("/upload", files={"films": ("a.png", png())}).text

    assert '<noscript><meta http-equiv="refresh"' in page
