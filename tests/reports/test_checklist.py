"""Reporting checklists: every published row is there, and no more is claimed than the files say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from hilum.errors import NameUnknown
from hilum.evaluation.summary import EvaluationSettings, summarise
from hilum.inference.bundle import read_bundle
from hilum.records import Prediction
from hilum.reports.checklist import bundle_known, evaluation_known, evidence_known, run_known
from hilum.reports.checklist_items import (
    CHECKLISTS,
    IN_PART,
    OPEN,
    Checklist,
    Item,
    Told,
    checklist_section,
    checklist_table,
    read_checklist,
)
from hilum.reports.document import Table
from hilum.reports.evidence.controls import ControlsFile
from hilum.reports.evidence.facts import Evidence, TableFile

RUN = {
    "settings": {
        "manifest": "/home/somebody/manifest.parquet",
        "weights": "/home/somebody/trunk.pt",
        "epochs": 12,
        "augment": {"blur": 1.0},
        "n_folds": 10,
        "seed": 3,
        "inner_share": 0.0,
        "patience": None,
    },
    "weights_sha256": "ab" * 32,
    "commit": "0123abc",
    "versions": {"torch": "2.13.0"},
}


def answers(known: dict[str, Told], name: str = "claim-2024") -> dict[str, str]:
    """Number of the item -> answer."""
    table = checklist_table(read_checklist(name), known)
    return {row[0]: row[3] for row in table.rows}


def predictions(n: int = 60) -> list[Prediction]:
    labels = np.arange(n) % 2
    scores = np.random.default_rng(1).normal(labels)
    sites = np.where(np.arange(n) < n / 2, "hill", "sea")
    return [
        Prediction(f"f{place}", int(label), float(score), patient=f"p{place}", site=str(site))
        for place, (label, score, site) in enumerate(zip(labels, scores, sites, strict=True))
    ]


@pytest.mark.parametrize(
    ("name", "n_items", "n_rows"),
    [("claim-2024", 44, 44), ("tripod-ai-2024", 27, 52), ("stard-ai-2025", 40, 48)],
)
def test_every_published_row_is_there_in_order(name: str, n_items: int, n_rows: int) -> None:
    """Numbers run without a gap, and rows with a letter follow one another."""
    numbers = [item.number for item in read_checklist(name).items]
    plain = [int(number.rstrip("abcdefg")) for number in numbers]

    assert len(numbers) == len(set(numbers)) == n_rows
    assert list(dict.fromkeys(plain)) == list(range(1, n_items + 1))
    assert plain == sorted(plain)
    for item in set(plain):
        letters = [number[len(str(item)) :] for number in numbers if number.rstrip("abcdefg") == str(item)]
        assert letters in ([""], list("abcdefg")[: len(letters)])


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_topic_of_an_item_is_one_that_something_may_know(name: str) -> None:
    """A topic that is misspelt would leave its item open for ever."""
    bundle = read_bundle("hilum-base")
    known = bundle_known(bundle) | run_known(RUN)
    known |= evaluation_known(summarise(predictions()), table="t.csv")
    elsewhere = {"limits", "controls", "failures"}  # the model card's, and the evidence file's
    asked = {topic for item in read_checklist(name).items for topic in item.topics}

    assert asked - known.keys() <= elsewhere


def test_nothing_known_leaves_every_row_open() -> None:
    """No row is filled from nothing."""
    for name in CHECKLISTS:
        assert set(answers({}, name).values()) == {OPEN}


def test_a_row_whose_topics_are_all_known_is_filled() -> None:
    """Its answer is what was told, and it carries no mark."""
    found = answers({"ensemble": Told("One network.", "bundle.json")})

    assert found["27"] == "One network."


def test_a_row_of_which_a_part_is_known_stays_marked() -> None:
    """The intended use is known, the clinical background is not."""
    found = answers({"intended_use": Told("For screening", "bundle.json")})

    assert found["3"] == f"For screening.\n{IN_PART}"


def test_a_row_is_not_filled_by_half_of_its_topics() -> None:
    """The commit alone does not say which packages were used."""
    found = answers({"commit": Told("Commit abc.", "bundle.json")})

    assert found["23"].endswith(IN_PART)


def test_what_is_told_in_part_never_fills_a_row() -> None:
    """One operating point is no whole account of accuracy."""
    found = answers({"results": Told("Sensitivity 0.9.", "bundle.json", is_part=True)})

    assert found["38"].endswith(IN_PART)


def test_where_an_answer_is_from_stands_beside_it() -> None:
    """Each source once."""
    checklist = Checklist("C", "", "", "", (Item("1", "A", "b", ("x", "y", "z"), is_answered=True),))
    known = {"x": Told("One.", "a.json"), "y": Told("Two.", "a.json"), "z": Told("Three.", "b.json")}

    assert checklist_table(checklist, known).rows == (("1", "A", "b", "One. Two. Three.", "a.json; b.json"),)


def test_the_section_counts_what_is_filled_in_part_and_open() -> None:
    """The three counts make up the rows of the table."""
    section = checklist_section("claim-2024", bundle_known(read_bundle("hilum-base")) | run_known(RUN))
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    cells = [row[3] for row in table.rows]
    n_open, n_part = cells.count(OPEN), sum(cell.endswith(f"\n{IN_PART}") for cell in cells)
    n_filled = 44 - n_open - n_part
    note = section.blocks[1].text  # type: ignore[union-attr]

    assert min(n_open, n_part, n_filled) > 0
    assert f"Of 44 rows {n_filled} are filled" in note
    assert f"{n_part} in part, and {n_open} are open" in note


def test_ethics_funding_and_registration_are_never_answered() -> None:
    """No file of a run can know them."""
    known = bundle_known(read_bundle("hilum-base")) | run_known(RUN)
    known |= evaluation_known(summarise(predictions()), table="t.csv")

    assert answers(known, "claim-2024")["44"] == OPEN
    assert {answers(known, "tripod-ai-2024")[number] for number in ("17", "18a", "18b", "18d", "19")} == {
        OPEN
    }
    assert {answers(known, "stard-ai-2025")[number] for number in ("6", "17b", "36", "38", "39")} == {OPEN}


def test_no_path_of_a_machine_is_printed() -> None:
    """The weights are named by file and hash; the manifest's folder says nothing elsewhere."""
    told = " ".join(one.text for one in run_known(RUN).values())

    assert "/home" not in told
    assert "Trunk from trunk.pt, SHA-256 abab" in told
    assert "epochs = 12" in told


def test_a_run_that_says_little_leaves_topics_open() -> None:
    """An empty run.json is no reason to stop, nor to invent."""
    assert set(run_known({})) == {"partition_level"}


def test_a_training_from_scratch_says_so() -> None:
    """No pretrained weights is an answer too."""
    run = json.loads(json.dumps(RUN))
    run["settings"]["weights"] = None

    assert run_known(run)["initialisation"].text == "At random, seed 3."


def test_a_bundle_without_figures_tells_no_results() -> None:
    """Operating points may come without sensitivity and specificity."""
    bundle = read_bundle("hilum-base")
    points = tuple(replace(point, sensitivity=None, specificity=None) for point in bundle.operating_points)

    assert "results" not in bundle_known(replace(bundle, operating_points=points))


def test_an_evaluation_fills_accuracy_and_cross_tabulation() -> None:
    """With counts, intervals, and the table's name."""
    evaluation = summarise(predictions(), EvaluationSettings(thresholds=(0.5,)))
    known = evaluation_known(evaluation, table="local.csv")
    found = answers(known, "stard-ai-2025")

    assert found["30"].startswith("threshold 0.5: true positive")
    assert OPEN not in found["31"]
    assert IN_PART not in found["31"]
    assert known["test_films"].text == "60 labelled films of 60 patients, 30 with the finding."
    assert known["sites"].text == "Sites as the table names them: hill, sea."


def test_an_evidence_file_tells_its_evaluation() -> None:
    """Controls and failures are told only where it has them."""
    evidence = Evidence(
        summarise(predictions()),
        TableFile("t.csv", "ab" * 32),
        "hilum evaluate t.csv",
        "T",
        date(2026, 11, 24),
    )
    known = evidence_known(evidence)

    assert known == evaluation_known(evidence.evaluation, table="t.csv")
    controls = ControlsFile("controls.json", (), "The network beats every control.", (), 0, 0)
    told = evidence_known(replace(evidence, controls=controls))["controls"]
    assert told == Told("The network beats every control.", "controls.json")


def test_an_unknown_checklist_is_refused_by_name() -> None:
    """With the names that there are."""
    with pytest.raises(NameUnknown, match="claim-2024"):
        read_checklist("consort")


def test_every_checklist_says_what_it_was_compared_with() -> None:
    """And cites the publication with its DOI."""
    for name in CHECKLISTS:
        checklist = read_checklist(name)
        assert "not at hand" in checklist.verified
        assert "doi:10." in checklist.citation


def test_the_checklists_are_data_of_the_package(repository: Path) -> None:
    """Nothing else lies beside them."""
    folder = repository / "src/hilum/reports/checklists"

    assert sorted(path.stem for path in folder.iterdir()) == sorted(CHECKLISTS)
