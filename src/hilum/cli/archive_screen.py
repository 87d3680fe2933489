"""`hilum archive screen`: fetch the radiographs of some days from an archive into a station, and score them.

Trap: a run of thousands will break off some time; run again with the same words, it goes on where it was.
"""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hilum.dicomnode.archive.screening import DayFetched
    from hilum.worklist.station import Station, StationSettings

DAY = click.DateTime(["%Y-%m-%d"])
LOOK_EVERY_S = 1.0


@click.command()
@click.option("--from", "archive", required=True, metavar="AE@HOST:PORT", help="The archive to ask.")
@click.option("--since", required=True, type=DAY, help="The first day, by the study's date.")
@click.option("--until", type=DAY, help="The last day.  [default: today]")
@click.option("--ae-title", default="HILUM", show_default=True, metavar="AE", help="Who we are.")
@click.option("--data", "folder", type=click.Path(path_type=Path, file_okay=False),
              default=Path("hilum-data"), show_default=True, metavar="DIR",
              help="The station's folder.")  # fmt: skip
@click.option("--database", "database_url", metavar="URL", envvar="HILUM_DATABASE",
              help="PostgreSQL; without it, a SQLite file in the folder.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path, exists=True), help="Read with this bundle.")
@click.option("--workers", type=click.IntRange(0, 256), default=1, show_default=True, metavar="N",
              help="Processes that read films; 0 leaves that to a station that runs already.")  # fmt: skip
@click.option("--move-to", metavar="AE",
              help="Fetch by C-MOVE, and have the archive send to this node, which must run and which the "
                   "archive must know; without it, by C-GET.")  # fmt: skip
@click.option("--rate", "films_a_minute", type=click.FloatRange(0, min_open=True), metavar="FILMS",
              help="Ask for at most so many films a minute, so that people who work with the archive wait "
                   "no longer.")  # fmt: skip
def archive_screen(**options: Any) -> None:
    """Fetch and score an archive's films.

    Each day's chest radiographs, CR and DX, are asked for by C-FIND, fetched, filed, and scored.
    Films that the station holds already are left out, so a run that broke off is simply run again.
    `hilum serve --data DIR` shows the result.
    """
    from hilum.dicomnode.archive.screening import Plan, screen_archive
    from hilum.dicomnode.peer import Requestor, parse_peer
    from hilum.dicomnode.privacy import keep_values_out_of_logs
    from hilum.worklist.migrating import migrate
    from hilum.worklist.station import Station
    from hilum.worklist.supervisor import Workers

    plan = Plan(
        archive=parse_peer(options["archive"]),
        since=options["since"].date(),
        until=_last_day(options["since"].date(), options["until"]),
        move_to=_ae_title(options["move_to"]),
        films_a_minute=options["films_a_minute"],
    )
    requestor = Requestor(_ae_title(options["ae_title"]) or "HILUM")
    keep_values_out_of_logs()
    settings = _settings(options)
    station = Station(settings)
    migrate(station.database)
    workers = Workers(settings) if options["workers"] else None
    try:
        if workers is not None:
            workers.start()
        n_failed = _tell(screen_archive(station, requestor, plan))
        if workers is not None:
            _wait_for_scores(station)
    finally:
        if workers is not None:
            workers.stop()
        station.close()
    click.get_current_context().exit(1 if n_failed else 0)


def _last_day(since: date, until: datetime | None) -> date:
    last = date.today() if until is None else until.date()
    if last < since:
        raise click.UsageError(f"--until {last} lies before --since {since}")
    return last


def _ae_title(text: str | None) -> str | None:
    from hilum.dicomnode.peer import is_ae_title

    if text is not None and not is_ae_title(text):
        raise click.UsageError(f"{text!r} is no AE title: 1 to 16 plain characters, no backslash")
    return text


def _settings(options: dict[str, Any]) -> StationSettings:
    from hilum.worklist.station import StationSettings

    return StationSettings(
        folder=options["folder"].resolve(),
        database_url=options["database_url"],
        bundle=options["bundle"],
        n_workers=options["workers"] or 1,
    )


def _tell(days: Any) -> int:
    """A line a day that had something; how many films failed."""
    fetched: list[DayFetched] = []
    for one in days:
        fetched.append(one)
        if one.n_studies:
            click.echo(f"{one.day}: {one.n_studies} studies, {one.n_fetched} films fetched, "
                       f"{one.n_held} here already, {one.n_failed} failed")  # fmt: skip
    n_failed = sum(one.n_failed for one in fetched)
    click.echo(f"{len(fetched)} days: {sum(one.n_fetched for one in fetched)} films fetched, "
               f"{sum(one.n_held for one in fetched)} here already, {n_failed} failed")  # fmt: skip
    return n_failed


def _wait_for_scores(station: Station) -> None:
    """Until nothing of the station waits to be scored."""
    from hilum.worklist.search import StudyFilter, count_by_state
    from hilum.worklist.states import ARRIVING, State

    while True:
        with station.database.reading() as session:
            counts = count_by_state(session, StudyFilter())
        if not any(counts.get(state, 0) for state in ARRIVING):
            break
        time.sleep(LOOK_EVERY_S)
    told = (
        f"{counts.get(state, 0)} {state}" for state in State if state not in ARRIVING and counts.get(state)
    )
    click.echo(f"the station now holds {', '.join(told) or 'no studies'}")
