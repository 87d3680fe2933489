"""Text from headers and forms, made fit for a column: PostgreSQL refuses NUL, surrogates, and too much.

Trap: two long identifiers may begin alike, and cutting both would make one patient of two; so an identifier
that is too long keeps its beginning and ends in a hash of the whole.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")  # PS3.5 section 9.1
_LONGEST_UID = 64
_HASH_DIGITS = 16  # 64 bits: two of a million patients collide with a chance below one in ten million
UID_NAMESPACE = uuid.UUID("5b6f7c1e-3a43-5d43-9d7a-0c1f4d6a8e21")  # of every UID that is made from something


def as_line(value: str, width: int) -> str:
    """One line of at most `width` characters; control characters become spaces."""
    return _CONTROL.sub(" ", value).strip()[:width].rstrip()


def as_prose(value: str) -> str:
    """Text of several lines, without NUL and surrogates."""
    return _UNSTORABLE.sub("", value)


def as_identifier(value: str, width: int) -> str:
    """One line that stays distinct: too long a one ends in "~" and 16 digits of its hash.

    Args:
        width: characters, 32 or more.
    """
    line = as_line(value, len(value))
    if len(line) <= width:
        return line
    digits = hashlib.sha256(line.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{line[: width - _HASH_DIGITS - 1]}~{digits}"


def as_uid(value: str) -> str | None:
    """A UID as it is where it is one, else one made of the text (PS3.5 B.2: 2.25 and a UUID); None: no text.

    Leading zeros in a component are against the standard and occur; such a UID is kept, since it names one
    thing all the same.
    """
    line = as_line(value, len(value))
    if not line:
        return None
    if len(line) <= _LONGEST_UID and re.fullmatch(r"[0-9.]+", line):
        return line
    return made_uid(line)


def is_standard_uid(value: str) -> bool:
    """Whether it is as PS3.5 section 9.1 has it."""
    return len(value) <= _LONGEST_UID and _UID.fullmatch(value) is not None


def made_uid(*parts: str) -> str:
    """A UID made of texts: the same for the same, and of no one else's."""
    return f"2.25.{uuid.uuid5(UID_NAMESPACE, chr(31).join(parts)).int}"


def person_name(value: str) -> str:
    """A DICOM person name (PS3.5 6.2.1.1) as people read it: "Achieng Mary" for "ACHIENG^MARY=...".

    The first group of characters that says anything is taken; case stays as it came.
    """
    groups = (re.sub(r"[\^\s]+", " ", group).strip() for group in value.split("="))
    return next((group for group in groups if group), "")


def folded(*texts: str) -> str:
    """Texts for searching: one line, no case, no accents."""
    joined = as_line(" ".join(texts), sum(map(len, texts)) + len(texts))
    apart = unicodedata.normalize("NFKD", joined)
    return unicodedata.normalize(
        "NFC", "".join(mark for mark in apart if not unicodedata.combining(mark))
    ).casefold()
