"""One run of `hilum screen`: search, read, and hand each row on as it comes.

Trap: however a run ends, by Ctrl-C or a reader that left (`| head`), the table and the page hold whole rows.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hilum.cli.screen_output import Row, Table, only_rows_on_stdout, stream_table
from hilum.errors import OutputRefused
from hilum.inference.batch import ScreenedFilm, screen
from hilum.inference.bundle import Bundle, read_bundle
from hilum.inference.local_point import check_default_point, read_threshold
from hilum.inference.predictor import Predictor
from hilum.inference.row import outcome_row
from hilum.inference.search import FilmSearch, is_folder

if TYPE_CHECKING:
    from hilum.cli.screen_folder import ResultFolder

MAX_DEFAULT_JOBS = 8  # each holds a whole film, 0.2-0.4 GB for the largest (measured: docs/screen.md)


@dataclass(frozen=True)
class ScreenJob:
    """What was asked for, as the command line has it."""

    films: tuple[str, ...]
    form: str  # "text", "json", "csv", "parquet"
    bundle: str
    out: Path | None
    threshold: float | Path | None  # a path is of a calibration
    minimum_age_years: float | None
    error_rate: float | None
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


def run(job: ScreenJob) -> int:
    """Do the job and return how many films were refused.

    Raises:
        HilumError: the bundle or the out folder is no good, and no film was read; or the folder ran full.
    """
    start = time.perf_counter()
    n_jobs = job.n_jobs or min(_n_cores(), MAX_DEFAULT_JOBS)
    bundle = read_bundle(job.bundle)
    predictor = Predictor(
        bundle,
        n_threads=1 if n_jobs > 1 else 0,
        threshold=_threshold(job.threshold, bundle),
        minimum_age_years=job.minimum_age_years,
        error_rate=job.error_rate,
    )
    paths = [Path(name) for name in job.films]
    folder = None if job.out is None else _open_folder(job.out, job.form, predictor, paths)
    search = FilmSearch(paths, leave_out=None if folder is None else folder.heat_maps)
    films = screen(search, predictor, n_jobs=n_jobs, with_overlays=folder is not None and job.heat_maps)
    tally = Tally()
    with (
        _quiet_libraries(),
        _ended_by_sigterm(),
        only_rows_on_stdout() as stream,
        contextlib.ExitStack() as endings,
    ):
        if folder is not None:
            endings.callback(lambda: folder.close(seconds=time.perf_counter() - start))
        table = None if job.form == "parquet" else stream_table(job.form, stream)
        if table is not None:
            endings.callback(table.close)
        endings.enter_context(contextlib.closing(films))
        for film in films:
            row = outcome_row(film.outcome, threshold=predictor.threshold)
            tally.add(row)
            _hand_on(film, row, folder, table)
        if folder is not None:
            folder.page.is_complete = True
    _tell(tally, predictor, search, time.perf_counter() - start)
    if folder is not None:
        click.echo(f"the report is {folder.page_path}", err=True)
    return tally.n_refused


def _threshold(asked: float | Path | None, bundle: Bundle) -> float | None:
    """The threshold asked for; None where the bundle's own holds, which must then be its own.

    Raises:
        ThresholdRefused: it was chosen for another reader.
    """
    if isinstance(asked, Path):
        return read_threshold(asked, bundle)
    if asked is None:
        check_default_point(bundle)
    return asked


def _hand_on(film: ScreenedFilm, row: Row, folder: ResultFolder | None, table: Table | None) -> None:
    if folder is not None:
        folder.take(film, row)
    if table is not None:
        table.write(row)


def _open_folder(out: Path, form: str, predictor: Predictor, films: Sequence[Path]) -> ResultFolder:
    if out.resolve() in [path.resolve() for path in films if is_folder(path)]:
        raise OutputRefused(f"{out} is a folder of films, which is never written to; choose another --out")
    from hilum.cli.screen_folder import ResultFolder  # with jinja2, which a run without --out can do without
    from hilum.reports.screening import ScreeningPage

    return ResultFolder(out, form, ScreeningPage(predictor.bundle, threshold=predictor.threshold))


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Libraries' remarks on odd files are left out; what matters of them is a note or a reason in the row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """A service that is told to end closes its table first, as after Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # where Python allows no handler
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    earlier = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _tell(tally: Tally, predictor: Predictor, search: FilmSearch, seconds: float) -> None:
    parts = [
        f"{_count(tally.n_films, 'film')} in {seconds:.1f} s: {tally.n_scored} scored, "
        f"{tally.n_flagged} of them flagged at {predictor.threshold:.3g}, {tally.n_refused} refused",
        f"bundle {predictor.bundle.label}",
    ]
    if search.n_passed_over:
        parts.append(f"{_count(search.n_passed_over, 'other file')} in the folders passed over")
    if search.n_repeated:
        parts.append(f"{search.n_repeated} named again and read once")
    click.echo("; ".join(parts), err=True)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' if n != 1 else ''}"


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what this process may use; not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
