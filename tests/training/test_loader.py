"""Films become arrays by the recipe, once; what cannot be read is left out by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import write_tiny_bundle
from hilum.errors import TrainingRefused
from hilum.imaging.read import read_radiograph
from hilum.imaging.recipe import Recipe, film_canvas, model_input
from hilum.training import loader
from hilum.training.loader import load_films


def test_a_film_arrives_as_the_recipe_makes_it(manifest, settings, tmp_path):
    """Training sees what the server sees: the recipe's array, to half precision."""
    arrays = load_films(manifest, settings.recipe, "", tmp_path / "cache")

    canvas = film_canvas(read_radiograph(manifest[3].image_path).pixels, settings.recipe)
    expected = model_input(canvas, None, settings.recipe).array
    np.testing.assert_allclose(arrays.arrays[3].numpy(), expected, atol=5e-4)


def test_films_are_read_once(manifest, settings, tmp_path, monkeypatch):
    """The second run takes the kept arrays; another recipe does not."""
    first = load_films(manifest, settings.recipe, "", tmp_path / "cache")
    monkeypatch.setattr(loader, "read_radiograph", None)

    again = load_films(manifest, settings.recipe, "", tmp_path / "cache")

    assert (again.arrays == first.arrays).all()
    with pytest.raises(TypeError):
        load_films(manifest, replace(settings.recipe, crop_side=32), "", tmp_path / "cache")


def test_a_damaged_film_is_left_out_by_name(manifest, settings, tmp_path, caplog):
    """The others go on."""
    manifest[5].image_path.write_bytes(b"not a film")

    arrays = load_films(manifest, settings.recipe, "", tmp_path / "cache")

    assert len(arrays) == 23
    assert "film-005 is left out" in caplog.text


def test_no_readable_film_is_refused(manifest, settings, tmp_path):
    """An empty training would end with a random network."""
    for film in manifest:
        film.image_path.write_bytes(b"not a film")

    with pytest.raises(TrainingRefused, match="none of the films could be read"):
        load_films(manifest, settings.recipe, "", tmp_path / "cache")


def test_painting_over_the_lungs_changes_what_the_network_sees(manifest, tmp_path):
    """The control's arrays are kept apart from the films' own."""
    bundle = write_tiny_bundle(tmp_path / "tiny")
    recipe = bundle.recipe

    plain = load_films(manifest, recipe, str(bundle.folder), tmp_path / "cache")
    blanked = load_films(manifest, recipe, str(bundle.folder), tmp_path / "cache", control="lungs-blanked")

    assert isinstance(recipe, Recipe)
    assert plain.arrays.shape == blanked.arrays.shape
    assert (plain.arrays != blanked.arrays).any()


def test_whole_films_too_are_shared_out_between_lungs_and_all_else(manifest, tmp_path):
    """A recipe that looks for no lungs finds them for its controls; each pixel is kept by one of the two."""
    bundle = write_tiny_bundle(tmp_path / "tiny")
    recipe = replace(bundle.recipe, region="film", crop_side=bundle.recipe.film_side)

    def arrays(control):
        return load_films(manifest, recipe, str(bundle.folder), tmp_path / "cache", control=control).arrays

    plain, others = arrays("none"), arrays("lungs-blanked")
    lungs = arrays("outside-blanked")

    assert ((lungs == plain) | (others == plain)).all()
    assert 0.2 < (lungs == plain).float().mean() < 0.8
    assert (lungs != others).any()
