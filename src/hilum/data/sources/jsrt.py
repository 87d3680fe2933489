"""The Japanese set of the JSRT: 247 films, made for lung nodules; here a teacher of lungs."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from hilum.data.source import FoundFilm, Problem, SourceCard, SourceRead
from hilum.data.sources.files import has_shadow, is_in_mask_folder, is_storable, one_of_each, walk_files
from hilum.errors import DatasetMissing

_FILM = re.compile(r"(JPC(?:LN|NN)[0-9]{3})\.(?:png|jpe?g|dcm)", re.IGNORECASE)


class JsrtSource:
    """Japanese Society of Radiological Technology: 154 films with a lung nodule (LN), 93 without (NN).

    No tuberculosis label, so none is given; copies of 256 px or more; no patient, age, or sex in the files;
    each film is a patient; cite Shiraishi et al. 2000, and for outlines van Ginneken et al. 2006.
    """

    name = "jsrt"
    card = SourceCard(
        title="JSRT chest X-ray set (Japanese Society of Radiological Technology)",
        licence="research use with citation; not stated in full, do not redistribute",
        citation=(
            "Shiraishi J et al. Development of a digital image database for chest radiographs with and without a lung "
            "nodule. AJR 2000;174:71-74. van Ginneken B, Stegmann MB, Loog M. Segmentation of anatomical structures in "
            "chest radiographs using supervised methods. Med Image Anal 2006;10:19-40."
        ),
        label_origin="nodule or none, by CT; says nothing of tuberculosis, so labels are not stated",
        traps=("Outlines bear the same file name as their film; they are told by their folder's name.",),
        n_films=247,
    )

    def recognises(self, entry: PurePosixPath) -> bool:
        return self.wants(entry) and not _is_outline(entry)

    def wants(self, entry: PurePosixPath) -> bool:
        return bool(_FILM.fullmatch(entry.name)) and not has_shadow(entry)

    def read_films(self, folder: Path, *, masks: Path | None = None) -> SourceRead:
        problems: list[Problem] = []
        files = list(walk_files(folder))
        films = [p for p in files if self.recognises(PurePosixPath(p.relative_to(folder))) and is_storable(p)]
        if not films:
            raise DatasetMissing(self.name, folder, "no film named JPCLNnnn.png or JPCNNnnn.png")
        kept = one_of_each(((path.stem.upper(), path) for path in films), problems, what="film")
        found = [
            FoundFilm(film=film, image_path=path, dataset=self.name, site=self.name, patient=film)
            for film, path in kept.items()
        ]
        return SourceRead(
            tuple(found), tuple(problems), len(files) - len(films), n_expected=self.card.n_films
        )


def _is_outline(entry: PurePosixPath) -> bool:
    return is_in_mask_folder(entry) or any("label" in part.lower() for part in entry.parts[:-1])
