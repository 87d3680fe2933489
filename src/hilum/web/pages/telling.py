"""What a reading says, in a language and in a clinician's words: the score, the zones, what can be ruled out.

In English these are the words of `inference.sentence`, which tests hold. Trap: a score is no diagnosis and,
away from where it was calibrated, no chance of disease, so the words say neither.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Mapping

from hilum.findings import Zone
from hilum.inference.zones import MOST_NAMED
from hilum.records import Certainty, RefusalCode
from hilum.reports.plain_words import point_in_words
from hilum.web.pages import names
from hilum.web.pages.formats import Formats
from hilum.web.pages.sentences import Told, tell
from hilum.web.translation import catalogue
from hilum.worklist.tables import Reading


class Teller:
    """Of one language.

    Args:
        language: one of `translation.LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.words: gettext.NullTranslations = catalogue(language)
        self.formats = Formats(language)

    def told(self, text: str) -> Told:
        """A sentence that was made in English, by a program."""
        return tell(text, self.words)

    def outcome(self, reading: Reading) -> list[Told]:
        """A reading in sentences, the most important first; of a refusal, what was measured."""
        if reading.score is None:
            return [self.told(reading.refusal_reason)]
        parts = [self.score(reading)]
        if reading.is_flagged and reading.zones:
            parts.append(self.zones(self.zones_of(reading), reading.threshold))
        if reading.certainty is not None and reading.error_rate is not None:
            parts.append(self.certainty(Certainty(reading.certainty), reading.error_rate))
        return [Told(part, is_translated=True) for part in parts]

    def score(self, reading: Reading) -> str:
        """A score against its threshold."""
        _ = self.words.gettext
        text = (
            _("Score %(score)s, at or above the threshold of %(threshold)s: consistent with TB.")
            if reading.is_flagged
            else _("Score %(score)s, below the threshold of %(threshold)s.")
        )
        return text % {
            "score": self.formats.number(reading.score, 1),
            "threshold": self.formats.number(100 * reading.threshold, 1),
        }

    def zones(self, zones: Mapping[Zone, float], threshold: float) -> str:
        """The zones at or above the threshold, the highest first; see `inference.zones.zone_sentence`."""
        _ = self.words.gettext
        above = sorted((zone for zone in zones if zones[zone] >= threshold), key=lambda zone: -zones[zone])
        if not above:
            return _("No zone stands above the threshold.")
        if len(above) == len(zones):
            return _("All lung zones stand above the threshold.")
        named = _(", ").join(
            _("%(zone)s zone %(probability)s")
            % {"zone": _(names.ZONES[zone]), "probability": self.formats.number(zones[zone], 2)}
            for zone in above[:MOST_NAMED]
        )
        n_more = len(above) - MOST_NAMED
        more = _(", and %(n)s more") % {"n": n_more} if n_more > 0 else ""
        return f"{named[0].upper()}{named[1:]}{more}."

    def certainty(self, certainty: Certainty, error_rate: float) -> str:
        """What is ruled out, and how often that is wrong among films like those that set the limits."""
        _ = self.words.gettext
        share = self.formats.share(1 - error_rate).replace("\u00a0", "")
        if certainty is Certainty.BOTH:
            return _("Neither normal nor abnormal can be ruled out: a person must read this film.")
        if certainty is Certainty.ABNORMAL:
            return _("Unlike %(share)s of normal films.") % {"share": share}
        return _("Unlike %(share)s of abnormal films.") % {"share": share}

    def point(self, name: str) -> Told:
        """An operating point by what it is for; a name that was given at the station stays."""
        return self.told(point_in_words(name))

    def refusal(self, code: str) -> str:
        """What was wrong, in two or three words."""
        return self.words.gettext(names.REFUSALS[RefusalCode(code)][0])

    def advice(self, code: str) -> str:
        """What to do next about a refusal."""
        return self.words.gettext(names.REFUSALS[RefusalCode(code)][1])

    def names_of(self, words: Mapping[str, str]) -> list[tuple[str, str]]:
        """Values and their names, for a form's choice."""
        return [(str(value), self.words.gettext(name)) for value, name in words.items()]

    def names_of_zones(self, zones: Iterable[str]) -> str:
        """Zones by their names, in the order of the film."""
        chosen = set(zones)
        return self.words.gettext(", ").join(
            self.words.gettext(names.ZONES[zone]) for zone in Zone if zone in chosen
        )

    def refusals(self) -> list[tuple[str, str]]:
        """Codes and their names."""
        return [(str(code), self.words.gettext(name)) for code, (name, _) in names.REFUSALS.items()]

    def zones_of(self, reading: Reading) -> dict[Zone, float]:
        """By zone; none where the whole film was looked at."""
        return {Zone(name): value for name, value in reading.zones.items()}
