"""Many films through one predictor: in order, side by side, and with flat memory.

Each worker thread reads a whole film, from file to picture; decoding and onnxruntime release Python's lock,
so threads fill the cores without copying films between processes (measured: docs/screen.md). Trap: a few
films a worker are in flight at most, so a slow consumer holds the readers back and memory stays flat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hilum.inference.heat_map import draw_overlay
from hilum.inference.predictor import Predictor
from hilum.records import Refused, Scored

IN_FLIGHT = 2  # films a worker: one being read, one waiting to be taken


@dataclass(frozen=True, slots=True)
class ScreenedFilm:
    """One film's outcome, and its overlay where pictures were asked for and the film was scored."""

    outcome: Scored | Refused
    overlay: bytes | None = None  # PNG

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended on reading, and whether anything is localised."""
        return self.outcome.notes if isinstance(self.outcome, Scored) else ()


def screen(
    paths: Iterable[Path], predictor: Predictor, *, n_jobs: int = 1, with_overlays: bool = False
) -> Generator[ScreenedFilm]:
    """Read films `n_jobs` at a time; the answers come in the order of `paths`, which is drawn from lazily."""
    source = iter(paths)
    pool = ThreadPoolExecutor(n_jobs, thread_name_prefix="film")
    waiting: deque[Future[ScreenedFilm]] = deque()

    def send(n_films: int) -> None:
        for path in islice(source, n_films):
            waiting.append(pool.submit(_read_film, path, predictor, with_overlays))

    try:
        send(n_jobs * IN_FLIGHT)
        while waiting:
            film = waiting.popleft().result()
            yield film
            send(1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_film(path: Path, predictor: Predictor, with_overlay: bool) -> ScreenedFilm:
    screened = predictor.examine(path, with_picture=with_overlay)
    outcome = screened.outcome
    if screened.preview is None or not isinstance(outcome, Scored):
        return ScreenedFilm(outcome)
    return ScreenedFilm(outcome, draw_overlay(screened.preview, outcome.heat_map))
