"""Reference films that a bundle's classifier finds most like a film: cosine likeness of its pooled features.

Each member has features of its own, so a film's are those of all members, each brought to unit length, side
by side. An index is a Parquet file that its user builds from films of her own; none ships.
Trap: films are alike to this classifier, for what it was taught; that is no statement of a shared diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hilum.errors import IndexInvalid, UnreadableImage
from hilum.inference.bundle import Bundle
from hilum.inference.predictor import Predictor, open_film
from hilum.inference.session import Graph, Port
from hilum.records import Film, Pixels

Features = npt.NDArray[np.float32]
VERSION = "1"  # of the index file
TEXTS = ("film", "image_path", "site", "reading")


@dataclass(frozen=True, slots=True)
class ReferenceFilm:
    """A film of an index."""

    film: str
    image_path: str
    site: str
    label: int | None
    reading: str  # what its dataset says of it; empty where nothing


@dataclass(frozen=True, slots=True)
class FilmIndex:
    """Reference films and their features by one bundle."""

    films: tuple[ReferenceFilm, ...]
    features: Features  # (N, C), each row of unit length
    bundle: str  # "name version"
    classifiers: str  # SHA-256 of each, joined by commas

    def nearest(self, features: Features, n: int) -> list[tuple[ReferenceFilm, float]]:
        """The n films most alike to features (C,), the most alike first, each with its cosine, -1..1."""
        likeness = self.features @ features
        order = np.argsort(-likeness, kind="stable")[:n]
        return [(self.films[place], float(likeness[place])) for place in order]


class FeatureReader:
    """Reads a film's features; the gate has the same say as before a score.

    Raises:
        BundleInvalid: a classifier has no output `features`; bundles exported before it was added have none.
    """

    def __init__(self, bundle: Bundle, *, n_threads: int = 0) -> None:
        side = bundle.recipe.crop_side
        self.bundle = bundle
        self._predictor = Predictor(bundle, n_threads=n_threads)
        self._members = [
            Graph(
                path,
                input_port=Port("film", (None, 1, side, side)),
                output_ports=[Port("features", (None, None))],
                n_threads=n_threads,
            )
            for path in bundle.classifier_paths
        ]

    def read(self, path: Path) -> Features:
        """Features (C,) of one film, of unit length.

        Raises:
            UnreadableImage: the file is no film, or the gate refuses it.
        """
        array = self._predictor.admit(open_film(path)).seen.array
        parts = [_unit(member.run(array[None])[0][0]) for member in self._members]
        return np.asarray(np.concatenate(parts) / np.sqrt(len(parts)), np.float32)


def build_index(films: Iterable[Film], reader: FeatureReader) -> tuple[FilmIndex, list[tuple[Film, str]]]:
    """An index of films, and those that the gate refused, each with its reason.

    Raises:
        IndexInvalid: no film was left.
    """
    kept: list[ReferenceFilm] = []
    rows: list[Features] = []
    refused: list[tuple[Film, str]] = []
    for film in films:
        try:
            rows.append(reader.read(film.image_path))
        except UnreadableImage as error:
            refused.append((film, error.reason))
            continue
        reading = "" if film.reading is None else film.reading.text
        kept.append(ReferenceFilm(film.film, str(film.image_path), film.site, film.label, reading))
    if not rows:
        raise IndexInvalid("none of the films could be read, so there is nothing to liken a film to")
    bundle = reader.bundle
    return FilmIndex(tuple(kept), np.stack(rows), bundle.label, _classifiers(bundle)), refused


def check_index(index: FilmIndex, bundle: Bundle, *, where: Path) -> None:
    """Refuse an index of other classifiers: their features have nothing to do with these.

    Raises:
        IndexInvalid: names both bundles.
    """
    if index.classifiers != _classifiers(bundle):
        raise IndexInvalid(
            f"{where}: was built by {index.bundle}, whose classifiers are not those of {bundle.label}; "
            "build it again with `hilum index`"
        )


def write_index(index: FilmIndex, path: Path) -> None:
    """Write an index as Parquet, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {
        name: pa.array([getattr(film, name) for film in index.films]) for name in TEXTS
    }
    columns["label"] = pa.array([film.label for film in index.films], pa.int8())
    width = index.features.shape[1]
    columns["features"] = pa.FixedSizeListArray.from_arrays(pa.array(index.features.ravel()), width)
    told = {"hilum_index_version": VERSION, "bundle": index.bundle, "classifiers": index.classifiers}
    draft = path.with_name(path.name + ".part")
    draft.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns).replace_schema_metadata(told), draft)
    draft.replace(path)


def read_index(path: Path) -> FilmIndex:
    """Read an index.

    Raises:
        IndexInvalid: there is no such file, or it is no index.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        told = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        if told.get("hilum_index_version") != VERSION:
            raise IndexInvalid(f"{path}: is not an index of films; `hilum index` makes one")
        rows = table.select([*TEXTS, "label"]).to_pylist()
        features = np.array(table["features"].to_pylist(), np.float32)
    except (pa.ArrowException, OSError, KeyError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise IndexInvalid(f"{path}: cannot be read as an index of films: {reason}") from None
    films = tuple(ReferenceFilm(**row) for row in rows)
    return FilmIndex(films, features, told["bundle"], told["classifiers"])


def labels_told(found: Sequence[tuple[ReferenceFilm, float]]) -> str:
    """How many of the films found have the finding, as a sentence."""
    labels = [film.label for film, _ in found if film.label is not None]
    if not labels:
        return "None of the films found has a label."
    return f"{sum(labels)} of the {len(labels)} labelled films found have tuberculosis by their label."


def _classifiers(bundle: Bundle) -> str:
    return ",".join(bundle.sha256[name] for name in bundle.classifiers)


def _unit(row: Pixels) -> Pixels:
    return row / max(float(np.linalg.norm(row)), 1e-12)
