"""What a bundle says of itself in the words of the programs that made it, told for clinicians.

A bundle's facts are hashed, so they stay as they were written; pages and case reports tell them through here.
Trap: a bundle of somebody else's may say anything, so a text that no rule knows is told as it is.
"""

from __future__ import annotations

import re

# Sets of films, by the names that manifests have for them.
SETS = {
    "india": "India (Delhi)",
    "jsrt": "JSRT (Japan)",
    "montgomery": "Montgomery County (USA)",
    "phantom": "made-up people",
    "rsna": "RSNA (USA)",
    "shenzhen": "Shenzhen (China)",
}
FLATTERED = (
    "each scored by a network that did not learn from it. It was chosen on the films that its figures are "
    "of, so they flatter it: calibrate it on films of your own."
)
POINTS = {"youden": "Youden's index"}
_SET = re.compile(rf"\b(?:{'|'.join(SETS)})\b")
_TARGET = re.compile(r"sensitivity-(\d{2})")
_RULE = re.compile(
    r"the highest (?:with sensitivity >= (?P<share>0\.\d+)|sensitivity \+ specificity - 1) "
    r"on (?P<n>\d+) films of (?P<films>.+), each scored by a network that did not learn from it; chosen on "
    r"the films its figures are of, so they flatter it; calibrate locally before use"
)
_TRAINING = re.compile(
    r"(?P<films>\d+ labelled films of .+); (?:one network|(?P<n>\d+) networks, each on all folds but one) "
    r"\([\w.-]+(?P<trunk>, its trunk from [^()]+)?\)"
)


def in_plain_words(text: str) -> str:
    """A sentence of a bundle on its threshold or its training, without the names that only programs use."""
    if found := _RULE.fullmatch(text):
        films = f"{found['n']} films of {_sets_named(found['films'])}"
        if found["share"]:
            return (
                f"The highest threshold that keeps a sensitivity of {_percent(found['share'])} % on {films}, "
                f"{FLATTERED}"
            )
        return f"The threshold with the highest sum of sensitivity and specificity on {films}, {FLATTERED}"
    if found := _TRAINING.fullmatch(text):
        networks = (
            "One network" if found["n"] is None else f"{found['n']} networks, each without a part of them"
        )
        trunk = ", begun from one that knew everyday pictures" if found["trunk"] else ""
        return f"{_sets_named(found['films'])}. {networks}{trunk}."
    return text


def point_in_words(name: str) -> str:
    """An operating point by what it is for; those chosen at a station keep the name that they were given."""
    if found := _TARGET.fullmatch(name):
        return f"for a sensitivity of {found[1]} %"
    return POINTS.get(name, name)


def _percent(share: str) -> str:
    return f"{100 * float(share):.4g}"


def _sets_named(text: str) -> str:
    return _SET.sub(lambda found: SETS[found[0]], text)
