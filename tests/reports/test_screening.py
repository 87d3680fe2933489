"""The page over a screening: counts, the right films, and no markup from file names."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from bundles import write_tiny_bundle
from hilum.inference.bundle import read_bundle
from hilum.inference.predictor import AGE_UNKNOWN
from hilum.inference.row import KEYS
from hilum.reports import screening
from hilum.reports.card_excerpt import CardExcerpt, card_excerpt
from hilum.reports.page import RESEARCH_USE
from hilum.reports.screening import ScreeningPage

BLANK_ROW = dict.fromkeys(KEYS) | {"threshold": 0.5, "seconds": 0.1, "bundle": "tiny 0.1"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The tiny bundle."""
    return write_tiny_bundle(tmp_path_factory.mktemp("page") / "tiny")


@pytest.fixture
def page(bundle) -> ScreeningPage:
    """An empty page at the bundle's own cut."""
    return ScreeningPage(bundle, threshold=0.5)


def scored(probability: float, file: str = "film.png") -> dict[str, object]:
    """A scored film's row."""
    score, flagged = round(100 * probability, 1), probability >= 0.5
    return dict(BLANK_ROW, file=file, status="scored", score=score, probability=probability, flagged=flagged)


def refused(code: str = "blank", reason: str = "Blank.", file: str = "blank.png") -> dict[str, object]:
    """A refused film's row."""
    return dict(BLANK_ROW, file=file, status="refused", code=code, reason=reason)


def names(html: str) -> list[str]:
    """File names in the order of the page."""
    return re.findall(r'<div class="name">(.*?)</div>', html)


def test_the_highest_score_comes_first(page):
    """Films by score, refusals after them."""
    for row in (scored(0.2, "low"), refused(file="none"), scored(0.9, "high"), scored(0.6, "middle")):
        page.add(row)

    assert names(page.html(seconds=1.0)) == ["high", "middle", "low", "none"]


def test_the_counts_add_up(page):
    """Films, flagged of scored, refused by code."""
    for row in (scored(0.2), scored(0.9), refused(), refused("child", "Too young.")):
        page.add(row)
    html = page.html(seconds=2.0)

    assert "<b>4</b><span>films in 2.0 s" in html
    assert "<b>1</b><span>flagged of 2 scored" in html
    assert "<b>2</b><span>refused: 1 blank, 1 child" in html


def test_the_warning_stands_once(page):
    """That Hilum is for research is said, and not drowned by repetition."""
    page.add(scored(0.2))

    assert page.html(seconds=1.0).count(RESEARCH_USE) == 1


def test_names_are_text(page):
    """A file name or a reason cannot become markup, a link, or script."""
    page.add(
        scored(0.9, '<script>alert("x")</script>.png'), picture='heat-maps/" onerror="x.png', notes=("<i>",)
    )
    page.add(refused(reason="<img src=x>", file="\ud800.png"))
    html = page.html(seconds=1.0)

    assert "<script>alert" not in html
    assert "<img src=x>" not in html
    assert '" onerror=' not in html
    assert "<i>" not in html.replace("<i style", "")


def test_a_million_films_leave_a_page_that_opens(page, monkeypatch):
    """The highest scores and the first refusals are kept, and the page says how many are not shown."""
    monkeypatch.setattr(screening, "MAX_SCORED", 3)
    monkeypatch.setattr(screening, "MAX_REFUSED", 2)
    for place in range(10):
        page.add(scored(place / 10, f"s{place}"))
        page.add(refused(file=f"r{place}"))
    html = page.html(seconds=1.0)

    assert names(html) == ["s9", "s8", "s7", "r0", "r1"]
    assert "15 more are in the table beside it" in html


def test_a_run_cut_short_says_so(page):
    """Complete and incomplete runs differ in one sentence."""
    assert "stopped before its end" in page.html(seconds=1.0)
    page.is_complete = True

    assert "stopped before its end" not in page.html(seconds=1.0)


def test_no_film_is_a_page(page):
    """An empty run renders."""
    assert "<b>0</b>" in page.html(seconds=0.0)


def test_pictures_are_links_beside_the_page(page):
    """Their names are quoted for a URL, and nothing comes from the network."""
    page.add(scored(0.9), picture="heat-maps/a b#1.png")
    html = page.html(seconds=1.0)

    assert 'src="heat-maps/a%20b%231.png"' in html
    assert "http" not in html


def test_a_cut_of_ones_own_is_told_from_the_bundles(bundle):
    """The page names the operating point only where it was used."""
    own, default = ScreeningPage(bundle, threshold=0.3), ScreeningPage(bundle, threshold=0.5)

    assert "set for this run" in own.html(seconds=1.0)
    assert "“screening”" in default.html(seconds=1.0)


def png(level: int = 90) -> bytes:
    """An overlay as the predictor draws it: a PNG in colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (600, 700), (level, 20, 20)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_small_picture_is_inside_the_page(page):
    """A mailed page still shows the film; the full size is linked."""
    page.add(scored(0.9), picture="heat-maps/a.png", overlay=png())
    html = page.html(seconds=1.0)

    assert 'src="data:image/jpeg;base64,' in html
    assert 'href="heat-maps/a.png"' in html
    assert "Small pictures are inside this page" in html


def test_pictures_beyond_the_limit_stay_beside_the_page(page, monkeypatch):
    """The highest scores keep theirs inside, and the page says how many are files beside it."""
    monkeypatch.setattr(screening, "MAX_INSIDE", 1)
    for probability in (0.2, 0.9, 0.5):
        page.add(scored(probability), picture=f"heat-maps/{probability}.png", overlay=png())
    html = page.html(seconds=1.0)

    assert html.count('src="data:image/jpeg') == 1
    assert 'src="heat-maps/0.5.png"' in html
    assert "2 pictures are files in heat-maps/ beside this page" in html


def test_an_age_that_was_not_checked_is_said(page):
    """On the row, and counted above."""
    page.add(scored(0.9), notes=(AGE_UNKNOWN,))
    page.add(scored(0.3))
    html = page.html(seconds=1.0)

    assert html.count(AGE_UNKNOWN) == 1
    assert "Age was not checked on 1 of 2 scored films" in html


def test_the_page_says_what_a_score_is_not():
    """The shipped page names the share of disease among its films, its figures away, and its limits."""
    html = ScreeningPage(read_bundle("hilum-base"), threshold=0.3).html(seconds=1.0)

    assert "287 of 550 (52%) had the disease" in html
    assert "India" in html
    assert "no bacteriological proof" in html


def test_a_card_without_figures_adds_nothing(bundle):
    """A bundle without a card, or with another's, has no figures made up for it."""
    assert "At home and away" not in ScreeningPage(bundle, threshold=0.5).html(seconds=1.0)
    assert card_excerpt("# Other\n\n## Something\n\n* a point\n") == CardExcerpt()


def test_a_cards_table_and_limits_are_found():
    """Rows as wide as the header, without the ruler."""
    card = "## Figures\n\n| films | AUC |\n|---|---|\n| home | 0.9 |\n| broken |\n## Limits\n\n* one\n* two\n"

    assert card_excerpt(card) == CardExcerpt((("films", "AUC"), ("home", "0.9")), ("one", "two"))
