"""One film in, one score or one refusal out, and never an exception."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bundles import FACTS, draw_film, write_dicom_film, write_film, write_tiny_bundle
from hilum.errors import BundleInvalid
from hilum.findings import Zone
from hilum.inference import predictor as predictor_module
from hilum.inference.bundle import write_bundle
from hilum.inference.predictor import NOT_LOCALISED, Predictor
from hilum.records import Certainty, CertaintyLimits, RefusalCode, Refused, Scored


@pytest.fixture
def film(tmp_path):
    """A film with a bright spot in the lung at the upper left."""
    return write_film(tmp_path / "film.png", has_spot=True)


def test_a_film_gets_a_score(predictor, film):
    """Score, probability, cut, and flag agree with one another."""
    scored = predictor.read(film)

    assert isinstance(scored, Scored)
    assert scored.score == round(100 * scored.probability, 1)
    assert scored.is_flagged == (scored.probability >= scored.threshold)
    assert (scored.threshold, scored.bundle, scored.image_path) == (0.5, "tiny 0.1", film)
    assert scored.seconds > 0


def test_more_evidence_scores_higher(predictor, film, tmp_path):
    """The spot raises the score over the same film without it."""
    plain = write_film(tmp_path / "plain.png")

    assert predictor.read(film).probability > predictor.read(plain).probability


def test_the_picture_does_not_change_the_score(predictor, film):
    """With and without a heat map the film is the same film."""
    with_map, without = predictor.read(film, with_heat_map=True), predictor.read(film)

    assert math.isclose(with_map.probability, without.probability, abs_tol=1e-6)


def test_a_jpeg_and_a_png_score_alike(predictor, film, tmp_path):
    """The file's form is not evidence."""
    Image.open(film).save(tmp_path / "film.jpg", quality=98)

    assert abs(predictor.read(tmp_path / "film.jpg").score - predictor.read(film).score) < 1


def test_members_are_averaged_after_calibration(tmp_path, film):
    """Mean and standard deviation are those of the two members' own probabilities."""
    pair = write_tiny_bundle(tmp_path / "pair", biases=(-1.0, 0.5))
    singles = [write_tiny_bundle(tmp_path / f"one{bias}", biases=(bias,)) for bias in (-1.0, 0.5)]
    low, high = (Predictor(bundle, n_threads=1).read(film).probability for bundle in singles)
    scored = Predictor(pair, n_threads=1).read(film)

    assert math.isclose(scored.probability, (low + high) / 2, rel_tol=1e-9)
    assert math.isclose(scored.spread, (high - low) / 2, rel_tol=1e-9)


def test_a_single_member_has_no_spread(predictor, film):
    """One opinion does not scatter."""
    assert predictor.read(film).spread is None


def test_the_heat_map_points_at_the_spot(tiny_bundle, film):
    """The hottest place lies on the spot, at 28 % of the width and 34 % of the height."""
    scored = Predictor(tiny_bundle, threshold=0.3, n_threads=1).read(film, with_heat_map=True)
    y, x = np.unravel_index(scored.heat_map.argmax(), scored.heat_map.shape)
    height, width = scored.heat_map.shape

    assert scored.heat_map.max() == 1
    assert abs(x / width - 0.28) < 0.07
    assert abs(y / height - 0.34) < 0.07


def test_nothing_localised_is_said(tmp_path, film):
    """Where no place reaches the cut by itself there is no map, and a note tells why."""
    sceptical = write_tiny_bundle(tmp_path / "sceptical", biases=(-30.0,))
    scored = Predictor(sceptical, n_threads=1).read(film, with_heat_map=True)

    assert scored.heat_map is None
    assert NOT_LOCALISED in scored.notes


def test_a_bundle_of_whole_films_needs_no_lungs(tmp_path, tiny_bundle, film):
    """A recipe for the whole film runs without a lungs network."""
    whole = write_tiny_bundle(
        tmp_path / "whole", recipe=replace(tiny_bundle.recipe, region="film"), lungs=None
    )

    assert isinstance(Predictor(whole, n_threads=1).read(film, with_heat_map=True), Scored)


def test_a_cut_of_ones_own_is_used(tiny_bundle, film):
    """`threshold` replaces the bundle's, at its ends too."""
    flags = [Predictor(tiny_bundle, threshold=cut, n_threads=1).read(film).is_flagged for cut in (0.0, 1.0)]

    assert flags == [True, False]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("nothing.png", None, RefusalCode.NOT_FOUND),
        ("a" * 300 + ".png", None, RefusalCode.NOT_FOUND),
        ("zero\0byte.png", None, RefusalCode.NOT_FOUND),
        ("empty.png", b"", RefusalCode.EMPTY),
        ("text.png", b"not a film", RefusalCode.NOT_AN_IMAGE),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0", RefusalCode.DAMAGED),
    ],
)
def test_a_bad_file_is_refused_by_its_code(predictor, tmp_path, name, content, code):
    """Missing, empty, foreign, or cut short: each has its word and a sentence."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused = predictor.read(tmp_path / name)

    assert isinstance(refused, Refused)
    assert refused.code == code
    assert refused.reason.endswith((".", "?"))


def test_a_folder_without_films_is_refused(predictor, tmp_path):
    """A folder that comes this far held nothing to read."""
    refused = predictor.read(tmp_path)

    assert refused.code == RefusalCode.NOT_FOUND
    assert "No film was found in this folder." in refused.reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(predictor, tmp_path):
    """What would never end is not opened."""
    os.mkfifo(tmp_path / "pipe.png")

    assert isinstance(predictor.read(tmp_path / "pipe.png"), Refused)


def test_a_picture_without_lungs_is_refused(predictor, tmp_path, chance):
    """A grey ramp is no chest."""
    path = tmp_path / "ramp.png"
    Image.fromarray(np.tile(np.arange(0, 200, dtype=np.uint8), (200, 1)) // 2 + 100).save(path)
    bright = np.full((200, 200), 250, np.uint8)
    bright[90:110, 90:96] = 10
    Image.fromarray(bright).save(path)

    assert predictor.read(path).code in (RefusalCode.NO_LUNGS, RefusalCode.BLANK)


def test_a_mask_is_refused_however_it_is_reduced(predictor, tmp_path):
    """A binary mask of lungs has the area, the place, and the confidence of lungs, and no film behind it."""
    path = tmp_path / "mask.png"
    Image.fromarray((draw_film(1000) < 120).astype(np.uint8) * 255).save(path)

    refused = predictor.read(path)

    assert refused.code == RefusalCode.NOT_AN_XRAY
    assert "2 grey levels" in refused.reason


def test_a_one_bit_picture_is_refused(predictor, tmp_path):
    """Black and white is no film, dithered or not."""
    path = tmp_path / "one-bit.png"
    Image.fromarray(draw_film(400)).convert("1").save(path)

    assert predictor.read(path).code == RefusalCode.NOT_AN_XRAY


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_in_colour_is_refused(predictor, tmp_path, suffix):
    """A film in false colours is refused by the share that is coloured."""
    path = tmp_path / f"colour.{suffix}"
    grey = draw_film(300)
    Image.fromarray(np.dstack([grey, grey // 2, 255 - grey])).save(path)

    refused = predictor.read(path)

    assert refused.code == RefusalCode.NOT_AN_XRAY
    assert "in colour" in refused.reason


def test_a_coloured_sticker_does_not_refuse_a_film(predictor, tmp_path):
    """A red label on 4 % of a grey film saved as RGB is noted, and the film is scored."""
    path = tmp_path / "label.png"
    colours = np.dstack([draw_film(300)] * 3)
    colours[:60, :60] = (200, 20, 20)
    Image.fromarray(colours).save(path)

    scored = predictor.read(path)

    assert isinstance(scored, Scored)
    assert scored.notes[0] == "4.0% of the picture is coloured; it was made grey by luminance."


def test_a_fault_of_ours_is_told_apart(predictor, film, monkeypatch, caplog):
    """A bug gives the row `failed`, and its traceback to the log, without the file's name."""

    def broken(path, max_side=None):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(predictor_module, "read_radiograph", broken)
    with caplog.at_level(logging.ERROR):
        refused = predictor.read(film)

    assert refused.code == RefusalCode.FAILED
    assert "ZeroDivisionError" in caplog.text
    assert "film.png" not in caplog.messages[0]


def test_a_logit_that_is_not_a_number_is_no_score(predictor, film, monkeypatch):
    """A broken network fails loudly, rather than scoring 0."""
    member = predictor._ensemble._members[0]
    real = member.run
    monkeypatch.setattr(member, "run", lambda batch: [out * np.nan for out in real(batch)])

    assert predictor.read(film).code == RefusalCode.FAILED


def test_a_bundle_that_does_not_fit_its_graphs_is_refused(tmp_path, tiny_bundle):
    """A recipe of another size than the graph's is found before the first film."""
    from dataclasses import replace

    files = {name: tiny_bundle.folder / name for name in tiny_bundle.sha256}
    facts = replace(FACTS, recipe=replace(tiny_bundle.recipe, crop_side=96))
    other = write_bundle(tmp_path / "other", facts=facts, files=files)

    with pytest.raises(BundleInvalid, match="promises"):
        Predictor(other)


def test_a_childs_film_is_read_when_asked(tiny_bundle):
    """`minimum_age_years` replaces the bundle's limit."""
    assert Predictor(tiny_bundle, minimum_age_years=0).limits.minimum_age_years == 0
    assert Predictor(tiny_bundle).limits.minimum_age_years == 15


def test_the_zone_of_the_spot_is_the_hottest(predictor, film):
    """The spot lies in the lung at the upper left of the picture, the patient's right."""
    zones = predictor.read(film).zones

    assert set(zones) == set(Zone)
    assert max(zones, key=lambda zone: zones[zone]) is Zone.RIGHT_UPPER


def test_what_is_ruled_out_goes_by_the_bundles_limits(tmp_path, film):
    """The usual limits where none are asked for; those of the error rate where they are."""
    limits = (CertaintyLimits(0.1, 50, 50, 0.0, 0.0), CertaintyLimits(0.05, 50, 50, None, 1.0))
    bundle = write_tiny_bundle(tmp_path / "sure", certainty=limits)
    usual, strict = Predictor(bundle).read(film), Predictor(bundle, error_rate=0.05).read(film)

    assert (usual.certainty, usual.error_rate) == (Certainty.ABNORMAL, 0.1)
    assert (strict.certainty, strict.error_rate) == (Certainty.BOTH, 0.05)


def test_an_error_rate_that_the_bundle_has_no_limits_for_is_refused(tiny_bundle):
    """Before a film is read."""
    with pytest.raises(BundleInvalid, match=r"no limits for an error rate of 0\.2 \(has: none\)"):
        Predictor(tiny_bundle, error_rate=0.2)


def test_a_bundle_without_limits_rules_nothing_out(predictor, film):
    """Nor does it say that it could not."""
    assert predictor.read(film).certainty is None


def test_a_stated_age_holds_where_the_file_does_not_tell_it(tmp_path):
    """A picture of a child is refused on the sender's word."""
    predictor = Predictor(write_tiny_bundle(tmp_path / "tiny"))

    outcome = predictor.examine(write_film(tmp_path / "film.png"), stated_age_years=8.0).outcome

    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.CHILD


def test_a_file_s_own_age_comes_before_a_stated_one(tmp_path):
    """The header says forty, and the film is scored."""
    predictor = Predictor(write_tiny_bundle(tmp_path / "tiny"))
    film = write_dicom_film(tmp_path / "film.dcm", PatientAge="040Y")

    assert isinstance(predictor.examine(film, stated_age_years=8.0).outcome, Scored)


def test_another_threshold_flags_otherwise_and_leaves_the_first(tmp_path):
    """The probability stays, and the first reader keeps its own threshold."""
    predictor = Predictor(write_tiny_bundle(tmp_path / "tiny"))
    film = write_film(tmp_path / "film.png")

    low, own = predictor.at_threshold(0.0).read(film), predictor.read(film)

    assert (low.is_flagged, own.is_flagged, low.probability) == (True, False, own.probability)
