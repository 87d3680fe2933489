"""All that an object or a message about one film is made of, gathered and checked once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset

from hilum.dicomnode.outputs.film_header import film_header
from hilum.inference.heat_map import Grey
from hilum.records import Refused, Scored
from hilum.reports.reader_facts import ReaderFacts


@dataclass(frozen=True, slots=True)
class Reading:
    """A machine's reading of one film; build it with `reading_of`.

    Raises:
        ValueError: `made_at` has no time zone, or the film was scored at another threshold than the reader's.
    """

    film: Dataset  # of `film_header.film_header`
    outcome: Scored | Refused
    reader: ReaderFacts
    made_at: datetime  # when the reading was made, so that a re-send says the same
    preview: Grey | None = None  # (H, W), as the heat map; None where the file gave no picture

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("made_at needs a time zone")
        if isinstance(self.outcome, Scored) and self.outcome.threshold != self.reader.threshold:
            raise ValueError(
                f"scored at {self.outcome.threshold!r}, but the reader's threshold is {self.reader.threshold}"
            )


def reading_of(
    source: Dataset,
    outcome: Scored | Refused,
    reader: ReaderFacts,
    *,
    made_at: datetime,
    preview: Grey | None = None,
) -> Reading:
    """A reading of the film that a header is of; the header may lack nearly everything."""
    return Reading(film_header(source), outcome, reader, made_at, preview)
