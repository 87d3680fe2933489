"""The bundles that ship in the package.

Whole, honest about itself, and able to read a film that it never saw.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hilum.data.manifest import read_manifest
from hilum.data.phantom import write_phantoms
from hilum.imaging.raster import read_raster
from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle, shipped_bundles
from hilum.inference.predictor import Predictor
from hilum.records import RefusalCode, Scored


@pytest.fixture(scope="module", params=sorted(shipped_bundles()))
def shipped(request):
    """Each in turn; reading it checks the hash of every file."""
    return read_bundle(request.param)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Nine phantoms of three sites, as PNG and DICOM."""
    folder = tmp_path_factory.mktemp("films") / "phantoms"
    write_phantoms(folder, n=9, seed=11, side=256)
    return read_manifest(folder / "manifest.parquet")


def test_the_default_bundle_ships():
    """`hilum screen` finds it by name, and every bundle is small enough to carry: 25 MB."""
    sizes = {
        name: sum(path.stat().st_size for path in folder.iterdir())
        for name, folder in shipped_bundles().items()
    }

    assert DEFAULT_BUNDLE in sizes
    assert max(sizes.values()) <= 25e6  # bytes


def test_the_shipped_bundle_states_its_evidence(shipped):
    """Its operating points carry n and interval, and say on what they were chosen."""
    for point in shipped.operating_points:
        assert point.sensitivity.n + point.specificity.n == shipped.training_data.n
        assert point.sensitivity.low < point.sensitivity.value < point.sensitivity.high
        assert "chosen on the films its figures are of" in point.source


def test_the_shipped_bundle_has_a_model_card_with_figures(shipped):
    """The card says what it learnt from, how it did, and where it falls short."""
    card = (shipped.folder / "model-card.md").read_text(encoding="utf-8")

    for heading in ("## What it learnt from", "## Figures", "## Limits"):
        assert heading in card
    assert "cross-validation" in card
    assert "not a cleared medical device" in card


def test_the_shipped_bundle_reads_phantoms_of_every_site(shipped, films):
    """Each is scored; which way is not claimed, for it never saw a phantom with a finding."""
    predictor = Predictor(shipped, n_threads=1)

    outcomes = [predictor.read(film.image_path) for film in films]

    assert all(isinstance(outcome, Scored) for outcome in outcomes)
    assert all(0 <= outcome.score <= 100 for outcome in outcomes)
    assert {outcome.spread is None for outcome in outcomes} == {len(shipped.classifiers) == 1}


def test_the_shipped_bundle_gives_a_film_the_same_score_twice(shipped, films):
    """Nothing random is left in it."""
    scores = [Predictor(shipped, n_threads=1).read(films[0].image_path).probability for _ in range(2)]

    assert scores[0] == scores[1]


@pytest.mark.shared
def test_no_real_film_of_another_hospital_crashes_it(shipped, shared):
    """Every tenth Indian and DICOM film is scored, or refused with a reason and never as our own fault."""
    predictor = Predictor(shipped, n_threads=1)
    folders = (shared / "data/india-da", shared / "data/rsna-dicom")
    paths = [path for folder in folders for path in sorted(folder.iterdir())[::10]]

    outcomes = [predictor.read(path) for path in paths]

    assert len(outcomes) == 40
    assert not [outcome for outcome in outcomes if getattr(outcome, "code", None) == "failed"]
    assert sum(isinstance(outcome, Scored) for outcome in outcomes) >= 35


@pytest.fixture(scope="module")
def reader(shipped):
    """The shipped bundle, reading all ages."""
    return Predictor(shipped, n_threads=1, minimum_age_years=0)


def saved(pixels: np.ndarray, path):
    """Grey levels of 0..1 as an 8-bit PNG."""
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_shipped_bundle_refuses_turned_phantoms(reader, films, tmp_path, quarters):
    """Upside down or on its side, a made film is not scored."""
    pngs = [film.image_path for film in films if film.image_path.suffix == ".png"]
    turned = [saved(np.rot90(read_raster(path).pixels, quarters), tmp_path / path.name) for path in pngs]

    codes = [reader.read(path).code for path in turned]

    assert len(codes) >= 3
    assert set(codes) <= {RefusalCode.TURNED, RefusalCode.NO_LUNGS}


def test_the_shipped_bundle_refuses_lungs_painted_over(reader, films, tmp_path):
    """A film whose lungs are one tone says nothing, and used to score 93."""
    film = next(film for film in films if film.image_path.suffix == ".png")
    pixels = read_raster(film.image_path).pixels
    for path in film.lung_mask_paths:
        inside = np.asarray(Image.open(path).resize(pixels.shape[::-1])) > 0
        pixels[inside] = pixels[inside].mean()

    refused = reader.read(saved(pixels, tmp_path / "flat.png"))

    assert refused.code == RefusalCode.BLANK
    assert "nothing to see in the lungs" in refused.reason


@pytest.mark.shared
def test_the_shipped_bundle_refuses_lung_masks(reader, shared):
    """Every fiftieth of Shenzhen's lung masks; they used to score 88 to 97."""
    masks = sorted((shared / "data/lung-masks/shenzhen").iterdir())[::50]

    outcomes = [reader.read(path) for path in masks]

    assert len(outcomes) == 11
    assert {outcome.code for outcome in outcomes} == {RefusalCode.NOT_AN_XRAY}


@pytest.mark.shared
def test_the_shipped_bundle_refuses_photographs(reader, shared):
    """Colour photographs by their colour, grey ones by what is on them."""
    paths = sorted((shared / "data/not-chest/photo").iterdir())

    outcomes = [reader.read(path) for path in paths]

    assert len(outcomes) == 38
    assert not [outcome for outcome in outcomes if isinstance(outcome, Scored)]


@pytest.mark.shared
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_shipped_bundle_tells_how_real_films_stand(reader, shared, tmp_path, quarters):
    """Every twelfth film of JSRT passes as it stands, and nine in ten are refused in any turn."""
    paths = sorted((shared / "data/jsrt/images").iterdir())[::12]
    turned = [saved(np.rot90(read_raster(path).pixels, quarters), tmp_path / path.name) for path in paths]

    n_scored = sum(isinstance(reader.read(path), Scored) for path in turned)

    assert n_scored == len(paths) if quarters == 0 else n_scored <= 0.1 * len(paths)
