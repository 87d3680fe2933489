"""The physics under the phantoms: lengths in millimetres on any grid, beams that obey Beer-Lambert."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilum.data.phantom.attenuation import Lengths, Material, coefficient
from hilum.data.phantom.bone import Bones
from hilum.data.phantom.exposure import Technique, develop, expose
from hilum.data.phantom.person import Pose
from hilum.data.phantom.rays import Grid, blurred, cloud, curve, path, smooth_step, splat

GRID = Grid(60, 50, 2.0, -50.0, -60.0)  # 100 mm wide, 120 mm high
TECHNIQUE = Technique(
    energy_kev=60,
    scatter=0.3,
    quanta_per_mm2=1e6,
    blur_mm=0.1,
    gamma=1.5,
    toe=0.4,
    shoulder=0.85,
    crispness=0.0,
)


def test_splatted_matter_keeps_its_volume():
    """However points fall on pixels, volume in is length times area out."""
    points = np.random.default_rng(0).uniform(-40, 40, (500, 3))
    length = splat(GRID, points, np.full(500, 3.0))

    assert length.sum() * GRID.pixel_mm**2 == pytest.approx(1500, rel=1e-5)


def test_matter_outside_the_film_leaves_no_trace():
    """Points beyond the edge are dropped, and those on it lose only what falls outside."""
    length = splat(GRID, np.array([[500.0, 0], [0, -500], [-50, 0]]), np.ones(3))

    assert length.sum() * GRID.pixel_mm**2 == pytest.approx(0.5)  # half of the point on the left edge


def test_a_length_does_not_depend_on_the_pixels():
    """A ball of points gives the same mean length on a grid twice as fine."""
    points = np.random.default_rng(1).normal(0, 8, (4000, 2))
    coarse = splat(GRID, points, np.ones(4000))
    fine = splat(GRID.finer(2), points, np.ones(4000))

    assert fine.mean() == pytest.approx(coarse.mean(), rel=1e-5)


def test_a_tube_is_as_thick_as_it_was_made():
    """Through the middle of a tube of 10 mm radius a ray runs about 20 mm, its shell included."""
    bones = Bones(step_mm=0.5, mineral=1.0)
    bones.line([[-45.0, 0, 0], [45.0, 0, 0]], tall=10, thick=10, shell_mm=1.0)
    lengths = Lengths(GRID)
    lengths.add(Material.SOFT, GRID.zeros() + 100)
    still = Pose(turn_rad=0.0, tilt_rad=0.0, breath=1.0, arm=0.0, offset_x=0.0, offset_y=0.0)
    bones.lay_on(lengths, still, np.random.default_rng(0))
    middle = lengths[Material.SPONGY_BONE][29:31, 20:30].mean()

    assert middle == pytest.approx(20, rel=0.15)
    total = lengths[Material.SOFT] + lengths[Material.SPONGY_BONE] + lengths[Material.COMPACT_BONE]
    assert total == pytest.approx(100, abs=1e-3)  # bone takes soft tissue's place


def test_coefficients_are_those_of_the_tables():
    """Soft tissue at 60 keV: 0.2048 cm2/g times 1.06 g/cm3, a tenth of that per mm."""
    assert coefficient(Material.SOFT, 60) == pytest.approx(0.2048 * 1.06 / 10)
    assert coefficient(Material.COMPACT_BONE, 80) == pytest.approx(0.2229 * 1.92 / 10)


def test_a_harder_beam_goes_through_more():
    """Every material takes less away at 80 keV than at 60, bone by most."""
    ratios = {material: coefficient(material, 80) / coefficient(material, 60) for material in Material}

    assert all(ratio < 1 for ratio in ratios.values())
    assert ratios[Material.COMPACT_BONE] < ratios[Material.SOFT]


def test_materials_add_up_along_a_ray():
    """The line integral is the sum of length times coefficient."""
    lengths = Lengths(GRID)
    lengths.add(Material.SOFT, GRID.zeros() + 50)
    lengths.add(Material.LUNG, GRID.zeros() + 100)
    expected = 50 * coefficient(Material.SOFT, 65) + 100 * coefficient(Material.LUNG, 65)

    assert lengths.attenuation(65) == pytest.approx(expected, rel=1e-5)


def test_without_scatter_the_signal_is_beer_lambert():
    """With neither scatter nor noise to speak of, the log signal is minus the line integral."""
    clean = replace(TECHNIQUE, scatter=0.0, quanta_per_mm2=1e12)
    attenuation = GRID.zeros() + np.linspace(0, 4, GRID.width, dtype=np.float32)
    signal = expose(attenuation, GRID, clean, np.random.default_rng(0))

    assert signal[:, 2:-2] == pytest.approx(-attenuation[:, 2:-2], abs=0.01)


def test_scatter_veils_what_is_dense():
    """Scatter adds more, in proportion, behind dense matter, and none to an empty field."""
    attenuation = GRID.zeros()
    attenuation[:, 25:] = 4.0
    attenuation[:, :25] = 1.5
    signal = expose(attenuation, GRID, TECHNIQUE, np.random.default_rng(0))
    empty = expose(GRID.zeros(), GRID, TECHNIQUE, np.random.default_rng(0))
    gain = signal + attenuation

    assert gain[:, 40:].mean() > gain[:, :10].mean() > 0
    assert empty == pytest.approx(0, abs=0.01)


def test_noise_grows_where_few_quanta_arrive():
    """Behind dense matter the film is noisier."""
    attenuation = GRID.zeros()
    attenuation[30:] = 5.0
    noisy = replace(TECHNIQUE, quanta_per_mm2=1e4, scatter=0.0)
    signal = expose(attenuation, GRID, noisy, np.random.default_rng(0))

    assert signal[40:].std() > 3 * signal[:20].std()


def test_development_puts_lungs_and_body_at_their_levels():
    """Lungs come out at the toe's grey, the densest parts at the shoulder's, the open field black."""
    signal = GRID.zeros() - 2.0
    signal[:, 30:] = -4.0
    signal[:, :5] = 0.0
    lung = GRID.zeros() == 1
    lung[:, 5:30] = True
    grey = develop(signal, lung, GRID, TECHNIQUE)

    assert grey[:, :5].max() < 0.05
    assert grey[0, 10] == pytest.approx(0.4, abs=0.05)
    assert grey[0, 40] == pytest.approx(0.85, abs=0.05)


@pytest.mark.parametrize("sigma", [0.05, 0.6, 1.5, 4.0, 9.0])
def test_a_blur_keeps_the_mean_and_makes_no_edge(sigma):
    """Narrow and wide blurs alike: a constant stays constant, and the mean of a field stays."""
    flat = np.full((40, 31), 0.7, np.float32)
    spot = np.zeros((61, 61), np.float32)
    spot[30, 30] = 1

    assert blurred(flat, sigma) == pytest.approx(flat, abs=1e-5)
    assert blurred(spot, sigma).sum() == pytest.approx(1, abs=0.02)


def test_both_ways_of_blurring_agree():
    """At the width where the method changes, both give the same picture."""
    image = np.random.default_rng(0).random((50, 44), np.float32)

    assert blurred(image, 1.999) == pytest.approx(blurred(image, 2.0), abs=2e-3)


def test_a_spline_goes_through_its_knots():
    """And stays at the end values beyond them."""
    knots, values = [0.0, 1, 3, 4], [2.0, 5, 1, 1.5]

    assert curve(knots, values, knots) == pytest.approx(values)
    assert curve(knots, values, [-9.0, 99.0]) == pytest.approx([2.0, 1.5])


def test_a_path_begins_and_ends_at_its_corners():
    """Smooth between them, exact at both ends."""
    line = path([[0.0, 0, 0], [5, 5, 1], [10, 0, 2]], n=30)

    assert line[0] == pytest.approx([0, 0, 0])
    assert line[-1] == pytest.approx([10, 0, 2])


def test_a_cloud_looks_the_same_at_every_size():
    """The field belongs to the millimetres, not to the pixels."""
    coarse = cloud(GRID, np.random.default_rng(3), scale_mm=30)
    fine = cloud(GRID.finer(2), np.random.default_rng(3), scale_mm=30)
    averaged = fine.reshape(60, 2, 50, 2).mean(axis=(1, 3))

    assert averaged == pytest.approx(coarse, abs=0.05)


def test_a_smooth_step_runs_from_nought_to_one():
    """Flat outside 0 to 1, a half in the middle."""
    assert smooth_step(np.array([-3.0, 0, 0.5, 1, 7])) == pytest.approx([0, 0, 0.5, 1, 1])
