"""What a few labelled films of another hospital buy: sensitivity, specificity, and calibration after a fit.

For each number of local films: draw them at random, choose a threshold by home and local films together
(hilum.evaluation.local_fit), judge on other films, again and again. Every row is judged on the same films of
a draw, as many as the largest fit leaves. The row of 0 is the bundle as it ships, at its own threshold.
Trap: only calibrated probabilities can be held against that threshold. A cross-validation writes them as
`probability`, `hilum predict` as `score`; a table without the column that is read for them is refused.

    python benchmarks/local_fit/run.py --home RUN/predictions.parquet --away away.parquet
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.errors import HilumError, TableInvalid
from hilum.evaluation.local_fit import Drawn, draw_local_fits, local_threshold
from hilum.evaluation.operating_points import WHO_SENSITIVITY
from hilum.evaluation.table import read_predictions
from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
from hilum.inference.bundle_facts import OperatingPoint

SIZES = (10, 20, 50)
EDGE = 1e-6  # of 0 and 1, which have no log odds
Floats = npt.NDArray[np.float64]
Cut = Callable[[npt.NDArray[np.bool_], Floats], float]


def labels_and_log_odds(table: Path, column: str) -> tuple[npt.NDArray[np.int64], Floats]:
    """Labels (N,) and calibrated log odds (N,) of the table's labelled films.

    Raises:
        TableInvalid: a labelled film has no probability in the column.
    """
    rows = [row for row in read_predictions(table) if row.label is not None]
    cells = [str(row.score) if column == "score" else row.extra.get(column, "") for row in rows]
    for row, cell in zip(rows, cells, strict=True):
        if not is_probability(cell):
            raise TableInvalid(
                f"{table}: film {row.film!r} has no probability in column {column!r}: {cell!r}"
            )
    probability = np.clip([float(cell) for cell in cells], EDGE, 1 - EDGE)
    return np.array([row.label for row in rows]), log_odds(probability)


def is_probability(cell: str) -> bool:
    """Whether a cell holds a number from 0 to 1."""
    try:
        return 0 <= float(cell) <= 1
    except ValueError:
        return False


def log_odds(probability: Floats) -> Floats:
    """Of probabilities between 0 and 1."""
    return np.log(probability) - np.log1p(-probability)


def shipped_point(bundle: str) -> OperatingPoint:
    """The operating point that the bundle uses where none is named."""
    facts = read_bundle(bundle)
    return next(point for point in facts.operating_points if point.name == facts.default_operating_point)


def shipped_cut(point: OperatingPoint) -> Cut:
    """A choice that heeds no local film."""
    cut = float(log_odds(np.array([point.threshold]))[0])
    return lambda labels, logits: cut


def shown(figure: tuple[float, float, float]) -> str:
    """Mean, and the 5th and 95th percentile of the draws."""
    return f"{figure[0]:.3f} ({figure[1]:.3f} to {figure[2]:.3f})"


def as_row(drawn: Drawn) -> str:
    """One line of the Markdown table."""
    name = f"{drawn.n_local}" if drawn.n_local else "0, the shipped threshold"
    return (
        f"| {name} | {drawn.n_draws} | {shown(drawn.sensitivity)} | {shown(drawn.specificity)} "
        f"| {shown(drawn.calibration_error)} | {drawn.share_reaching_goal:.2f} |"
    )


def table_lines(asked: argparse.Namespace) -> list[str]:
    """The measurement, as Markdown."""
    home_labels, home_logits = labels_and_log_odds(asked.home, asked.home_column)
    labels, logits = labels_and_log_odds(asked.away, asked.away_column)
    point = shipped_point(asked.bundle)
    draw = partial(draw_local_fits, truth=labels, logit=logits, n_draws=asked.draws, seed=asked.seed)
    shipped, *_ = draw(shipped_cut(point), sizes=(0, max(SIZES)))
    choose = partial(local_threshold, home_logits[home_labels == 1], sensitivity=WHO_SENSITIVITY)
    return [
        f"{labels.size} films, {labels.sum()} positive; each draw is judged on {labels.size - max(SIZES)} of "
        f"them; seed {asked.seed}; means over draws (5th to 95th percentile)",
        f"Shipped: {asked.bundle}, {point.name}, probability of {point.threshold:.4f} or more",
        "",
        "| local films | draws | sensitivity | specificity | calibration error | draws that reach 0.90 |",
        "|---|---|---|---|---|---|",
        *map(as_row, [shipped, *draw(choose, sizes=SIZES)]),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--home", type=Path, required=True, help="out-of-fold predictions")
    parser.add_argument("--away", type=Path, required=True, help="the bundle's predictions elsewhere")
    parser.add_argument(
        "--bundle", default=DEFAULT_BUNDLE, help="whose shipped threshold the first row shows"
    )
    parser.add_argument("--home-column", default="probability", help="of the calibrated probabilities")
    parser.add_argument("--away-column", default="score", help="the same; hilum predict writes them as score")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    try:
        sys.stdout.write("\n".join(table_lines(parser.parse_args())) + "\n")
    except HilumError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
