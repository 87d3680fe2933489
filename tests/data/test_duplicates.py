"""Copies are found by content and by look, within and across sets, and different films are left alone."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.data.duplicates import DuplicateKind, duplicate_pairs, tied_names
from hilum.data.likeness import likeness
from hilum.data.splits import patient_folds
from hilum.errors import UnreadableImage
from hilum.imaging.hashing import perceptual_hash
from hilum.imaging.resize import area_resize
from hilum.records import Film


def film(name, pixels=None, *, patient=None, dataset="test", sha256=None, path=None):
    return Film(
        film=name, image_path=path or Path(f"/films/{name}.png"), dataset=dataset, site="A",
        patient=patient or name,
        label=0, width=64, height=64, bit_depth=8, sha256=f"hash of {name}" if sha256 is None else sha256,
        perceptual_hash="" if pixels is None else perceptual_hash(pixels),
    )  # fmt: skip


def picture(chance, side=96):
    """Structure at all sizes, as a film has: noise averaged at four sizes."""
    return np.clip(sum(noise(chance, n, side) for n in (3, 8, 20, 48)) / 4, 0, 1)


def noise(chance, n, side=96):
    return area_resize(chance.random((n, n)).astype(np.float32), height=side, width=side)


def found(pairs):
    return [(pair.first.film, pair.second.film) for pair in pairs]


def test_equal_files_are_a_pair_whatever_their_names():
    """Two patients, two datasets, one file: both facts are told."""
    (pair,) = duplicate_pairs(
        [film("a", sha256="s", dataset="x"), film("b", sha256="s", dataset="y"), film("c")]
    )

    assert (pair.first.film, pair.second.film, pair.kind) == ("a", "b", DuplicateKind.CONTENT)
    assert pair.is_across_patients
    assert pair.is_across_datasets


def test_many_equal_files_are_each_paired_with_the_first():
    """Four copies are three pairs, not six."""
    pairs = duplicate_pairs([film(name, sha256="s") for name in "dbca"])

    assert found(pairs) == [("a", "b"), ("a", "c"), ("a", "d")]


def test_films_without_a_hash_are_no_copies_of_each_other():
    """An empty hash says nothing."""
    assert duplicate_pairs([film("a", sha256=""), film("b", sha256="")]) == []


@pytest.mark.parametrize(
    "saved_anew",
    [
        lambda pixels: area_resize(pixels, height=48, width=48),
        lambda pixels: np.clip(pixels * 0.8 + 0.1, 0, 1),
        lambda pixels: pixels**0.7,
        lambda pixels: np.round(pixels * 15) / 15,
        lambda pixels: pixels[1:-1, 1:-1],
    ],
    ids=["half the size", "brightness", "gamma", "16 greys", "cropped by a pixel"],
)
def test_a_film_saved_anew_is_found_among_others(chance, saved_anew):
    """The copy is paired with its original and with nothing else."""
    looks = {f"film{number:02}": picture(chance) for number in range(12)}
    looks["copy"] = saved_anew(looks["film07"]).astype(np.float32)
    films = [film(name, pixels) for name, pixels in looks.items()]
    (pair,) = duplicate_pairs(films, look=lambda film: looks[film.film])

    assert (pair.first.film, pair.second.film, pair.kind) == ("copy", "film07", DuplicateKind.LOOK)
    assert pair.likeness >= 0.92


def test_a_pair_does_not_depend_on_the_order_of_the_films(chance):
    """The same pairs in the same order, whichever film comes first."""
    looks = {f"film{number:02}": picture(chance) for number in range(6)}
    looks["again"] = looks["film03"] * np.float32(0.9)
    films = [film(name, pixels) for name, pixels in looks.items()]

    assert found(duplicate_pairs(films, look=lambda film: looks[film.film])) == found(
        duplicate_pairs(films[::-1], look=lambda film: looks[film.film])
    )


def test_films_alike_in_shape_alone_are_left_alone(chance):
    """The hash takes the coarse shape, which all chests share; the fine detail tells them apart."""
    shape = picture(chance)
    looks = {name: np.clip(shape + 0.25 * (noise(chance, 48) - 0.5), 0, 1) for name in ("a", "b")}
    films = [film(name, pixels) for name, pixels in looks.items()]

    assert found(duplicate_pairs(films, max_distance=20, min_likeness=None)) == [("a", "b")]
    assert duplicate_pairs(films, max_distance=20, look=lambda film: looks[film.film]) == []


def test_without_the_second_look_no_file_is_opened(chance):
    """Candidates by hash alone carry no likeness."""
    pixels = picture(chance)
    (pair,) = duplicate_pairs([film("a", pixels), film("b", pixels)], min_likeness=None)

    assert (pair.distance, pair.likeness) == (0, None)


def test_the_distance_is_a_limit(chance):
    """Hashes 0 and 7 (three bits) are a pair at 3 and none at 2."""
    a, b = film("a", picture(chance)), film("b", picture(chance))
    films = [
        Film(**{name: getattr(a, name) for name in a.__slots__} | {"perceptual_hash": "0" * 16}),
        Film(**{name: getattr(b, name) for name in b.__slots__} | {"perceptual_hash": "0" * 15 + "7"}),
    ]

    assert len(duplicate_pairs(films, max_distance=3, min_likeness=None)) == 1
    assert duplicate_pairs(films, max_distance=2, min_likeness=None) == []


def test_blank_films_are_like_nothing():
    """Two blank films share a hash and have no detail to agree on."""
    blank = np.full((64, 64), 0.5, dtype=np.float32)

    assert likeness(blank, blank) == 0
    assert duplicate_pairs([film("a", blank), film("b", blank)], look=lambda film: blank) == []


def test_files_are_read_for_the_second_look(chance, tmp_path):
    """Without pixels at hand the candidates' files are opened."""
    pixels = picture(chance)
    grey = (pixels * 255).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    Image.fromarray(grey).save(tmp_path / "b.png", compress_level=0)
    films = [film(name, pixels, path=tmp_path / f"{name}.png") for name in "ab"]

    assert found(duplicate_pairs(films)) == [("a", "b")]


def test_a_candidate_that_is_gone_is_named(chance, tmp_path):
    """The manifest is older than the folder."""
    pixels = picture(chance)
    films = [film(name, pixels, path=tmp_path / f"{name}.png") for name in "ab"]

    with pytest.raises(UnreadableImage, match=r"a\.png: There is no such file"):
        duplicate_pairs(films)


def test_pairs_tie_the_splits(chance):
    """Near-duplicates of two patients go to one fold."""
    pixels = picture(chance)
    films = [film("a", pixels), film("b", pixels), *(film(f"p{number}") for number in range(20))]
    tied = tied_names(duplicate_pairs(films, look=lambda film: pixels))
    folds = patient_folds(films, n_folds=4, seed=0, tied=tied)

    assert folds[0] == folds[1]


def test_block_by_block_search_finds_what_a_plain_one_does(chance, monkeypatch):
    """The oracle is two loops."""
    monkeypatch.setattr("hilum.data.duplicates._BLOCK", 100)
    codes = [int(code) for code in chance.integers(0, 256, size=60)]
    base = film("x")
    films = [
        Film(**{name: getattr(base, name) for name in base.__slots__}
             | {"film": f"{n:02}", "sha256": str(n), "perceptual_hash": f"{code:016x}"})
        for n, code in enumerate(codes)
    ]  # fmt: skip
    plain = [
        (f"{i:02}", f"{j:02}")
        for i in range(60)
        for j in range(i + 1, 60)
        if (codes[i] ^ codes[j]).bit_count() <= 2
    ]

    assert found(duplicate_pairs(films, max_distance=2, min_likeness=None)) == plain


@pytest.fixture(scope="module")
def real_looks(shared):
    """550 Shenzhen and 247 JSRT films, all of different people."""
    looks = {}
    with zipfile.ZipFile(shared / "data" / "pulmonary-chest-xray-abnormalities.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".png"):
                looks[Path(name).stem] = Image.open(io.BytesIO(archive.read(name))).convert("L")
    for path in sorted((shared / "data" / "jsrt" / "images").iterdir()):
        looks[path.stem] = Image.open(path).convert("L")
    return {name: np.asarray(picture, dtype=np.float32) / 255 for name, picture in looks.items()}


def test_real_films_of_different_people_are_not_called_copies(real_looks):
    """1,000 and more pairs are close by hash, and the second look clears them all."""
    films = [film(name, pixels) for name, pixels in real_looks.items()]

    assert len(duplicate_pairs(films, min_likeness=None)) > 1000
    assert duplicate_pairs(films, look=lambda film: real_looks[film.film]) == []


def test_real_films_saved_anew_are_found(real_looks):
    """Every twentieth film again, as JPEG of quality 30, with another gamma, and cropped by 1 %."""
    looks = dict(real_looks)
    expected = set()
    for name in list(real_looks)[::20]:
        pixels = real_looks[name]
        stream = io.BytesIO()
        Image.fromarray((pixels * 255).astype(np.uint8)).save(stream, "JPEG", quality=30)
        looks[f"~jpeg {name}"] = np.asarray(Image.open(stream), dtype=np.float32) / 255
        looks[f"~gamma {name}"] = pixels**1.5
        looks[f"~crop {name}"] = pixels[2:-2, 2:-2]
        expected |= {(name, f"~{kind} {name}") for kind in ("jpeg", "gamma", "crop")}
    pairs = duplicate_pairs(
        [film(name, pixels) for name, pixels in looks.items()], look=lambda film: looks[film.film]
    )

    assert expected <= set(found(pairs))
    assert all(pair.first.film.split()[-1] == pair.second.film.split()[-1] for pair in pairs)
