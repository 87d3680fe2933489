"""Every call of the API's description, made up by Schemathesis by the hundred, alone and in chains.

`python benchmarks/station/api_calls.py --examples 200` makes a station of phantoms in a passing folder, has
them scored, and prints the rows of results.md and every fault: a 500, a status or a record that the
description does not tell of. Trap: numbers made up at random name no study, so that half of them are turned
into numbers that are there.
"""

from __future__ import annotations

import argparse
import functools
import logging
import random
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hilum.data.phantom.files import write_png
from hilum.data.phantom.film import build_phantom
from hilum.data.phantom.site import Site
from hilum.inference.bundle import shipped_bundles
from hilum.web.accounts import tokens
from hilum.web.accounts.people import add_person
from hilum.web.app import create_app
from hilum.web.settings import WebSettings
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.going_over import Worker
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.migrating import migrate
from hilum.worklist.states import Origin, Role
from hilum.worklist.station import Station, StationSettings

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
N_FILMS = 6
NUMBERS = ("study", "film", "upload", "webhook")  # names that a row is called by


@dataclass
class Told:
    """What the calls came to."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    faults: Counter[str] = field(default_factory=Counter)
    after: float = field(default_factory=time.monotonic)

    def note(self, label: str, status: int) -> None:
        self.statuses[label][status] += 1

    def fault(self, label: str, words: str) -> None:
        self.faults[f"{label}: {' '.join(words.split())[:600]}"] += 1


def filled(folder: Path) -> Station:
    """A station with a few films that wait."""
    station = Station(StationSettings(folder, bundle=shipped_bundles()["hilum-small"], low_disk_bytes=0))
    migrate(station.database)
    for seed in range(N_FILMS):
        path = folder / f"{seed}.png"
        path.write_bytes(film_bytes(seed))
        kept = station.originals.keep_file(path)
        arrival = Arrival(kept, read_film_facts(kept.path), Origin.UPLOAD, "ada", station.now(), site="A",
                          patient_id=f"K{seed % 2}", age_years=30.0 + seed)  # fmt: skip
        with station.database.writing() as session:
            accept(session, arrival)
    return station


def token(station: Station, role: Role) -> str:
    """Of a new person of the role."""
    with station.database.writing() as session:
        person = add_person(
            session, login=str(role), name=str(role), role=role, password_hash=None, now=station.now()
        )
        _, secret = tokens.make_token(
            session, person, name="calls", n_days=1, now=station.now(), who=str(role)
        )
    return secret


def aimed(case: Any, chance: random.Random) -> None:
    """Have half of the numbers be of rows that are there, half of the films films, and nobody wait."""
    one = chance.randint(1, N_FILMS)
    for told in (case.path_parameters, case.query):
        for name, value in dict(told or {}).items():
            if name in NUMBERS and chance.random() < 0.5:
                told[name] = [one] if isinstance(value, list) else one
    if isinstance(case.body, dict) and chance.random() < 0.5:
        film = film_bytes(one) + chance.randbytes(chance.choice((0, 8)))  # after the picture's end
        case.body |= {name: film for name in ("file",) if name in case.body}
        case.body |= {name: [film] for name in ("files",) if name in case.body}
        case.body |= {name: f"http://127.0.0.1:9/{one}" for name in ("url",) if name in case.body}
    if case.operation.path == "/api/v1/score":
        case.query = {**(case.query or {}), "wait_s": 0}


@functools.cache
def film_bytes(seed: int) -> bytes:
    """A phantom as a PNG file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.png"
        write_png(build_phantom(seed, side=400, site=Site.B), path, number=1)
        return path.read_bytes()


def call_each(
    app: FastAPI, headers: dict[str, str], told: Told, asked: argparse.Namespace, worker: Worker
) -> None:
    """Every operation by itself, well and badly, so many times each; films that wait are read before each."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
    chance = random.Random(asked.seed)

    def call(case: Any) -> None:
        aimed(case, chance)
        response = case.call(headers=headers)
        told.note(case.operation.label, response.status_code)
        try:
            case.validate_response(response, checks=CHECKS)
        except (Failure, FailureGroup) as fault:  # every fault is wanted, not the first alone
            for one in getattr(fault, "exceptions", [fault]):
                told.fault(case.operation.label, f"{one} [{case.as_curl_command()}]")

    for result in schema.get_all_operations():
        while worker.work_once():
            continue
        for mode in GenerationMode:
            strategy = result.ok().as_strategy(generation_mode=mode)
            with suppress(Unsatisfiable):  # there is nothing that a bad call of this operation could be
                given_settings(asked)(given(case=strategy)(call))()
        print(f"{time.monotonic() - told.after:.0f} s: {result.ok().label}", flush=True)


def call_in_chains(app: FastAPI, headers: dict[str, str], told: Told, asked: argparse.Namespace) -> None:
    """Calls that take what earlier ones answered, by the links that Schemathesis infers."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)

    class Chains(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            if case.operation.path == "/api/v1/score":
                case.query = {**(case.query or {}), "wait_s": 0}
            return {"headers": headers}

        def validate_response(self, response: Any, case: Any, **_told: Any) -> None:
            told.note("in chains", response.status_code)
            try:
                case.validate_response(response, checks=CHECKS)
            except (Failure, FailureGroup) as fault:
                for one in getattr(fault, "exceptions", [fault]):
                    told.fault(f"chain, {case.operation.label}", f"{one} [{case.as_curl_command()}]")

    Chains.run(settings=given_settings(asked, stateful_step_count=8))


def given_settings(asked: argparse.Namespace, **more: Any) -> settings:
    """The same every time for a seed; all is kept that fails, so nothing is shrunk."""
    return settings(
        max_examples=asked.examples, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=[*HealthCheck], **more,
    )  # fmt: skip


def main() -> None:
    """Call, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="of each operation, and of chains")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    told = Told()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # a last call may still write
        station = filled(Path(folder))
        settings_of = WebSettings(station.settings, allowed_hosts=("testserver",), webhooks_to_private=True)
        app = create_app(settings_of, station=station)
        headers = {"Authorization": f"Bearer {token(station, Role.ADMINISTRATOR)}", "Host": "testserver"}
        call_each(app, headers, told, asked, Worker(station, name="calls", on_overtime=lambda: None))
        call_in_chains(app, headers, told, asked)
        station.close()
    print("| call | calls | answers |\n|---|---|---|")
    for label, statuses in told.statuses.items():
        seen = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
        print(f"| {label} | {sum(statuses.values())} | {seen} |")
    print(f"{sum(told.faults.values())} faults, {time.monotonic() - told.after:.0f} s")
    for words, number in told.faults.most_common():
        print(f"FAULT x {number}: {words}")


if __name__ == "__main__":
    main()
