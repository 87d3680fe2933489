"""Many films: in order, side by side, lazily, and one bad file stops nothing."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bundles import write_film
from hilum.inference.batch import IN_FLIGHT, screen
from hilum.inference.predictor import Screened
from hilum.records import RefusalCode, Refused, Scored


class Counting:
    """A predictor that reads nothing, and notes how many films are being read at once."""

    def __init__(self) -> None:
        self.n_now = self.n_most = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(3, timeout=10)

    def examine(self, path: Path, *, with_picture: bool = False) -> Screened:
        """Wait until three are here."""
        with self._lock:
            self.n_now += 1
            self.n_most = max(self.n_most, self.n_now)
        self._together.wait()
        with self._lock:
            self.n_now -= 1
        return Screened(Refused(path, RefusalCode.FAILED, "Not read.", "none", 0.0))


def test_answers_come_in_the_order_of_the_films(predictor, tmp_path):
    """A large film first does not let the small ones overtake it."""
    paths = [
        write_film(tmp_path / f"{place}.png", side=side)
        for place, side in enumerate((900, 120, 300, 120, 700))
    ]

    assert [film.outcome.image_path for film in screen(paths, predictor, n_jobs=3)] == paths


def test_one_job_and_three_agree(predictor, tmp_path):
    """Reading side by side changes no score."""
    paths = [write_film(tmp_path / f"{place}.png", has_spot=place % 2 == 0) for place in range(8)]
    alone, together = (
        [film.outcome.probability for film in screen(paths, predictor, n_jobs=n)] for n in (1, 3)
    )

    assert alone == together


def test_films_are_read_side_by_side():
    """Three workers are in the reader at once, or this would wait for ever."""
    counting = Counting()
    list(screen([Path(f"{n}.png") for n in range(9)], counting, n_jobs=3))

    assert counting.n_most == 3


def test_a_bad_file_stops_nothing(predictor, tmp_path):
    """The films around it are scored."""
    good = write_film(tmp_path / "good.png")
    kinds = [type(film.outcome) for film in screen([good, tmp_path / "none.png", good], predictor, n_jobs=2)]

    assert kinds == [Scored, Refused, Scored]


def test_paths_are_drawn_lazily(predictor, tmp_path):
    """A list without end is read only as far as its films are taken."""
    film = write_film(tmp_path / "film.png", side=120)
    drawn = []

    def endless():
        while True:
            drawn.append(film)
            yield film

    films = screen(endless(), predictor, n_jobs=2)
    next(films)
    films.close()

    assert len(drawn) <= 2 * IN_FLIGHT + 1


def test_overlays_come_with_scored_films_alone(predictor, tmp_path):
    """A refused film has no picture; a scored one has the film's size."""
    good = write_film(tmp_path / "good.png", side=150)
    scored, refused = screen([good, tmp_path / "none.png"], predictor, with_overlays=True)

    assert Image.open(BytesIO(scored.overlay)).size == (150, 150)
    assert refused.overlay is None


def test_no_films_are_no_answers(predictor):
    """An empty list ends at once."""
    assert list(screen([], predictor, n_jobs=2)) == []


@pytest.mark.shared
@pytest.mark.slow
def test_real_films_are_read_alike_alone_and_together(predictor, shared):
    """Real DICOM files, whose decoders are C libraries, give the same answers from several threads."""
    paths = sorted((shared / "data" / "rsna-dicom").glob("*.dcm"))[:24] * 2
    paths += sorted((shared / "data" / "dicom-odd").iterdir())

    def answers(n_jobs: int) -> list[object]:
        films = [film.outcome for film in screen(paths, predictor, n_jobs=n_jobs)]
        return [film.probability if isinstance(film, Scored) else film.code for film in films]

    assert answers(1) == answers(6)
