"""The screening page shows where and how sure: sentence, zones, what is ruled out, spread, and empty maps."""

from __future__ import annotations

import re

import pytest

from bundles import write_tiny_bundle
from hilum.findings import Zone
from hilum.inference.predictor import NOT_LOCALISED
from hilum.inference.row import KEYS, ZONE_KEYS
from hilum.reports.screening import ScreeningPage

PERSON = '<p class="person">A person must read this film</p>'
CHANCES = dict(zip((ZONE_KEYS[zone] for zone in Zone), (0.91, 0.4, 0.1, 0.34, 0.5, 0.05), strict=True))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The tiny bundle."""
    return write_tiny_bundle(tmp_path_factory.mktemp("page") / "tiny")


@pytest.fixture
def page(bundle) -> ScreeningPage:
    """An empty page at a threshold of 0.5."""
    return ScreeningPage(bundle, threshold=0.5)


def scored(**cells):
    """A flagged film's row, with cells changed."""
    blank = dict.fromkeys(KEYS) | {"file": "film.png", "status": "scored", "threshold": 0.5, "seconds": 0.1}
    return blank | {"score": 80.0, "probability": 0.8, "flagged": True} | cells


def zone_table(html):
    """The rows of the zone table: name, right, left, as shown."""
    body = re.search(r"<caption>Lung zones of the patient</caption>(.*?)</table>", html, re.DOTALL).group(1)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', body, re.DOTALL)
    return {name: re.findall(r">([\d.]+)</td>", cells) for name, cells in rows}


def test_the_sentence_of_the_row_is_on_the_page_as_text(page):
    """A clinician reads it as it stands in the table; it cannot be markup."""
    page.add(scored(sentence="Score 80.0. <b>Right</b> upper zone 0.91."))

    assert "Score 80.0. &lt;b&gt;Right&lt;/b&gt; upper zone 0.91." in page.html(seconds=1.0)


def test_zones_stand_as_on_the_film_with_headers(page):
    """The patient's right is the left column; upper is the first row; each header has a scope."""
    page.add(scored(**CHANCES))
    html = page.html(seconds=1.0)

    assert zone_table(html) == {
        "Upper": ["0.91", "0.34"],
        "Middle": ["0.40", "0.50"],
        "Lower": ["0.10", "0.05"],
    }
    assert '<th scope="col">Right</th><th scope="col">Left</th>' in html


def test_zones_at_the_threshold_are_marked_by_more_than_colour(page):
    """0.91 and 0.50 reach 0.5 and are bold and framed; 0.40 is not."""
    page.add(scored(**CHANCES))
    html = page.html(seconds=1.0)

    assert re.findall(r'class="zone above"[^>]*>([\d.]+)<', html) == ["0.91", "0.50"]
    assert "numbers in bold, framed, reach the threshold" in html


def test_a_film_without_zones_has_no_table(page):
    """A bundle without a crop to the lungs has none, and the page explains none."""
    page.add(scored())
    html = page.html(seconds=1.0)

    assert "<caption>Lung zones" not in html
    assert "A zone is a third" not in html


def test_a_film_that_a_person_must_read_stands_out(page):
    """It has the words, can be asked for, and is counted; one that is ruled out has not."""
    page.add(scored(certainty="both", error_rate=0.1))
    page.add(scored(certainty="abnormal", error_rate=0.1))
    html = page.html(seconds=1.0)

    assert html.count(PERSON) == 1
    assert html.count('class="film flagged open"') == 1
    assert "<b>1</b><span>that a person must read" in html
    assert '<option value="open">' in html
    assert "wrong for at most 10 % of films" in html


def test_a_bundle_without_limits_rules_nothing_out(page):
    """No count of films left to a person, no choice for them, and no promise."""
    page.add(scored())
    html = page.html(seconds=1.0)

    assert "that a person must read" not in html
    assert "wrong for at most" not in html


def test_a_film_without_a_map_says_so_beside_the_picture(page):
    """The bare film has no colour bar, and its note is not said twice."""
    page.add(scored(), picture="heat-maps/a.png", notes=(NOT_LOCALISED,))
    html = page.html(seconds=1.0)

    assert f"No map. {NOT_LOCALISED}" in html
    assert html.count(NOT_LOCALISED) == 1
    assert '<span class="scale-bar"' not in html
    assert 'alt="the film; nothing localised"' in html


def test_a_map_has_its_scale_beside_it_in_per_cent_of_its_own_peak(page):
    """With numbers, and in words above that say what they are not."""
    page.add(scored(), picture="heat-maps/a.png")
    html = page.html(seconds=1.0)

    assert '<span class="scale-bar" aria-hidden="true">' in html
    assert "<span>100 %</span><span>of its peak</span><span>15 %</span>" in html
    assert "in per cent of that film’s own peak" in html
    assert "they are no probabilities" in html
    assert 'alt="the film with its heat map"' in html


def test_without_pictures_nothing_is_said_of_maps(page):
    """A run without heat maps does not claim that nothing was localised."""
    page.add(scored())

    assert "No map." not in page.html(seconds=1.0)


def test_members_that_differ_say_by_how_much(page):
    """A spread of 0.046 is 4.6 points; a single member has none."""
    page.add(scored(spread=0.046))
    page.add(scored())

    assert page.html(seconds=1.0).count("members differ by 4.6 points (standard deviation)") == 1
