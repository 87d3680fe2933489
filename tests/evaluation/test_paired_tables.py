"""Whole tables compared: matching, thresholds, multiplicity, non-inferiority, and tables that hardly are "
"any."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from hilum.errors import SettingsInvalid, TableInvalid
from hilum.evaluation.matching import match_tables
from hilum.evaluation.non_inferiority import non_inferiority
from hilum.evaluation.table_comparison import ComparisonSettings, compare_tables
from hilum.records import Estimate, Prediction

QUICK = ComparisonSettings(n_draws=100)


def table(scores, labels=None, *, patients=None):
    """Rows f0, f1, ... with these scores; every other film has the finding unless labels say otherwise."""
    rows = []
    for at, score in enumerate(scores):
        label = at % 2 if labels is None else labels[at]
        patient = None if patients is None else patients[at]
        rows.append(Prediction(f"f{at}", label, float(score), patient=patient))
    return rows


def readers(rng, n=120, k=3):
    """Tables of k readers of the same films, each better than the one before."""
    truth = np.arange(n) % 2
    common = rng.normal(size=n)
    return {f"reader {at}": table(truth * (0.6 + 0.5 * at) + common + rng.normal(size=n)) for at in range(k)}


def test_films_are_matched_by_name_not_by_row(chance):
    """Another order of the rows changes nothing."""
    tables = readers(chance, k=2)
    turned = {**tables, "reader 1": tables["reader 1"][::-1]}

    assert compare_tables(turned, QUICK).as_json() == compare_tables(tables, QUICK).as_json()


def test_a_label_that_differs_is_named():
    """Film, both tables, and both values are in the one message."""
    tables = {"a": table([1, 2, 3, 4]), "b": table([1, 2, 3, 4], [0, 1, 1, 1])}

    with pytest.raises(TableInvalid, match="film 'f2': its label is 0 in a and 1 in b"):
        match_tables(tables)


def test_a_patient_that_differs_is_named():
    """A film of two patients is refused."""
    tables = {"a": table([1, 2], patients=["p1", "p2"]), "b": table([1, 2], patients=["p1", "p9"])}

    with pytest.raises(TableInvalid, match="film 'f1': its patient is 'p2' in a and 'p9' in b"):
        match_tables(tables)


def test_a_patient_of_one_table_holds_for_all():
    """A table without patients takes them from the other."""
    found = match_tables({"a": table([1, 2, 3, 4]), "b": table([4, 3, 2, 1], patients=["p", "p", "q", "q"])})

    assert found.patients == ("p", "p", "q", "q")
    assert found.n_patients == 2


def test_films_of_one_table_are_counted_and_named():
    """A film that a table lacks, or does not label, is left out of all, with the table's name."""
    tables = {"a": table([1, 2, 3, 4, 5]), "b": table([1, 2, 3, 4], [0, 1, None, 1])}

    found = match_tables(tables)

    assert found.films == ("f0", "f1", "f3")
    assert [(one.film, one.why) for one in found.left_out] == [("f4", "not in b"), ("f2", "no label in b")]


def test_tables_of_other_films_are_refused():
    """Without a film in common each table's first film is shown, for the ids may be written differently."""
    other = [replace(row, film=f"x/{row.film}.png") for row in table([1, 2])]

    with pytest.raises(TableInvalid, match="share no film.*a begins with 'f0'; b begins with 'x/f0.png'"):
        match_tables({"a": table([1, 2]), "b": other})


def test_films_without_labels_are_refused():
    """Where no shared film is labelled in each table there is nothing to compare."""
    with pytest.raises(TableInvalid, match="none of the 2 films that the tables share has a label"):
        match_tables({"a": table([1, 2], [None, 1]), "b": table([1, 2], [0, None])})


def test_five_tables_are_adjusted_by_holm(chance):
    """Four p values against the first are Holm's, as statsmodels has them, figure by figure."""
    found = compare_tables(readers(chance, k=5), QUICK)

    for figure in ("auroc", "sensitivity", "specificity"):
        contrasts = [pair.contrast(figure) for pair in found.pairs]
        theirs = multipletests([one.p_value for one in contrasts], method="holm")[1]
        assert len(contrasts) == 4
        assert [one.p_adjusted for one in contrasts] == pytest.approx(theirs)


def test_all_pairs_are_compared_where_asked(chance):
    """Four tables have six pairs."""
    found = compare_tables(readers(chance, k=4), replace(QUICK, is_all_pairs=True))

    assert len({(pair.reference, pair.candidate) for pair in found.pairs}) == 6


def test_a_difference_is_candidate_less_reference(chance):
    """The better second reader has a positive difference of AUC, and of each own figure."""
    found = compare_tables(readers(chance, n=400, k=2), QUICK)
    one = found.pairs[0].contrast("auroc")

    assert one.estimate.value == pytest.approx(found.tables[1].auroc.value - found.tables[0].auroc.value)
    assert one.estimate.low > 0
    assert one.bootstrap.low == pytest.approx(one.estimate.low, abs=0.02)


def test_thresholds_are_given_or_chosen_and_say_so(chance):
    """A given threshold stands; the other is chosen to reach the sensitivity, and carries the warning."""
    found = compare_tables(
        readers(chance, k=2), replace(QUICK, thresholds={"reader 0": 0.5}, sensitivity=0.8)
    )
    given, chosen = found.tables

    assert (given.threshold.value, given.threshold.source) == (0.5, "given")
    assert chosen.threshold.source == "optimistic: chosen on these films"
    assert chosen.performance.sensitivity.value >= 0.8
    assert any("beside thresholds that were given" in caveat for caveat in found.caveats)


def test_agreement_and_discordant_films_add_up(chance):
    """The four counts make the films of a label, and the listed films are those of the two in the middle."""
    pair = compare_tables(readers(chance, k=2), QUICK).pairs[0]

    assert pair.of_positives.n == pair.of_negatives.n == 60
    discordant = [one.only_reference + one.only_candidate for one in (pair.of_positives, pair.of_negatives)]
    assert [sum(film.label == label for film in pair.discordant) for label in (1, 0)] == discordant


def test_a_threshold_off_the_scale_is_refused():
    """50 on a table of probabilities is another scale; the message shows the scores' range."""
    tables = {"a": table([0.1, 0.9, 0.2, 0.8]), "b": table([10, 90, 20, 80])}

    with pytest.raises(SettingsInvalid, match="--threshold a=50: that table's scores lie in 0 to 1"):
        compare_tables(tables, replace(QUICK, thresholds={"a": 50.0, "b": 50.0}))


def test_a_threshold_of_no_table_is_refused():
    """A mistyped name is told with the names that there are."""
    with pytest.raises(SettingsInvalid, match="no table has that name .they are a, b"):
        compare_tables({"a": table([1, 2]), "b": table([1, 2])}, replace(QUICK, thresholds={"c": 1.0}))


def test_a_threshold_that_flags_nobody_is_told():
    """A threshold above every score gives rates, and a caveat that asks about the scale."""
    tables = {"a": table([10, 90, 20, 80]), "b": table([10, 90, 20, 80])}
    found = compare_tables(tables, replace(QUICK, thresholds={"a": 95.0, "b": 50.0}))

    assert found.tables[0].performance.sensitivity.value == 0
    assert any("flags no film" in caveat for caveat in found.caveats)


def test_scores_that_are_no_probabilities_have_no_brier(chance):
    """The Brier score is not estimable, and the table that bars it is named."""
    truth = np.arange(40) % 2
    tables = {"ours": table(truth * 0.3 + chance.random(40) * 0.5), "theirs": table(100 * chance.random(40))}
    found = compare_tables(tables, QUICK)

    assert found.tables[0].brier.value is not None
    assert "scores of theirs lie outside 0 to 1" in found.pairs[0].contrast("brier").estimate.why


def test_patients_with_several_films_change_the_tests(chance):
    """Where patients repeat, intervals and tests are over patients and say so."""
    rows = {name: [replace(row, patient=f"p{at // 2}") for at, row in enumerate(one)]
            for name, one in readers(chance, k=2).items()}  # fmt: skip
    pair = compare_tables(rows, QUICK).pairs[0]

    assert pair.contrast("auroc").estimate.method == "Obuchowski, by patient"
    assert pair.contrast("sensitivity").estimate.method.startswith("bootstrap by patient")
    assert pair.contrast("sensitivity").test == "exchange of whole patients"


def hardly_tables():
    """Pairs of tables that have little or nothing to compare."""
    plain = [0.1, 0.9, 0.3, 0.7, 0.2, 0.8]
    repeated = ["p", "p", "p", "q", "q", "q"]
    return {
        "identical": (table(plain), table(plain)),
        "identical, by patient": (table(plain, patients=repeated), table(plain, patients=repeated)),
        "one score for all": (table([0.5] * 6), table([0.2] * 6)),
        "one film": (table([0.5]), table([0.7])),
        "only positives": (table(plain, [1] * 6), table(plain[::-1], [1] * 6)),
        "only negatives": (table(plain, [0] * 6), table(plain[::-1], [0] * 6)),
        "one positive": (table(plain, [1, 0, 0, 0, 0, 0]), table(plain[::-1], [1, 0, 0, 0, 0, 0])),
        "perfect against turned over": (table([0, 1] * 3), table([1, 0] * 3)),
        "one patient": (table(plain, patients=["p"] * 6), table(plain[::-1], patients=["p"] * 6)),
        "far apart": (table([1e300, -1e300, 0, 5]), table([1e-300, 0, -1, 2])),
    }


@pytest.mark.parametrize("name", hardly_tables())
def test_hardly_a_table_gives_numbers_or_reasons(name):
    """No figure is NaN or infinite; one without value has a reason, and so has one without interval."""
    first, second = hardly_tables()[name]
    found = compare_tables({"a": first, "b": second}, replace(QUICK, margin=0.05))

    text = json.dumps(found.as_json(), allow_nan=False)
    assert text
    for one in found.pairs[0].contrasts:
        assert one.estimate.value is not None or one.estimate.why
        assert one.estimate.low is not None or one.estimate.why


def test_a_table_against_itself_is_called_alike():
    """Identical tables have differences of 0, no discordant film, and no claim of non-inferiority from "
    "an AUC."""
    first, second = hardly_tables()["identical"]
    pair = compare_tables({"a": first, "b": second}, replace(QUICK, margin=0.05)).pairs[0]

    assert pair.contrast("auroc").estimate.value == 0
    assert "alike" in pair.contrast("auroc").estimate.why
    assert pair.contrast("auroc").verdict.verdict == "not estimable"
    assert pair.discordant == ()


def test_the_level_for_all_pairs_is_wider(chance):
    """With three candidates the lower end that holds for all lies below that of one."""
    found = compare_tables(readers(chance, k=4), replace(QUICK, margin=0.1))

    for pair in found.pairs:
        verdict = pair.contrast("auroc").verdict
        assert verdict.lower_for_all < verdict.lower


def test_a_chosen_threshold_has_no_verdict_on_its_rates(chance):
    """Rates at thresholds matched on these films are not judged; with given thresholds they are."""
    tables = readers(chance, k=2)
    chosen = compare_tables(tables, replace(QUICK, margin=0.1)).pairs[0]
    given = compare_tables(tables, replace(QUICK, margin=0.1, thresholds=dict.fromkeys(tables, 0.5))).pairs[0]

    assert chosen.contrast("sensitivity").verdict is None
    assert given.contrast("sensitivity").verdict is not None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.08, "superior"),
        (-0.04, 0.03, "non-inferior"),
        (-0.04, -0.01, "non-inferior"),
        (-0.08, 0.03, "non-inferiority not shown"),
        (-0.05, 0.03, "non-inferiority not shown"),  # at the margin is not above it
        (-0.2, -0.06, "inferior by more than the margin"),
        (None, None, "not estimable"),
    ],
)  # fmt: skip
def test_the_lower_end_decides(low, high, verdict):
    """The verdict is of the lower end against the margin, and never of a p value."""
    found = Estimate(0.0, low, high, 100, why="" if low is not None else "no spread")

    assert non_inferiority(found, found, margin=0.05, figure="AUC").verdict == verdict


def test_nothing_significant_is_not_called_equal():
    """Where non-inferiority is not shown, the sentence denies both equality and inferiority."""
    found = Estimate(0.0, -0.08, 0.08, 100)
    sentence = non_inferiority(found, found, margin=0.05, figure="AUC").sentence

    assert "does not show the candidate to be worse" in sentence
    assert "nor the two to be equal" in sentence


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan")])
def test_a_margin_must_be_above_nought(margin):
    """A margin of 0 or less, or none at all, is refused."""
    found = Estimate(0.0, -0.01, 0.01, 100)

    with pytest.raises(ValueError, match="margin must be above 0"):
        non_inferiority(found, found, margin=margin, figure="AUC")


def test_a_reader_that_learnt_from_the_films_is_told():
    """Films that a table marks as learnt from are counted in a caveat."""
    rows = [replace(row, extra={"learnt_from": "yes"}) for row in table([1, 2, 3, 4])]

    found = compare_tables({"a": table([1, 2, 3, 4]), "b": rows}, QUICK)

    assert any("4 of the 4 films are among those that b learnt from" in caveat for caveat in found.caveats)


def test_a_verdict_may_not_hold_for_all_pairs():
    """Superior by itself, with several pairs the wider interval may show no more than non-inferiority."""
    one, all_pairs = Estimate(0.03, 0.01, 0.05, 100), Estimate(0.03, -0.01, 0.07, 100)
    found = non_inferiority(one, all_pairs, margin=0.05, figure="AUC")

    assert (found.verdict, found.verdict_for_all) == ("superior", "non-inferior")
