"""What a few labelled films of another hospital buy: sensitivity, specificity, and calibration after a fit.

For each number of local films: draw them at random, choose a threshold by home and local films
together (hilum.evaluation.local_fit), judge on all the other films, again and again.

    python benchmarks/local_fit/run.py --home RUN/predictions.parquet --away away.parquet
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.evaluation.local_fit import Drawn, draw_local_fits
from hilum.evaluation.table import read_predictions

SIZES = (0, 10, 20, 50)
Floats = npt.NDArray[np.float64]


def labels_and_log_odds(table: Path) -> tuple[npt.NDArray[np.int64], Floats]:
    """Labels (N,) and calibrated log odds (N,) of the table's labelled films."""
    rows = [row for row in read_predictions(table) if row.label is not None]
    probability = np.clip([float(row.extra.get("probability", row.score)) for row in rows], 1e-6, 1 - 1e-6)
    return np.array([row.label for row in rows]), np.log(probability / (1 - probability))


def shown(figure: tuple[float, float, float]) -> str:
    """Mean, and the 5th and 95th percentile of the draws."""
    return f"{figure[0]:.3f} ({figure[1]:.3f} to {figure[2]:.3f})"


def as_row(drawn: Drawn) -> str:
    """One line of the Markdown table."""
    return (
        f"| {drawn.n_local} | {drawn.n_draws} | {shown(drawn.sensitivity)} | {shown(drawn.specificity)} "
        f"| {shown(drawn.calibration_error)} | {drawn.share_reaching_goal:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--home", type=Path, required=True, help="out-of-fold predictions")
    parser.add_argument("--away", type=Path, required=True, help="the bundle's predictions elsewhere")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    home_labels, home_logits = labels_and_log_odds(asked.home)
    sick = home_logits[home_labels == 1]
    labels, logits = labels_and_log_odds(asked.away)
    found = draw_local_fits(sick, labels, logits, sizes=SIZES, n_draws=asked.draws, seed=asked.seed)
    sys.stdout.write(
        f"{labels.size} films, {labels.sum()} positive; seed {asked.seed}; "
        "means over draws (5th to 95th percentile)\n\n"
        "| local films | draws | sensitivity | specificity | calibration error | draws that reach 0.90 |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(map(as_row, found)) + "\n"
    )


if __name__ == "__main__":
    main()
