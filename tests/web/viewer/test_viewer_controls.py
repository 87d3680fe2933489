"""What the reader does with a film: window, zoom, move, measure, and lay the heat map over it."""

from __future__ import annotations

import numpy as np
import pytest
from viewing import until, write_film, write_overlay

RAMP = np.tile(np.linspace(0, 4095, 512).astype(np.uint16), (400, 1))
CLEAR, RED = (0, 0, 0, 0), (255, 0, 0, 255)


@pytest.fixture
def shown(viewing, tmp_path):
    """The ramp with its whole range as window, 0.2 mm a pixel."""
    write_film(tmp_path / "film.dcm", RAMP, WindowCenter=2048, WindowWidth=4096, PixelSpacing=[0.2, 0.2])
    return viewing.show("film.dcm")


def test_dragging_down_darkens_and_right_widens(shown):
    """With the window tool, 40 CSS pixels move the window by a tenth of its width."""
    shown.drag((500, 100), (0, 40))
    darker = shown.tone(256, 200)
    shown.drag((500, 100), (80, 0))

    assert darker == pytest.approx(128 - 25, abs=3)  # a tenth of 255
    assert shown.state()["window"]["width"] > 4500
    assert shown.state()["preset"] is None


def test_a_typed_window_is_used(shown):
    """The number fields take centre and width in the units of the header."""
    for label, value in (("Centre", "1024"), ("Width", "2048")):
        field = shown.page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")

    assert shown.state()["window"] == pytest.approx({"centre": 1024, "width": 2048})
    assert shown.tone(128, 200) == pytest.approx(128, abs=3)
    assert shown.tone(300, 200) == 255


def test_lung_and_bone_open_the_dark_and_the_bright_tones(shown):
    """The lung window saturates the bright third, the bone window blackens the dark third."""
    shown.click("lung")
    lung = [shown.tone(at, 200) for at in (100, 450)]
    shown.click("bone")
    bone = [shown.tone(at, 200) for at in (100, 450)]
    shown.click("stored")

    assert lung[0] > bone[0] == 0
    assert lung[1] == 255 > bone[1]
    assert shown.state()["window"] == {"centre": 2048, "width": 4096}


def test_auto_leaves_out_the_rarest_tones(viewing, tmp_path):
    """One bright marker does not keep the rest of the film dark."""
    film = RAMP // 8
    film[:3, :30] = 4095
    write_film(tmp_path / "film.dcm", film, WindowCenter=2048, WindowWidth=4096)
    viewing.show("film.dcm").click("auto")

    assert viewing.tone(500, 200) > 240


def test_invert_turns_black_into_white(shown):
    """The button says that it is pressed, and a second press turns the film back."""
    shown.click("invert")
    pressed = shown.page.locator("film-viewer [data-command=invert]").get_attribute("aria-pressed")
    inverted = shown.tone(10, 200)
    shown.press("i")

    assert (pressed, inverted > 245) == ("true", True)
    assert shown.tone(10, 200) < 10


def test_a_page_may_ask_for_an_inverted_film(viewing, tmp_path):
    """Where the reading found the header wrong, the page says `invert`."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing.open("<film-viewer film='film.dcm' invert></film-viewer>")

    assert viewing.state()["invert"] is True
    assert viewing.tone(10, 200) > 245


@pytest.mark.parametrize("ratio", [1, 2])
def test_one_to_one_gives_each_film_pixel_a_screen_pixel(viewing_in, browser, tmp_path, ratio):
    """A chessboard of single pixels comes out without a grey one, on fine screens too."""
    board = (np.indices((300, 301)).sum(axis=0) % 2 * 4095).astype(np.uint16)
    write_film(tmp_path / "film.dcm", board, WindowCenter=2048, WindowWidth=4096)
    viewing = viewing_in(browser, device_scale_factor=ratio)
    viewing.show("film.dcm").press("r")
    seen = viewing.seen()[..., 1]
    height, width = seen.shape
    middle = seen[height // 2 - 100 : height // 2 + 100, width // 2 - 100 : width // 2 + 100]

    assert viewing.state()["zoom"] == 1
    assert set(np.unique(middle)) == {0, 255}
    assert (middle[:-1] != middle[1:]).all()


def test_the_wheel_zooms_at_the_pointer(shown):
    """The film's point under the pointer stays; without the focus the page scrolls instead."""
    box = shown.page.locator("film-viewer .stage").bounding_box()
    at = (box["x"] + 600, box["y"] + 100)
    shown.page.mouse.move(*at)
    shown.page.mouse.wheel(0, -400)
    unfocused = shown.state()["zoom"]
    shown.page.locator("film-viewer .stage").focus()
    before = shown.state()
    shown.page.mouse.wheel(0, -400)
    after = until(lambda: (s := shown.state())["zoom"] > before["zoom"] and s)

    def under(state):
        return [state["centre"][i] + d / state["zoom"] for i, d in enumerate((100, -100))]

    assert unfocused == before["zoom"]
    assert under(after) == pytest.approx(under(before), abs=1e-6)


def test_the_film_moves_with_the_pointer_and_fits_again(shown):
    """The move tool drags the film; a tap centres the film there; Fit shows all of it."""
    shown.press("p")
    shown.drag((500, 200), (50, -20))
    dragged = shown.state()
    shown.drag((600, 200), (0, 0))
    tapped = shown.state()
    shown.press("f")

    assert dragged["centre"] == pytest.approx([256 - 50, 200 + 20])
    assert tapped["centre"] == pytest.approx([206 + 100, 220])
    assert shown.state()["centre"] == [256, 200]
    assert shown.state()["fit"] is True


def test_a_length_is_in_mm(shown):
    """100 film pixels at 0.2 mm are 20 mm."""
    shown.press("l")
    shown.drag((500, 200), (100 * shown.state()["zoom"], 0))
    length = shown.state()["lengths"][0]

    assert length["value"] == pytest.approx(20, abs=0.2)
    assert length["unit"] == "mm"
    assert shown.page.locator("film-viewer .lengths text.text").text_content() == "20 mm"
    assert "Length 20 mm" in shown.page.locator("film-viewer [role=status]").inner_text()


def test_two_taps_measure_as_a_drag_does(shown):
    """Nobody has to drag: the first tap marks one end, the second the other (WCAG 2.5.7)."""
    shown.press("l", "r")
    shown.drag((500, 200), (0, 0))
    shown.drag((530, 240), (0, 0))

    assert shown.state()["lengths"][0]["value"] == pytest.approx(10)  # 3, 4, 5 times 10 pixels of 0.2 mm


def test_a_length_is_measured_by_the_keyboard(shown):
    """Enter marks the point under the cross, arrows move the film under it."""
    shown.press("l", "r", "Enter", "ArrowRight", "ArrowRight", "Enter")
    measured = shown.state()["lengths"]
    shown.press("Delete")

    assert [length["value"] for length in measured] == pytest.approx([16])  # 80 pixels of 0.2 mm
    assert shown.state()["lengths"] == []


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ({"ImagerPixelSpacing": [0.1, 0.1]}, "10 mm at detector"),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.1, 0.1]}, "10 mm at detector"),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.09, 0.09]}, "9 mm"),
        ({}, "100 px"),
    ],
)
def test_a_length_says_where_it_holds(viewing, tmp_path, header, label):
    """The detector's spacing is named as such, and a film without spacing is measured in pixels."""
    write_film(tmp_path / "film.dcm", RAMP, **header)
    viewing.show("film.dcm").press("l", "r")
    viewing.drag((500, 200), (100, 0))

    assert viewing.page.locator("film-viewer .lengths text.text").text_content() == label


def test_the_overlay_tints_where_it_should(viewing, tmp_path):
    """Red over the right half of the film only, as strong as the slider says, and gone when switched off."""
    write_film(
        tmp_path / "film.dcm", np.full((400, 512), 2048, np.uint16), WindowCenter=2048, WindowWidth=4096
    )
    write_overlay(tmp_path / "heat.png", np.array([[CLEAR, RED]] * 2, np.uint8).repeat(200, 0).repeat(256, 1))
    viewing.show("film.dcm", overlay="heat.png")
    until(lambda: viewing.state()["overlay"])
    half = viewing.seen()
    viewing.press("r", "]", "]")
    stronger = viewing.seen()
    viewing.click("overlay")

    assert half[200, 500 - 200].tolist() == [128, 128, 128]
    assert half[200, 500 + 200].tolist() == pytest.approx([191, 64, 64], abs=2)  # half of 128 and of red
    assert stronger[200, 500 + 200, 0] > 210
    assert viewing.state()["overlayOpacity"] == pytest.approx(0.7)
    assert viewing.seen()[200, 700].tolist() == [128, 128, 128]


def test_the_overlay_stays_on_the_film(viewing, tmp_path):
    """Zoomed and moved, the border of the overlay is where it was on the film."""
    write_film(tmp_path / "film.dcm", np.zeros((400, 512), np.uint16), WindowCenter=2048, WindowWidth=4096)
    write_overlay(tmp_path / "heat.png", np.array([[CLEAR, RED]] * 2, np.uint8).repeat(200, 0).repeat(256, 1))
    viewing.show("film.dcm", overlay="heat.png").press("r", "+", "+", "ArrowRight", "ArrowDown")
    until(lambda: viewing.state()["overlay"])
    state, row = viewing.state(), viewing.seen()[200, :, 0]
    border = 500 + (256 - state["centre"][0]) * state["zoom"]

    assert int(np.argmax(row > 60)) == pytest.approx(border, abs=1)


def test_linked_films_move_together(viewing, tmp_path):
    """The earlier film, of other size and depth and inverted, takes over window, zoom, and place."""
    write_film(tmp_path / "now.dcm", RAMP)
    small = (RAMP[::2, ::2] // 4).astype(np.uint16)
    write_film(tmp_path / "then.dcm", 1023 - small, BitsStored=10, PhotometricInterpretation="MONOCHROME1")
    viewing.open(
        "<div class='pair'><film-viewer link='a' film='now.dcm'></film-viewer>"
        "<film-viewer link='a' film='then.dcm'></film-viewer></div>"
    )
    viewing.press("+", "+", "ArrowRight", "Shift+ArrowDown", "Shift+ArrowLeft")
    now, then = viewing.state(0), viewing.state(1)

    assert then["zoom"] / 2 == pytest.approx(now["zoom"])
    assert then["centre"] == pytest.approx([at / 2 for at in now["centre"]])
    for at in (150, 256, 360):
        assert viewing.tone(at / 2, 100, 1) == pytest.approx(viewing.tone(at, 200, 0), abs=6)


def test_two_fingers_zoom_and_one_windows(viewing_in, browser, tmp_path):
    """Fingers that part enlarge the film about their middle; one finger does what the tool says."""
    write_film(tmp_path / "film.dcm", RAMP, WindowCenter=2048, WindowWidth=4096)
    viewing = viewing_in(browser, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    viewing.show("film.dcm")
    fitted = viewing.state()["zoom"]
    touch(viewing, [[(150, 200), (240, 200)], [(120, 200), (270, 200)], [(105, 200), (285, 200)]])
    pinched = viewing.state()
    touch(viewing, [[(200, 100)], [(200, 130)], [(200, 160)]])

    assert pinched["zoom"] / fitted == pytest.approx(2, rel=0.05)  # 90 to 180 pixels apart
    assert pinched["window"] == {"centre": 2048, "width": 4096}
    assert viewing.state()["window"]["centre"] > 2500


def touch(viewing, moves):
    """Fingers on the stage, each move a list of points in CSS pixels of the stage."""
    box = viewing.page.locator("film-viewer .stage").bounding_box()
    session = viewing.page.context.new_cdp_session(viewing.page)
    for i, points in enumerate([*moves, []]):
        kind = "touchStart" if i == 0 else "touchMove" if points else "touchEnd"
        placed = [
            {"x": x + box["x"], "y": y + box["y"], "id": finger} for finger, (x, y) in enumerate(points)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": placed})
