"""The words of a reading's finding: forms of tuberculosis, other findings, sides, levels, and denials.

English as radiologists in Shenzhen and Maryland typed it, misspellings included; every pattern expects lower
case.
Trap: order of alternatives matters nowhere, word borders everywhere ("abnormal" holds "normal", "inactive"
"active").
"""

from __future__ import annotations

import re

from hilum.findings import Laterality, TuberculosisKind, Zone

TUBERCULOSIS = re.compile(r"\b(?:s|p|sp|a|na|m)?tb[ci]?s?\b|\btuberc(?!ulom|ulin)\w*|\bkoch\w*")

KINDS: dict[TuberculosisKind, re.Pattern[str]] = {
    TuberculosisKind.SECONDARY: re.compile(
        r"\bsecondary\b(?!\s+(?:to|infection))|\bstb\b|\b(?:post-?\s?primary|reinfection)\b"
    ),
    # hematogenous spread is what a film shows as miliary; bronchogenic spread is not
    TuberculosisKind.MILIARY: re.compile(r"\bmilia\w+|\bha?ematogen\w+|\bdisseminated\s+(?:p?tb|tuberc)"),
    TuberculosisKind.EFFUSION: re.compile(
        r"\beffusions?\b|\bpleuri(?:sy|tis)\b|\bempyema\b|\b(?:hydro|pyo)(?:pneumo)?thorax\b"
        r"|\b(?:intrathoracic|pleural)\s+fluid\b|\bpleural\s+(?:p?tb\b|tuberc)"
    ),
    TuberculosisKind.TUBERCULOMA: re.compile(r"\btuberculoma\w*"),
    TuberculosisKind.CAVITY: re.compile(r"(?<!pleural )(?<!thoracic )(?<!chest )\b(?:fibro-?)?cavit\w+"),
    TuberculosisKind.FIBROSIS: re.compile(r"\bfibro\w*|\bscar(?:s|red|ring)?\b|\bindurat\w*"),
    TuberculosisKind.OLD: re.compile(
        r"\bold\b|\bgranulom\w*|\binactive\b|\bnatb\b|\bcalcif\w+|\bhealed\b|\bquiescent\b|\bobsolete\b|\barrested\b"
    ),
    TuberculosisKind.OTHER: re.compile(
        r"\bhyperplas\w*|\bprolifer\w*|\binfiltrat\w*|\bnodul\w*|\bconsolidat\w*|\bopaci\w*|\bexudat\w*"
        r"|\bprimary\b(?<!post-primary)|\bcaseous\b|\blymphaden\w*|\badenopathy\b|\bendobronchial\b"
    ),
}  # fmt: skip

OTHER_FINDINGS = re.compile(
    r"\bpneumothorax\b|\batelecta\w*|\bcollapse\w*|\bemphysema\w*|\bcopd\b|\bpneumonia\b|\binfection\b"
    r"|\badhesions?\b|\bthicken\w*|\bbronchi\w+|\bbulla\w*|\bdecorticat\w*|\btumou?rs?\b|\bcancer\b|\bcarcinoma\b"
    r"|\bmass(?:es)?\b|\bcardiomegaly\b|\bedema\b|\boedema\b|\bhernia\b|\blobectomy\b|\bpleural\s+change\w*|\bvolume\s+loss\b"
)

# Clauses on these are not about the lungs: "normal heart" is no normal film, "calcified aorta" no old TB.
ELSEWHERE = re.compile(
    r"\baort\w*|\bhearts?\b|\bcardiac\b|\bmediastin\w*|\bribs?\b|\bclavic\w*|\bspin(?:e|al)\b|\bscolio\w*|\bfractur\w*"
    r"|\bbon(?:e|es|y)\b|\bpacemaker\b|\bcartilage\w*|\bbreasts?\b|\bskelet\w*|\bthyroid\b"
)

NORMAL = re.compile(
    r"\bnormale?\b|\bwnl\b|\bnad\b|\bunremarkable\b|\bclear\s+(?:lung|chest|field)s?\b"
    r"|\b(?:lungs?|chest|fields?)\s+(?:are\s+|is\s+)?clear\b|\bnegative\s+(?:chest|study|film|x-?ray)\b"
)

DENIAL = re.compile(r"\b(?:no|not|nor|without|w/o|negative\s+for|free\s+of|absence\s+of)(?=\W)")
DENIED_BEFORE = re.compile(
    r"(?<!not )(?<!not be )\b(?:ruled\s+out|excluded)\b|\b(?:tb|tuberculosis)\s+(?:is\s+)?negative\b"
    r"|\b(?:resolved|absent|disappeared|no\s+longer\s+(?:seen|present))\b"
)  # fmt: skip
# "no change of the infiltrate" denies the change, not the infiltrate
NO_CHANGE = re.compile(
    r"\bno\s+(?:\w+\s+)?(?:change|increase|decrease|progress\w*|improvement)s?(?:\s+(?:in|of|since))?\b|\bno\s+doubt\b"
)
# what was, or is only asked for, is neither found nor denied
SET_ASIDE = re.compile(r"\b(?:history\s+of|h/o|rule\s+out|r/o)\b[^,;.\r\n]*")
NOT_ACTIVE = re.compile(r"\b(?:not|non|no\s+longer)[\s-]*active\b")
ABNORMALITY = re.compile(
    r"\babnormal\w*|\blesions?\b|\bdiseases?\b|\bshadow\w*|\bpatch\w*|\bfoc(?:us|i)\b|\bhaz[eiy]\w*"
)
"""Something is there, whatever it is; its place is the disease's."""
GENERAL = re.compile(r"\bdiseases?\b|\babnormal\w*|\bpatholog\w*|\bfindings?\b|\blesions?\b")
"""What, when denied, denies all of it: "no active disease", but not "no effusion"."""

OR = re.compile(r"\bn?or\b")
SENTENCE_END = re.compile(
    r"[;\r\n]+|\.(?![0-9])|(?<![0-9./])\b[0-9]{1,2}\s*[.)](?=\s*[a-z])|\b(?:but|however|although)\b"
)
CLAUSE_END = re.compile(r"[,?、]|\bwith\b|\bplus\b|\+")

_UPPER, _MIDDLE, _LOWER = "upper", "middle", "lower"
_SIDES = {"l": ("left",), "r": ("right",)}
_LEVELS = {"u": _UPPER, "m": _MIDDLE, "l": _LOWER}

PLACE = re.compile(
    r"\b(?:(?P<lobe>[rl][uml][lz])s?"  # RUL, LLZ
    r"|(?P<lingula>lingul\w*)"
    r"|(?P<both_upper>biapical)|(?P<both_lower>bi-?bas(?:al|ilar))"
    r"|(?P<both>bilat\w*|bill?at\w*|bilit\w*|bi-lateral\w*|both|b/l)"
    r"|(?P<left>left|lef|letf|lft|lt|l(?=\.?\s+(?:upper|mid|lower|ap[ei]|bas|lung|pleur|effus|sided)))"
    r"|(?P<right>right|righ|rigth|rght|rt|r(?=\.?\s+(?:upper|mid|lower|ap[ei]|bas|lung|pleur|effus|sided)))"
    r"|(?P<upper>upper|uper|apex|apices|apical|apico\w*)"
    r"|(?P<middle>middle|midle|mid(?=[\s-]*(?:lung|zone|field|lobe))|midzones?|midlung)"
    r"|(?P<lower>lower|lowe|bas(?:e|es|al|ilar)))\b"
)  # fmt: skip

ZONES: dict[tuple[str, str], Zone] = {
    (side, level): Zone(f"{side} {level}")
    for side in ("right", "left")
    for level in (_UPPER, _MIDDLE, _LOWER)
}


def place_words(clause: str) -> list[tuple[tuple[str, ...], str | None]]:
    """The sides and levels of a clause in their order: ((sides), None), ((), level), or both for "RUL"."""
    words: list[tuple[tuple[str, ...], str | None]] = []
    for match in PLACE.finditer(clause):
        name, text = str(match.lastgroup), match.group()
        words.append(_place_word(name, text))
    return words


def _place_word(name: str, text: str) -> tuple[tuple[str, ...], str | None]:
    both = ("right", "left")
    if name == "lobe":
        return _SIDES[text[0]], _LEVELS[text[1]]
    fixed: dict[str, tuple[tuple[str, ...], str | None]] = {
        "lingula": (("left",), _MIDDLE),
        "both_upper": (both, _UPPER),
        "both_lower": (both, _LOWER),
        "both": (both, None),
        "left": (("left",), None),
        "right": (("right",), None),
    }
    return fixed.get(name, ((), name))


def laterality_of(sides: set[str]) -> Laterality | None:
    """One side, both, or none."""
    if len(sides) == 2:
        return Laterality.BILATERAL
    return Laterality(next(iter(sides))) if sides else None
