"""The model card of a bundle (Mitchell et al. 2019), in Markdown, from the bundle's facts and prediction
tables.

Every figure carries its n, interval, data, and command; nothing here is typed by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.inference.bundle import BundleFacts
from hilum.records import Estimate
from hilum.reports.bundle_evidence import Evidence


def model_card(facts: BundleFacts, evidence: Sequence[Evidence], limits: Sequence[str]) -> str:
    """The card; one sentence a line.

    Args:
        facts: of the bundle.
        evidence: a row each.
        limits: sentences of what is known to fall short.
    """
    point = facts.default_point
    rows = [
        f"| {row.name} | {row.auroc.n} ({row.auroc.n_positive}) | {shown(row.auroc)} "
        f"| {shown(row.sensitivity)} | {shown(row.specificity)} |"
        for row in evidence
    ]
    lines = [
        f"# {facts.name} {facts.version}",
        "",
        facts.intended_use.text,
        "",
        "## What it learnt from",
        "",
        f"{facts.training_data.text}.",
        f"Of them {facts.training_data.positives} are labelled tuberculosis and "
        f"{facts.training_data.n - facts.training_data.positives} normal; the label is the dataset's own, "
        "not a bacteriological proof.",
        f"SHA-256 over the films' names, labels, and hashes: `{facts.training_data.hash}`.",
        f"Source commit {facts.commit}, {facts.created}.",
        f"Weights: {facts.licence}",
        "",
        "## What it does",
        "",
        _view_sentence(facts),
        f"Networks: {len(facts.classifiers)}; the score is 100 times their mean calibrated probability.",
        "",
        "## Figures",
        "",
        f"Sensitivity and specificity at the default operating point, {point.name}: "
        f"probability >= {point.threshold:.3f} ({point.source}).",
        "Intervals are 95 %: DeLong for AUC, Wilson for the others.",
        "",
        "| films | n (positive) | AUC | sensitivity | specificity |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "## Limits",
        "",
        *(f"* {sentence}" for sentence in limits),
        "",
    ]
    return "\n".join(lines)


def _view_sentence(facts: BundleFacts) -> str:
    recipe = facts.recipe
    if facts.lungs is None:
        return f"The classifier sees the whole film at {recipe.crop_side} pixels."
    return (
        f"The film is brought to {recipe.film_side} pixels and its lungs are found; the classifier sees "
        f"{recipe.crop_side} x {recipe.crop_side} pixels of them, grey levels standardised inside the lungs."
    )


def shown(estimate: Estimate) -> str:
    """`0.912 (0.887-0.937)`, or why there is no figure."""
    if estimate.value is None:
        return f"not estimable: {estimate.why}"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f} (no interval: {estimate.why})"
    return f"{estimate.value:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"
