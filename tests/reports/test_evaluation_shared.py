"""What all reports share: the page's base, estimates as text, whole files, and figures."""

from __future__ import annotations

import base64

import jinja2
import pytest

from hilum.errors import OutputRefused
from hilum.records import Estimate
from hilum.reports import figures
from hilum.reports.page import data_uri, estimate_text, render_page, write_whole


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.91234, 0.88, 0.94, n=9), "0.912 (0.880 to 0.940)"),
        (Estimate(0.5, None, None, n=2), "0.500 (no interval)"),
        (Estimate(3.0, 2.0, None, n=2), "3.000 (from 2.000)"),
        (Estimate(None, None, None, n=0, why="no film"), "not estimated: no film"),
        (Estimate(0.0, 0.0, 0.1, n=5), "0.000 (0.000 to 0.100)"),
    ],
)
def test_an_estimate_is_read_with_its_interval(estimate, text):
    """Value and interval, or why there is none."""
    assert estimate_text(estimate) == text


def test_a_page_escapes_what_it_shows():
    """A title with a tag is text."""
    assert "<title>a&lt;b&gt; " in render_page("base.html", title="a<b>")


def test_a_name_that_a_template_lacks_is_a_bug():
    """A missing value is not an empty place on the page."""
    with pytest.raises(jinja2.UndefinedError):
        render_page("base.html")


def test_a_picture_travels_as_text():
    """The bytes come back from the address."""
    kind, _, content = data_uri(b"\x89PNG").partition(",")

    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x89PNG"


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    """A failed write leaves the old file and no part of the new."""
    path = tmp_path / "page.html"
    write_whole(path, "old")
    path.with_name("folder").mkdir()
    with pytest.raises(OutputRefused):
        write_whole(path.with_name("folder"), "new")

    assert path.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "page.html"]


def test_a_figure_is_saved_in_each_format(tmp_path):
    """PNG and SVG by default, under one name."""
    figure = figures.build_figure()
    figures.build_axes(figure, title="t", x="mm", y="films").plot([0, 1], [0, 1])
    paths = figures.save_figure(figure, tmp_path / "visualisations", name="line")

    assert [path.name for path in paths] == ["line.png", "line.svg"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")


def test_a_figure_is_the_same_twice():
    """No date or version is in the file."""
    assert figures.png_bytes(figures.build_figure()) == figures.png_bytes(figures.build_figure())
