"""Language and colours, kept by cookies, and pages of errors in words."""

from __future__ import annotations

import pytest

from hilum.web.translation import LANGUAGES
from hilum.worklist.states import Role


def test_a_language_is_kept_for_the_browser(client):
    """Before log-in too; right-to-left where the language is."""
    client.post("/preferences", data={"language": "ar", "back": "/login"})
    page = client.get("/login", headers={"Accept": "text/html"}, follow_redirects=True).text

    assert '<html lang="ar" dir="rtl"' in page


def test_the_browsers_own_wish_counts_where_none_was_chosen(client):
    """By weight, and by the language without its country."""
    headers = {"Accept": "text/html", "Accept-Language": "de, en;q=0.5, fr-CA;q=0.9"}

    assert '<html lang="fr"' in client.get("/login", headers=headers, follow_redirects=True).text


def test_a_theme_is_kept_for_the_browser(browser):
    """And stands on the page itself, so that nothing flashes."""
    reader = browser(Role.READER)
    reader.post("/preferences", data={"theme": "dark"})

    assert 'data-theme="dark"' in reader.get("/worklist").text


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x", "/a\nb"]
)
def test_the_way_back_stays_at_the_station(client, back):
    """A link made by another leads nowhere else."""
    assert client.post("/preferences", data={"theme": "dark", "back": back}).headers["location"] == "/"


def test_an_unknown_value_sets_nothing(client):
    """No cookie is made of it."""
    answer = client.post("/preferences", data={"theme": "<b>", "language": "xx"})

    assert "hilum-theme" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_in_every_language(browser, add_study, language):
    """Nothing breaks, and the language is said once."""
    number = add_study(patient="MARY-1", name="Mary")
    administrator = browser(Role.ADMINISTRATOR)
    paths = (
        "/worklist",
        "/upload",
        f"/studies/{number}",
        "/programme",
        "/settings",
        "/about",
        "/people",
        "/account",
    )
    answers = [administrator.get(path, headers={"Accept-Language": language}) for path in paths]

    assert [answer.status_code for answer in answers] == [200] * len(paths)
    assert all(f'<html lang="{language}"' in answer.text for answer in answers)


@pytest.mark.parametrize("role", [Role.RADIOGRAPHER, Role.READER, Role.MANAGER, Role.ADMINISTRATOR])
def test_home_is_where_the_role_works(browser, role):
    """A radiographer adds films; everyone else begins with the list."""
    target = "/upload" if role is Role.RADIOGRAPHER else "/worklist"

    assert browser(role).get("/").headers["location"] == target


def test_no_page_holds_inline_script_or_style(browser, add_study):
    """The policy would stop it, and the page would be broken without a word."""
    number = add_study()
    administrator = browser(Role.ADMINISTRATOR)
    pages = [
        administrator.get(path).text for path in ("/worklist", "/upload", f"/studies/{number}", "/programme")
    ]

    assert not any(
        mark in page for page in pages for mark in (" style=", "<style", " onclick=", "javascript:")
    )
