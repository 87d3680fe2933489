"""One phantom: the same from the same seed, a chest to look at, and truths that hold together."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.data.phantom import Pattern, Site, build_phantom
from hilum.data.phantom.cohort import Mix, plan_films, plan_kaggle
from hilum.data.phantom.rays import blurred
from hilum.findings import Laterality, Sex, TuberculosisKind, Zone

SIDE = 96


@pytest.fixture(scope="module")
def sick():
    """A phantom of every pattern."""
    return {pattern: build_phantom(40 + k, side=SIDE, pattern=pattern) for k, pattern in enumerate(Pattern)}


@pytest.fixture(scope="module")
def sound():
    """Normal phantoms of all three sites."""
    return [build_phantom(seed, side=SIDE, site=list(Site)[seed % 3]) for seed in range(6)]


def test_the_same_seed_draws_the_same_pixels():
    """Drawn twice, a phantom is equal to the last bit, masks and all."""
    first, second = (build_phantom(5, side=SIDE, pattern=Pattern.CAVITY, site=Site.C) for _ in range(2))

    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert (first.finding == second.finding).all()
    assert (first.person, first.setup, first.zones) == (second.person, second.setup, second.zones)


def test_another_seed_draws_another_person():
    """Two seeds give two people, not one person with other noise."""
    first, second = build_phantom(1, side=SIDE), build_phantom(2, side=SIDE)

    assert first.person != second.person


def test_a_patients_films_share_the_body_and_differ_in_the_stand():
    """With one patient seed, age and build stay and the pixels change."""
    first = build_phantom(11, side=SIDE, patient_seed=7)
    second = build_phantom(12, side=SIDE, patient_seed=7)

    assert first.person == second.person
    assert not np.array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("side", [16, 33, 64, 200])
def test_the_longer_edge_has_the_pixels_asked_for(side):
    """Odd and small sides are drawn at exactly that side."""
    phantom = build_phantom(3, side=side, site=Site.B, pattern=Pattern.TUBERCULOMA)

    assert max(phantom.pixels.shape) == side
    assert (
        phantom.right_lung.shape == phantom.left_lung.shape == phantom.finding.shape == phantom.pixels.shape
    )
    assert phantom.finding.any()


def test_a_side_too_small_for_a_chest_is_refused():
    """Fifteen pixels hold no chest."""
    with pytest.raises(ValueError, match="at least 16"):
        build_phantom(0, side=15)


def test_grey_levels_are_finite_and_within_zero_and_one(sound, sick):
    """No pixel is NaN, negative, or brighter than white."""
    for phantom in [*sound, *sick.values()]:
        assert np.isfinite(phantom.pixels).all()
        assert phantom.pixels.dtype == np.float32
        assert 0 <= phantom.pixels.min() < 0.1 < 0.6 < phantom.pixels.max() <= 1


def test_lungs_are_dark_between_a_bright_heart_and_a_bright_belly(sound):
    """Bone bright: the lungs are darker than what lies between them, and than what lies below them."""
    for phantom in sound:
        lungs = phantom.right_lung | phantom.left_lung
        rows = np.flatnonzero(lungs.any(axis=1))
        middle = (rows[0] + 2 * rows[-1]) // 3
        inner = slice(np.flatnonzero(phantom.right_lung[middle])[-1] + 2,
                      np.flatnonzero(phantom.left_lung[middle])[0] - 1)  # fmt: skip

        assert np.median(phantom.pixels[lungs]) + 0.15 < np.median(phantom.pixels[middle, inner])


def test_the_right_lung_is_on_the_left_of_the_film(sound):
    """As in every frontal film, the patient faces the reader."""
    for phantom in sound:
        assert np.nonzero(phantom.right_lung)[1].mean() < np.nonzero(phantom.left_lung)[1].mean()


def test_the_heart_lies_to_the_patients_left(sound):
    """The left lung loses more room to the heart than the right."""
    for phantom in sound:
        assert phantom.left_lung.sum() < phantom.right_lung.sum()


def test_the_lungs_do_not_overlap_and_take_a_plausible_share(sound):
    """Each lung is one side's, and both together take an eighth to a half of the film."""
    for phantom in sound:
        assert not (phantom.right_lung & phantom.left_lung).any()
        assert 1 / 8 < (phantom.right_lung | phantom.left_lung).mean() < 1 / 2


def test_a_normal_phantom_has_no_finding(sound):
    """No pattern, no mask, no zones, no side, label 0."""
    for phantom in sound:
        assert (phantom.label, phantom.pattern, phantom.kinds, phantom.zones) == (0, None, (), ())
        assert phantom.laterality is None
        assert not phantom.finding.any()


def test_a_finding_lies_in_the_lungs(sick):
    """A finding's mask never reaches over the heart or out of the chest."""
    for phantom in sick.values():
        assert phantom.label == 1
        assert phantom.finding.any()
        assert not (phantom.finding & ~(phantom.right_lung | phantom.left_lung)).any()


@pytest.mark.parametrize(
    "pattern",
    [Pattern.INFILTRATE, Pattern.CAVITY, Pattern.EFFUSION, Pattern.CONSOLIDATION, Pattern.TUBERCULOMA],
)
def test_a_finding_changes_the_film_where_its_mask_is(pattern):
    """Beside the same chest without it, the film is brighter inside the mask than outside it.

    Fibrosis and old disease pull the chest's own shape about, and miliary disease is everywhere.
    """
    with_it = build_phantom(71, side=SIDE, pattern=pattern, site=Site.C)
    without = build_phantom(71, side=SIDE, site=Site.C)
    change = with_it.pixels - without.pixels
    elsewhere = (with_it.right_lung | with_it.left_lung) & ~with_it.finding

    assert change[with_it.finding].mean() > 0.01
    if elsewhere.any():
        assert change[with_it.finding].mean() > change[elsewhere].mean() + 0.01


def test_miliary_disease_is_fine_grained():
    """What it adds to the same lungs varies from pixel to pixel, not only from zone to zone."""
    without, with_it = (build_phantom(8, side=320, pattern=pattern) for pattern in (None, Pattern.MILIARY))
    change = with_it.pixels - without.pixels
    grain = change - blurred(change, 2.5)

    assert grain[with_it.finding].std() > 0.008


def test_zones_and_side_follow_from_the_mask(sick):
    """A side is named if and only if one of its zones is, and the mask has pixels there."""
    for phantom in sick.values():
        right, left = (
            bool((phantom.finding & lung).any()) for lung in (phantom.right_lung, phantom.left_lung)
        )
        named = {zone.value.split()[0] for zone in phantom.zones}

        assert named <= {name for name, there in (("right", right), ("left", left)) if there}
        assert (phantom.laterality is Laterality.BILATERAL) == (len(named) == 2)


@pytest.mark.parametrize("pattern", [Pattern.INFILTRATE, Pattern.CAVITY, Pattern.FIBROSIS, Pattern.OLD])
def test_secondary_tuberculosis_seeks_the_upper_zones(pattern):
    """Every such finding reaches into an upper zone."""
    upper = {Zone.RIGHT_UPPER, Zone.LEFT_UPPER}

    assert all(upper & set(build_phantom(seed, side=64, pattern=pattern).zones) for seed in range(4))


def test_an_effusion_fills_the_base():
    """Fluid lies in the lower zone of its side and never in the upper one of a small effusion."""
    for seed in range(4):
        zones = build_phantom(seed, side=64, pattern=Pattern.EFFUSION).zones

        assert {Zone.RIGHT_LOWER, Zone.LEFT_LOWER} & set(zones)


def test_miliary_disease_is_everywhere():
    """Both lungs, top to bottom."""
    phantom = build_phantom(4, side=SIDE, pattern=Pattern.MILIARY)

    assert phantom.laterality is Laterality.BILATERAL
    assert len(phantom.zones) >= 5


def test_a_cavity_is_lucent_within_a_wall():
    """The centre of a cavity lets more through than its wall does."""
    from hilum.data.phantom.attenuation import Lengths, Material
    from hilum.data.phantom.film import film_grid
    from hilum.data.phantom.findings import add_finding
    from hilum.data.phantom.lesion import Lesion, Spot
    from hilum.data.phantom.person import draw_person, draw_pose
    from hilum.data.phantom.site import draw_setup
    from hilum.data.phantom.thorax import RIGHT, Thorax, lay_out

    rng = np.random.default_rng(1)
    thorax = Thorax(draw_person(rng), draw_pose(rng), (0.0,) * 6)
    grid = film_grid(draw_setup(Site.A, rng), thorax, 400)
    spot = Spot(RIGHT, across=0.5, down=0.3, radius_mm=18.0)
    lengths, cavity = Lengths(grid), lay_out(thorax, grid)
    add_finding(lengths, thorax, cavity, Lesion(Pattern.CAVITY, (spot,), strength=1.0, seed=3))
    x, y = thorax.place(RIGHT, across=0.5, down=0.3)
    reach = np.hypot(grid.x - x, grid.y - y)
    soft = lengths[Material.SOFT]

    assert soft[reach < 6].mean() < 0.7 * soft[(reach > 12) & (reach < 17)].mean()


def test_kinds_are_those_that_a_reading_would_name(sick):
    """A cavity is secondary tuberculosis with a cavity; an effusion is an effusion."""
    assert sick[Pattern.CAVITY].kinds == (TuberculosisKind.SECONDARY, TuberculosisKind.CAVITY)
    assert sick[Pattern.EFFUSION].kinds == (TuberculosisKind.EFFUSION,)
    assert all(phantom.kinds for phantom in sick.values())


def test_harmless_extras_come_with_both_labels():
    """A nipple, a lead, or a necklace is as likely on a normal film as on a sick one."""
    sound = [build_phantom(seed, side=16).distractors for seed in range(40)]
    sick = [build_phantom(seed, side=16, pattern=Pattern.OLD).distractors for seed in range(40)]

    assert sum(map(bool, sound)) >= 5
    assert sum(map(bool, sick)) >= 5


def test_women_have_breasts_and_men_have_none():
    """Breast shadows go by sex, and some of each sex are drawn."""
    people = [build_phantom(seed, side=16).person for seed in range(20)]

    assert {person.sex for person in people} == {Sex.FEMALE, Sex.MALE}
    assert all((person.breast > 0) == (person.sex is Sex.FEMALE) for person in people)


def test_people_are_fifteen_to_eighty_nine():
    """Adults and adolescents, in whole years."""
    ages = [build_phantom(seed, side=16).person.age_years for seed in range(20)]

    assert all(15 <= age <= 89 and age == round(age) for age in ages)
    assert len(set(ages)) > 8


def test_a_child_is_small():
    """A child's film is of a smaller chest on a smaller plate."""
    child, adult = (build_phantom(2, side=64, child_age_years=age) for age in (1.0, None))

    assert child.person.age_years == 1.0
    assert child.person.half_width < 0.6 * adult.person.half_width
    assert child.pixel_mm < adult.pixel_mm


def test_sites_take_different_films():
    """The same person looks otherwise at every site: other tone, other pixels."""
    films = [build_phantom(9, side=64, site=site) for site in Site]
    lungs = [float(np.median(film.pixels[film.right_lung | film.left_lung])) for film in films]

    assert len({film.person for film in films}) == 1
    assert max(lungs) - min(lungs) > 0.03


def test_site_b_has_the_shape_of_the_montgomery_films():
    """4892 x 4020 or 4020 x 4892, scaled."""
    shapes = [build_phantom(seed, side=128, site=Site.B).pixels.shape for seed in range(8)]

    assert set(shapes) == {(105, 128), (128, 105)}  # 128 * 4020 / 4892 = 105.2


@pytest.mark.parametrize("prevalence", [0.0, 0.25, 0.5, 1.0])
def test_every_site_has_the_prevalence_asked_for(prevalence):
    """Of twenty-four films a site the share with a finding is exact."""
    orders = plan_films(72, seed=1, mix=Mix(prevalence=prevalence))

    for site in Site:
        own = [order for order in orders if order.site is site]
        assert sum(order.pattern is not None for order in own) == prevalence * len(own)


def test_a_longer_set_begins_with_the_shorter_one():
    """Asking for more films leaves the first ones as they were."""
    assert plan_films(30, seed=4, mix=Mix())[:12] == plan_films(12, seed=4, mix=Mix())


def test_all_patterns_are_in_a_set_of_two_dozen():
    """Twenty-four films hold every pattern."""
    for orders in (plan_films(24, seed=0, mix=Mix()), plan_kaggle(24, seed=0, mix=Mix())):
        assert {order.pattern for order in orders} == {None, *Pattern}


def test_file_forms_and_quirks_do_not_tell_the_label():
    """Within a site the turn, which decides form and quirk, is spread over both labels alike."""
    orders = plan_films(120, seed=2, mix=Mix())

    for site in Site:
        turns = {
            label: [o.turn for o in orders if o.site is site and (o.pattern is None) == label]
            for label in (True, False)
        }
        assert turns[True] == turns[False]


def test_some_patients_have_two_films_of_one_label_and_site():
    """A second film is of the same body, site, and disease, and nobody has three."""
    orders = plan_films(60, seed=3, mix=Mix())
    films: dict[int, list] = {}
    for order in orders:
        films.setdefault(order.patient, []).append(order)
    pairs = [own for own in films.values() if len(own) > 1]

    assert len(pairs) >= 6
    assert all(len(own) == 2 for own in pairs)
    assert all(len({(o.site, o.pattern, o.patient_seed) for o in own}) == 1 for own in pairs)
