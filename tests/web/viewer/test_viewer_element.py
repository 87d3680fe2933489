"""The viewer as a part of a page: its words, its names for a screen reader, and its errors."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from viewing import POLICY, until, words, write_film, write_overlay

RAMP = np.tile(np.linspace(0, 4095, 512).astype(np.uint16), (400, 1))
_BUTTONS = """() => [...document.querySelector('film-viewer').shadowRoot.querySelectorAll('button')]
    .filter(button => button.offsetParent).map(button => {
        const { width, height } = button.getBoundingClientRect();
        return { name: button.ariaLabel || button.textContent, width, height };
    })"""


def test_the_policy_holds_no_loophole():
    """The tests run under a policy without inline styles, inline scripts, and strings as code."""
    assert "unsafe-inline" not in POLICY
    assert "'unsafe-eval'" not in POLICY


def test_nothing_is_fetched_from_elsewhere(viewing, tmp_path):
    """A page with film and overlay asks its own server alone, under any prefix."""
    asked = []
    viewing.page.on("request", lambda request: asked.append(request.url))
    write_film(tmp_path / "film.dcm", RAMP)
    write_overlay(tmp_path / "heat.png", np.full((2, 2, 4), 90, np.uint8))
    viewing.open("<film-viewer film='film.dcm' overlay='heat.png'></film-viewer>", root="")
    until(lambda: viewing.state()["overlay"])
    origin = viewing.page.evaluate("location.origin")
    folder = viewing.page.evaluate("location.pathname").rpartition("/")[0]

    assert [url for url in asked if not url.startswith((origin, "data:"))] == []
    assert f"{origin}{folder}/static/viewer/film-viewer.js" in asked


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "missing"),
        (b"", "not-dicom"),
        (b"<html>log in</html>" * 40, "not-dicom"),
        (b"\0" * 128 + b"DICM" + b"\xff" * 400, "damaged"),
    ],
)
def test_what_is_no_film_is_said_in_words(viewing, tmp_path, content, code):
    """A sentence stands in place of the film, as an alert, and the page hears of it."""
    if content is not None:
        (tmp_path / "film.dcm").write_bytes(content)
    viewing.page.add_init_script("addEventListener('film-failed', event => (window.failed = event.detail))")
    viewing.show("film.dcm")
    viewing.complaints.clear()  # the viewer tells the console too

    assert viewing.page.evaluate("window.failed.code") == code
    assert viewing.alert() == viewing.page.evaluate("window.failed.message")
    assert viewing.page.locator("film-viewer .stage").is_hidden()


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"]
)
def test_a_film_cut_short_is_damaged(viewing, tmp_path, syntax):
    """Half a film is not shown as if it were whole."""
    write_film(tmp_path / "film.dcm", RAMP, syntax=syntax)
    whole = (tmp_path / "film.dcm").read_bytes()
    (tmp_path / "film.dcm").write_bytes(whole[: len(whole) - len(whole) // 3])
    viewing.show("film.dcm")
    viewing.complaints.clear()

    assert viewing.alert() == "The film cannot be shown: the file is damaged."


def test_a_film_after_an_error_is_shown(viewing, tmp_path):
    """A new address in the attribute `film` takes the place of the alert."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.show("none.dcm")
    viewing.complaints.clear()
    viewing.page.evaluate("document.querySelector('film-viewer').setAttribute('film', 'film.dcm')")
    until(lambda: viewing.state()["shown"])

    assert viewing.tone(500, 200) > 245
    assert viewing.page.locator("film-viewer [role=alert]").is_hidden()


def test_the_page_hears_when_the_film_is_shown(viewing, tmp_path):
    """The event `film-shown` carries the milliseconds that it took."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.page.add_init_script("addEventListener('film-shown', event => (window.ms = event.detail.ms))")
    viewing.show("film.dcm")

    assert 0 < until(lambda: viewing.page.evaluate("window.ms")) < 60_000


def test_a_missing_overlay_leaves_the_film(viewing, tmp_path):
    """The film is shown, and a sentence says that the heat map is not."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.show("film.dcm", overlay="none.png")
    said = viewing.page.locator("film-viewer [role=status]")
    until(lambda: said.inner_text() == "The heat map could not be shown.")
    viewing.complaints.clear()

    assert viewing.state()["shown"] is True
    assert viewing.state()["overlay"] is False


def test_the_page_s_words_are_used(viewing, tmp_path):
    """Buttons, units, and errors speak the page's language; words that are not given stay English."""
    write_film(tmp_path / "film.dcm", RAMP, PixelSpacing=[0.2, 0.2])
    given = words(invert="Inverser", lung="Poumon", mm="{value} millimètres")
    viewing.open(f"<div lang='fr'><film-viewer film='film.dcm' words='{given}'></film-viewer></div>").press(
        "l", "r"
    )
    viewing.drag((500, 200), (101, 0))

    assert viewing.page.get_by_role("button", name="Inverser").count() == 1
    assert viewing.page.get_by_role("button", name="Poumon").count() == 1
    assert viewing.page.get_by_role("button", name="Bone").count() == 1
    assert viewing.page.locator("film-viewer .lengths text.text").text_content() == "20,2 millimètres"


def test_words_that_are_no_json_leave_english(viewing, tmp_path):
    """A slip in the template costs the translation, not the film."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.show("film.dcm", words="{broken")
    viewing.complaints.clear()

    assert viewing.page.get_by_role("button", name="Invert").count() == 1
    assert viewing.state()["shown"] is True


def test_the_film_is_not_mirrored_on_a_page_from_right_to_left(viewing, tmp_path):
    """The toolbar begins on the right; the film keeps its left on the left."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.open("<film-viewer film='film.dcm'></film-viewer>", direction="rtl")
    first = viewing.page.locator("film-viewer button").first.bounding_box()

    assert first["x"] > 900
    assert viewing.tone(10, 200) < 10
    assert viewing.tone(500, 200) > 245


def test_every_control_has_a_name(viewing, tmp_path):
    """Buttons and fields are named for a screen reader, and the stage by the title."""
    write_film(tmp_path / "film.dcm", RAMP)
    write_overlay(tmp_path / "heat.png", np.full((2, 2, 4), 90, np.uint8))
    viewing.show("film.dcm", title="Chest film of 3 May", overlay="heat.png")
    names = [button["name"] for button in viewing.page.evaluate(_BUTTONS)]

    assert all(names)
    assert len(set(names)) == len(names)
    assert viewing.page.get_by_role("application", name="Chest film of 3 May").count() == 1
    assert viewing.page.get_by_role("slider", name="Strength of the heat map").count() == 1


def test_shortcuts_wait_for_the_focus(viewing, tmp_path):
    """A letter typed elsewhere on the page or into a number field does nothing to the film (WCAG 2.1.4)."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.open("<input id='other'><film-viewer film='film.dcm'></film-viewer>")
    viewing.page.locator("#other").press("i")
    viewing.page.get_by_label("Centre", exact=True).press("i")
    elsewhere = viewing.state()["invert"]
    viewing.press("i")

    assert elsewhere is False
    assert viewing.state()["invert"] is True


def test_the_question_mark_lists_the_shortcuts(viewing, tmp_path):
    """The list is a dialog that Escape closes, and the focus goes back to the film."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.show("film.dcm").press("?")
    dialog = viewing.page.get_by_role("dialog", name="Keyboard shortcuts")
    opened = dialog.inner_text()
    viewing.page.keyboard.press("Escape")

    assert re.search(r"I\s+Invert", opened)
    assert dialog.is_hidden()
    assert viewing.page.evaluate("document.activeElement.localName") == "film-viewer"


def test_buttons_are_large_and_within_a_narrow_touch_screen(viewing_in, browser, tmp_path):
    """At 390 pixels with fingers each button has 44 pixels, and nothing runs out of the page."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing = viewing_in(browser, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    viewing.show("film.dcm")
    buttons = viewing.page.evaluate(_BUTTONS)

    assert min(min(button["width"], button["height"]) for button in buttons) >= 44
    assert viewing.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_s_colours_are_used(viewing, tmp_path):
    """Buttons take the page's ink and paper; around the film it is black all the same."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.open("<main class='dark'><film-viewer film='film.dcm'></film-viewer></main>")
    button = viewing.page.locator("film-viewer [data-command=panTool]")
    colours = button.evaluate("b => [getComputedStyle(b).color, getComputedStyle(b).backgroundColor]")

    assert colours == ["rgb(230, 233, 236)", "rgb(20, 23, 26)"]  # --ink and --paper of the page
    assert viewing.seen()[200, 20].tolist() == [0, 0, 0]


def test_a_viewer_taken_off_the_page_comes_back(viewing, tmp_path):
    """htmx moves and replaces parts of a page; the film is shown again."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.show("film.dcm")
    viewing.page.evaluate("""() => {
        const viewer = document.querySelector('film-viewer');
        viewer.remove();
        document.body.append(viewer);
    }""")
    until(lambda: viewing.state()["shown"])

    assert viewing.tone(500, 200) > 245


@pytest.mark.shared
def test_odd_and_real_films_are_shown(viewing, tmp_path, shared):
    """All of the odd DICOM films and one real one show a picture with many tones."""
    films = sorted((shared / "data/dicom-odd").glob("*.dcm"))
    films.append(next((shared / "data/rsna-dicom").rglob("*.dcm")))
    for number, film in enumerate(films):
        shutil.copy(film, tmp_path / f"{number}.dcm")
    viewing.open("".join(f"<film-viewer film='{number}.dcm'></film-viewer>" for number in range(len(films))))
    tones = {film.name: len(np.unique(viewing.seen(number))) for number, film in enumerate(films)}

    assert {name: n for name, n in tones.items() if n < 100} == {}
