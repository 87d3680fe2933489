"""Tests of QIDO-RS: what matches, what is told of it, and queries that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from storing import instance, store, values

from hilum.worklist.states import Role

STUDY_UID, NAME, ID = "0020000D", "00100010", "00100020"


@pytest.fixture
def client(program):
    """Three studies: the first with two series of three films in all."""
    made = program(Role.ADMINISTRATOR)
    store(
        made,
        instance(1),
        instance(2),
        instance(1, series=2, Modality="DX"),
        instance(study=2),
        instance(study=3),
    )
    return made


def studies(client, query=""):
    response = client.get(f"/dicom-web/studies?{query}")
    assert response.status_code in (200, 204), response.text
    return [
        values(row, STUDY_UID)[0].rpartition(".")[2] for row in (response.json() if response.content else [])
    ]


def test_studies_come_newest_first(client):
    """All of them, without a query."""
    assert studies(client) == ["3", "2", "1"]


def test_a_study_is_told_with_its_counts_and_its_patient(client):
    """PS3.18 Table 10.6.3-3: counts, modalities, and the header's own name."""
    (row,) = client.get("/dicom-web/studies?PatientID=P-1").json()

    assert values(row, "00201206") == [2]
    assert values(row, "00201208") == [3]
    assert values(row, "00080061") == ["CR", "DX"]
    assert values(row, NAME) == [{"Alphabetic": "ACHIENG^MARY 1"}]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientID=P-1", ["1"]),
        ("00100020=P-1", ["1"]),
        ("PatientName=achieng^mary%203", ["3"]),
        ("PatientName=ACHIENG*", ["3", "2", "1"]),
        ("PatientName=ACHIENG", []),
        ("PatientID=P-?", ["3", "2", "1"]),
        ("PatientID=P_1", []),
        ("PatientID=%25", []),
        ("PatientID=", ["3", "2", "1"]),
        ("PatientID=*", ["3", "2", "1"]),
        ("StudyDate=20260102", ["2"]),
        ("StudyDate=20260102-", ["3", "2"]),
        ("StudyDate=-20260102", ["2", "1"]),
        ("StudyDate=20260102-20260102", ["2"]),
        ("AccessionNumber=A-2", ["2"]),
        ("ModalitiesInStudy=DX", ["1"]),
        ("ModalitiesInStudy=MR", []),
        ("PatientSex=F", ["3", "2", "1"]),
        ("StudyInstanceUID=1.2.826.0.1.99.1,1.2.826.0.1.99.3", ["3", "1"]),
        ("StudyInstanceUID=1.2.826.0.1.99.1%5C1.2.826.0.1.99.3", ["3", "1"]),
        ("SOPInstanceUID=1.2.826.0.1.99.2.1.1", ["2"]),
        ("limit=2", ["3", "2"]),
        ("limit=2&offset=2", ["1"]),
        ("limit=0", []),
    ],
)
def test_a_query_matches(client, query, found):
    """By the matching of PS3.4 C.2.2.2."""
    assert studies(client, query) == found


def test_nothing_found_is_204_without_content(client):
    """PS3.18 10.6.3."""
    response = client.get("/dicom-web/studies?PatientID=nobody")

    assert (response.status_code, response.content) == (204, b"")


def test_what_is_left_out_by_the_limit_is_warned_of(client):
    """The client knows to ask again."""
    assert "additional results" in client.get("/dicom-web/studies?limit=1").headers["warning"]


@pytest.mark.parametrize("query", ["fuzzymatching=true", "StudyDescription=chest"])
def test_what_is_not_matched_is_warned_of(client, query):
    """Never a longer list without a word."""
    response = client.get(f"/dicom-web/studies?{query}")

    assert response.status_code == 200
    assert response.headers["warning"].startswith("299 ")


@pytest.mark.parametrize(
    "query",
    ["nonsense=1", "StudyDate=yesterday", "StudyDate=-", "StudyDate=20261301", "limit=-1", "limit=x",
     "limit=1e3", "offset=%C2%B2", "fuzzymatching=maybe", "includefield=nonsense",
     "PatientID=a&PatientID=b", "FFFFFFFF=1",
     "StudyInstanceUID=" + ",".join(["1"] * 501)],
)  # fmt: skip
def test_a_query_that_cannot_be_understood_is_400(client, query):
    """A problem that names the parameter."""
    response = client.get(f"/dicom-web/studies?{query}")

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    ["PatientName=%00", "PatientID=%F0%9F%98%80", "PatientName='--", "StudyInstanceUID=%00", "PatientID=\\"],
)
def test_strange_values_match_nothing_and_break_nothing(client, query):
    """NUL, emoji, quotes, and escapes are text."""
    assert studies(client, query) == []


def test_more_of_the_header_is_told_where_it_is_asked_for(client):
    """includefield, by keyword or tag."""
    (row,) = client.get(
        "/dicom-web/studies?PatientID=P-2&includefield=PatientAge&includefield=00180015,00280010"
    ).json()

    assert values(row, "00101010") == ["034Y"]
    assert values(row, "00280010") == [8]


def test_all_of_the_header_is_told_where_it_is_asked_for(client):
    """includefield=all gives every element but the pixels."""
    (row,) = client.get("/dicom-web/studies?PatientID=P-2&includefield=all").json()

    assert values(row, "00280101") == [12]
    assert "7FE00010" not in row


def test_series_of_a_study_are_told_with_their_counts(client):
    """One of two films, one of one."""
    rows = client.get("/dicom-web/studies/1.2.826.0.1.99.1/series").json()

    assert [(values(row, "00080060"), values(row, "00201209")) for row in rows] == [
        (["CR"], [2]),
        (["DX"], [1]),
    ]


def test_series_of_all_studies_carry_their_study(client):
    """A relational query answers the level above too."""
    rows = client.get("/dicom-web/series?Modality=DX").json()

    assert [values(row, ID) for row in rows] == [["P-1"]]


def test_instances_of_a_series_are_told(client):
    """With what a viewer needs to lay them out."""
    rows = client.get("/dicom-web/studies/1.2.826.0.1.99.1/series/1.2.826.0.1.99.1.1/instances").json()

    assert [values(row, "00080018")[0][-1] for row in rows] == ["1", "2"]
    assert values(rows[0], "00280010") == [8]


@pytest.mark.parametrize(
    ("path", "n"),
    [
        ("instances", 5),
        ("studies/1.2.826.0.1.99.1/instances", 3),
        ("studies/1.2.3/instances", 0),
        ("instances?limit=2", 2),
    ],
)
def test_instances_of_a_study_or_of_all_are_told(client, path, n):
    """By the address."""
    response = client.get(f"/dicom-web/{path}")

    assert len(response.json() if response.content else []) == n


def test_a_picture_is_found_as_a_secondary_capture(client, tmp_path):
    """A PNG is offered wrapped, with UIDs of its own that stay the same."""
    path = tmp_path / "film.png"
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(8, 6)).save(path)
    client.post("/api/v1/uploads", files={"files": ("film.png", path.read_bytes())})
    row = client.get("/dicom-web/studies?limit=1").json()[0]
    url = values(row, "00081190")[0].removeprefix("http://testserver")
    (film,) = client.get(f"{url}/instances").json()

    assert values(row, "00080061") == ["OT"]
    assert values(film, "00080016") == ["1.2.840.10008.5.1.4.1.1.7"]
    assert client.get(f"{url}/metadata").status_code == 200


def test_results_are_given_as_json_alone(client):
    """An answer that the client cannot read is 406."""
    response = client.get(
        "/dicom-web/studies", headers={"Accept": 'multipart/related; type="application/dicom+xml"'}
    )

    assert response.status_code == 406


def test_a_role_without_identity_sees_none(client, program):
    """Names and numbers are gone; the UIDs stay, to be asked by."""
    rows = program(Role.MANAGER).get("/dicom-web/studies").json()

    assert [values(row, STUDY_UID) for row in rows] == [[f"1.2.826.0.1.99.{n}"] for n in (3, 2, 1)]
    assert "ACHIENG" not in str(rows)
    assert "P-1" not in str(rows)


def test_a_role_without_identity_does_not_search_by_it(program):
    """Or it would learn who is here one guess at a time."""
    assert program(Role.MANAGER).get("/dicom-web/studies?PatientName=A*").status_code == 403


@pytest.mark.parametrize("age", ["093Y", "090Y", "034Y"])
def test_a_role_without_identity_learns_no_age_over_89(client, program, age):
    """An age is no filter, so that asking for each in turn tells nothing, and what is told stops at 90."""
    store(client, instance(study=4, PatientAge="093Y"), instance(study=5, PatientAge="090Y"))
    asked = f"/dicom-web/studies?PatientAge={age}&includefield=PatientAge&limit=3"
    answer = program(Role.MANAGER).get(asked)

    assert [values(row, "00101010") for row in answer.json()] == [["090Y"], ["090Y"], ["034Y"]]
    assert "PatientAge is not matched here" in answer.headers["Warning"]
