"""The "DA" set of New Delhi: 156 films, half of them with tuberculosis."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from hilum.data.source import FoundFilm, Problem, SourceCard, SourceRead
from hilum.data.sources.files import has_shadow, is_in_mask_folder, is_storable, one_of_each, walk_files
from hilum.errors import DatasetMissing

_FILM = re.compile(r"(da_(?:train|test)_(nx|px)[0-9]+)\.(?:jpe?g|png)", re.IGNORECASE)


class IndiaSource:
    """National Institute of TB and Respiratory Diseases, New Delhi: 78 normal films (nx), 78 with TB (px).

    Label in the file name, noise unknown; JPEG of 1024 to 2828 px; no patient, age, or sex is known, so each
    film counts as a patient and the set's own train and test parts are not used; cite Chauhan et al. 2014.
    """

    name = "india"
    card = SourceCard(
        title='India "DA" chest X-ray set (National Institute of TB and Respiratory Diseases, New Delhi)',
        licence="research use with citation; not stated in full, do not redistribute",
        citation=(
            "Chauhan A, Chauhan D, Rout C. Role of gist and PHOG features in computer-aided diagnosis of "
            "tuberculosis without segmentation. PLoS ONE 2014;9(11):e112980."
        ),
        label_origin="the institute's, in the file name: nx normal, px tuberculosis",
        traps=(
            "No patient is named: two films of one person cannot be told.",
            "Film sizes differ within the set, and the label must not be told from them.",
        ),
        n_films=156,
    )

    def recognises(self, entry: PurePosixPath) -> bool:
        return self.wants(entry)

    def wants(self, entry: PurePosixPath) -> bool:
        return bool(_FILM.fullmatch(entry.name)) and not has_shadow(entry) and not is_in_mask_folder(entry)

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        problems: list[Problem] = []
        files = list(walk_files(folder))
        films = [
            path
            for path in files
            if self.wants(PurePosixPath(path.relative_to(folder))) and is_storable(path)
        ]
        if not films:
            raise DatasetMissing(self.name, folder, "a film named like da_train_nx1.jpg or da_test_px1.jpg")
        kept = one_of_each(((path.stem.lower(), path) for path in films), problems, what="film")
        found = [
            FoundFilm(
                film=film,
                image_path=path,
                dataset=self.name,
                site="new-delhi",
                patient=film,
                label=1 if "_px" in film else 0,
            )
            for film, path in kept.items()
        ]
        return SourceRead(
            tuple(found), tuple(problems), len(files) - len(films), n_expected=self.card.n_films
        )
