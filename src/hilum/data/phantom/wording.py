"""The clinical reading of a phantom, in the words and with the quirks of the two real sets.

Every quirk is one that the sets hold: misspelt sex, ages in months and days, no unit, no space, tabs, upper
case, carriage returns, a byte-order mark, Latin-1, and notes that two films are of one patient.
The trap: a reading is bytes, not text, because some quirks are of the encoding.
"""

from __future__ import annotations

from collections.abc import Callable

from hilum.data.phantom.lesion import Pattern
from hilum.findings import Laterality, Sex, Zone

_WORDS = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other"}

# One header a film, in turn; {sex} is "male" or "female", {age} whole years.
SHENZHEN_HEADERS: tuple[str, ...] = (
    "{sex} {age}yrs\n",
    "{misspelt} {age}yrs\r\n",
    "{sex} {age}\n",
    "{sex}{age}yrs\r\n",
    "{sex} , {age}yrs  \t\n",
    "{capital}, {age}yrs\r\n",
    "{sex} {age}yrs\r",
    "{sex} {age} yrs\n\n",
)
CHILD_HEADERS = {Sex.MALE: ("male 16month\n", 16 / 12), Sex.FEMALE: ("female 64days\n", 64 / 365.25)}


def shenzhen_reading(finding: str, *, sex: Sex, age_years: float, number: int) -> bytes:
    """A reading in the manner of Shenzhen; `number` chooses the quirk, in turn."""
    word = _WORDS[sex]
    if age_years < 15 and sex in CHILD_HEADERS:
        header = CHILD_HEADERS[sex][0]
    else:
        misspelt = "femal" if sex is Sex.FEMALE else word
        header = SHENZHEN_HEADERS[number % len(SHENZHEN_HEADERS)].format(
            sex=word, misspelt=misspelt, capital=word.capitalize(), age=f"{age_years:.0f}"
        )
    return _encoded(header + finding, number)


def _encoded(text: str, number: int) -> bytes:
    """Every eleventh reading opens with a byte-order mark, every thirteenth has Latin-1 spaces."""
    if number % 11 == 6:
        return b"\xef\xbb\xbf" + text.encode()
    if number % 13 == 9:
        return text.encode().replace(b" in ", b" in\xa0") + b"\xa0"
    return text.encode()


def montgomery_reading(
    finding: str, *, sex: Sex, age_years: float, same_patient_as: tuple[str, ...] = ()
) -> bytes:
    """A reading in the manner of Montgomery; a patient seen before is named by the films' numbers."""
    note = f" (same pt as {' and '.join(same_patient_as)})" if same_patient_as else ""
    return f"Patient's Sex: {sex.value} \r\nPatient's Age: {age_years:03.0f}Y\r\n{finding}{note}\r\n".encode()


def shenzhen_finding(
    pattern: Pattern | None, zones: tuple[Zone, ...], side: Laterality | None, *, number: int
) -> str:
    """The finding as Shenzhen's radiologists put it."""
    if pattern is None or side is None:
        return ("normal", "normale", "normal\r\n", "Normal")[number % 4]
    text = _SHENZHEN[pattern](place(zones), side.value)
    if number % 5 == 3:
        return f"1.{text}; 2.COPD"
    return text + (",COPD" if number % 7 == 5 else "")


def montgomery_finding(pattern: Pattern | None, zones: tuple[Zone, ...], side: Laterality | None) -> str:
    """The finding as Montgomery's radiologists put it."""
    if pattern is None or side is None:
        return "normal"
    return _MONTGOMERY[pattern](_lobes(zones), side.value)


def place(zones: tuple[Zone, ...]) -> str:
    """Zones in words: "the right upper and middle fields", "both upper fields", "both lungs"."""
    if len(zones) == 6:
        return "both lungs"
    words = [zone.value.split() for zone in zones]
    levels = {side: [level for name, level in words if name == side] for side in ("right", "left")}
    if levels["right"] == levels["left"]:
        return _fields("both", levels["right"], always_many=True)
    return " and ".join(f"the {_fields(side, named)}" for side, named in levels.items() if named)


def _fields(side: str, levels: list[str], *, always_many: bool = False) -> str:
    many = always_many or len(levels) > 1
    joined = " and ".join([", ".join(levels[:-1]), levels[-1]]) if len(levels) > 1 else levels[0]
    return f"{side} {joined} field{'s' if many else ''}"


def _lobes(zones: tuple[Zone, ...]) -> str:
    """Zones as Montgomery's abbreviations, as in "RUL, LUL"."""
    return ", ".join("".join(word[0] for word in zone.value.split()).upper() + "L" for zone in zones)


_Phrase = Callable[[str, str], str]  # (place, side) -> text
_SHENZHEN: dict[Pattern, _Phrase] = {
    Pattern.INFILTRATE: lambda where, side: f"secondary PTB in {where}",
    Pattern.CAVITY: lambda where, side: f"secondary PTB in {where} with cavity formation",
    Pattern.MILIARY: lambda where, side: "bilateral miliary PTB",
    Pattern.EFFUSION: lambda where, side: f"{side} tuberculous pleuritis\r\nwith pleural effusion",
    Pattern.CONSOLIDATION: lambda where, side: f"secondary PTB\r\nin {where}",
    Pattern.FIBROSIS: lambda where, side: f"PTB in {where} with fibrous changes",
    Pattern.TUBERCULOMA: lambda where, side: f"small tuberculoma in {where}",
    Pattern.OLD: lambda where, side: f"old PTB in {where}, calcified",
}
_MONTGOMERY: dict[Pattern, _Phrase] = {
    Pattern.INFILTRATE: lambda where, side: f"infiltrates {where}. Active TB",
    Pattern.CAVITY: lambda where, side: f"cavitary infiltrate {where}. Active cavitary TB",
    Pattern.MILIARY: lambda where, side: "diffuse miliary nodules bilaterally. Miliary TB",
    Pattern.EFFUSION: lambda where, side: f"{side} pleural effusion, blunted costophrenic angle. Active TB",
    Pattern.CONSOLIDATION: lambda where, side: f"consolidation {where}. Active TB",
    Pattern.FIBROSIS: lambda where, side: f"fibrosis and volume loss {where}. TB of unknown activity",
    Pattern.TUBERCULOMA: lambda where, side: f"tuberculoma {where}",
    Pattern.OLD: lambda where, side: f"calcified nodules and scarring {where}. Old TB",
}
