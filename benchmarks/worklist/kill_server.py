"""The program that `kill.py` kills: it takes films in and keeps the workers, as a station's server does.

The first line of standard input holds the settings; each further line is a path, answered by one line of JSON
once the film is committed. It ends when its input does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hilum.settings import build_settings
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.states import Origin
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.supervisor import Workers


def main() -> None:
    """Take what comes until the input ends."""
    told = json.loads(sys.stdin.readline())
    settings = build_settings(told, StationSettings, where="kill_server", folder=Path())
    station, workers = Station(settings), Workers(settings)
    workers.start()
    print(json.dumps({"pids": workers.pids}), flush=True)
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        kept = station.originals.keep_file(path)
        arrival = Arrival(kept, read_film_facts(kept.path), Origin.UPLOAD, "sender", station.now())
        with station.database.writing() as session:
            accepted = accept(session, arrival)
        print(json.dumps({"study": accepted.study_id, "is_new": accepted.is_new}), flush=True)
    workers.stop()


if __name__ == "__main__":
    main()
