"""Numbers, days, and times as a language writes them.

Digits are Latin in every language, as a score must look the same on page, film, and report. Times are those
of the station's own clock. Trap: French groups digits with a narrow space, which a CSV must never hold.
"""

from __future__ import annotations

from datetime import date, datetime

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

LOCALES = {"en": Locale("en", "GB"), "fr": Locale("fr"), "ar": Locale("ar")}
NONE = "–"
LEFT_TO_RIGHT = "\u200e"  # a mark of no width: keeps a sign at its number amid Arabic, as CLDR has it


class Formats:
    """Of one language.

    Args:
        language: one of `translation.LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.locale = LOCALES[language]
        self._mark = LEFT_TO_RIGHT if self.locale.text_direction == "rtl" else ""

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with so many digits after the point; a dash for none."""
        if value is None:
            return NONE
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        mark = self._mark if value < 0 else ""
        return f"{mark}{format_decimal(value, format=pattern, locale=self.locale)}"

    def share(self, value: float | None, digits: int = 0) -> str:
        """A share of 0 to 1 in per cent."""
        return NONE if value is None else f"{self._mark}{self.number(100 * value, digits)}\u00a0%{self._mark}"

    def day(self, value: date | None) -> str:
        """As in 24 Nov 2026."""
        return NONE if value is None else format_date(value, "d MMM y", locale=self.locale)

    def moment(self, value: datetime | None) -> str:
        """A day and a time."""
        if value is None:
            return NONE
        return format_datetime(value.astimezone(), "d MMM y HH:mm", tzinfo=None, locale=self.locale)

    def age(self, years: float | None) -> str:
        """Whole years; below two, with a digit."""
        return NONE if years is None else self.number(years, 0 if years >= 2 else 1)

    def size(self, n_bytes: int) -> str:
        """In MB, or kB below one."""
        if n_bytes < 1_000_000:
            return f"{self.number(n_bytes / 1e3)}\u00a0kB"
        return f"{self.number(n_bytes / 1e6, 1)}\u00a0MB"
