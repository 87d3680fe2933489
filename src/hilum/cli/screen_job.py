"""One run of `hilum screen`: search, read, and hand each row on as it comes.

Trap: however a run ends, by Ctrl-C or a reader that left (`| head`), the table and the page hold whole rows.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from hilum.cli.screen_folder import PAGE, ResultFolder
from hilum.cli.screen_output import Row, Table, only_rows_on_stdout, stream_table
from hilum.inference.batch import ScreenedFilm, screen
from hilum.inference.bundle import read_bundle
from hilum.inference.predictor import Predictor
from hilum.inference.row import outcome_row
from hilum.inference.search import FilmSearch
from hilum.reports.screening import ScreeningPage

log = logging.getLogger(__name__)

MAX_DEFAULT_JOBS = 8  # each holds a whole film, 0.2-0.4 GB for the largest (measured: docs/screen.md)
TOLD_EVERY = 100  # films, with --verbose


@dataclass(frozen=True)
class ScreenJob:
    """What was asked for, as the command line has it."""

    films: tuple[str, ...]
    form: str  # "text", "json", "csv", "parquet"
    bundle: str
    out: Path | None
    threshold: float | None
    minimum_age_years: float | None
    n_jobs: int | None
    heat_maps: bool


@dataclass
class Tally:
    """What came out so far."""

    n_films: int = 0
    n_scored: int = 0
    n_flagged: int = 0

    @property
    def n_refused(self) -> int:
        return self.n_films - self.n_scored

    def add(self, row: Row) -> None:
        """Count one film."""
        self.n_films += 1
        self.n_scored += row["status"] == "scored"
        self.n_flagged += bool(row["flagged"])


class Recorder:
    """Takes films as they are read, and brings each to wherever it was asked for."""

    def __init__(self, predictor: Predictor, table: Table | None, folder: ResultFolder | None) -> None:
        self.tally = Tally()
        self.page = ScreeningPage(predictor.bundle, threshold=predictor.threshold)
        self._threshold = predictor.threshold
        self._table = table
        self._folder = folder

    def take(self, film: ScreenedFilm) -> None:
        """Write one film's row and picture."""
        row = outcome_row(film.outcome, threshold=self._threshold)
        self.tally.add(row)
        if self._folder is not None:
            self._folder.write_row(row)
            picture = film.overlay and self._folder.write_heat_map(film.outcome.image_path, film.overlay)
            self.page.add(row, picture=picture or None, notes=film.notes)
        if self._table is not None:
            self._table.write(row)
        if self.tally.n_films % TOLD_EVERY == 0:
            log.info("%d films read", self.tally.n_films)


def run(job: ScreenJob) -> int:
    """Do the job and return how many films were refused.

    Raises:
        HilumError: the bundle or the out folder is no good; no film was read.
    """
    start = time.perf_counter()
    n_jobs = job.n_jobs or min(_n_cores(), MAX_DEFAULT_JOBS)
    predictor = Predictor(
        read_bundle(job.bundle),
        n_threads=1 if n_jobs > 1 else 0,
        threshold=job.threshold,
        minimum_age_years=job.minimum_age_years,
    )
    folder = None if job.out is None else ResultFolder(job.out, job.form)
    search = FilmSearch([Path(name) for name in job.films], leave_out=job.out)
    films = screen(search, predictor, n_jobs=n_jobs, with_overlays=folder is not None and job.heat_maps)
    with only_rows_on_stdout() as stream, _quiet_libraries(), contextlib.ExitStack() as endings:
        table = None if job.form == "parquet" else stream_table(job.form, stream)
        recorder = Recorder(predictor, table, folder)
        if folder is not None:
            endings.callback(_finish_folder, folder, recorder, start)
        if table is not None:
            endings.callback(table.close)
        endings.enter_context(contextlib.closing(films))
        for film in films:
            recorder.take(film)
        recorder.page.is_complete = True
    _tell(recorder.tally, predictor, search, time.perf_counter() - start)
    if folder is not None:
        click.echo(f"the report is {folder.folder / PAGE}", err=True)
    return recorder.tally.n_refused


def _finish_folder(folder: ResultFolder, recorder: Recorder, start: float) -> None:
    folder.close()
    folder.write_page(recorder.page.html(seconds=time.perf_counter() - start))


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Libraries' remarks on odd files are left out; what matters of them is a note or a reason in the row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _tell(tally: Tally, predictor: Predictor, search: FilmSearch, seconds: float) -> None:
    parts = [
        f"{tally.n_films} film{'s' * (tally.n_films != 1)} in {seconds:.1f} s: {tally.n_scored} scored, "
        f"{tally.n_flagged} of them flagged at {predictor.threshold:.3g}, {tally.n_refused} refused",
        f"bundle {predictor.bundle.label}",
    ]
    if search.n_passed_over:
        parts.append(f"{search.n_passed_over} other files in the folders passed over")
    if search.n_repeated:
        parts.append(f"{search.n_repeated} named again and read once")
    click.echo("; ".join(parts), err=True)


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what this process may use; not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
