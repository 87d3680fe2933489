"""What a bundle, a run, or an evaluation knows of the topics that reporting checklists ask about.

The one place where facts become answers; `checklists/*.toml` say which item asks for which topic.
Trap: a checklist filled by a program is believed. A sentence here may say no more than the file it is read
from, and what nobody wrote down stays open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hilum.evaluation.summary import Evaluation
from hilum.inference.bundle import Bundle
from hilum.inference.bundle_facts import BundleFacts, OperatingPoint
from hilum.reports.checklist_items import Told
from hilum.reports.evidence.facts import Evidence
from hilum.reports.page import cut_text, estimate_text

BUNDLE = "bundle.json"
RUN = "run.json"
CODE = "Hilum's code"  # holds for every run of it

Known = dict[str, Told]


def bundle_known(bundle: Bundle) -> Known:
    """What bundle.json tells."""
    return {**_use(bundle), **_network(bundle), **_figures(bundle)}


def run_known(run: Mapping[str, Any]) -> Known:
    """What the run.json of a training or a cross-validation tells; keys that it lacks leave topics open."""
    settings = run.get("settings", {})
    known = {
        "training": Told(_settings_text(settings), f"{RUN}: settings") if settings else None,
        "partitions": Told(_partition_text(settings), f"{RUN}: settings") if "n_folds" in settings else None,
        "partition_level": Told(
            "By patient: a patient, a film, or equal bytes on both sides stops the run.", CODE
        ),
        "initialisation": _initialisation(settings, run.get("weights_sha256")),
        "software": _software(run.get("versions", {})),
        "commit": Told(f"Source commit {run['commit']}.", f"{RUN}: commit") if run.get("commit") else None,
    }
    return {topic: told for topic, told in known.items() if told is not None}


def evaluation_known(evaluation: Evaluation, *, table: str) -> Known:
    """What an evaluation of one prediction table tells; `table` is the table's file name."""
    films = evaluation.films
    patients = f" of {films.n_patients} patients" if films.has_patients else ", patients not named"
    missing = f"Rows without a label, left out and counted: {evaluation.n_unlabelled}."
    sites = sorted({row.site for row in films.rows if row.site})
    known = {
        "test_films": Told(
            f"{films.n} labelled films{patients}, {films.n_positive} with the finding.", table
        ),
        "missing": Told(f"{missing} Nothing was imputed.", table),
        "flow": Told(f"{films.n + evaluation.n_unlabelled} rows, {films.n} of them labelled.", table),
        "metrics": Told(_METRICS, "hilum evaluate"),
        "uncertainty": Told(_UNCERTAINTY, "hilum evaluate"),
        "results": Told(_results_text(evaluation), f"hilum evaluate, {table}"),
        "cross_tabulation": Told(_cells_text(evaluation), table) if evaluation.operating_points else None,
        "subgroups": Told(_groups_text(evaluation), table) if evaluation.subgroups else None,
        "sites": Told(f"Sites as the table names them: {', '.join(sites)}.", table) if sites else None,
    }
    return {topic: told for topic, told in known.items() if told is not None}


def evidence_known(evidence: Evidence) -> Known:
    """What an evidence file tells: its evaluation, its controls, and its failures."""
    known = evaluation_known(evidence.evaluation, table=evidence.table.name)
    if evidence.controls is not None:
        known["controls"] = Told(evidence.controls.verdict, evidence.controls.file)
    if evidence.gallery is not None:
        failures = evidence.gallery.failures
        known["failures"] = Told(
            f"At {failures.point_name}: {failures.n_misses} misses and {failures.n_alarms} false alarms; the "
            f"worst are shown with heat maps of {evidence.gallery.bundle}.",
            f"hilum evaluate, {evidence.table.name}",
        )
    return known


_METRICS = (
    "AUC, partial AUC, average precision; sensitivity, specificity, predictive values, likelihood ratios at "
    "each operating point; Brier score, calibration error, slope and intercept; net benefit."
)
_UNCERTAINTY = (
    "95 % intervals where a figure can be estimated, over patients where a patient has several films; each "
    "method is named beside its figure."
)


def _use(facts: BundleFacts) -> Known:
    use, data = facts.intended_use, facts.training_data
    return {
        "intended_use": Told(use.text, f"{BUNDLE}: intended_use"),
        "training_films": Told(
            f"{data.text}; {data.n} films that judged it, {data.positives} of them positive.",
            f"{BUNDLE}: training_data",
        ),
        "label": Told("The label is the dataset's own; Hilum takes it as given.", CODE),
        "licence": Told(facts.licence, f"{BUNDLE}: licence"),
        "bundle": Told(f"Index test: {facts.label}, {facts.created}.", f"{BUNDLE}: name, version, created"),
        "commit": Told(f"Source commit {facts.commit}.", f"{BUNDLE}: commit"),
    }


def _network(bundle: Bundle) -> Known:
    n, recipe = len(bundle.classifiers), bundle.recipe
    side = f"{recipe.crop_side} x {recipe.crop_side}"
    networks = "One neural network" if n == 1 else f"{n} neural networks"
    combined = (
        "One network; nothing is combined."
        if n == 1
        else f"The calibrated probabilities of {n} networks are averaged, each with the same weight."
    )
    files = "; ".join(f"{name}, SHA-256 {bundle.sha256[name][:12]}…" for name in bundle.graph_names)
    return {
        "technology": Told(f"Deep learning: {networks.lower()} for {_findings(bundle)}.", BUNDLE),
        "architecture": Told(
            f"{networks}, input 1 x {side} pixels, output a logit for {_findings(bundle)} and a map.",
            f"{BUNDLE}: classifiers, recipe, findings",
        ),
        "model_files": Told(f"Whole networks as ONNX graphs: {files}.", f"{BUNDLE}: sha256"),
        "ensemble": Told(combined, f"{BUNDLE}: classifiers"),
        "preprocessing": Told(_recipe_text(bundle), f"{BUNDLE}: recipe"),
        "region": Told(_region_text(bundle), f"{BUNDLE}: recipe"),
        "heat_map": Told("Class activation map as the graph's second output.", CODE),
        "index_blinding": Told("The networks see the film's pixels alone.", CODE),
        "refusal": Told(
            "A file that cannot be read, is blank, too small, or turned, shows no lungs, or is of a person "
            f"below {bundle.intended_use.minimum_age_years:g} years gets no score but a named refusal.",
            CODE,
        ),
        **_software_of_sittings(bundle),
    }


def _software_of_sittings(bundle: Bundle) -> Known:
    versions = dict.fromkeys(version for sitting in bundle.sessions for version in sitting.versions)
    return {"software": Told(", ".join(versions), f"{BUNDLE}: sessions")} if versions else {}


def _figures(facts: BundleFacts) -> Known:
    slopes = "; ".join(
        f"{finding}: slope {entry.slope:.4g}, intercept {entry.intercept:.4g}"
        for finding, entry in zip(facts.findings, facts.calibration, strict=True)
    )
    platt = f"Logits become probabilities by Platt scaling ({slopes})."
    points = " ".join(_point_text(point) for point in facts.operating_points)
    known = {
        "output": Told("A calibrated probability, 0 to 1; the score is 100 times that.", BUNDLE),
        "prediction": Told(f"By hilum predict on the bundle. {platt}", f"{BUNDLE}: calibration"),
        "thresholds": Told(points, f"{BUNDLE}: operating_points"),
    }
    default = facts.default_point
    if default.sensitivity is not None and default.specificity is not None:
        known["results"] = Told(
            f"At {default.name}: sensitivity {estimate_text(default.sensitivity)} of {default.sensitivity.n} "
            f"films, specificity {estimate_text(default.specificity)} of {default.specificity.n} films. "
            f"Threshold: {default.source}.",
            f"{BUNDLE}: operating_points",
            is_part=True,  # one operating point, no AUC
        )
    return known


def _point_text(point: OperatingPoint) -> str:
    is_default = f"{point.name}: probability >= {cut_text(point.threshold)}"
    return f"{is_default}, {point.source}."


def _findings(facts: BundleFacts) -> str:
    return ", ".join(facts.findings)


def _recipe_text(facts: BundleFacts) -> str:
    sizes = ", ".join(f"{name} {value}" for name, value in vars(facts.recipe).items())
    return f"The pixel recipe of hilum.imaging.recipe with {sizes}."


def _region_text(facts: BundleFacts) -> str:
    if facts.recipe.region == "film":
        return "The classifier sees the whole film."
    rest = "what lies outside them is blanked" if facts.recipe.outside == "blank" else "with what is around"
    return f"The classifier sees the lungs, found by the network {facts.lungs}; {rest}."


def _settings_text(settings: Mapping[str, Any]) -> str:
    flat = {
        name: value for name, value in settings.items() if not isinstance(value, str) or "/" not in value
    }  # paths of one machine say nothing elsewhere
    return f"{', '.join(f'{name} = {_value(value)}' for name, value in flat.items())}."


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({', '.join(f'{name} {inner}' for name, inner in value.items())})"
    return "none" if value is None else str(value)


def _partition_text(settings: Mapping[str, Any]) -> str:
    inner = settings.get("inner_share")
    share = f"; {inner:.0%} of each training part set aside to stop by" if inner else ""
    return f"{settings['n_folds']} folds, drawn with seed {settings.get('seed')}{share}."


def _initialisation(settings: Mapping[str, Any], digest: str | None) -> Told | None:
    if "weights" not in settings:
        return None
    if settings["weights"] is None:
        return Told(f"At random, seed {settings.get('seed')}.", f"{RUN}: settings")
    name = str(settings["weights"]).replace("\\", "/").rsplit("/", 1)[-1]
    return Told(f"Trunk from {name}, SHA-256 {digest}.", f"{RUN}: settings, weights_sha256")


def _software(versions: Mapping[str, str]) -> Told | None:
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Told(f"{named}.", f"{RUN}: versions") if named else None


def _results_text(evaluation: Evaluation) -> str:
    lines = [f"AUC {estimate_text(evaluation.discrimination.auroc)}, {evaluation.films.n} films."]
    for point in evaluation.operating_points:
        rates = point.performance
        lines.append(
            f"{point.name} ({point.source}): sensitivity {estimate_text(rates.sensitivity)}, "
            f"specificity {estimate_text(rates.specificity)}."
        )
    return " ".join(lines)


def _cells_text(evaluation: Evaluation) -> str:
    return " ".join(
        f"{point.name}: {_cells(point.performance.as_json()['counts'])}."
        for point in evaluation.operating_points
    )


def _cells(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items())


def _groups_text(evaluation: Evaluation) -> str:
    columns = dict.fromkeys(group.column for group in evaluation.subgroups)
    return f"By {', '.join(columns)}; nothing tells that they were chosen beforehand."
