"""A reading as an HL7 v2.5.1 message (ORU^R01), and its framing for MLLP.

The results are preliminary (P): no person has seen them. Trap: five characters and every control character
mean something in a message, and names may hold all of them, so nothing goes in but through `escaped`.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydicom.sr.coding import Code
from pydicom.valuerep import PersonName

from hilum.dicomnode.messages.numbers import Number, outcome_numbers
from hilum.dicomnode.outputs import codes
from hilum.dicomnode.outputs.marks import RESEARCH_USE
from hilum.dicomnode.outputs.reading import Reading
from hilum.dicomnode.outputs.uids import device_uid, object_uid
from hilum.errors import MessageInvalid
from hilum.inference.sentence import outcome_sentence
from hilum.records import Refused, Scored
from hilum.worklist.states import ResultKind

START, END = b"\x0b", b"\x1c\r"  # MLLP release 1: a vertical tab before, a file separator and return after
DELIMITERS = "|^~\\&"
_ESCAPES = {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"}  # section 2.7.1
CHARSET = "UNICODE UTF-8"  # table 0211
CHEST_FILM = Code("36554-4", "LN", "XR Chest Single view")  # LOINC
STUDY_UID = Code("110180", "DCM", "Study Instance UID")
PRELIMINARY, NOT_OBTAINED = "P", "X"  # tables 0085 and 0123
SYSTEMS = {
    "LN": "LN",
    "DCM": "DCM",
    "SCT": "SCT",
    codes.SCHEME: codes.SCHEME,
}  # table 0396; 99 marks a local one
# Table 0078, which 2.5.1 leaves to the user: A for engines that know its first version; POS and NEG, by their
# later definition, are above and below the threshold of a procedure. N is never sent: below it is not normal.
FLAGS = {codes.PRESENT: "A~POS", codes.FLAGGED: "A~POS", codes.ABSENT: "NEG", codes.NOT_FLAGGED: "NEG"}
DECIMALS = 10  # of a number; NM knows no exponent
SEXES = {"F": "F", "M": "M", "O": "O"}  # table 0001
CONTROL_ID_LENGTH = 20  # of MSH-10


@dataclass(frozen=True, slots=True)
class Parties:
    """Who sends and who receives, as the hospital's engine knows them."""

    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""


def result_message(reading: Reading, parties: Parties | None = None, *, pdf: bytes | None = None) -> str:
    """The message, its segments ended by carriage returns; the same reading gives the same message.

    Args:
        pdf: of the case report, to go in as encapsulated data.
    """
    segments = [_header(reading, parties or Parties()), _patient(reading), _order(reading)]
    for place, observation in enumerate(_observations(reading, pdf), 1):
        kind, identifier, value, rest = observation
        segments.append("|".join(("OBX", str(place), kind, identifier, "", value, rest)))
    return "\r".join(segments) + "\r"


def escaped(text: str) -> str:
    """A text that may stand in a field: delimiters and control characters become escape sequences."""
    return "".join(_escape(letter) for letter in text)


def _escape(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    kind = unicodedata.category(letter)
    if kind == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return f"\\X{letter.encode('utf-8').hex().upper()}\\" if kind == "Cc" else letter


def mllp_frame(message: str) -> bytes:
    """A message as MLLP sends it.

    Raises:
        MessageInvalid: it holds a character that MLLP frames with.
    """
    encoded = message.encode("utf-8")
    if START in encoded or END[:1] in encoded:
        raise MessageInvalid("an HL7 message holds a character that MLLP frames with; escape it")
    return START + encoded + END


def mllp_unframe(frame: bytes) -> str:
    """The message in the first frame; what stands before its start is passed over.

    Raises:
        MessageInvalid: the frame has no end.
    """
    start = frame.find(START) + 1
    end = frame.find(END, start)
    if end < 0:
        raise MessageInvalid("an MLLP frame has no end")
    return frame[start:end].decode("utf-8", "replace")


def acknowledgement_code(message: str) -> str:
    """MSA-1 of an acknowledgement: AA, AE, AR, CA, CE, CR; empty where there is none."""
    for segment in message.replace("\r\n", "\r").replace("\n", "\r").split("\r"):
        if segment.startswith("MSA") and len(segment) > len("MSA|"):
            return segment.split(segment[3])[1].strip().upper()
    return ""


def _header(reading: Reading, parties: Parties) -> str:
    stamp = _time(reading.made_at)
    fields = [
        "MSH", DELIMITERS[1:], "HILUM", escaped(parties.sending_facility),
        escaped(parties.receiving_application), escaped(parties.receiving_facility), stamp, "",
        "ORU^R01^ORU_R01", _control_id(reading), "P", "2.5.1", "", "", "", "", "", CHARSET,
    ]  # fmt: skip
    return "|".join(fields)


def _control_id(reading: Reading) -> str:
    """Of the study, film, bundle, and time: a re-send is told as one."""
    uid = object_uid(ResultKind.REPORT, reading.film, reading.reader.sha256)
    digest = hashlib.sha256(f"{uid} {reading.made_at.isoformat()}".encode()).hexdigest()
    return digest[:CONTROL_ID_LENGTH].upper()


def _patient(reading: Reading) -> str:
    film = reading.film
    identifier = escaped(str(film.PatientID))
    issuer = escaped(str(film.get("IssuerOfPatientID", "")))
    number = f"{identifier}^^^{issuer}^PI" if identifier else ""
    sex = SEXES.get(film.PatientSex, "U")
    return f"PID|1||{number}||{_names(str(film.PatientName))}||{film.PatientBirthDate}|{sex}"


def _names(name: str) -> str:
    """DICOM's person name (PS3.5 section 6.2.1) as XPN; its ideographic and phonetic form as repetitions."""
    told = []
    for group, representation in zip(str(PersonName(name)).split("="), ("A", "I", "P"), strict=False):
        parts = [escaped(part) for part in group.split("^")]
        family, given, middle, prefix, suffix = (parts + [""] * 5)[:5]
        if any(parts):
            told.append(f"{family}^{given}^{middle}^{suffix}^{prefix}^^L^{representation}")
    return "~".join(told)


def _order(reading: Reading) -> str:
    film = reading.film
    accession = escaped(str(film.AccessionNumber))
    filler = accession or object_uid(ResultKind.REPORT, film, reading.reader.sha256)
    taken = f"{film.StudyDate}{str(film.StudyTime)[:6] if film.StudyDate else ''}"
    fields = [""] * 26
    fields[0], fields[1], fields[3], fields[4] = "OBR", "1", filler, _coded(CHEST_FILM)
    fields[7], fields[18], fields[22] = taken, accession, _time(reading.made_at)
    fields[24], fields[25] = "RAD", PRELIMINARY  # table 0074
    return "|".join(fields)


Observation = tuple[str, str, str, str]  # OBX-2, -3, -5, and all from -6 on


def _observations(reading: Reading, pdf: bytes | None) -> Iterator[Observation]:
    outcome = reading.outcome
    if isinstance(outcome, Scored):
        yield from (_number(number, reading) for number in outcome_numbers(outcome))
        yield _code(codes.SIGNS, codes.presence(outcome), reading)
        yield _code(codes.OUTCOME, codes.flag(outcome), reading)
        if outcome.certainty is not None:
            yield _code(codes.CERTAINTY, codes.CERTAINTIES[outcome.certainty], reading)
    else:
        yield "NM", _coded(codes.SCORE), "", _rest(reading, status=NOT_OBTAINED)
        yield _code(codes.OUTCOME, codes.REFUSED, reading)
        yield _code(codes.REFUSAL, codes.REFUSALS[outcome.code], reading)
    yield from _words(reading)
    if pdf is not None:
        data = base64.b64encode(pdf).decode("ascii")
        yield "ED", _coded(codes.DOCUMENT), f"HILUM^application^pdf^Base64^{data}", _rest(reading)


def _words(reading: Reading) -> Iterator[Observation]:
    outcome = reading.outcome
    yield _text(codes.SENTENCE, outcome_sentence(outcome), reading)
    if isinstance(outcome, Refused):
        yield _text(codes.REASON, outcome.reason, reading)
    else:
        yield from (_text(codes.NOTE, note, reading) for note in outcome.notes)
    yield _text(codes.USE, RESEARCH_USE, reading)
    yield "ST", _coded(STUDY_UID), str(reading.film.StudyInstanceUID), _rest(reading)


def _number(number: Number, reading: Reading) -> Observation:
    cut = None if number.cut is None else f"<{_decimal(number.cut)}"
    flag = "H" if number.is_above else ""  # table 0078; below the cut nothing is said: that is not normal
    value = _decimal(number.value)
    return (
        "NM",
        _coded(number.code),
        value,
        _rest(reading, units="1^no units^UCUM", range_=cut or "", flag=flag),
    )


def _code(name: Code, value: Code, reading: Reading) -> Observation:
    return "CWE", _coded(name), _coded(value), _rest(reading, flag=FLAGS.get(value, ""))


def _text(name: Code, words: str, reading: Reading) -> Observation:
    return "TX", _coded(name), escaped(words), _rest(reading)


def _rest(
    reading: Reading, *, units: str = "", range_: str = "", flag: str = "", status: str = PRELIMINARY
) -> str:
    """OBX-6 to OBX-18: units, range, flag, status, time, the reader as method, the bundle as equipment."""
    reader = reading.reader
    label = escaped(reader.label)
    method = f"{label}^Hilum {label}^{codes.SCHEME}"
    equipment = f"{reader.sha256}^HILUM^{device_uid(reader.sha256)}^ISO"
    return "|".join(
        (units, range_, flag, "", "", status, "", "", _time(reading.made_at), "", "", method, equipment)
    )


def _coded(code: Code) -> str:
    return f"{escaped(code.value)}^{escaped(code.meaning)}^{SYSTEMS[code.scheme_designator]}"


def _decimal(value: float) -> str:
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S%z")
