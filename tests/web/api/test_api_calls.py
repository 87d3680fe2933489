"""Tests of the REST API: films in, studies out, verdicts, rights, and blind mode."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pydicom import dcmread

from bundles import write_dicom_film
from hilum.records import RefusalCode, Refused, Scored
from hilum.web.problems import MEDIA_TYPE
from hilum.worklist import queue
from hilum.worklist.operating_points import reader_in_force
from hilum.worklist.states import Role, State
from hilum.worklist.station_settings import choose_setting

SCORED = Scored(
    image_path=None, score=87.3, probability=0.873, threshold=0.35, is_flagged=True, spread=None,
    bundle="x", seconds=0.5,
)  # fmt: skip


def picture(seed: int = 1) -> bytes:
    buffer = io.BytesIO()
    levels = np.random.default_rng(seed).integers(0, 255, (40, 30)).astype(np.uint8)
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


def send(client, seed: int = 1, **form):
    """Score a film, waiting for nothing."""
    files = {"file": (f"P-77 {seed}.png", picture(seed), "image/png")}
    return client.post("/api/v1/score?wait_s=0", files=files, data=form)


def finish(station, outcome=SCORED) -> None:
    """Do what a worker does with the next study, without a network."""
    with station.database.writing() as session:
        held = queue.lease(session, worker="test", now=station.now(), seconds=60)
        reader = reader_in_force(session, station.bundle, station.bundle_sha256)
        reading = reader.reading(held.study_id, held.films[0].id, outcome, at=station.now(), worker="test")
        after = State.SCORED if reading.score is not None else State.REFUSED
        assert queue.finish(session, held, [reading], after, now=station.now())


@pytest.fixture
def client(program):
    return program(Role.ADMINISTRATOR)


@pytest.fixture
def study(client, station) -> int:
    """A scored study."""
    number = send(client, patient_id="P-77").json()["study"]
    finish(station)
    return number


@pytest.fixture
def blind(station):
    """Blind mode is on."""
    with station.database.writing() as session:
        choose_setting(session, "is_blind", True, who="test", now=station.now())


def test_a_film_that_waits_is_answered_with_where_to_ask(client):
    """202, and Location."""
    response = send(client)

    assert (response.status_code, response.json()["result"]) == (202, "waiting")
    assert response.headers["location"] == f"/api/v1/studies/{response.json()['study']}"


def test_a_film_goes_before_all_others(client, station):
    """Somebody waits for its answer."""
    client.post("/api/v1/uploads", files=[("files", ("a.png", picture(9)))])
    number = send(client).json()["study"]
    with station.database.writing() as session:
        held = queue.lease(session, worker="test", now=station.now(), seconds=60)

    assert held.study_id == number


def test_a_scored_film_is_answered_with_its_score(client, study):
    """The same bytes again give the same study and its result, at once."""
    told = send(client, patient_id="P-77")

    assert told.status_code == 200
    assert (told.json()["study"], told.json()["score"], told.json()["flag"]) == (study, 87.3, True)
    assert told.json()["sentence"].startswith("Score 87.3, at or above the threshold")


def test_a_refused_film_is_answered_with_code_and_reason(client, station):
    """A sentence for the radiographer, a code for the program."""
    send(client)
    finish(station, Refused(None, RefusalCode.BLURRED, "It is blurred.", "x", 0.1))
    told = send(client).json()

    assert (told["result"], told["code"], told["reason"]) == ("refused", "blurred", "It is blurred.")


def test_a_lateral_of_a_scored_study_is_not_answered_with_the_frontals_score(client, station, tmp_path):
    """It is kept, and its own answer says why it has no score."""
    told = []
    for name, view in (("1.2.31", "PA"), ("1.2.32", "LL")):
        film = write_dicom_film(tmp_path / f"{view}.dcm", StudyInstanceUID="1.2.3", SOPInstanceUID=name,
                                ViewPosition=view)  # fmt: skip
        told.append(
            client.post("/api/v1/score?wait_s=0", files={"file": ("x.dcm", film.read_bytes())}).json()
        )
        if view == "PA":
            finish(station)
    frontal, lateral = told

    assert lateral["study"] == frontal["study"]
    assert (lateral["result"], lateral["score"], lateral["code"]) == ("refused", None, "lateral")
    assert lateral["reason"] == "It is not frontal: its view is LL."


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 a zip"])
def test_what_is_no_film_is_422(client, content):
    """With what it is, and nothing in the worklist."""
    response = client.post("/api/v1/score", files={"file": ("x", content)})

    assert response.status_code == 422
    assert response.headers["content-type"] == MEDIA_TYPE
    assert client.get("/api/v1/studies").json()["studies"] == []


def test_age_and_sex_beside_the_film_are_kept(client):
    """Where the file does not tell."""
    number = send(client, age_years="34.5", sex="F", site="Hill", patient_id="P-7").json()["study"]
    told = client.get(f"/api/v1/studies/{number}").json()

    assert (told["age_years"], told["sex"], told["site"]) == (34.5, "F", "Hill")
    assert told["patient"]["patient_id"] == "P-7"


@pytest.mark.parametrize(
    "form", [{"age_years": "nan"}, {"age_years": "-1"}, {"age_years": "x"}, {"sex": "?"}, {"site": "x" * 65}]
)
def test_what_cannot_be_said_of_a_film_is_422(client, form):
    """Named by its field."""
    response = send(client, **form)

    assert response.status_code == 422
    assert next(iter(form)) in response.json()["detail"]


def test_many_films_are_taken_each_by_itself(client):
    """Two films and a text: two accepted, one refused with its code."""
    files = [
        ("files", ("a.png", picture(1))),
        ("files", ("b.png", picture(2))),
        ("files", ("c.txt", b"hello")),
    ]
    response = client.post("/api/v1/uploads", files=files)

    assert response.status_code == 201
    assert [one["outcome"] for one in response.json()["files"]] == ["accepted", "accepted", "refused"]
    assert response.json()["files"][2]["code"] == "not-an-image"


def test_an_upload_is_followed(client, station):
    """Until none of its studies waits."""
    poll = client.post("/api/v1/uploads", files=[("files", ("a.png", picture()))]).json()["poll"]
    before = client.get(poll).json()
    finish(station)
    after = client.get(poll).json()

    assert (before["is_finished"], before["states"]) == (False, {"queued": 1})
    assert (after["is_finished"], after["states"]) == (True, {"scored": 1})


def test_pages_of_a_list_hold_every_study_once(client):
    """By the cursor of the page before."""
    client.post("/api/v1/uploads", files=[("files", (f"{n}.png", picture(n))) for n in range(5)])
    first = client.get("/api/v1/studies?limit=2").json()
    second = client.get("/api/v1/studies", params={"limit": 3, "after": first["after"]}).json()

    numbers = [one["study"] for one in first["studies"] + second["studies"]]
    assert len(set(numbers)) == 5
    assert second["after"] is None


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("flag=true", 1),
        ("flag=false", 0),
        ("state=scored", 1),
        ("state=queued", 0),
        ("score_from=90", 0),
        ("q=P-77", 1),
        ("q=%00", 1),
        ("opinion=normal", 0),
    ],
)
def test_a_list_is_filtered(client, study, query, n):
    """By what is asked for."""
    assert len(client.get(f"/api/v1/studies?{query}").json()["studies"]) == n


@pytest.mark.parametrize(
    "path",
    [
        "studies?state=nonsense",
        "studies?limit=0",
        "studies?after=nonsense",
        "studies/0",
        "studies/99999999999999999999",
        "studies?age_from=nan",
        "audit?before=-1",
    ],
)
def test_a_call_that_cannot_be_is_422(client, path):
    """With the parameter's name."""
    response = client.get(f"/api/v1/{path}")

    assert (response.status_code, response.headers["content-type"]) == (422, MEDIA_TYPE)


def test_a_study_is_told_with_everything(client, study):
    """Films, readings, verdicts, tests, deliveries."""
    told = client.get(f"/api/v1/studies/{study}").json()

    assert [film["format"] for film in told["films"]] == ["png"]
    assert [reading["score"] for reading in told["readings"]] == [87.3]
    assert (told["verdicts"], told["test_results"], told["deliveries"]) == ([], [], [])


def test_a_film_comes_as_it_came_and_as_dicom(client, study):
    """Byte for byte; wrapped, with the same grey levels."""
    film = client.get(f"/api/v1/studies/{study}").json()["films"][0]["film"]
    base = f"/api/v1/studies/{study}/films/{film}"

    assert client.get(base).content == picture()
    assert dcmread(io.BytesIO(client.get(f"{base}/dicom").content)).Rows == 40


def test_the_report_is_a_pdf(client, study):
    """Of a scored study."""
    assert client.get(f"/api/v1/studies/{study}/report").content.startswith(b"%PDF")


@pytest.mark.parametrize("path", ["heat-map", "films/99", "films/99/dicom"])
def test_what_a_study_does_not_have_is_404(client, study, path):
    """Nothing was localised; there is no such film."""
    assert client.get(f"/api/v1/studies/{study}/{path}").status_code == 404


def test_a_verdict_is_given_and_listed(client, study):
    """The study is then read."""
    sent = {"opinion": "tb-consistent", "zones": ["right upper"], "comment": "cavity"}
    response = client.post(f"/api/v1/studies/{study}/verdicts", json=sent)

    assert response.status_code == 201
    assert response.json()["score_was_shown"] is True
    assert [one["opinion"] for one in client.get(f"/api/v1/studies/{study}/verdicts").json()] == [
        "tb-consistent"
    ]
    assert client.get(f"/api/v1/studies/{study}").json()["state"] == "read"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"opinion": "maybe"},
        {"opinion": "normal", "zones": ["left foot"]},
        {"opinion": "normal", "coment": "x"},
        {"opinion": "normal", "comment": "x" * 4001},
        [],
    ],
)
def test_a_verdict_that_cannot_be_is_422(client, study, sent):
    """Unknown words and fields are refused."""
    assert client.post(f"/api/v1/studies/{study}/verdicts", json=sent).status_code == 422


def test_a_verdict_on_a_study_that_waits_is_409(client):
    """There is nothing to judge yet."""
    number = send(client).json()["study"]

    assert client.post(f"/api/v1/studies/{number}/verdicts", json={"opinion": "normal"}).status_code == 409


def test_a_tests_result_is_entered(client, study):
    """And told with the study."""
    sent = {"test": "xpert", "result": "positive", "taken_on": "2026-01-02"}
    response = client.post(f"/api/v1/studies/{study}/test-results", json=sent)

    assert response.status_code == 201
    assert client.get(f"/api/v1/studies/{study}").json()["test_result"] == "positive"


def test_a_study_is_queued_again_once(client, study):
    """202, and 409 while it waits."""
    assert client.post(f"/api/v1/studies/{study}/requeue").json()["state"] == State.QUEUED
    assert client.post(f"/api/v1/studies/{study}/requeue").status_code == 409


def test_a_threshold_is_put_in_force(client):
    """And stands before the bundle's own."""
    response = client.post(
        "/api/v1/operating-points", json={"name": "local", "threshold": 0.2, "reason": "try"}
    )
    told = client.get("/api/v1/operating-points").json()

    assert response.status_code == 201
    assert told["in_force"]["threshold"] == 0.2
    assert told["own"][0]["chosen_by"] is None


def test_the_trail_tells_who_did_what(client, study):
    """The newest first, by study."""
    events = client.get(f"/api/v1/audit?study={study}&limit=2").json()

    assert events["events"][0]["action"] == "score"
    assert events["before"] == events["events"][-1]["event"]


def test_a_table_is_exported(client, study):
    """CSV without identity unless it is asked for."""
    plain = client.get("/api/v1/export").text
    (row,) = csv.DictReader(io.StringIO(client.get("/api/v1/export?identity=true").text.lstrip("\ufeff")))

    assert "P-77" not in plain
    assert (row["study"], row["patient_id"]) == (str(study), "P-77")


def test_a_table_is_exported_as_parquet(client, study):
    """With its magic bytes."""
    assert client.get("/api/v1/export?as=parquet").content.startswith(b"PAR1")


def test_films_are_exported_without_identity(client, study):
    """A zip of DICOM files, and an index."""
    made = zipfile.ZipFile(io.BytesIO(client.get(f"/api/v1/export/films?study={study}").content))
    index, (name,) = made.read("index.csv").decode(), [one for one in made.namelist() if one.endswith(".dcm")]

    assert f"{study}," in index
    assert dcmread(io.BytesIO(made.read(name))).PatientIdentityRemoved == "YES"
    assert b"P-77" not in made.read(name)


def test_a_reader_in_blind_mode_is_told_no_score_before_their_verdict(program, study, blind):
    """Not by score, list, study, heat map, report, filter, or the table."""
    reader = program(Role.READER)
    told = reader.get(f"/api/v1/studies/{study}").json()

    assert (told["is_hidden"], told["score"], told["flag"], told["readings"]) == (True, None, None, [])
    assert send(reader, patient_id="P-77").json()["result"] == "hidden"
    assert reader.get("/api/v1/studies?score_from=99").json()["studies"][0]["score"] is None
    assert reader.get(f"/api/v1/studies/{study}/heat-map").status_code == 403
    assert reader.get(f"/api/v1/studies/{study}/report").status_code == 403
    assert "87.3" not in reader.get("/api/v1/export").text


def test_a_reader_in_blind_mode_is_told_no_others_verdict_before_their_own(client, program, study, blind):
    """Not by study, list, filter, its verdicts, or the table."""
    client.post(f"/api/v1/studies/{study}/verdicts", json={"opinion": "normal", "comment": "clear"})
    reader = program(Role.READER)
    told = reader.get(f"/api/v1/studies/{study}").json()
    listed = reader.get("/api/v1/studies?opinion=tb-consistent").json()["studies"]
    (row,) = csv.DictReader(io.StringIO(reader.get("/api/v1/export").text))

    assert (told["opinion"], told["verdicts"]) == (None, [])
    assert [one["opinion"] for one in listed] == [None]
    assert reader.get(f"/api/v1/studies/{study}/verdicts").json() == []
    assert {row[name] for name in ("opinion", "opinion_by", "opinion_at", "score_was_shown")} == {""}


def test_a_reader_in_blind_mode_is_told_of_a_refusal_without_its_reason(client, program, station, blind):
    """The film may have to be repeated, so the state stays."""
    number = send(client).json()["study"]
    finish(station, Refused(None, RefusalCode.BLANK, "no contrast", "x", 0.1))
    told = program(Role.READER).get(f"/api/v1/studies/{number}").json()

    assert (told["state"], told["is_hidden"]) == ("refused", True)
    assert (told["refusal_code"], told["readings"]) == (None, [])


def test_a_reader_in_blind_mode_is_told_the_score_after_it(program, study, blind):
    """And the verdict says that it was given blind."""
    reader = program(Role.READER)
    given = reader.post(f"/api/v1/studies/{study}/verdicts", json={"opinion": "normal"}).json()

    assert given["score_was_shown"] is False
    assert reader.get(f"/api/v1/studies/{study}").json()["score"] == 87.3


def test_a_role_without_identity_is_told_none(program, study):
    """No patient, accession, UID, or file name; no bytes as they came; DICOM without identity."""
    manager = program(Role.MANAGER)
    told = manager.get(f"/api/v1/studies/{study}").json()
    base = f"/api/v1/studies/{study}/films/{told['films'][0]['film']}"

    assert (told["patient"], told["accession"], told["study_uid"], told["films"][0]["file_name"]) == (
        None,
    ) * 4
    assert manager.get(base).status_code == 403
    assert b"P-77" not in manager.get(f"{base}/dicom").content
    assert manager.get("/api/v1/export?identity=true").status_code == 403


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SERVICE])
def test_a_role_without_identity_finds_a_study_by_its_number_alone(program, study, role):
    """Else a guess of a patient's number would be answered."""
    caller = program(role)

    assert caller.get("/api/v1/studies?q=P-77").json()["studies"] == []
    assert [one["study"] for one in caller.get(f"/api/v1/studies?q={study}").json()["studies"]] == [study]


RIGHTS = [
    (Role.SERVICE, "post", "studies/1/verdicts", {"json": {"opinion": "normal"}}),
    (Role.SERVICE, "post", "operating-points", {"json": {"name": "x", "threshold": 0.2}}),
    (Role.READER, "get", "audit", {}),
    (Role.READER, "get", "webhooks", {}),
    (Role.RADIOGRAPHER, "get", "export", {}),
    (Role.MANAGER, "post", "score", {"files": {"file": b"x"}}),
    (Role.SERVICE, "post", "studies/1/requeue", {}),
]


@pytest.mark.parametrize(("role", "method", "path", "sent"), RIGHTS)
def test_a_role_without_the_right_is_kept_out(program, role, method, path, sent):
    """403, whatever is there."""
    assert getattr(program(role), method)(f"/api/v1/{path}", **sent).status_code == 403


def test_nobody_is_let_in_anywhere(app):
    """Every path of the description but health answers 401 without a log-in or token."""
    with TestClient(app) as nobody:
        answers = {
            (method, path): nobody.request(method, path.replace("{", "").replace("}", "")).status_code
            for path, operations in app.openapi()["paths"].items()
            for method in operations
        }

    assert {call for call, status in answers.items() if status != 401} == {("get", "/api/v1/health")}


def test_a_browsers_session_needs_its_token_to_change_anything(browser, study):
    """A forged request is 403; the same with X-CSRF-Token is done."""
    reader = browser(Role.READER)
    path, sent = f"/api/v1/studies/{study}/verdicts", {"opinion": "normal"}
    csrf = reader.headers.pop("X-CSRF-Token")

    assert reader.post(path, json=sent).status_code == 403
    assert reader.post(path, json=sent, headers={"X-CSRF-Token": csrf}).status_code == 201


def test_the_docs_page_names_every_call_and_loads_nothing_foreign(client, app):
    """One page under the strict policy, with the station's own scripts alone."""
    page = client.get("/api/v1/docs").text

    assert all(path in page for path in app.openapi()["paths"])
    assert all(address.startswith("/static/") for address in re.findall(r'src="([^"]+)"', page))
    assert "http://" not in page.replace("http://testserver", "")
