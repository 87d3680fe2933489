"""How long the worklist's questions take at 100,000 studies: `python benchmarks/worklist/search.py`.

Prints a table of milliseconds, the median and the 95th percentile of 40 calls, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
from fill import NEWEST, fill
from sqlalchemy.orm import Session

from hilum.worklist.database import Database, database_url
from hilum.worklist.migrating import migrate
from hilum.worklist.programme import Period, programme_figures
from hilum.worklist.queue import is_waiting
from hilum.worklist.search import Sort, StudyFilter, count_by_state, find_studies, study
from hilum.worklist.states import State

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from postgres import running_postgres

N_CALLS = 40
MONTH = Period((NEWEST - timedelta(days=30)).date(), NEWEST.date())


def deep_page(session: Session) -> str | None:
    """Where the 100th page begins."""
    after = None
    for _ in range(100):
        after = find_studies(session, StudyFilter(), Sort.HIGHEST, after=after).after
    return after


def questions(session: Session) -> dict[str, Callable[[Session], object]]:
    """What is asked, by the words of the table."""
    deep = deep_page(session)
    scored = StudyFilter(states=[State.SCORED])
    flagged = StudyFilter(is_flagged=True, sites=["Masina"], states=[State.READ])
    everything = StudyFilter()
    return {
        "first page, newest": lambda s: find_studies(s, everything, Sort.NEWEST),
        "first page, highest": lambda s: find_studies(s, everything, Sort.HIGHEST),
        "page 101, highest": lambda s: find_studies(s, everything, Sort.HIGHEST, after=deep),
        "scored, highest": lambda s: find_studies(s, scored, Sort.HIGHEST),
        "scored, by priority": lambda s: find_studies(s, scored, Sort.PRIORITY),
        "flagged and read, of a site": lambda s: find_studies(s, flagged, Sort.NEWEST),
        "refused as lateral": lambda s: find_studies(s, StudyFilter(refusal_codes=["lateral"]), Sort.NEWEST),
        "text: two words of a name": lambda s: find_studies(
            s, StudyFilter(text="élodie okafor"), Sort.NEWEST
        ),
        "text: a rare ID": lambda s: find_studies(s, StudyFilter(text="K0031415"), Sort.NEWEST),
        "text: nobody": lambda s: find_studies(s, StudyFilter(text="nobody at all"), Sort.HIGHEST),
        "text: an accession number": lambda s: find_studies(s, StudyFilter(text="A00031415"), Sort.NEWEST),
        "counts of all": lambda s: count_by_state(s),
        "counts of a text": lambda s: count_by_state(s, StudyFilter(text="okafor")),
        "counts of a site": lambda s: count_by_state(s, StudyFilter(sites=["Masina"])),
        "one study, whole": lambda s: study(s, 31415),
        "is any waiting": lambda s: is_waiting(s, NEWEST),
        "programme of a month": lambda s: programme_figures(s, MONTH),
        "programme of 14 months": lambda s: programme_figures(
            s, Period((NEWEST - timedelta(days=430)).date(), NEWEST.date())
        ),
    }


def measure(database: Database, n: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of each question, the median and the 95th percentile."""
    migrate(database)
    began = time.perf_counter()
    fill(database, n)
    print(f"filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
    found = {}
    with database.reading() as session:
        asked = questions(session)
    for name, ask in asked.items():
        took = []
        for _ in range(N_CALLS):
            began = time.perf_counter()
            with database.reading() as session:
                ask(session)
            took.append(1000 * (time.perf_counter() - began))
        found[name] = (float(np.median(took)), float(np.quantile(took, 0.95)))
    return found


def main() -> None:
    """Measure on both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    n = parser.parse_args().n
    with tempfile.TemporaryDirectory() as folder:
        sqlite = measure(Database(database_url(Path(folder))), n)
    with running_postgres(settings=()) as server:
        database = Database(database_url(Path(), server.url(server.make_database())))
        postgres = measure(database, n)
        database.close()
    print("| question | SQLite, median / p95 ms | PostgreSQL, median / p95 ms |\n|---|---|---|")
    for name, (median, high) in sqlite.items():
        print(f"| {name} | {median:.1f} / {high:.1f} | {postgres[name][0]:.1f} / {postgres[name][1]:.1f} |")


if __name__ == "__main__":
    main()
