"""Montgomery and Shenzhen together, as the Kaggle zip `pulmonary-chest-xray-abnormalities` holds them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from hilum.data.source import Problem, ProblemKind, SourceCard, SourceRead
from hilum.data.sources.files import walk_files
from hilum.data.sources.montgomery import MontgomerySource
from hilum.data.sources.shenzhen import ShenzhenSource
from hilum.errors import DatasetMissing


class MontgomeryShenzhenSource:
    """Both sets in one manifest; each film keeps its dataset and site, and an absent set is reported."""

    name = "montgomery-shenzhen"
    card = SourceCard(
        title="Montgomery and Shenzhen chest X-ray sets, as on Kaggle (pulmonary-chest-xray-abnormalities)",
        licence=ShenzhenSource.card.licence,
        citation=ShenzhenSource.card.citation,
        label_origin="as of each set; the two sites differ in exposure, borders, and share of tuberculosis",
        traps=MontgomerySource.card.traps + ShenzhenSource.card.traps,
        n_films=800,
    )

    def __init__(self) -> None:
        self._parts = (MontgomerySource(), ShenzhenSource())

    def recognises(self, entry: PurePosixPath) -> bool:
        return any(part.recognises(entry) for part in self._parts)

    def wants(self, entry: PurePosixPath) -> bool:
        return any(part.wants(entry) for part in self._parts)

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        reads: list[SourceRead] = []
        problems: list[Problem] = []
        for part in self._parts:
            try:
                reads.append(part.read_films(folder, masks=masks))
            except DatasetMissing:
                reason = (
                    f"none of the {part.card.n_films} films named {part.prefix}_NNNN_0.png or _1.png is there"
                )
                problems.append(Problem(ProblemKind.MISSING_FILM, f"{part.name} (whole set)", reason))
        if not reads:
            raise DatasetMissing(self.name, folder, "a film named MCUCXR_NNNN_L.png or CHNCXR_NNNN_L.png")
        return SourceRead(
            films=tuple(film for read in reads for film in read.films),
            problems=(*problems, *(problem for read in reads for problem in read.problems)),
            n_ignored=self._n_ignored(folder),
            n_expected=self.card.n_films,
        )

    def _n_ignored(self, folder: Path) -> int:
        """Files that neither set knows: each set alone counts the other's films among what it ignores."""
        entries = (PurePosixPath(path.relative_to(folder).as_posix()) for path in walk_files(folder))
        return sum(not self.wants(entry) for entry in entries)
