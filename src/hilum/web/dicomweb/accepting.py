"""What a client accepts (PS3.18 8.7; RFC 9110 12.5.1): media types, and transfer syntaxes as a parameter.

Trap: DICOMweb nests a media type in `multipart/related; type="application/dicom"`, quotes and all, and some
viewers leave the quotes out; both forms are taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydicom import uid

ANY_SYNTAX = "*"
MULTIPART = "multipart/related"
DEFAULT_SYNTAX = uid.ExplicitVRLittleEndian  # PS3.18 Table 8.7.3-2, where none is asked for
_RANGE = re.compile(r'((?:[^,"]|"[^"]*")+)')
_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("[^"]*"|[^;]*)')


@dataclass(frozen=True, slots=True)
class Accepted:
    """One media range of an Accept header."""

    kind: str  # lower case: "multipart/related", "application/dicom+json", "*/*"
    parameters: dict[str, str] = field(default_factory=dict)  # names in lower case, values without quotes
    quality: float = 1.0

    @property
    def is_multipart(self) -> bool:
        return self.kind == MULTIPART

    @property
    def inner(self) -> str:
        """What is wanted: of a multipart, the type of its parts."""
        return self.parameters.get("type", "*/*").lower() if self.is_multipart else self.kind

    @property
    def syntax(self) -> str:
        """The transfer syntax asked for; the standard's default where none is."""
        return self.parameters.get("transfer-syntax", DEFAULT_SYNTAX)

    def takes(self, kind: str) -> bool:
        """Whether a media type is within the range, the multipart aside."""
        inner = self.inner
        if inner == "*/*":
            return True
        return inner == kind or (inner.endswith("/*") and kind.startswith(inner[:-1]))

    def takes_syntax(self, syntax: str) -> bool:
        return self.syntax in (ANY_SYNTAX, syntax)


def accepted(header: str | None, query: str | None = None) -> list[Accepted]:
    """The ranges of an Accept header, the best first; `accept` in the query goes first (PS3.18 8.3.3.1)."""
    text = query or header or "*/*"
    ranges = [_accepted(part) for part in _RANGE.findall(text) if part.strip()]
    return sorted((one for one in ranges if one.quality > 0), key=lambda one: -one.quality)


def _accepted(text: str) -> Accepted:
    kind = text.partition(";")[0].strip().lower()
    parameters = {name.lower(): value.strip().strip('"') for name, value in _PARAMETER.findall(text)}
    return Accepted(kind, parameters, _quality(parameters.pop("q", "1")))


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0
