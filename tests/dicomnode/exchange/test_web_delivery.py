"""Objects by STOW-RS and reports by FHIR: what is sent, and what an answer means."""

from __future__ import annotations

import io
from email import message_from_bytes
from email.policy import HTTP

import httpx
import pydicom
import pytest

from hilum.dicomnode.delivery.fhir_server import put_resource
from hilum.dicomnode.delivery.outcome import SENT, Fate
from hilum.dicomnode.delivery.stow import stow
from hilum.dicomnode.delivery.target import WebTarget
from orthanc import write_film

TARGET = WebTarget("https://pacs.example/dicom-web")
FHIR = WebTarget("https://his.example/fhir")
REPORT = {"resourceType": "DiagnosticReport", "id": "abc", "status": "preliminary"}


def answering(status: int, asked: list[httpx.Request] | None = None, **answer) -> httpx.Client:
    """A client whose every request gets one answer."""

    def answer_it(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return httpx.Response(status, **answer)

    return httpx.Client(transport=httpx.MockTransport(answer_it))


def test_stow_sends_the_whole_file_in_one_part(tmp_path):
    """What a server unpacks from the body is the object itself."""
    film = write_film(tmp_path / "film.dcm")
    asked = []

    outcome = stow(TARGET, answering(200, asked, json={}), film)
    (request,) = asked
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    (part,) = message_from_bytes(head + request.read(), policy=HTTP).iter_parts()
    came = pydicom.dcmread(io.BytesIO(part.get_payload(decode=True)))

    assert outcome == SENT
    assert request.url.path == "/dicom-web/studies"
    assert part.get_content_type() == "application/dicom"
    assert came == film


def test_stow_reaches_a_real_server(orthanc, tmp_path):
    """Orthanc's DICOMweb plug-in files the object under its study."""
    if not orthanc.has_dicomweb:
        pytest.skip("Orthanc's DICOMweb plug-in is not installed (Debian: apt install orthanc-dicomweb)")
    film = write_film(tmp_path / "film.dcm")

    with httpx.Client(timeout=10) as client:
        outcomes = [stow(WebTarget(f"{orthanc.url}/dicom-web"), client, film) for _ in range(2)]

    assert outcomes == [SENT, SENT]
    assert orthanc.count() == 1


@pytest.mark.parametrize(
    ("status", "fate"),
    [(200, Fate.SENT), (401, Fate.AGAIN), (403, Fate.AGAIN), (404, Fate.NEVER), (409, Fate.NEVER),
     (413, Fate.NEVER), (415, Fate.NEVER), (429, Fate.AGAIN), (500, Fate.AGAIN), (503, Fate.AGAIN)],
)  # fmt: skip
def test_a_servers_status_decides_whether_it_is_tried_again(tmp_path, status, fate):
    """The server's own fault passes; a request it understood and refuses does not."""
    film = write_film(tmp_path / "film.dcm")

    assert stow(TARGET, answering(status, json={}), film).fate is fate
    assert put_resource(FHIR, answering(status), REPORT).fate is fate


def test_a_server_that_takes_the_request_and_refuses_the_object_has_not_got_it(tmp_path):
    """Status 202 with a Failed SOP Sequence is no success: PS3.18 10.5.3."""
    film = write_film(tmp_path / "film.dcm")
    failed = {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [272]}}]}}

    assert stow(TARGET, answering(202, json=failed), film).fate is Fate.NEVER


def test_no_answer_is_tried_again(tmp_path):
    """A cable that is out comes back."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    film = write_film(tmp_path / "film.dcm")
    with httpx.Client(transport=httpx.MockTransport(broken)) as client:
        outcome = stow(TARGET, client, film)

    assert outcome.fate is Fate.AGAIN
    assert "Doe" not in outcome.told


def test_a_report_is_put_under_its_own_id():
    """A re-send overwrites the same resource."""
    asked = []

    outcome = put_resource(FHIR, answering(201, asked), REPORT)
    (request,) = asked

    assert outcome == SENT
    assert (request.method, str(request.url)) == ("PUT", "https://his.example/fhir/DiagnosticReport/abc")
    assert request.headers["content-type"] == "application/fhir+json"
