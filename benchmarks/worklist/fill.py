"""Fill a station's database with made-up studies, quickly and without a film: `fill(database, n=100_000)`.

`python benchmarks/worklist/fill.py DIR [--database URL] [--n 100000]` fills a station of that folder. Names
and scores are drawn by chance with a seed; refusals, verdicts, and tests come at a screening's rates.
Trap: there are rows and no bytes, so such a station lists, counts, and searches, and shows no film.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select

from hilum.worklist.database import Database, database_url
from hilum.worklist.migrating import migrate
from hilum.worklist.states import Opinion, Origin, State
from hilum.worklist.tables import AuditEvent, Film, Patient, Reading, Study, Verdict
from hilum.worklist.wording import folded

BLOCK = 5000  # studies in one transaction
STUDIES_A_PATIENT = 1.6
SITES = ("Ngaliema", "Kintambo", "Masina", "Lukala", "Kimpese", "")
DEVICES = ("MinXray Impact", "Fuji FDR Xair", "Delft Light", "")
FIRST = (
    "Achieng", "Amina", "Baraka", "Chausiku", "Daudi", "Élodie", "Farida", "Grâce", "Hamisi", "Imani",
    "Joséphine", "Kofi", "Lindiwe", "Mamadou", "Nasra", "Olu", "Pétronille", "Rehema", "Sipho", "Zuri",
)  # fmt: skip
LAST = (
    "Abdallah", "Banda", "Chilufya", "Diallo", "Eze", "Fofana", "Gueye", "Hassan", "Ilunga", "Juma",
    "Kabila", "Lumumba", "Mbeki", "Ndlovu", "Okafor", "Phiri", "Quaye", "Rwigema", "Sithole", "Tshala",
)  # fmt: skip
REFUSALS = ("lateral", "blurred", "cut-off", "not-a-chest", "child", "too-dark")
BUNDLE, BUNDLE_SHA256, THRESHOLD = "hilum-base 0.2.0", "0" * 64, 0.4
NEWEST = datetime(2026, 11, 24, 6, tzinfo=UTC)
APART = timedelta(minutes=6)  # of two studies; 100,000 are 14 months


def fill(database: Database, n: int = 100_000, *, seed: int = 0) -> None:
    """Add `n` studies, of patients that are made up, to a database whose tables are made."""
    rng = np.random.default_rng(seed)
    with database.reading() as session:
        first = (session.scalar(select(func.max(Study.id))) or 0) + 1
        first_patient = (session.scalar(select(func.max(Patient.id))) or 0) + 1
    n_patients = max(1, round(n / STUDIES_A_PATIENT))
    _add(database, {Patient: (_patient(first_patient + at, rng) for at in range(n_patients))})
    for start in range(0, n, BLOCK):
        numbers = range(first + start, first + min(n, start + BLOCK))
        age = n - (start + BLOCK)
        rows = [_study(number, first_patient + int(rng.integers(n_patients)), rng) for number in numbers]
        for place, row in enumerate(rows):
            row["received_at"] = row["state_since"] = NEWEST - APART * max(0, age + BLOCK - place)
        _add(database, {
            Study: iter(rows), Film: map(_film, rows), Reading: _readings(rows), Verdict: _verdicts(rows),
            AuditEvent: (event for row in rows for event in _events(row)),
        })  # fmt: skip
    _set_sequences(database)


def _add(database: Database, tables: dict[Any, Iterator[dict[str, Any]]]) -> None:
    for table, rows in tables.items():
        while block := list(islice(rows, BLOCK)):
            with database.writing() as session:
                session.execute(insert(table.__table__), block)


def _set_sequences(database: Database) -> None:
    """Rows came with their numbers, so PostgreSQL's counters are behind."""
    if database.is_sqlite:
        return
    with database.writing() as session:
        for table in ("patient", "study", "film"):
            session.execute(
                select(func.setval(f"{table}_id_seq", select(func.max(TABLES[table].id)).scalar_subquery()))
            )


TABLES: dict[str, Any] = {"patient": Patient, "study": Study, "film": Film}


def _patient(number: int, rng: np.random.Generator) -> dict[str, Any]:
    name = (
        f"{FIRST[rng.integers(len(FIRST))]} {LAST[rng.integers(len(LAST))]} {LAST[rng.integers(len(LAST))]}"
    )
    patient_id = f"K{number:07}"
    return {
        "id": number,
        "patient_id": patient_id,
        "issuer": "",
        "name": name,
        "folded": folded(patient_id, name),
    }


def _study(number: int, patient: int, rng: np.random.Generator) -> dict[str, Any]:
    kind, score = rng.random(), round(float(100 * rng.beta(1.2, 4)), 1)
    state, code = State.READ, None
    if kind < 0.06:
        state, code, score_or_none = State.REFUSED, str(rng.choice(REFUSALS)), None
    elif kind < 0.065:
        state, score_or_none = State.QUEUED, None
    else:
        state, score_or_none = (State.SCORED if kind < 0.2 else State.READ), score
    is_flagged = None if score_or_none is None else score_or_none >= 100 * THRESHOLD
    opinion = None
    if state is State.READ:
        opinion = Opinion.TUBERCULOSIS if score + rng.normal(0, 15) > 45 else Opinion.NORMAL
    result = None
    if is_flagged and rng.random() < 0.6:
        result = "positive" if rng.random() < score / 100 else "negative"
    return {
        "id": number, "study_uid": f"1.2.826.0.1.3680043.10.9999.{number}", "state": state,
        "origin": Origin.DICOM,
        "patient_key": patient, "accession": f"A{number:08}", "age_years": float(rng.integers(15, 90)),
        "sex": "FM"[rng.integers(2)], "site": SITES[rng.integers(len(SITES))],
        "device": DEVICES[rng.integers(len(DEVICES))], "priority": 0, "n_attempts": 0, "score": score_or_none,
        "is_flagged": is_flagged, "refusal_code": code, "opinion": opinion, "test_result": result,
    }  # fmt: skip


def _film(study: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(study["study_uid"].encode()).hexdigest()
    return {"id": study["id"], "study_id": study["id"], "sha256": digest, "n_bytes": 8_000_000,
            "file_format": "dicom", "file_name": "", "sop_instance_uid": f"{study['study_uid']}.1.1",
            "series_uid": f"{study['study_uid']}.1", "modality": "DX", "view": "PA", "laterality": "",
            "image_type": "", "series_description": "", "source": "MODALITY", "is_chosen": True,
            "why_not": "", "received_at": study["received_at"]}  # fmt: skip


def _readings(studies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for study in studies:
        if study["state"] is State.QUEUED:
            continue
        score = study["score"]
        yield {
            "study_id": study["id"], "film_id": study["id"], "made_at": study["received_at"],
            "worker": "fill", "bundle": BUNDLE, "bundle_sha256": BUNDLE_SHA256, "threshold": THRESHOLD,
            "operating_point": "screening", "score": score, "seconds": 0.5, "zones": {}, "notes": [],
            "probability": None if score is None else score / 100, "is_flagged": study["is_flagged"],
            "refusal_code": study["refusal_code"], "refusal_reason": "Made up." if score is None else "",
        }  # fmt: skip


def _verdicts(studies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for study in studies:
        if study["opinion"] is not None:
            yield {
                "study_id": study["id"], "who": f"reader{study['id'] % 3}", "given_at": study["received_at"],
                "opinion": study["opinion"], "zones": [], "comment": "",
                "score_was_shown": bool(study["id"] % 2),
            }  # fmt: skip


def _events(study: dict[str, Any]) -> Iterator[dict[str, Any]]:
    at, number = study["received_at"], study["id"]
    steps = [("open", None, State.RECEIVED), ("queue", State.RECEIVED, State.QUEUED)]
    if study["state"] is not State.QUEUED:
        steps.append(("score", State.QUEUED, State.REFUSED if study["score"] is None else State.SCORED))
    if study["state"] is State.READ:
        steps.append(("verdict", State.SCORED, State.READ))
    for action, before, after in steps:
        yield {"at": at, "who": "fill", "action": action, "study_id": number, "before": before,
               "after": after, "detail": {}}  # fmt: skip


def main() -> None:
    """Fill the station of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database")
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    database = Database(database_url(asked.folder, asked.database))
    migrate(database)
    fill(database, asked.n, seed=asked.seed)
    database.close()


if __name__ == "__main__":
    main()
