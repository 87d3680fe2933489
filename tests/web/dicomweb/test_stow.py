"""Tests of STOW-RS: what is stored, what is not and why, and messages that are broken."""

from __future__ import annotations

import pytest
from pydicom import uid
from sqlalchemy import select
from storing import BOUNDARY, TYPE, as_bytes, instance, message, store, values

from hilum.worklist.states import Origin, Role
from hilum.worklist.tables import Film, Study

STORED, FAILED, OTHER, REASON = "00081199", "00081198", "0008119A", "00081197"


@pytest.fixture
def client(program):
    return program(Role.ADMINISTRATOR)


def films(station):
    with station.database.reading() as session:
        return session.scalars(select(Film).order_by(Film.id)).all()


def test_instances_are_stored_and_each_is_told_of(client, station):
    """200, and a retrieve URL for each instance."""
    response = store(client, instance(1), instance(2))

    told = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/dicom+json"
    assert [values(row, "00081155") for row in values(told, STORED)] == [
        ["1.2.826.0.1.99.1.1.1"],
        ["1.2.826.0.1.99.1.1.2"],
    ]
    assert len(films(station)) == 2


def test_the_bytes_are_kept_as_they_came(client, station):
    """What was sent is on disk, byte for byte."""
    sent = as_bytes(instance())
    store(client, sent)

    assert station.originals.path(films(station)[0].sha256).read_bytes() == sent


def test_a_stored_study_says_how_it_came(client, station):
    """Its origin is DICOMweb, and it waits for more of it a while."""
    store(client, instance())
    with station.database.reading() as session:
        study = session.scalars(select(Study)).one()

    assert study.origin is Origin.DICOMWEB
    assert study.closes_at > station.now()


def test_the_same_instance_again_changes_nothing(client, station):
    """A sender that had no answer sends again, and is told yes."""
    store(client, instance())

    assert store(client, instance()).status_code == 200
    assert len(films(station)) == 1


def test_some_stored_and_some_not_is_202(client, station):
    """A CT among films is told by its reason, 0x0122, and the film is stored."""
    scan = instance(2, SOPClassUID=uid.CTImageStorage)
    response = store(client, instance(1), scan)

    (failed,) = values(response.json(), FAILED)
    assert response.status_code == 202
    assert values(failed, REASON) == [0x0122]
    assert len(films(station)) == 1


def test_none_stored_is_409(client):
    """What is no DICOM at all has no UID to be told by, and stands with the other failures."""
    response = store(client, b"hello", b"")

    assert response.status_code == 409
    assert [values(row, REASON) for row in values(response.json(), OTHER)] == [[0xC000], [0xC000]]


def test_an_instance_of_another_study_than_the_address_is_refused(client):
    """PS3.18 10.5.1: the address names the study."""
    response = store(client, instance(study=2), path="/dicom-web/studies/1.2.826.0.1.99.1")

    assert response.status_code == 409
    assert values(values(response.json(), FAILED)[0], REASON) == [0xA900]


def test_a_single_instance_may_come_without_multipart(client):
    """Content-Type: application/dicom with one instance as the body."""
    response = client.post(
        "/dicom-web/studies", content=as_bytes(instance()), headers={"Content-Type": "application/dicom"}
    )

    assert response.status_code == 200


def test_quotes_about_the_type_may_be_left_out(client):
    """Some viewers write type=application/dicom."""
    headers = {"Content-Type": f"multipart/related; type=application/dicom; boundary={BOUNDARY}"}
    response = client.post("/dicom-web/studies", content=message(as_bytes(instance())), headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "",
        "multipart/form-data; boundary=x",
        'multipart/related; type="application/dicom+json"; boundary=x',
    ],
)
def test_another_kind_of_body_is_415(client, kind):
    """Metadata with bulk data apart is not taken."""
    assert client.post("/dicom-web/studies", content=b"x", headers={"Content-Type": kind}).status_code == 415


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", f"--{BOUNDARY}--\r\n".encode(), message(as_bytes(instance()))[:-20],
     f"--{BOUNDARY}\r\nContent-Type: {'x' * 9000}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode()],
)  # fmt: skip
def test_a_broken_message_is_400(client, body):
    """Empty, foreign, cut short, or with an endless header: never a fault of the server."""
    assert client.post("/dicom-web/studies", content=body, headers={"Content-Type": TYPE}).status_code == 400


def test_a_message_without_boundary_is_400(client):
    """It cannot be taken apart."""
    headers = {"Content-Type": 'multipart/related; type="application/dicom"'}

    assert client.post("/dicom-web/studies", content=b"x", headers=headers).status_code == 400


def test_nothing_is_left_behind_by_a_broken_message(client, station):
    """The folder of arrivals is empty again."""
    client.post(
        "/dicom-web/studies", content=message(as_bytes(instance()))[:-30], headers={"Content-Type": TYPE}
    )

    assert list((station.originals.folder / "arriving").iterdir()) == []


def test_a_role_without_upload_stores_nothing(program, station):
    """A manager sees studies and brings none in."""
    assert store(program(Role.MANAGER), instance()).status_code == 403
    assert films(station) == []


def test_nobody_stores_anything(app, station):
    """Without a token: 401."""
    from fastapi.testclient import TestClient

    with TestClient(app) as nobody:
        assert store(nobody, instance()).status_code == 401
