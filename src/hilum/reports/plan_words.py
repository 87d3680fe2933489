"""The sampling protocol of a study in words, and what its plan takes for granted.

Trap: the words say what the numbers assume; where a site cannot do as they say, the numbers do not hold.
"""

from __future__ import annotations

from hilum.evaluation.plan_settings import PlanSettings
from hilum.evaluation.study_plan import StudyPlan

FEWEST_FOR_FORMULA = 30  # films of a label; assumed: the usual least for a normal approximation

WHO_COUNTS = (
    "Who counts: people aged as the intended use says, with one frontal chest film of each, whatever it "
    "shows. "
    "Decide before the first film who is left out (already under treatment, film of another year), and count "
    "them."
)
BLIND = (
    "Reference test: fix it beforehand (sputum culture or a molecular test for bacteriologically confirmed "
    "tuberculosis), and let nobody who makes or reads it see the score, nor whoever sets the score see "
    "the result."
)
THRESHOLD = (
    "Threshold: fix it, with the version of the bundle, before the first film. A threshold that is chosen on "
    "these films is measured on other films, or cross-fitted."
)
REFUSED = (
    "Refused films: retake them where the protocol allows it; count and report the rest, with their "
    "reference "
    "results, for a reader that refuses the hard films looks better than it is."
)
MISSING = (
    "Missing reference tests: report who has none. The plan makes up for their number, not for their being "
    "other people than the rest."
)

SAMPLINGS = {
    "consecutive": (
        "Consecutive: take every person who comes, from the first day to the last, at each site, and make "
        "the "
        "reference test on all of them, flagged or not.",
        "It is the design that all figures can be had from, predictive values included, and the dearest: the "
        "prevalence sets the number of films.",
    ),
    "enriched": (
        "Enriched: pick people with the finding and people without it by their reference result, each at "
        "random "
        "from all of their kind at the same sites in the same months.",
        "Sensitivity, specificity, and AUC can be had; predictive values and counts per 1,000 only after "
        "weighting "
        "to the prevalence (hilum calibrate --prevalence, hilum evaluate --prevalence).",
        "Its bias: picked cases tend to be the severe ones, and healthy controls the wholly healthy; both "
        "flatter "
        "every figure (spectrum bias, Lijmer 1999). Never pick cases in one place and controls in another.",
    ),
    "two-phase": (
        "Two-phase: take every person who comes; make the reference test on all who are flagged, and on a "
        "share "
        "of the others that is drawn at random beforehand.",
        "Its bias: where only the flagged are verified, missed cases are never seen and sensitivity comes "
        "out too "
        "high, at 1 if nobody else is verified (Begg and Greenes 1983). The drawn share corrects it: each of "
        "those counts 1 / share times.",
        "Draw the share by a list of random numbers, not by what a reader thinks of the film, and give "
        "the weights "
        "to hilum calibrate. The correction costs precision, which the plan has in it.",
    ),
}


def protocol(settings: PlanSettings) -> tuple[str, ...]:
    """The protocol as points."""
    return (*SAMPLINGS[settings.sampling], WHO_COUNTS, BLIND, THRESHOLD, REFUSED, MISSING)


def deciding_words(plan: StudyPlan) -> str:
    """Which of several questions sets the number of films."""
    asks_positives = plan.films.positives > 0
    deciding = max(plan.needs, key=lambda need: need.positives if asks_positives else need.negatives)
    return f"Most {'positives' if asks_positives else 'negatives'} are asked by: {deciding.question}."


def few_words(plan: StudyPlan) -> tuple[str, ...]:
    """A warning for each question whose formula gives so few films that it does not hold."""
    return tuple(
        f"Too few to plan on: {need.fewest} {'film' if need.fewest == 1 else 'films'} of a label, by a "
        "formula that holds for many. "
        f"Take {FEWEST_FOR_FORMULA} or more, or ask for more precision. "
        f"({need.question})"
        for need in plan.needs
        if need.is_large_sample and need.fewest < FEWEST_FOR_FORMULA
    )


def assumptions(plan: StudyPlan) -> tuple[str, ...]:
    """What the numbers rest on, most doubtful first."""
    settings = plan.settings
    told = [
        "The expected figures are guesses. Where the reader does worse, intervals come out wider and "
        "bounds are "
        "missed: plan with the lowest figure that would still be worth a study.",
    ]
    if settings.prevalence is not None:
        told.append(
            f"A prevalence of {settings.prevalence:g} among those who come. Look at the number of "
            "positives after a "
            "quarter of the films, without looking at any score, and go on longer where it is lower."
        )
    told.append(_clusters(plan))
    if len(plan.needs) > 1:
        told.append(
            "Each question is planned by itself. The chance to succeed in all of them at once is smaller "
            "than that "
            "of each; where all must hold, raise --assurance and --power."
        )
    if settings.auc is not None:
        told.append(
            "The spread of the AUC is that of two usual models of the scores, and the larger is taken; "
            "scores with "
            "many ties need more films."
        )
    return tuple(told)


def _clusters(plan: StudyPlan) -> str:
    settings = plan.settings
    if settings.cluster_size == 1:
        return (
            "Every film is another patient's, and patients of one site resemble each other no more than "
            "those of "
            "two. With few sites state --icc and --cluster-size."
        )
    return (
        f"Films come in clusters of {settings.cluster_size:g} of a label, with an intraclass correlation of "
        f"{settings.icc:g}: it takes {plan.design_effect:.3g} times as many films (Kish 1965). For the "
        "promise of "
        "hilum calibrate this is an approximation; it counts patients, each once."
    )
