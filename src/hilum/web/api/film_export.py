"""Studies' films as a zip of de-identified DICOM files, with an index that a program can read.

Trap: pixels are not looked through for burned-in text; a header that tells of it is told on in the index, and
whoever sends the zip on must look at the others.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterator, Sequence

from pydicom import dcmread

from hilum.errors import UnreadableImage
from hilum.web.deidentify import Deidentification, has_burned_in, station_secret
from hilum.web.film_dicom import FilmIdentity, film_as_dicom
from hilum.web.pages.study import known_study
from hilum.web.visitor import Visitor
from hilum.worklist.audit import record
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, Study

IN_MEMORY = 1 << 24  # bytes; a larger zip stands in a file until it is sent
BLOCK = 1 << 16  # bytes
COLUMNS = ("study", "film", "file", "outcome", "burned_in")


def film_zip(station: Station, visitor: Visitor, study_ids: Sequence[int]) -> Iterator[bytes]:
    """The zip, block by block, and the trail of who took it.

    Raises:
        StudyUnknown: one of the studies is not here; nothing is sent.
    """
    with station.database.reading() as session:
        studies = [known_study(session, number) for number in dict.fromkeys(study_ids)]
    with station.database.writing() as session:
        for study in studies:
            record(session, at=station.now(), who=visitor.login, action="export-films", study_id=study.id)
    return _blocks(station, studies)


def _blocks(station: Station, studies: Sequence[Study]) -> Iterator[bytes]:
    how = Deidentification(station_secret(station.settings.folder))
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            rows = [_put(made, station, study, film, how) for study in studies for film in study.films]
            made.writestr("index.csv", _table(rows))
        file.seek(0)
        while block := file.read(BLOCK):
            yield block


def _put(
    made: zipfile.ZipFile, station: Station, study: Study, film: Film, how: Deidentification
) -> tuple[object, ...]:
    """Add a film, and give its row of the index."""
    name = f"study-{study.id:06d}/film-{film.id:06d}.dcm"
    try:
        content = film_as_dicom(
            station.originals.path(film.sha256), FilmIdentity.of(film, study),
            with_identity=False, deidentification=how,
        )  # fmt: skip
    except UnreadableImage:
        return study.id, film.id, "", "not a film that can be de-identified", ""
    except FileNotFoundError:
        return study.id, film.id, "", "its bytes are no longer at this station", ""
    made.writestr(name, content)
    is_burned_in = has_burned_in(dcmread(io.BytesIO(content), stop_before_pixels=True))
    return study.id, film.id, name, "de-identified", "yes" if is_burned_in else "not told"


def _table(rows: Sequence[tuple[object, ...]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerows([COLUMNS, *rows])
    return buffer.getvalue()
