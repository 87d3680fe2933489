"""One journey through a real station in a real browser, from its first start to log-out.

Trap: the tests are the stations of one way and run in this order; each says one thing that must hold there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from serving import SIDE, Serving

from hilum.data.phantom.cohort import FileForm, Mix, plan_films
from hilum.data.phantom.files import write_dicom

PASSWORD = "four words go here"
SCORED_WITHIN_MS = 180_000  # a machine at rest takes ten seconds
PAGES = (
    "/upload", "/upload/1", "/worklist", "/worklist?site=Hill+clinic", "/programme", "/settings", "/people",
    "/people/2", "/account", "/account/password", "/about", "/studies/999999",
)  # fmt: skip
N_STUDIES = 9  # four films in the forms that are read, two in the zip, side view, holiday, and the broken one


@dataclass
class Journey:
    """The administrator's browser, and what the way has brought so far."""

    page: Any
    address: str
    films: list[Path]
    new_context: Callable[..., Any]
    faults: list[str] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    study: str = ""  # address of the study that was read


@pytest.fixture(scope="module")
def journey(chromium: Any, serving: Serving, films: list[Path]) -> Iterator[Journey]:
    """A browser at the station's door."""

    def new_context(**options: Any) -> Any:
        return chromium.new_context(
            base_url=serving.address, viewport={"width": 1440, "height": 900}, **options
        )

    context = new_context(accept_downloads=True)
    made = Journey(context.new_page(), serving.address, films, new_context)
    made.page.on("pageerror", lambda error: made.faults.append(str(error)))
    made.page.on("console", lambda said: made.faults.append(said.text) if _is_fault(said) else None)
    yield made
    context.close()


def _is_fault(said: Any) -> bool:
    """What a browser calls an error, but for films that cannot be shown, which the viewer tells its user."""
    return said.type == "error" and not any(status in said.text for status in ("404", "422"))


def _submit(page: Any, button: str) -> None:
    """Press a form's button and wait for the page that answers: a press alone may return before it."""
    with page.expect_navigation():
        page.click(button)


def test_first_start_asks_for_an_administrator(journey: Journey) -> None:
    """Whoever comes first makes the administrator, and is let in."""
    page = journey.page
    page.goto("/")
    assert page.url.endswith("/start")

    for name, value in {
        "login": "chief",
        "name": "The chief",
        "password": PASSWORD,
        "repeated": PASSWORD,
    }.items():
        page.fill(f"#{name}", value)
    _submit(page, "main form button.main")

    assert page.locator("nav.places").is_visible()


def test_ten_mixed_files_are_dropped_and_seen_to_their_end(journey: Journey) -> None:
    """Each becomes a line with a score, or a reason and what to do, while the page stands."""
    page = journey.page
    page.goto("/upload")
    page.set_input_files("#files", [str(path) for path in journey.films])
    page.wait_for_function(
        "n => document.querySelectorAll('.line[data-study][data-finished]').length === n", arg=N_STUDIES,
        timeout=SCORED_WITHIN_MS,
    )  # fmt: skip

    assert page.locator(".line .line-number").count() == 6  # three pictures, a DICOM film, and two in the zip
    assert page.locator(".line .advice").count() == 5  # side view, holiday, broken, empty, letter


def test_a_film_is_opened_from_the_worklist(journey: Journey) -> None:
    """The highest score stands first, and its link leads to its film in the viewer."""
    page = journey.page
    page.goto("/worklist?sort=highest")
    scores = [float(text) for text in page.locator(".result b").all_inner_texts()]
    page.locator(".row-link").first.click()
    page.wait_for_function("() => document.querySelector('film-viewer')?.state?.shown")
    journey.study = page.url

    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 6


def test_the_film_is_windowed_and_its_heat_map_taken_off(journey: Journey) -> None:
    """The viewer's keys change the window and the overlay."""
    page = journey.page
    page.wait_for_function("() => document.querySelector('film-viewer').state.overlay")
    before = page.evaluate("document.querySelector('film-viewer').state.window")
    page.locator("film-viewer [tabindex='0'], film-viewer canvas").first.focus()
    page.keyboard.press("2")
    page.keyboard.press("o")
    after = page.evaluate("document.querySelector('film-viewer').state")

    assert after["window"] != before
    assert not after["overlay"]


def test_a_verdict_is_given_with_the_score_in_sight(journey: Journey) -> None:
    """The page comes back with the verdict, and says that the score was seen."""
    page = journey.page
    page.check("input[name=opinion][value=tb-consistent]")
    page.check("input[name=zone][value='right upper']")
    page.fill("#comment", "Cavity? <b>see</b> & test.")
    _submit(page, "#verdict button[value=stay]")

    assert "with the score in sight" in page.locator(".said-by").first.inner_text()
    assert "Cavity? <b>see</b> & test." in page.locator(".comment").inner_text()


def test_the_case_report_prints_as_pdf(journey: Journey) -> None:
    """The PDF names the study and the verdict."""
    path = re.sub(r"\?.*", "", journey.study)
    answer = journey.page.request.get(f"{path}/report.pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body())).pages)

    assert answer.headers["content-type"] == "application/pdf"
    assert f"Study {path.rsplit('/', 1)[1]}" in text


def test_the_list_is_exported_without_identity(journey: Journey) -> None:
    """The CSV holds every study, and neither a patient's number nor a file's name."""
    page = journey.page
    page.goto("/worklist")
    with page.expect_download() as download:
        page.click("button[value=csv]")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")

    assert len(list(csv.DictReader(io.StringIO(text)))) == N_STUDIES
    assert not any(word in text for word in ("MARY", "JOHN", "ANNA", "film.png"))


def test_people_are_added_with_a_password_shown_once(journey: Journey) -> None:
    """A radiographer and a reader get their passwords."""
    page = journey.page
    for login, role in (("rosa", "radiographer"), ("rita", "reader")):
        page.goto("/people")
        page.fill("#login", login)
        page.select_option("#role", role)
        _submit(page, "main form button.main")
        journey.passwords[login] = page.locator("main .notice.good input").first.input_value()

    assert all(len(password) >= 12 for password in journey.passwords.values())


def test_blind_reading_is_set_by_page(journey: Journey) -> None:
    """The manager's page keeps it."""
    page = journey.page
    page.goto("/settings")
    page.check("input[name=blind]")
    _submit(page, "main form button.main")

    assert page.locator("input[name=blind]").is_checked()


def test_a_radiographer_is_kept_out_of_programme_and_people(journey: Journey) -> None:
    """The pages are not linked, and their addresses answer 403 in words."""
    context = journey.new_context()
    page = _logged_in(journey, context.new_page(), "rosa")
    places = page.locator("nav.places a").all_inner_texts()
    answers = [page.goto(path).status for path in ("/programme", "/people", "/settings")]
    words = page.locator("h1").inner_text()
    context.close()

    assert places == ["Add films", "Worklist"]
    assert answers == [403, 403, 403]
    assert words == "You may not see or do this"


def test_a_blind_reader_gets_no_score_before_the_verdict(journey: Journey) -> None:
    """Neither list, page, report, nor heat map tells; after the own verdict the page does."""
    context = journey.new_context()
    page = _logged_in(journey, context.new_page(), "rita")
    path = re.sub(r"\?.*", "", journey.study)
    score = _score(journey)
    pages = [page.request.get(address).text() for address in ("/worklist?sort=highest", path)]
    refused = [
        page.request.get(f"{path}/{name}").status
        for name in ("report.pdf", "report", "readings/1/heat-map.png")
    ]
    page.goto(path)
    page.check("input[name=opinion][value=normal]")
    _submit(page, "#verdict button[value=stay]")
    said = page.locator("#machine-says").inner_text()
    readers = page.locator(".said-by").first.inner_text()
    context.close()

    assert not any(score in text for text in pages)
    assert not any(
        word in text for text in pages for word in ("score-line", "overlay=", "TB-consistent</b>: ")
    )
    assert refused == [403, 403, 403]
    assert score in said
    assert "given blind" in readers


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("en", "dark"), ("ar", "dark")])
def test_axe_finds_no_violation_on_any_page(
    journey: Journey, axe: str, width: int, language: str, theme: str
) -> None:
    """WCAG 2.2 A and AA, and axe's best practices, on every page as its people see it."""
    page, found = journey.page, []
    page.set_viewport_size({"width": width, "height": 900})
    for name, value in {"hilum-language": language, "hilum-theme": theme}.items():
        page.context.add_cookies([{"name": name, "value": value, "url": journey.address}])
    for path in (*PAGES, re.sub(r"\?.*", "", journey.study)):
        page.goto(path)
        page.evaluate(axe)
        for fault in page.evaluate("axe.run(document).then(found => found.violations)"):
            found.append(
                (path, fault["id"], fault["nodes"][0]["target"], fault["nodes"][0]["failureSummary"])
            )
    page.set_viewport_size({"width": 1440, "height": 900})
    page.context.clear_cookies(name="hilum-language")

    assert found == []


@pytest.mark.parametrize("path", ["/worklist", "/upload", "/programme", "/settings", "/people"])
def test_a_page_fits_a_telephone(journey: Journey, path: str) -> None:
    """At 390 pixels nothing but a table of its own is wider than the screen."""
    page = journey.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})

    assert too_wide <= 0


def test_a_dropped_folder_is_read_through(journey: Journey, tmp_path: Path) -> None:
    """Its films are taken from every level, and what is none is turned away by its name."""
    page = journey.page
    ward = tmp_path / "ward" / "monday"
    ward.mkdir(parents=True)
    phantom = plan_films(1, seed=12, mix=Mix(prevalence=0.5, form=FileForm.DICOM))[0].draw(SIDE)
    write_dicom(phantom, ward / "film.dcm", number=0, patient="LUCY-4")
    (tmp_path / "ward" / "notes.txt").write_text("Two patients did not come.")

    page.goto("/upload")
    _drop(page, tmp_path / "ward")
    page.wait_for_function(
        "() => document.querySelectorAll('.line[data-study][data-finished]').length === 1"
        " && document.querySelectorAll('.line .advice').length === 1",
        timeout=SCORED_WITHIN_MS,
    )

    assert "notes.txt" in page.locator(".line:has(.advice)").inner_text()


def test_log_out_ends_the_session(journey: Journey) -> None:
    """The pages then ask for a log-in, and nothing went wrong in the browser on the way."""
    page = journey.page
    page.goto("/worklist")
    page.click("details.menu:has(form[action='/logout']) summary")
    _submit(page, "form[action='/logout'] button")
    page.goto("/worklist")

    assert "/login" in page.url
    assert journey.faults == []


def _drop(page: Any, path: Path) -> None:
    """Drop a file or a folder on the page's zone as a file manager would; scripts can make up no folder."""
    zone = page.locator("#drop").bounding_box()
    session = page.context.new_cdp_session(page)
    carried = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent",
                     {"type": kind, "x": zone["x"] + 20, "y": zone["y"] + 20, "data": carried})  # fmt: skip


def _score(journey: Journey) -> str:
    journey.page.goto(journey.study)
    return journey.page.locator(".big-score b").inner_text()


def _logged_in(journey: Journey, page: Any, login: str) -> Any:
    """Log in, and change the password that was given."""
    page.goto("/login")
    page.fill("#login", login)
    page.fill("#password", journey.passwords[login])
    _submit(page, "main form button.main")
    own = f"{PASSWORD} {login[::-1]}"
    for name, value in {"present": journey.passwords[login], "password": own, "repeated": own}.items():
        page.fill(f"#{name}", value)
    _submit(page, "main form button.main")
    page.goto("/worklist")
    return page
