"""The Japanese set of the JSRT: 247 films, made for lung nodules; here a teacher of lungs."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from hilum.data.source import FoundFilm, LabelMap, Problem, SourceCard, SourceRead
from hilum.data.sources.files import (
    MaskShelf,
    has_shadow,
    is_in_mask_folder,
    is_storable,
    one_of_each,
    shelve_masks,
    walk_files,
)
from hilum.errors import DatasetMissing

LABELS_FOLDER = "labels"
LUNG_VALUES = (
    1,
    2,
)  # grey levels of a label map: the patient's left lung, right lung; 3 is the heart (measured)

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
            "Shiraishi J et al. Development of a digital image database for chest radiographs with and "
            "without a lung nodule. AJR 2000;174:71-74. van Ginneken B, Stegmann MB, Loog M. Segmentation of "
            "anatomical structures in chest radiographs using supervised methods. Med Image Anal "
            "2006;10:19-40."
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
        films: list[tuple[str, Path]] = []
        outlines = list(walk_files(masks)) if masks else []
        n_ignored = 0
        for path in walk_files(folder):
            entry = PurePosixPath(path.relative_to(folder))
            if not self.wants(entry) or not is_storable(path):
                n_ignored += 1
            elif _is_outline(entry):
                outlines.append(path)
            else:
                films.append((path.stem.upper(), path))
        if not films:
            raise DatasetMissing(self.name, folder, "a film named JPCLNnnn.png or JPCNNnnn.png")
        kept = one_of_each(films, problems, what="film")
        label_maps = {
            path.stem.upper(): path for path in outlines if path.parent.name.lower() == LABELS_FOLDER
        }
        shelf = shelve_masks([path for path in outlines if path not in label_maps.values()], problems)
        found = [self._found(film, path, shelf, label_maps.get(film)) for film, path in kept.items()]
        if outlines or masks:
            problems += [p for f in found if f.label_map is None and (p := shelf.problem_of(f.film))]
        return SourceRead(tuple(found), tuple(problems), n_ignored, n_expected=self.card.n_films)

    def _found(self, film: str, path: Path, shelf: MaskShelf, label_map: Path | None) -> FoundFilm:
        masks = shelf.masks_of(film)
        return FoundFilm(
            film=film,
            image_path=path,
            dataset=self.name,
            site=self.name,
            patient=film,
            lung_mask_paths=masks,
            label_map=LabelMap(label_map, LUNG_VALUES) if label_map and not masks else None,
        )


def _is_outline(entry: PurePosixPath) -> bool:
    return is_in_mask_folder(entry) or any(part.lower() == LABELS_FOLDER for part in entry.parts[:-1])
