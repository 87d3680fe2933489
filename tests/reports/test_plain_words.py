"""What bundles say in programs' words, as clinicians read it."""

from __future__ import annotations

import re

import pytest

from hilum.inference.bundle import read_bundle, shipped_bundles
from hilum.reports.plain_words import in_plain_words, point_in_words

OF_PROGRAMS = re.compile(r">=|\.pt\b|\b(?:shenzhen|rsna|montgomery|jsrt|india)\b|hilum-|_")


@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_bundle_is_told_without_programs_names(name):
    """Neither its thresholds nor its films are told by a manifest's id, a file, or a formula."""
    bundle = read_bundle(name)
    told = [in_plain_words(text) for text in
            (bundle.training_data.text, *(point.source for point in bundle.operating_points))]  # fmt: skip

    assert [text for text in told if OF_PROGRAMS.search(text)] == []
    assert all("Shenzhen (China)" in text for text in told)


def test_a_threshold_is_told_by_its_rule_and_its_films():
    """The share as a percentage, and the warning after it."""
    told = in_plain_words(
        "the highest with sensitivity >= 0.95 on 156 films of india, each scored by a network that did not "
        "learn from it; chosen on the films its figures are of, so they flatter it; calibrate locally before "
        "use"
    )

    assert told.startswith(
        "The highest threshold that keeps a sensitivity of 95 % on 156 films of India (Delhi), "
    )
    assert told.endswith("so they flatter it: calibrate it on films of your own.")


@pytest.mark.parametrize(
    "text", ["", "Chosen at this station by ada on 2026-11-24: shenzhen >= 3.", "set here"]
)
def test_what_no_rule_knows_is_told_as_it_is(text):
    """A person's own words are never rewritten."""
    assert in_plain_words(text) == text


@pytest.mark.parametrize(
    ("name", "words"),
    [("sensitivity-90", "for a sensitivity of 90 %"), ("youden", "Youden's index"), ("by hand", "by hand")],
)
def test_an_operating_point_is_told_by_what_it_is_for(name, words):
    """Those that a bundle comes with; a name given at the station stays."""
    assert point_in_words(name) == words
