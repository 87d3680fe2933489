"""Clinical readings: the small text files beside the films of Shenzhen and Montgomery become records.

The first line names sex and age in a dozen spellings (`femal 32yrs`, `male 16month`, `Patient's Age: 027Y`),
the rest is the finding, read by `hilum.data.reading_text`. The raw text is kept always.
Trap: an age or sex that is not there, impossible, or given twice in contradiction is None, never a guess.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from hilum.data.reading_text import finding_text
from hilum.findings import Sex
from hilum.records import ClinicalReading

MAX_BYTES = 8_192  # the longest real reading has 133 bytes; a file beyond this is no reading
MAX_AGE_YEARS = 120.0

_UNIT = (
    r"(?P<unit>(?:years?|yea?rs?|yrs?|y\.?/?o\.?|y|months?(?:yrs?)?|mon(?:s|yrs?)?|mths?|mos?|m"
    r"|weeks?|wks?|w|days?|d)(?![a-z]))"
)
_NUMBER = r"(?P<number>[0-9]{1,3}(?:\.[0-9]+)?)"
_AGE = re.compile(rf"(?<![0-9.]){_NUMBER}[ \t-]*{_UNIT}\.?(?:[ \t-]*olds?\b)?")
# After the sex, and on its line, a number may stand without a unit; "1.secondary" is an item of a list.
_AGE_AFTER_SEX = re.compile(
    rf"[\s,:;./-]*{_NUMBER}[ \t-]*{_UNIT}\.?(?:[ \t-]*olds?\b)?"
    rf"|(?:[ \t,:;./-]*(?P<same>[0-9]{{1,3}})|\s*(?P<alone>[0-9]{{1,3}})(?=\s*(?:[\r\n]|\Z)))"
    r"(?![0-9a-z]|[.)][ \t]*[a-z])"
)
_MORE = re.compile(rf"[\s,]*(?:and)?\s*{_AGE.pattern}")
_LABELLED_AGE = re.compile(rf"\bage\b\s*[:=]?\s*{_NUMBER}\s*{_UNIT}?")
_LABELLED_SEX = re.compile(r"(?:\bpatient.?s\s+)?\bsex\b[ \t]*[:=][ \t]*(?P<sex>[a-z]*)")
_SEX = re.compile(
    r"(?<![a-z])(?:(?P<female>fem\w*?|fe?a?ma?le|feamle|wom[ae]n|girl)|(?P<male>male|boy|man))(?![a-z])"
    r"|\A\W*(?:[0-9]{1,3}[ \t]*/[ \t]*)?(?:(?P<f>f)|(?P<m>m))(?![a-z])"
)
_SAME_PATIENT = re.compile(
    r"\b(?:same\s+(?:as\s+)?(?:pts?|pat|patients?|person)|(?:pts?|patients?)\s+(?:is\s+)?(?:the\s+)?same)\b"
    r"[^0-9a-z]*(?:as|with|of|in)?[^0-9a-z]*"
    r"(?P<numbers>(?:(?:and|as|no|film|mcucxr|[\s,;&/#_.])*[0-9]{1,4}(?:_[01])?(?![0-9]|\s*(?:y|m|w|d)))+)"
)
_SEX_WORDS = {"f": Sex.FEMALE, "female": Sex.FEMALE, "femal": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE,
              "o": Sex.OTHER, "other": Sex.OTHER}  # fmt: skip
_DAYS = {"m": 365.25 / 12, "w": 7.0, "d": 1.0}


def read_reading(path: Path) -> ClinicalReading:
    """Read one text file.

    Raises:
        ValueError: the file is too long to be a reading.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{size} bytes are too many for a reading (limit {MAX_BYTES})")
    return clinical_reading(decode_reading(path.read_bytes()))


def decode_reading(raw: bytes) -> str:
    """Bytes as text: by byte-order mark, else UTF-8, else Windows Latin, else Latin-1, which never fails."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def clinical_reading(text: str) -> ClinicalReading:
    """Parse a reading; every text has one, if only its raw words."""
    plain = _plain(text)
    finding = finding_text(_finding_part(plain))
    return ClinicalReading(
        text=text,
        sex=_sex(plain),
        age_years=_age_years(plain),
        is_normal=finding.is_normal,
        laterality=finding.laterality,
        zones=finding.zones,
        kinds=finding.kinds,
        same_patient_as=_same_patient_as(plain),
    )


def names_tuberculosis(text: str) -> bool:
    """Whether a raw reading names tuberculosis, undenied; "mainly hyperplastic lesions" does not."""
    return finding_text(_finding_part(_plain(text))).names_tuberculosis


def _plain(text: str) -> str:
    """Lower case, compatible forms of full-width letters and digits, no control characters but line ends."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c if c in "\n\r\t" or unicodedata.category(c)[0] != "C" else "" for c in folded)


def _finding_part(plain: str) -> str:
    """The text with sex, age, and ties each replaced by a line end, which parts what stands around them."""
    for pattern in (_SAME_PATIENT, _LABELLED_SEX, _LABELLED_AGE):
        plain = pattern.sub("\n", plain)
    plain = re.sub(r"\bpatient.?s\b", " ", plain)
    sex = _SEX.search(plain)
    if sex:
        age = _AGE_AFTER_SEX.match(plain, sex.end())
        plain = plain[: sex.start()] + "\n" + plain[age.end() if age else sex.end() :]
    return _AGE.sub("\n", plain)


def _sex(plain: str) -> Sex | None:
    labelled = _LABELLED_SEX.search(plain)
    if labelled:
        return _SEX_WORDS.get(labelled["sex"])
    found = {Sex.FEMALE if match["female"] or match["f"] else Sex.MALE for match in _SEX.finditer(plain)}
    return found.pop() if len(found) == 1 else None


def _age_years(plain: str) -> float | None:
    age = _age(plain)
    if age is None:
        return None
    years = _years(age)
    more = _MORE.match(plain, age.end())  # "1yr 6months"
    if years is None or more is None or _unit(age) != "y" or _unit(more) == "y":
        return years
    return round(years + (_years(more) or 0.0), 4)


def _age(plain: str) -> re.Match[str] | None:
    """Where the age stands: labelled, by the sex, or at the start; "lesion of 3 months" is no age."""
    sex = _SEX.search(plain)
    found = _LABELLED_AGE.search(plain) or (_AGE_AFTER_SEX.match(plain, sex.end()) if sex else None)
    if found:
        return found
    if sex and (slashed := re.match(r"\W*(?P<number>[0-9]{1,3})[ \t]*/", sex.group())):
        return slashed
    first = _AGE.search(plain)
    return first if first and (sex or not plain[: first.start()].strip()) else None


def _unit(age: re.Match[str]) -> str:
    """The unit's first letter; years where none is stated."""
    return (age.groupdict().get("unit") or "y")[0]


def _years(age: re.Match[str]) -> float | None:
    groups = age.groupdict()
    number = float(groups["number"] or groups["same"] or groups["alone"])
    years = number * _DAYS.get(_unit(age), 365.25) / 365.25
    return round(years, 4) if years <= MAX_AGE_YEARS else None


def _same_patient_as(plain: str) -> tuple[str, ...]:
    numbers: list[str] = []
    for match in _SAME_PATIENT.finditer(plain):
        numbers += [
            number.zfill(4)
            for number in re.findall(r"(?<![0-9_])[0-9]{1,4}|(?<=mcucxr_)[0-9]{4}", match["numbers"])
        ]
    return tuple(dict.fromkeys(numbers))
