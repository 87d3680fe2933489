"""The folder of one screening: the table, the heat maps, and the page over them.

Trap: a folder that holds an earlier screening is written anew, and so is its `heat-maps` folder; one that
holds something else under those names is refused, so that nobody's own pictures are lost.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TextIO

from hilum.cli.screen_output import ParquetTable, Row, Table, encodable, stream_table
from hilum.errors import OutputRefused
from hilum.inference.batch import ScreenedFilm
from hilum.reports.page import write_whole
from hilum.reports.screening import ScreeningPage

TABLES = {"text": "screening.csv", "csv": "screening.csv", "json": "screening.json",
          "parquet": "screening.parquet"}  # fmt: skip
PAGE = "screening.html"
HEAT_MAPS = "heat-maps"
OURS = (*sorted(set(TABLES.values())), PAGE)
MAX_NAME_BYTES = 120  # of a heat map's file name; file systems stop at 255, some encrypted ones at 143


class ResultFolder:
    """Makes `folder` ready, then takes rows and pictures.

    Args:
        folder: made where it is not there.
        page: an empty one.
        form: of the table: "text" (written as CSV), "csv", "json", or "parquet".

    Raises:
        OutputRefused: it cannot be written to, or holds a foreign `heat-maps`.
    """

    def __init__(self, folder: Path, form: str, page: ScreeningPage) -> None:
        self.folder = folder
        self.page = page
        self._repeats: Counter[str] = (
            Counter()
        )  # of names that came twice, so that a million films stay small
        self._final = folder / TABLES[form]
        self._draft = folder / f".{self._final.name}.{os.getpid()}.part"
        try:
            earlier = self._earlier()
            self._table = self._open_table(form)  # a folder that takes no draft keeps what it holds
        except OSError as error:
            raise self._refusal(error) from error
        try:
            self._clear(earlier)
        except OSError as error:
            self._close_table()
            self._draft.unlink(missing_ok=True)
            raise self._refusal(error) from error

    @property
    def heat_maps(self) -> Path:
        return self.folder / HEAT_MAPS

    @property
    def page_path(self) -> Path:
        return self.folder / PAGE

    def take(self, film: ScreenedFilm, row: Row) -> None:
        """Write one film's row and picture, and note it for the page."""
        try:
            self._table.write(row)
        except OSError as error:
            raise self._refusal(error) from error
        picture = None
        if film.overlay is not None:
            picture = f"{HEAT_MAPS}/{self._unique(_safe_stem(film.outcome.image_path))}.png"
            write_whole(self.folder / picture, film.overlay)
        self.page.add(row, picture=picture, overlay=film.overlay, notes=film.notes)

    def close(self, *, seconds: float) -> None:
        """Give the table its name and write the page; called however the run ended."""
        try:
            self._close_table()
            self._draft.replace(self._final)
        except OSError as error:
            raise self._refusal(error) from error
        write_whole(self.page_path, self.page.html(seconds=seconds))

    def _earlier(self) -> list[Path]:
        """The files of an earlier screening, in a folder that is made where it is not there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        heat_maps = self.heat_maps
        earlier = [self.folder / name for name in OURS if (self.folder / name).is_file()]
        earlier += self.folder.glob(".screening.*.part")  # of a run that was killed
        if heat_maps.exists() and not earlier and (not heat_maps.is_dir() or any(heat_maps.iterdir())):
            raise OutputRefused(
                f"{heat_maps} is there and is not of an earlier screening; choose another --out"
            )
        return earlier

    def _clear(self, earlier: list[Path]) -> None:
        if self.heat_maps.is_dir() and not self.heat_maps.is_symlink():
            shutil.rmtree(self.heat_maps)
        for path in earlier:
            path.unlink()

    def _open_table(self, form: str) -> Table:
        self._stream: TextIO | None = None
        if form == "parquet":
            return ParquetTable(self._draft)
        self._stream = self._draft.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        return stream_table("csv" if form == "text" else form, self._stream)

    def _close_table(self) -> None:
        self._table.close()
        if self._stream is not None:
            self._stream.close()

    def _unique(self, stem: str) -> str:
        name = stem
        while (self.heat_maps / f"{name}.png").exists():
            self._repeats[stem] += 1
            name = f"{stem}-{self._repeats[stem] + 1}"
        return name

    def _refusal(self, error: OSError) -> OutputRefused:
        return OutputRefused(f"{self.folder}: cannot be written to: {error.strerror or error}")


def _safe_stem(film: Path) -> str:
    """A film's name without its suffix, as every file system and every page can hold it."""
    plain = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*#%]', "_", encodable(film.stem)).strip(" .") or "film"
    return plain.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore")
