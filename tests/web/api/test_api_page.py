"""The API's own page: what it tells of every call, and that it reads like the other pages."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from hilum.web.api.reading import calls, marked, records
from hilum.worklist.states import Role


@pytest.fixture
def description(app: FastAPI) -> dict:
    """The station's own."""
    return app.openapi()


def test_a_forms_fields_are_told_at_its_call(description):
    """Who sends a film learns what may go with it, and what must."""
    (score,) = (call for call in calls(description) if call.path == "/api/v1/score")
    fields = {line.name: (line.kind, line.meaning) for line in score.body}

    assert score.body_kind == "multipart/form-data"
    assert list(fields) == ["file", "age_years", "sex", "site", "patient_id"]
    assert fields["file"] == ("file", "<b>Needed.</b> PNG, JPEG, or DICOM.")
    assert fields["age_years"][1] == "Where the file does not tell. 0 to 130."


def test_every_record_that_is_named_is_on_the_page(browser):
    """A link to what a call takes or gives leads there."""
    page = browser(Role.READER).get("/api/v1/docs").text
    wanted, there = set(re.findall(r'href="#([^"]+)"', page)), set(re.findall(r'id="([^"]+)"', page))

    assert {"ScoreOut", "StudyOut", "Problem"} <= wanted
    assert wanted <= there | {"content"}


def test_every_record_has_fields_or_words(description):
    """None is a name alone."""
    assert [record.name for record in records(description) if not record.fields and not record.words] == []


def test_the_page_has_the_bar_and_the_colours_of_the_others(browser):
    """The way back to the worklist, and dark where the visitor has chosen it; the words stay English."""
    reader = browser(Role.READER)
    reader.cookies.set("hilum-theme", "dark")
    reader.cookies.set("hilum-language", "ar")
    page = reader.get("/api/v1/docs").text

    assert 'href="/worklist"' in page
    assert 'data-theme="dark"' in page
    assert '<div class="api" lang="en" dir="ltr">' in page


def test_what_stands_between_backticks_is_code():
    """And what looks like markup in a description is not."""
    assert marked("Send `a<b>` as <i>text</i>.") == "Send <code>a&lt;b&gt;</code> as &lt;i&gt;text&lt;/i&gt;."
