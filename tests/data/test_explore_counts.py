"""Counts, sizes, and spreads from a manifest alone."""

from __future__ import annotations

import pytest

from explorable import film_row
from hilum.data.explore.counts import count_groups, labels_of, measure_dimensions, sites_of
from hilum.data.explore.spread import spread
from hilum.findings import Sex


def test_a_spread_gives_quartiles_of_the_stated_values():
    """Missing values are left out of the numbers and of n."""
    lie = spread([4.0, None, 1.0, 2.0, 3.0, 5.0])

    assert lie is not None
    assert (lie.n, lie.least, lie.greatest) == (5, 1, 5)
    assert (lie.lower_quartile, lie.median, lie.upper_quartile) == (2, 3, 4)


def test_nothing_stated_has_no_spread():
    """No number is made up for values that are all missing."""
    assert spread([None, None]) is None


def test_the_largest_site_comes_first_and_ties_go_by_name():
    """The order of sites does not depend on the order of films."""
    films = [film_row(f"f{i}", site=site) for i, site in enumerate("CBAA")]

    assert sites_of(films) == sites_of(films[::-1]) == ["A", "B", "C"]


def test_labels_come_as_normal_tuberculosis_not_stated():
    """Only labels that occur are listed."""
    assert labels_of([film_row("a", label=None), film_row("b", label=0)]) == [0, None]


def test_a_group_counts_films_patients_sexes_and_missing_facts():
    """Every film of a group falls under exactly one sex column."""
    films = [
        film_row("a", patient="p", sex=Sex.FEMALE, age_years=30.0),
        film_row("b", patient="p", sex=Sex.MALE, age_years=14.9),
        film_row("c", sex=Sex.OTHER, age_years=15.0),
        film_row("d"),
    ]

    (group,) = count_groups(films)

    assert (group.n, group.n_patients) == (4, 3)
    assert (group.n_female, group.n_male, group.n_other_sex, group.n_sex_not_stated) == (1, 1, 1, 1)
    assert (group.n_children, group.n_age_not_stated) == (1, 1)  # 15.0 is no child


def test_groups_that_do_not_occur_have_no_row():
    """Site B has no tuberculosis film, and so no such row."""
    films = [film_row("a", site="A", label=1), film_row("b", site="A"), film_row("c", site="B")]

    assert [(group.site, group.label) for group in count_groups(films)] == [("A", 0), ("A", 1), ("B", 0)]


def test_dimensions_list_the_most_frequent_sizes_first():
    """Native sizes are counted by width and height together."""
    sizes = [(20, 30), (20, 30), (30, 20)]
    films = [film_row(f"f{i}", width=width, height=height) for i, (width, height) in enumerate(sizes)]

    (site,) = measure_dimensions(films)

    assert [(size.width, size.height, size.n) for size in site.common_sizes] == [(20, 30, 2), (30, 20, 1)]
    assert site.aspect.greatest == pytest.approx(1.5)


def test_dimensions_name_five_sizes_and_count_them_all():
    """A set of many sizes does not fill the page."""
    (site,) = measure_dimensions([film_row(f"f{i}", width=10 + i) for i in range(9)])

    assert (len(site.common_sizes), site.n_sizes) == (5, 9)
