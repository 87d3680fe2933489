"""A station: its folder, its database, the bytes of its films, and the bundle that reads them.

Trap: settings travel to worker processes as JSON, so they are plain values; a station opens what they name
and is never sent anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from hilum.errors import StationRefused
from hilum.imaging.hashing import file_sha256
from hilum.inference.bundle import DEFAULT_BUNDLE, FACTS_NAME, Bundle, read_bundle
from hilum.worklist.database import Database, database_url
from hilum.worklist.originals import Originals

FILMS_FOLDER = "films"
SECRET_FILE = "deidentify.secret"  # of the folder; made with the first film that leaves without identity


@dataclass(frozen=True)
class StationSettings:
    """What a station is, as its command line or settings file says; what its manager changes on a page is in
    `station_settings`."""

    folder: Path  # everything but a PostgreSQL database is in it
    database_url: str | None = None  # None: a SQLite file in the folder
    bundle: Path | None = None  # None: the shipped default
    n_workers: int = 1  # processes, each of one core; 0 where another program of the station has them
    lease_s: float = 60.0  # a worker renews at a third of it; a study of a dead machine waits this long
    film_limit_s: float = 300.0  # a worker that takes longer over one film ends itself; ten times a slow film
    most_attempts: int = 3  # workers that may die on a study before it is failed
    site: str = ""  # of films that name none
    minimum_age_years: float | None = None  # None: the bundle's
    targets: tuple[str, ...] = ()  # where results go: "sr=ORTHANC@127.0.0.1:4242", see `deliveries.Target`
    low_disk_bytes: int = 1 << 30  # films are turned away while less is free

    def __post_init__(self) -> None:
        wrong = [name for name in ("lease_s", "film_limit_s", "most_attempts") if not getattr(self, name) > 0]
        if wrong:
            raise StationRefused(f"{' and '.join(wrong)} must be above 0")
        if self.low_disk_bytes < 0 or self.n_workers < 0:
            raise StationRefused("low_disk_bytes and n_workers must be 0 or more")


class Station:
    """An open station; safe to share between threads.

    Args:
        settings: whose folder is made where it is not there.

    Raises:
        StationRefused: the folder cannot be made or written to.
        DatabaseRefused: the database URL is none of ours.
    """

    def __init__(self, settings: StationSettings) -> None:
        self.settings = settings
        try:
            settings.folder.mkdir(parents=True, exist_ok=True)
            self.originals = Originals(settings.folder / FILMS_FOLDER, low_disk_bytes=settings.low_disk_bytes)
        except OSError as error:
            raise StationRefused(
                f"the station's folder {settings.folder} cannot be used: {error.strerror}"
            ) from error
        self.database = Database(database_url(settings.folder, settings.database_url))

    @cached_property
    def bundle(self) -> Bundle:
        """The bundle's facts, every file's hash checked; no network is loaded.

        Raises:
            BundleInvalid: names what is wrong with it.
        """
        chosen = self.settings.bundle
        return read_bundle(DEFAULT_BUNDLE if chosen is None else chosen)

    @cached_property
    def bundle_sha256(self) -> str:
        """Of bundle.json, which holds the hashes of all the bundle's files."""
        return file_sha256(self.bundle.folder / FACTS_NAME)

    @property
    def minimum_age_years(self) -> float:
        """Below it a film is refused; 0 reads children too."""
        asked = self.settings.minimum_age_years
        return self.bundle.intended_use.minimum_age_years if asked is None else asked

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def close(self) -> None:
        """Close the database's connections."""
        self.database.close()
