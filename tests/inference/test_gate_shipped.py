"""The gate of the bundle that `hilum screen` reads with by default, on whole pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hilum.data.manifest import read_manifest
from hilum.data.phantom import write_phantoms
from hilum.imaging.read import read_radiograph
from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
from hilum.inference.predictor import Predictor
from hilum.records import RefusalCode, Scored

OF_NO_CHEST = {RefusalCode.NOT_AN_XRAY, RefusalCode.NOT_A_CHEST, RefusalCode.NO_LUNGS, RefusalCode.UNFAMILIAR}


@pytest.fixture(scope="module")
def reader() -> Predictor:
    """It reads all ages."""
    return Predictor(read_bundle(DEFAULT_BUNDLE), n_threads=1, minimum_age_years=0)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Pixels of four phantoms that the gate did not learn from."""
    folder = tmp_path_factory.mktemp("gate") / "phantoms"
    write_phantoms(folder, n=4, seed=23, side=256)
    return [read_radiograph(film.image_path).pixels for film in read_manifest(folder / "manifest.parquet")]


def leaning(pixels, degrees):
    """A film that lies askew."""
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR))


def marked(pixels):
    """A white marker burned in at a corner."""
    made = pixels.copy()
    made[12:28, 12:44] = 1
    return made


def as_jpeg(pixels):
    """Through JPEG of quality 50."""
    buffer = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(buffer, "JPEG", quality=50)
    return np.asarray(Image.open(buffer), np.float32) / 255


HARMLESS = {
    "as it is": lambda pixels: pixels,
    "a fifth of black border": lambda pixels: np.pad(pixels, pixels.shape[0] // 5),
    "gamma 0.6": lambda pixels: pixels**0.6,
    "gamma 1.6": lambda pixels: pixels**1.6,
    "10 degrees to the left": lambda pixels: leaning(pixels, 10),
    "10 degrees to the right": lambda pixels: leaning(pixels, -10),
    "marker": marked,
    "JPEG of quality 50": as_jpeg,
}


def saved(pixels, path, *, bits: int = 8):
    """Grey levels of 0..1 as a PNG."""
    scaled = np.rint(np.clip(pixels, 0, 1) * (2**bits - 1))
    Image.fromarray(scaled.astype(np.uint8 if bits == 8 else np.uint16)).save(path)
    return path


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_not_spoil_a_film_does_not_refuse_it(reader, films, tmp_path, name):
    """Exposure, borders, a slight turn, a marker, and compression are everyday."""
    for place, pixels in enumerate(films):
        path = saved(HARMLESS[name](pixels), tmp_path / f"{place}.png")

        assert isinstance(reader.read(path), Scored)


def test_sixteen_bits_pass_as_eight_do(reader, films, tmp_path):
    """Depth is no evidence against a film."""
    path = saved(films[0], tmp_path / "deep.png", bits=16)

    assert isinstance(reader.read(path), Scored)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda pixels: np.rot90(pixels, 2), RefusalCode.TURNED),
        (lambda pixels: np.rot90(pixels, 1), RefusalCode.TURNED),
        (lambda pixels: pixels[:, pixels.shape[1] // 2 :], RefusalCode.CUT_OFF),
    ],
)
def test_a_spoilt_film_is_refused_by_its_word(reader, films, tmp_path, change, code):
    """Upside down, on its side, and half of it: most of four films get the plain word, and none a score."""
    outcomes = [
        reader.read(saved(change(pixels), tmp_path / f"{place}.png")) for place, pixels in enumerate(films)
    ]

    assert not [outcome for outcome in outcomes if isinstance(outcome, Scored)]
    assert sum(outcome.code == code for outcome in outcomes) >= 3


def test_noise_is_no_chest(reader, tmp_path, chance):
    """Grey noise of any grain is refused by a word of no chest."""
    for side in (8, 32, 128):
        coarse = Image.fromarray(chance.random((side, side), np.float32))
        path = saved(np.asarray(coarse.resize((256, 256))), tmp_path / f"{side}.png")

        assert reader.read(path).code in OF_NO_CHEST | {RefusalCode.BLANK, RefusalCode.BLURRED}


@pytest.mark.shared
def test_pictures_of_no_chest_are_refused(reader, shared):
    """Every eighth of the other pictures; 42 of all 229 used to be scored."""
    paths = sorted(path for path in (shared / "data/not-chest").rglob("*") if path.is_file())[::8]
    outcomes = [reader.read(path) for path in paths]

    assert not [outcome for outcome in outcomes if isinstance(outcome, Scored)]
    assert sum(outcome.code in OF_NO_CHEST for outcome in outcomes) >= 0.9 * len(outcomes)


@pytest.mark.shared
def test_odd_dicom_films_are_read(reader, shared):
    """All but a film stored upside down and an animal seen from the side."""
    outcomes = [reader.read(path) for path in sorted((shared / "data/dicom-odd").iterdir())]

    assert sum(isinstance(outcome, Scored) for outcome in outcomes) == 8
    assert RefusalCode.TURNED in {getattr(outcome, "code", None) for outcome in outcomes}
