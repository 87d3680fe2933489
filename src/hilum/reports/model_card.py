"""The model card of a bundle (Mitchell et al. 2019), in Markdown, from the bundle's facts and prediction
tables.

Every figure is made from files of the run. Only the licence, the names of further tables, and the limits
given at export are typed by hand, and so must hold no figure that a file could give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hilum.inference.bundle import BundleFacts
from hilum.reports.bundle_evidence import Evidence
from hilum.reports.evidence.wording import interval_cell


def model_card(
    facts: BundleFacts,
    evidence: Sequence[Evidence],
    limits: Sequence[str],
    *,
    controls: Sequence[str] = (),
    found: Sequence[str] = (),
) -> str:
    """The card; one sentence a line.

    Args:
        facts: of the bundle.
        evidence: a row each.
        limits: sentences of what is known to fall short, as whoever exports it puts them.
        controls: lines of what else tells the label, of `control_facts.control_lines`.
        found: sentences of what the figures themselves show to fall short.
    """
    point = facts.default_point
    rows = [
        f"| {row.name} | {row.auroc.n} ({row.auroc.n_positive}) | {interval_cell(row.auroc)} "
        f"| {interval_cell(row.sensitivity)} | {interval_cell(row.specificity)} |"
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
        f"Weights: {facts.licence}",
        "",
        "## What it does",
        "",
        _view_sentence(facts),
        _members_sentence(facts),
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
        *(("## Controls", "", *controls, "") if controls else ()),
        "## Limits",
        "",
        *(f"* {sentence}" for sentence in (*found, *limits)),
        "",
        "## How it was made",
        "",
        *_making(facts),
        "",
    ]
    return "\n".join(lines)


def _members_sentence(facts: BundleFacts) -> str:
    n = len(facts.classifiers)
    if n == 1:
        return "One network; the score is 100 times its calibrated probability, without a spread."
    return (
        f"{n} networks; the score is 100 times their mean calibrated probability, the spread its standard "
        "deviation over them."
    )


def _making(facts: BundleFacts) -> Iterator[str]:
    """Every sitting, what the films were seen through, and whether the scores could be made again."""
    if not facts.sessions:
        yield f"Source commit {facts.commit}, {facts.created}; its sittings were not noted."
        return
    yield "Every sitting of the training, of what judges it where that is another run, and the export."
    yield ""
    yield "| work | begun | source commit | packages |"
    yield "|---|---|---|---|"
    for each in facts.sessions:
        yield f"| {each.work} | {each.started} | {each.commit} | {', '.join(each.versions)} |"
    yield ""
    code = facts.recipe_code_sha256
    yield (
        "The run is from before the sources of the pixel recipe were noted."
        if code is None
        else f"SHA-256 of the sources of the pixel recipe: `{code}`."
    )
    yield from _rescored(facts)


def _rescored(facts: BundleFacts) -> Iterator[str]:
    again = facts.rescoring
    if again is None:
        return
    rounded = ", their weights rounded to half precision as exported" if again.in_half else ""
    yield (
        f"At export the {again.n} judging films were scored again by the networks of their folds{rounded}: "
        f"the largest difference of a logit from the run's table is {again.largest_difference:.2g}, "
        f"where {again.tolerance:g} would have stopped the export."
    )
    if again.recipe_code_sha256 not in (None, facts.recipe_code_sha256):
        yield (
            "For that the films were read again, through sources of the recipe that had changed since "
            f"(SHA-256 `{again.recipe_code_sha256}`); that difference is all that the change made."
        )


def _view_sentence(facts: BundleFacts) -> str:
    recipe = facts.recipe
    if facts.lungs is None:
        return f"The classifier sees the whole film at {recipe.crop_side} pixels."
    return (
        f"The film is brought to {recipe.film_side} pixels and its lungs are found; the classifier sees "
        f"{recipe.crop_side} x {recipe.crop_side} pixels of them, grey levels standardised inside the lungs."
    )
