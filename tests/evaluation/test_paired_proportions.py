"""Two readers right or wrong on the same films: Tango's and Newcombe's intervals, McNemar's test and its "
"kin."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from hilum.evaluation.intervals import wilson
from hilum.evaluation.paired_proportions import (
    Agreement,
    agreement,
    exchange_test,
    newcombe_paired,
    tango,
)

# Airway hyper-responsiveness before and after transplantation (Bentur 2009): both, only after, only before,
# neither; analysed in Fagerland 2013 (BMC Med Res Methodol 13:91) and 2014.
BENTUR = Agreement(both=1, only_candidate=1, only_reference=7, neither=12)


def gains_of(found):
    """The gain of each patient, one film each."""
    return np.array(
        [1] * found.only_candidate + [-1] * found.only_reference + [0] * (found.both + found.neither)
    )


def test_tangos_interval_is_that_of_r():
    """R's PropCIs, `scoreci.mp(25, 28, 618, 0.9)`, gives -0.0148 to 0.0247 for 28 less 25 of 618."""
    found = tango(Agreement(both=565, only_reference=25, only_candidate=28, neither=0), 0.9)

    assert (found.low, found.high) == pytest.approx((-0.0148, 0.0247), abs=5e-5)


def test_tangos_interval_is_that_of_the_paper():
    """For the children of Bentur 2009, Fagerland 2014 has -0.517 to -0.026."""
    found = tango(BENTUR)

    assert (found.low, found.high) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_mcnemars_p_values_are_those_of_the_paper():
    """Fagerland 2013: exact 2 x P(X <= 1 of 8) = 18/256 = 0.0703; mid-p less P(X = 1) = 8/256: 0.0391."""
    found = exchange_test(gains_of(BENTUR))

    assert found.exact == pytest.approx(18 / 256)
    assert found.mid_p == pytest.approx(10 / 256)


def test_equal_counts_have_a_p_of_one():
    """With 3 and 3 the exact p is 1, and the mid-p 1 less half of 20/64, as Fagerland's supplement has it."""
    found = exchange_test(np.array([1, 1, 1, -1, -1, -1]))

    assert found.exact == 1
    assert found.mid_p == pytest.approx(1 - 20 / 64 / 2)


def test_the_exact_p_is_statsmodels(chance):
    """Over random tables, and large ones, the exact p is that of statsmodels."""
    for most in (5, 40, 3000):
        gained, lost = (int(n) for n in chance.integers(0, most, size=2))
        theirs = mcnemar([[10, gained], [lost, 10]], exact=True).pvalue

        assert exchange_test(gains_of(Agreement(10, lost, gained, 10))).exact == pytest.approx(theirs)


def test_whole_patients_are_exchanged():
    """With several films a patient, the p is the share of all ways to swap whole patients: 32 here."""
    gains = np.array([3, -1, 2, 1, -2, 0])
    sums = [abs(np.dot(signs, [3, 1, 2, 1, 2])) for signs in product((-1, 1), repeat=5)]
    seen = abs(gains.sum())

    found = exchange_test(gains)

    assert found.exact == pytest.approx(np.mean([one >= seen for one in sums]))
    assert found.mid_p == pytest.approx(np.mean([(one > seen) + (one == seen) / 2 for one in sums]))


def test_no_discordant_film_is_no_proof():
    """Where both are always right or wrong together the p is 1 and the intervals have width: z^2 / (n + "
    "z^2)."""
    found = Agreement(both=8, only_reference=0, only_candidate=0, neither=2)

    assert exchange_test(gains_of(found)).exact == 1
    assert tango(found).high == pytest.approx(1.959964**2 / (10 + 1.959964**2), abs=1e-6)
    assert newcombe_paired(found).low < 0 < newcombe_paired(found).high


@pytest.mark.parametrize("interval", [tango, newcombe_paired])
def test_swapping_the_readers_swaps_the_ends(chance, interval):
    """The interval of reference less candidate is the mirror of candidate less reference."""
    for _ in range(20):
        a, b, c, d = (int(n) for n in chance.integers(0, 12, size=4))
        if a + b + c + d == 0:
            continue
        there, back = interval(Agreement(a, b, c, d)), interval(Agreement(a, c, b, d))

        assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def test_newcombes_interval_is_the_formulas(chance):
    """Written out from Newcombe 1998, method 10, as biostatUZH's confIntPairedProportion has it."""
    for _ in range(30):
        r, s, t, u = (int(n) for n in chance.integers(1, 30, size=4))
        n = r + s + t + u
        ours, theirs = wilson(r + s, n), wilson(r + t, n)
        margins = (r + s) * (t + u) * (r + t) * (s + u)
        raw = r * u - s * t
        phi = (max(raw - n / 2, 0) if raw > 0 else raw) / np.sqrt(margins)
        down, up = ours.value - ours.low, theirs.high - theirs.value
        low = ours.value - theirs.value - np.sqrt(down**2 - 2 * phi * down * up + up**2)

        assert newcombe_paired(Agreement(r, t, s, u)).low == pytest.approx(low)


@pytest.mark.parametrize("interval", [tango, newcombe_paired])
def test_the_intervals_cover(chance, interval):
    """Of 1,500 samples of 60 films at least 93 % of the 95 % intervals hold the true difference of 0.10."""
    chances = (0.7, 0.05, 0.15, 0.1)  # both, only reference, only candidate, neither
    held = 0
    for counts in chance.multinomial(60, chances, size=1500):
        found = interval(Agreement(*(int(n) for n in counts)))
        held += found.low <= 0.10 <= found.high

    assert held / 1500 >= 0.93


@pytest.mark.parametrize("interval", [tango, newcombe_paired])
def test_no_film_is_not_estimable(interval):
    """Without films there is no difference, and it says so."""
    assert interval(Agreement(0, 0, 0, 0)).why == "there is no film"


def test_films_are_counted_by_who_is_right():
    """Each film falls into one of four."""
    reference, candidate = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 0], bool)

    assert agreement(reference, candidate) == Agreement(both=1, only_reference=2, only_candidate=1, neither=1)
