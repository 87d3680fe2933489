"""`hilum monitor` from tables to exit status: no alarm, alarm, and bad input."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from bundles import write_tiny_bundle
from hilum.cli.main import cli
from hilum.inference.bundle import OperatingPoint
from hilum.inference.recalibrated import write_recalibrated
from hilum.inference.row import KEYS

THRESHOLD = 0.5


def rows_of(n: int, *, shift: float = 0.0, seed: int = 0, first_share: float = 0.5, bundle: str = "tiny 0.1"):
    """Rows of a screening table with dates and sites; the second site scores lower."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        is_first = rng.random() < first_share
        probability = float(1 / (1 + np.exp(-rng.normal(shift + (1.0 if is_first else -1.0), 1.2))))
        row = dict.fromkeys((*KEYS, "date", "site"), None)
        row |= {"file": f"{seed}-{number}.png", "threshold": THRESHOLD, "seconds": 0.1, "bundle": bundle,
                "date": (date(2026, 1, 5) + timedelta(days=number % 28)).isoformat(),
                "site": "A" if is_first else "B"}  # fmt: skip
        if rng.random() < 0.05:
            row |= {"status": "refused", "code": "blank", "reason": "Blank."}
        else:
            row |= {"status": "scored", "score": round(100 * probability, 1), "probability": probability,
                    "flagged": probability >= THRESHOLD}  # fmt: skip
        rows.append(row)
    return rows


def write_table(path: Path, rows) -> Path:
    """The rows as CSV, JSON, or Parquet."""
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Path:
    """A good time's table."""
    return write_table(tmp_path_factory.mktemp("reference") / "reference.csv", rows_of(300))


def monitor(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["monitor", "--false-alarms", "20", *map(str, arguments)])


def numbers(out: Path):
    """The report's numbers."""
    return json.loads((out / "monitor.json").read_text())


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_films_of_the_same_kind_are_no_alarm(reference, tmp_path, ending):
    """Exit status 0, with page, PDF, numbers, and figures, from every form of table."""
    current = write_table(tmp_path / f"current.{ending}", rows_of(80, seed=1))
    result = monitor(reference, current, "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert "No alarm." in result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "monitor.html",
        "monitor.pdf",
        "monitor.json",
    }
    assert numbers(tmp_path / "out")["is_alarm"] is False


def test_a_shift_is_an_alarm_by_window(reference, tmp_path):
    """Exit status 1, the figures named, a row a week, and what to do."""
    current = write_table(tmp_path / "current.csv", rows_of(160, shift=1.5, seed=2))
    result = monitor(reference, current, "--every", "week", "--out", tmp_path / "out")
    found = numbers(tmp_path / "out")

    assert result.exit_code == 1
    assert "median" in found["raised_by"]
    assert [window["window"] for window in found["windows"]] == [
        "2026-W02",
        "2026-W03",
        "2026-W04",
        "2026-W05",
    ]
    assert "hilum calibrate" in " ".join(found["advice"])


def test_a_changed_mix_is_told_from_changed_scores(reference, tmp_path):
    """More films of the site that scores higher: the mix explains it, and within sites nothing changed."""
    current = write_table(tmp_path / "current.csv", rows_of(200, seed=3, first_share=0.9))
    result = monitor(reference, current, "--out", tmp_path / "out")
    found = numbers(tmp_path / "out")
    split = found["change_by_mix"]["flag rate"]

    assert result.exit_code == 1
    assert "site mix" in found["raised_by"]
    assert found["within_site_and_device"]["is_alarm"] is False
    assert split["by_mix"]["low"] > 0
    assert split["within"]["low"] < 0 < split["within"]["high"]
    assert monitor(reference, current, "--within-mix", "--out", tmp_path / "within").exit_code == 0


def test_another_bundle_is_an_alarm_before_any_figure(reference, tmp_path):
    """The first line says so, though the films are of the same kind."""
    current = write_table(tmp_path / "current.csv", rows_of(60, seed=4, bundle="tiny 0.2"))
    result = monitor(reference, current, "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert result.output.startswith("ALARM: the bundle changed (tiny 0.1 before, tiny 0.2 now)")
    assert numbers(tmp_path / "out")["bundle_change"]["is_alarm"] is True


def test_a_calibration_of_the_new_bundle_lifts_its_alarm(reference, tmp_path):
    """The calibrated copy of that bundle is taken, the bundle as shipped or another's copy is not."""
    bundle = write_tiny_bundle(tmp_path / "next", version="0.2")
    point = OperatingPoint("local-90", "tuberculosis", 0.4, "chosen on films made for a test")
    copy = write_recalibrated(bundle, tmp_path / "copy", point=point, record={"table": {}}, mark="0123")
    same = write_table(tmp_path / "current.csv", rows_of(80, seed=1, bundle="tiny 0.2"))
    other = write_table(tmp_path / "other.csv", rows_of(80, seed=1, bundle="tiny 0.3"))
    out = ("--out", tmp_path / "out")

    assert monitor(reference, same, "--calibrated", copy.folder, *out).exit_code in (0, 1)
    assert numbers(tmp_path / "out")["bundle_change"]["is_alarm"] is False
    assert numbers(tmp_path / "out")["thresholds"]["held"] == [THRESHOLD, 0.4]
    assert monitor(reference, other, "--calibrated", copy.folder, *out).exit_code == 1
    assert monitor(reference, same, "--calibrated", bundle.folder, *out).exit_code == 2


def test_a_local_threshold_is_the_same_reader(reference, tmp_path):
    """A copy with a local threshold has the same networks, so its scores are compared."""
    current = write_table(tmp_path / "current.csv", rows_of(80, seed=1, bundle="tiny 0.1+local.0123"))

    assert monitor(reference, current, "--out", tmp_path / "out").exit_code == 0


def test_a_bundle_that_is_not_named_is_said(reference, tmp_path):
    """No alarm for it, and a warning on the page."""
    rows = [{key: cell for key, cell in row.items() if key != "bundle"} for row in rows_of(80, seed=1)]
    current = write_table(tmp_path / "current.csv", rows)

    assert monitor(reference, current, "--out", tmp_path / "out").exit_code == 0
    assert "The bundle is not known" in (tmp_path / "out" / "monitor.html").read_text()


@pytest.mark.parametrize("n", [1, 2])
def test_one_film_is_a_window(reference, tmp_path, n):
    """A page is written, and one film is no alarm."""
    current = write_table(tmp_path / "current.csv", rows_of(n, seed=7))

    assert monitor(reference, current, "--every", "month", "--out", tmp_path / "out").exit_code == 0


def test_a_window_of_refusals_is_an_alarm(reference, tmp_path):
    """No score at all: the refusals raise it, and scores are not estimable rather than 0."""
    nothing = {"status": "refused", "code": "no-lungs", "score": None, "probability": None, "flagged": None}
    rows = [row | nothing for row in rows_of(30, seed=5)]
    result = monitor(reference, write_table(tmp_path / "current.csv", rows), "--out", tmp_path / "out")
    found = numbers(tmp_path / "out")

    assert result.exit_code == 1
    assert "refusal rate" in found["raised_by"]
    assert found["current"]["median"]["value"] is None
    assert "no-lungs" in " ".join(found["advice"])


def test_labels_bring_sensitivity(tmp_path):
    """Prediction tables with labels: half the positives are missed now, and that is an alarm."""
    rng = np.random.default_rng(0)
    before = [{"film": f"a{n}", "label": n % 2, "score": 0.2 + 0.6 * (n % 2)} for n in range(200)]
    now = [
        {"film": f"b{n}", "label": n % 2, "score": 0.2 + 0.6 * (n % 2) * (rng.random() < 0.5)}
        for n in range(60)
    ]
    tables = [
        write_table(tmp_path / f"{name}.csv", rows) for name, rows in (("before", before), ("now", now))
    ]
    result = monitor(*tables, "--threshold", "0.5", "--out", tmp_path / "out")
    found = numbers(tmp_path / "out")

    assert result.exit_code == 1
    assert found["reference"]["sensitivity"]["value"] == 1
    assert "sensitivity" in found["raised_by"]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"probability": "nan"}, (), "line 2, column 'probability': 'nan' is not a finite number"),
        ({"probability": "inf"}, (), "column 'probability'"),
        ({"probability": None}, (), "no refusal code says why"),
        ({"code": "blank"}, (), "holds a score, but the film was refused (blank)"),
        ({"probability": 35}, (), "lie in 0..1; bring both to one scale"),
        ({"file": "1-1.png"}, (), "stands at line 2 already"),
        ({"date": "soon"}, (), "must be a date such as 2026-11-24, not 'soon'"),
        ({"threshold": 0.7}, (), "flagged at several thresholds"),
        ({}, ("--site-column", "clinic"), "no column 'clinic' for the site"),
        ({}, ("--date-column", "dat"), "did you mean --date-column date?"),
        ({}, ("--threshold", "nan"), "not a finite number"),
        ({}, ("--false-alarms", "1"), "1 is not in the range"),
        ({}, ("--calibrated", "nowhere"), "no bundle is called 'nowhere'"),
    ],
)
def test_bad_input_is_exit_status_2_and_named(reference, tmp_path, change, arguments, message):
    """One line that names the row and column, and no report."""
    rows = [row for row in rows_of(40, seed=1) if row["status"] == "scored"]
    rows[0] |= change
    current = write_table(tmp_path / "current.csv", rows)
    result = monitor(reference, current, "--out", tmp_path / "out", *arguments)

    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_reference_of_two_bundles_is_none(reference, tmp_path):
    """It is a reference for neither."""
    mixed = write_table(tmp_path / "mixed.csv", rows_of(10, seed=1) + rows_of(10, seed=2, bundle="tiny 0.2"))

    result = monitor(mixed, reference, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "a reference is of one bundle" in result.stderr


def test_weeks_need_dates(reference, tmp_path):
    """Asked for weeks of films without a date, the command says so."""
    rows = [row | {"date": None} for row in rows_of(20, seed=1)]
    result = monitor(
        reference, write_table(tmp_path / "c.csv", rows), "--every", "week", "--out", tmp_path / "o"
    )

    assert result.exit_code == 2
    assert "no film has a date" in result.stderr
