"""Splits keep patients together, classes and sites balanced, and refuse what would flatter a network."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from hilum.data.splits import check_no_leak, check_trainable, patient_folds, patient_split
from hilum.errors import SettingsInvalid, SplitLeak, TrainingRefused
from hilum.records import Film


def film(name, *, patient=None, label=0, site="A", sha256=None):
    return Film(
        film=name, image_path=Path(f"/films/{name}.png"), dataset="test", site=site,
        patient=name if patient is None else patient, label=label, width=64, height=64, bit_depth=8,
        sha256=f"hash of {name}" if sha256 is None else sha256, perceptual_hash="0" * 16,
    )  # fmt: skip


def crowd(n, *, label=0, site="A", prefix="p"):
    return [film(f"{prefix}{label}{site}{number:04}", label=label, site=site) for number in range(n)]


rows = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([0, 1, None]), st.sampled_from("AB")),
    min_size=1,
    max_size=120,
)


def films_of(rows):
    return [
        film(f"f{n}", patient=f"p{patient}", label=label, site=site)
        for n, (patient, label, site) in enumerate(rows)
    ]


@settings(max_examples=60, deadline=None)
@given(rows, st.integers(2, 5), st.integers(0, 3))
def test_folds_keep_patients_together_and_every_class_in_every_fold(rows, n_folds, seed):
    """Whatever the films, a split either refuses or is complete, by patient, and free of leaks."""
    films = films_of(rows)
    try:
        folds = patient_folds(films, n_folds=n_folds, seed=seed)
    except TrainingRefused:
        return

    by_fold = {str(k): [f for f, fold in zip(films, folds, strict=True) if fold == k] for k in range(n_folds)}
    check_no_leak(by_fold)
    assert len({(f.patient, fold) for f, fold in zip(films, folds, strict=True)}) == len(
        {f.patient for f in films}
    )
    for label in {f.label for f in films} - {None}:
        assert all(label in {f.label for f in part} for part in by_fold.values())
    assert all(by_fold.values())


@settings(max_examples=40, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_folds_do_not_depend_on_the_order_of_the_films(rows, shuffler):
    """Shuffling the films shuffles their folds with them and changes nothing else."""
    films = films_of(rows)
    shuffled = films.copy()
    shuffler.shuffle(shuffled)
    try:
        folds = patient_folds(films, n_folds=3, seed=1)
    except TrainingRefused:
        with pytest.raises(TrainingRefused):
            patient_folds(shuffled, n_folds=3, seed=1)
        return

    again = patient_folds(shuffled, n_folds=3, seed=1)
    assert dict(zip([f.film for f in films], folds, strict=True)) == dict(
        zip([f.film for f in shuffled], again, strict=True)
    )


def test_one_seed_gives_one_split_and_another_seed_another():
    """The seed decides, and nothing else does."""
    films = crowd(50) + crowd(40, label=1)

    assert patient_folds(films, n_folds=5, seed=7) == patient_folds(films, n_folds=5, seed=7)
    assert patient_folds(films, n_folds=5, seed=7) != patient_folds(films, n_folds=5, seed=8)


def test_folds_of_single_films_differ_by_one_film_at_most_in_every_stratum():
    """With a film a patient, each label at each site is shared out evenly, and so is the whole."""
    films = (
        crowd(83, site="A")
        + crowd(31, site="B")
        + crowd(47, label=1, site="A")
        + crowd(22, label=1, site="B")
    )
    folds = patient_folds(films, n_folds=5, seed=0)

    for stratum in (lambda f: (f.label, f.site), lambda f: f.label, lambda f: "all"):
        counts = Counter((stratum(f), fold) for f, fold in zip(films, folds, strict=True))
        for key in {stratum(f) for f in films}:
            in_folds = [counts[key, fold] for fold in range(5)]
            assert max(in_folds) - min(in_folds) <= 1 + (key in (0, 1, "all"))


@pytest.mark.parametrize("seed", range(5))
def test_balance_is_no_worse_than_that_of_scikit_learn(seed):
    """Patients with 1 to 8 films at two sites: the worst fold is at most a film worse than scikit-learn's."""
    draw = random.Random(seed)
    films = []
    for patient in range(150):
        label, site = int(draw.random() < 0.3), draw.choice("AB")
        films += [
            film(f"{patient}-{n}", patient=f"p{patient}", label=label, site=site)
            for n in range(draw.randint(1, 8))
        ]
    strata = np.array([f"{f.label}{f.site}" for f in films])
    patients = np.array([f.patient for f in films])
    theirs = np.zeros(len(films), dtype=int)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(splitter.split(strata, strata, patients)):
        theirs[test] = fold

    def departure(folds):
        counts = [[(strata[np.array(folds) == k] == s).sum() for s in np.unique(strata)] for k in range(5)]
        return np.abs(np.array(counts) - np.mean(counts, axis=0)).max()

    assert departure(patient_folds(films, n_folds=5, seed=seed)) <= departure(theirs) + 1


def test_a_split_gives_each_part_its_share_of_each_class():
    """60/20/20 of 100 normal and 50 tuberculosis films is 60/20/20 and 30/10/10."""
    films = crowd(100) + crowd(50, label=1)
    parts = patient_split(films, parts={"train": 0.6, "validation": 0.2, "test": 0.2}, seed=3)

    assert Counter(zip([f.label for f in films], parts, strict=True)) == {
        (0, "train"): 60, (0, "validation"): 20, (0, "test"): 20,
        (1, "train"): 30, (1, "validation"): 10, (1, "test"): 10,
    }  # fmt: skip


def test_a_small_part_still_gets_every_class():
    """Two per cent of 40 films is less than a film a class, and the part gets one of each all the same."""
    films = crowd(20) + crowd(20, label=1)
    parts = patient_split(films, parts={"train": 0.98, "test": 0.02}, seed=0)

    assert {f.label for f, part in zip(films, parts, strict=True) if part == "test"} == {0, 1}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"train": 1.0},
        {"train": 0.6, "test": 0.6},
        {"train": 1.2, "test": -0.2},
        {"a": float("nan"), "b": 1},
    ],
)
def test_shares_that_are_no_shares_are_refused(parts):
    """Fewer than two parts, shares outside 0..1, and sums other than 1 are refused."""
    with pytest.raises(SettingsInvalid, match="sum to 1"):
        patient_split(crowd(10), parts=parts, seed=0)


def test_one_fold_is_refused():
    """One fold leaves nothing to train on."""
    with pytest.raises(SettingsInvalid, match="2 or more"):
        patient_folds(crowd(10), n_folds=1, seed=0)


def test_a_class_with_fewer_patients_than_folds_is_refused_by_name():
    """Four films of three tuberculosis patients cannot fill five folds."""
    films = crowd(20) + crowd(2, label=1) + [film("x", patient="q", label=1), film("y", patient="q", label=1)]

    with pytest.raises(TrainingRefused, match="3 patients have tuberculosis films, too few for 5 folds"):
        patient_folds(films, n_folds=5, seed=0)


def test_no_films_are_refused():
    """Nothing cannot be split."""
    with pytest.raises(TrainingRefused, match="no films"):
        patient_folds([], n_folds=5, seed=0)


def test_copies_under_two_patients_share_a_fold():
    """Equal content ties patients, or the copy would be known from training."""
    films = [*crowd(30), film("copy", patient="someone else", sha256="hash of p0A0003")]
    folds = patient_folds(films, n_folds=3, seed=0)

    assert folds[-1] == folds[3]


def test_near_duplicates_share_a_fold_when_tied():
    """Ties are transitive, and names that are not among the films are passed over."""
    films = crowd(40)
    tied = [("p0A0001", "p0A0005"), ("p0A0005", "p0A0030"), ("p0A0001", "elsewhere")]
    for seed in range(5):
        folds = patient_folds(films, n_folds=4, seed=seed, tied=tied)

        assert folds[1] == folds[5] == folds[30]


def test_a_patient_in_two_parts_is_a_leak_and_named():
    """The message names the patient and both parts."""
    groups = {"train": [film("a", patient="p1"), film("b")], "test": [film("c", patient="p1")]}

    with pytest.raises(SplitLeak, match=r"1 patients in both train and test: p1"):
        check_no_leak(groups)


def test_a_film_in_two_parts_is_a_leak():
    """The film's own name is enough, whatever patient is written beside it."""
    with pytest.raises(SplitLeak, match=r"1 films in both train and test: a"):
        check_no_leak({"train": [film("a", patient="p")], "test": [film("a", patient="q", sha256="other")]})


def test_equal_content_in_two_parts_is_a_leak():
    """A copy under another name is still the same film."""
    with pytest.raises(SplitLeak, match="contents"):
        check_no_leak({"train": [film("a", sha256="same")], "test": [film("b", sha256="same")]})


def test_parted_near_duplicates_are_a_leak():
    """Pairs that were said to belong together may not be parted."""
    with pytest.raises(SplitLeak, match="a = b"):
        check_no_leak({"train": [film("a")], "test": [film("b")]}, tied=[("a", "b")])


def test_many_leaks_are_counted_and_a_few_named():
    """Five names are spelled out, the rest counted."""
    films = crowd(12)
    with pytest.raises(SplitLeak, match="12 films in both x and y: .* and 7 more"):
        check_no_leak({"x": films, "y": films})


def test_a_clean_split_passes():
    """Different films of different patients leak nothing; empty patients and hashes tie nothing."""
    check_no_leak({"train": [film("a", patient="", sha256="")], "test": [film("b", patient="", sha256="")]})


def test_one_site_with_both_classes_is_trainable():
    """A single-site dataset cannot let the site tell the label."""
    check_trainable(crowd(3) + crowd(2, label=1))


def test_several_sites_with_both_classes_are_trainable():
    """Both classes at both sites, in whatever proportion."""
    check_trainable(crowd(9) + crowd(1, label=1) + crowd(1, site="B") + crowd(9, label=1, site="B"))


def test_a_class_from_one_site_only_is_refused_with_the_reason():
    """Tuberculosis at one site and normals at another would teach the site."""
    with pytest.raises(
        TrainingRefused, match="every tuberculosis film comes from B, and of the 3 normal films 0 do"
    ):
        check_trainable(crowd(3) + crowd(2, label=1, site="B"))


def test_a_class_from_one_of_two_sites_is_refused_even_where_the_other_class_is_at_both():
    """Site A then says normal by itself."""
    with pytest.raises(TrainingRefused, match="leave out A"):
        check_trainable(crowd(3) + crowd(3, site="B") + crowd(2, label=1, site="B"))


def test_a_class_from_one_site_only_is_trained_on_when_told():
    """The choice is the user's, once stated."""
    check_trainable(crowd(3) + crowd(2, label=1, site="B"), allow_single_site_class=True)


def test_unlabelled_films_do_not_count_as_a_site():
    """An unlabelled site teaches nothing, so it cannot mislead."""
    check_trainable(crowd(3) + crowd(2, label=1) + crowd(4, label=None, site="B"))


@pytest.mark.parametrize(
    ("films", "reason"),
    [([], "no films"), (crowd(4, label=None), "none of the 4 films has a label"),
     (crowd(4), "no film is labelled tuberculosis"), (crowd(4, label=1), "no film is labelled normal")],
)  # fmt: skip
def test_films_that_can_teach_nothing_are_refused(films, reason):
    """No films, no labels, or one class: each has its own reason, told or not told."""
    with pytest.raises(TrainingRefused, match=reason):
        check_trainable(films, allow_single_site_class=True)


def test_ten_thousand_films_are_split_evenly():
    """The greedy pass is linear in the films."""
    films = [
        film(f"f{n}", patient=f"p{n // 2}", label=n // 2 % 2, site="AB"[n % 3 == 0]) for n in range(10_000)
    ]
    folds = patient_folds(films, n_folds=5, seed=0)

    assert Counter(folds).most_common()[0][1] <= 2005
