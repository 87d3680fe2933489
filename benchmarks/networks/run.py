"""Networks beside one another: their AUCs out of fold, and the difference from the first on the same films.

python benchmarks/networks/run.py hilum-small=runs/hilum-small/predictions.parquet pasa=runs/pasa/predictions.parquet
"""  # noqa: E501 (a command stays on its line)

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hilum.evaluation.comparison import auroc_difference
from hilum.evaluation.discrimination import auroc
from hilum.evaluation.table import read_predictions
from hilum.records import Estimate, Prediction


def read_named(pair: str) -> tuple[str, dict[str, Prediction]]:
    """A NAME=TABLE as the name and the table's labelled rows by film."""
    name, _, path = pair.partition("=")
    return name, {row.film: row for row in read_predictions(Path(path)) if row.label is not None}


def shown(estimate: Estimate, *, sign: str = "") -> str:
    """Value and interval, or why there is none."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate.why
    return f"{estimate.value:{sign}.3f} ({estimate.low:{sign}.3f} to {estimate.high:{sign}.3f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument(
        "tables", nargs="+", metavar="NAME=TABLE", help="the first is what others stand beside"
    )
    named = [read_named(pair) for pair in parser.parse_args().tables]
    films = sorted(set.intersection(*(set(rows) for _, rows in named)))
    first = named[0][1]
    truth = [int(first[film].label or 0) for film in films]
    patients = [first[film].patient or None for film in films]
    sys.stdout.write(f"{len(films)} films, {sum(truth)} positive\n\n")
    sys.stdout.write(
        f"| network | AUC (95 %) | less {named[0][0]} on the same films (95 %) |\n|---|---|---|\n"
    )
    for name, rows in named:
        scores = [rows[film].score for film in films]
        theirs = [first[film].score for film in films]
        difference = auroc_difference(truth, scores, theirs, patients)
        beside = "" if rows is first else shown(difference, sign="+")
        sys.stdout.write(f"| {name} | {shown(auroc(truth, scores))} | {beside} |\n")


if __name__ == "__main__":
    main()
