"""The commands of `hilum station`.

Exit statuses: 0 all is well, 1 a film is missing or damaged (`backup` and `check`, which finish all the
same), 2 an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hilum.worklist.station import Station

DEFAULT_FOLDER = Path("hilum-data")
SHOWN = 20  # hashes of a list; the rest is counted


def station_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which station."""
    place = click.Path(path_type=Path, file_okay=False)
    folder = click.option("--data", "folder", type=place, metavar="DIR", default=DEFAULT_FOLDER,
                          show_default=True, help="The station's folder.")  # fmt: skip
    database = click.option("--database", "database_url", metavar="URL", envvar="HILUM_DATABASE",
                            help="PostgreSQL; without it, the SQLite file in the folder.")  # fmt: skip
    return wraps(command)(folder(database(command)))


@click.command(short_help="Copy a station in use into a new folder.")
@click.argument("out", type=click.Path(path_type=Path))
@station_options
def backup(out: Path, **where: Any) -> None:
    """Copy a station in use into OUT, a new folder: the database, and every film and heat map.

    Each file is compared with its SHA-256 on the way.
    The exit status is 1 where a film is missing or damaged; the rest is backed up all the same.
    """
    from hilum.worklist.backup import back_up

    with _opened(where, must_exist=True) as station:
        facts = back_up(station, out)
    click.echo(f"backed up {len(facts.files)} files, {sum(facts.files.values()) / 1e6:.1f} MB, to {out}")
    _tell_faults(facts.missing, facts.damaged)


@click.command(short_help="Make a station from a back-up.")
@click.argument("backup", type=click.Path(path_type=Path))
@station_options
def restore(backup: Path, **where: Any) -> None:
    """Make a station from BACKUP, in a folder and a database that hold nothing yet.

    Every file is compared with its SHA-256 before the first is written.
    """
    from hilum.worklist.backup import read_backup
    from hilum.worklist.backup import restore as restore_station

    read_backup(backup)  # before a folder is made for what is none
    with _opened(where, must_exist=False) as station:
        facts = restore_station(backup, station)
    click.echo(f"restored {len(facts.files)} files of {facts.made_at} to {where['folder']}")


@click.command(short_help="Compare a station's films with their SHA-256.")
@station_options
def check(**where: Any) -> None:
    """Compare a station's films and heat maps with their SHA-256, and its database with itself.

    Nothing is changed. The exit status is 1 where a film is missing or damaged.
    """
    from hilum.worklist.checking import check as check_station

    with _opened(where, must_exist=True) as station:
        found = check_station(station)
    click.echo(f"{found.n_files} files, {len(found.missing)} missing, {len(found.damaged)} damaged, "
               f"{len(found.unused)} that no study names")  # fmt: skip
    _tell_faults(found.missing, found.damaged)


@click.command(short_help="Remove the films that the rule of retention lets go.")
@station_options
def retain(**where: Any) -> None:
    """Remove the films that the manager's rule of retention lets go; a running station does so by itself.

    Rows, readings, verdicts, and the audit trail stay.
    """
    from hilum.worklist.retention import remove_due

    with _opened(where, must_exist=True) as station:
        click.echo(f"removed the films of {remove_due(station)} studies")


@click.command(short_help="Bring a station's database to this version.")
@station_options
def migrate(**where: Any) -> None:
    """Bring a station's database to this version of Hilum; back it up first."""
    from hilum.worklist.migrating import migrate as migrate_database

    with _opened(where, must_exist=False) as station:
        migrate_database(station.database)
    click.echo("the database is of this version")


@contextmanager
def _opened(where: dict[str, Any], *, must_exist: bool) -> Iterator[Station]:
    from hilum.errors import StationRefused
    from hilum.worklist.migrating import check_tables
    from hilum.worklist.station import Station, StationSettings

    folder = where["folder"]
    if must_exist and not folder.is_dir():
        raise StationRefused(f"there is no station in {folder}; name its folder by --data")
    station = Station(StationSettings(folder, database_url=where["database_url"]))
    try:
        if must_exist:
            check_tables(station.database)
        yield station
    finally:
        station.close()


def _tell_faults(missing: tuple[str, ...], damaged: tuple[str, ...]) -> None:
    """Name what is wrong, and end with 1 where anything is."""
    for word, hashes in (("missing", missing), ("damaged", damaged)):
        for sha256 in hashes[:SHOWN]:
            click.echo(f"{word}: {sha256}", err=True)
        if len(hashes) > SHOWN:
            click.echo(f"{word}: and {len(hashes) - SHOWN} more", err=True)
    if missing or damaged:
        click.get_current_context().exit(1)
