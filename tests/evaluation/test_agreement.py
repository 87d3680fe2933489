"""Agreement of two readers, held against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from hilum.evaluation.agreement import PairedReadings


@pytest.mark.parametrize("cells", [(40, 5, 7, 48), (3, 2, 1, 90), (10, 20, 30, 40)])
def test_kappa_and_its_interval_are_statsmodels_own(cells):
    """An independent hand comes to the same figures."""
    found = PairedReadings(*cells).kappa()
    oracle = cohens_kappa(np.array(cells).reshape(2, 2))

    assert (found.value, found.low, found.high) == pytest.approx(
        (oracle.kappa, oracle.kappa_low, min(1, oracle.kappa_upp))
    )


def test_full_agreement_on_few_films_is_not_certain():
    """Five films of each kind that both read alike give a kappa of 1, and an interval that reaches below."""
    found = PairedReadings(5, 0, 0, 5).kappa()

    assert found.value == 1
    assert found.low < 0.9


def test_kappa_is_not_estimated_where_both_said_one_thing():
    """Where both called every film normal, chance would agree as well."""
    found = PairedReadings(0, 0, 0, 20).kappa()

    assert (found.value, bool(found.why)) == (None, True)


def test_nothing_read_is_nothing_counted():
    """No film, no figure."""
    readings = PairedReadings(0, 0, 0, 0)

    assert (readings.kappa().value, readings.agreement().value) == (None, None)


def test_agreement_is_the_share_of_films_read_alike():
    """Eight of ten films were read alike."""
    found = PairedReadings(5, 1, 1, 3).agreement()

    assert (found.value, found.n, found.method) == (0.8, 10, "Wilson")
