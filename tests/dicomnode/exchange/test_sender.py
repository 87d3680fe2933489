"""What is due goes out once: to a real Orthanc, to an HL7 engine, and to web servers, also after failures."""

from __future__ import annotations

import io
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pydicom
import pytest
from pydicom.uid import generate_uid

from bundles import write_dicom_film, write_film
from hilum.dicomnode.delivery.sender import LEASE_S, Sender
from hilum.dicomnode.node import DicomNode
from hilum.dicomnode.outputs.sr_reading import read_report
from hilum.dicomnode.settings import NodeSettings
from hilum.worklist import search
from hilum.worklist.states import DeliveryState, State
from orthanc import ORTHANC, Orthanc, free_port

KINDS = ("sr", "picture", "softcopy", "pdf")


@pytest.fixture
def sender():
    """Makes the sending part of a station's node, and closes it."""
    made = []

    def make(station):
        made.append(Sender(NodeSettings(station.settings), station))
        return made[-1]

    yield make
    for one in made:
        one._client.close()


@pytest.fixture
def own_orthanc(tmp_path):
    """One that a test may switch off."""
    if not ORTHANC.exists():
        pytest.skip("Orthanc is not installed (Debian: apt install orthanc)")
    (tmp_path / "orthanc").mkdir()
    server = Orthanc(tmp_path / "orthanc", free_port(), free_port())
    yield server
    server.stop()


def film_of_study(path):
    """A DICOM film with a study of its own, and its header."""
    write_dicom_film(path, StudyInstanceUID=generate_uid(), SeriesInstanceUID=generate_uid(),
                     SOPInstanceUID=generate_uid(), PatientID="P7", PatientName="Doe^Jane")  # fmt: skip
    return pydicom.dcmread(path, stop_before_pixels=True)


def send_all(sender) -> int:
    """Send until nothing is due; how many were tried."""
    n_tries = 0
    while sender.send_once():
        n_tries += 1
    return n_tries


def whole(station, study_id):
    """A study with everything loaded."""
    with station.database.reading() as session:
        return search.study(session, study_id)


def held_by(orthanc) -> list[pydicom.Dataset]:
    """Every instance that an Orthanc holds."""
    names = httpx.get(f"{orthanc.url}/instances").json()
    files = [httpx.get(f"{orthanc.url}/instances/{name}/file").content for name in names]
    return [pydicom.dcmread(io.BytesIO(file)) for file in files]


def test_the_results_stand_in_the_films_study(orthanc, open_station, take_in, sender, tmp_path):
    """Every kind arrives in the same study, and the report read back gives the worklist's numbers."""
    film = film_of_study(tmp_path / "film.dcm")
    station = open_station(*(f"{kind}={orthanc.peer}" for kind in KINDS))
    study_id = take_in(station, tmp_path / "film.dcm")

    assert send_all(sender(station)) == len(KINDS)
    held = held_by(orthanc)
    assert {one.StudyInstanceUID for one in held} == {film.StudyInstanceUID}
    assert {one.PatientID for one in held} == {"P7"}
    assert sorted(one.Modality for one in held) == ["DOC", "OT", "PR", "SR"]
    report = read_report(next(one for one in held if one.Modality == "SR"))
    study = whole(station, study_id)
    assert report.outcome.probability == study.readings[-1].probability
    assert study.state is State.DELIVERED


def test_what_was_sent_is_not_sent_again(orthanc, open_station, take_in, sender, tmp_path):
    """A second look finds nothing due."""
    film_of_study(tmp_path / "film.dcm")
    station = open_station(f"sr={orthanc.peer}")
    take_in(station, tmp_path / "film.dcm")
    sending = sender(station)

    assert send_all(sending) == 1
    station.wait(7200)
    assert not sending.send_once()


# pynetdicom forgets to close the socket that found nobody.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_was_down_gets_everything_once(own_orthanc, open_station, take_in, sender, tmp_path):
    """Tried while it is off, and again when it is back."""
    film_of_study(tmp_path / "film.dcm")
    station = open_station(f"sr={own_orthanc.peer}", f"picture={own_orthanc.peer}")
    study_id = take_in(station, tmp_path / "film.dcm")
    sending = sender(station)

    assert send_all(sending) == 2
    waiting = whole(station, study_id)
    assert {one.state for one in waiting.deliveries} == {DeliveryState.WAITING}
    assert all("ORTHANC@127.0.0.1" in one.last_error for one in waiting.deliveries)
    own_orthanc.start()
    station.wait(60)
    assert send_all(sending) == 2
    assert own_orthanc.count() == 2
    assert whole(station, study_id).state is State.DELIVERED


def test_a_sender_that_died_before_writing_it_down_sends_the_same_again(
    orthanc, open_station, take_in, sender, tmp_path, monkeypatch
):
    """The archive holds one object after two sendings."""
    film_of_study(tmp_path / "film.dcm")
    station = open_station(f"sr={orthanc.peer}")
    study_id = take_in(station, tmp_path / "film.dcm")
    sending = sender(station)

    def dies(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hilum.dicomnode.delivery.sender.finish_delivery", dies)
        with pytest.raises(KeyboardInterrupt):
            sending.send_once()
    assert orthanc.count() == 1
    assert not sending.send_once()  # its lease holds
    station.wait(LEASE_S + 1)
    assert send_all(sending) == 1
    assert orthanc.count() == 1
    assert whole(station, study_id).state is State.DELIVERED


def test_a_refusal_is_delivered_too(orthanc, open_station, take_in, sender, tmp_path):
    """The PACS shows why there is no score."""
    film_of_study(tmp_path / "film.dcm")
    film = pydicom.dcmread(tmp_path / "film.dcm")
    film.PatientAge = "009Y"
    film.save_as(tmp_path / "film.dcm")
    station = open_station(f"sr={orthanc.peer}", f"picture={orthanc.peer}")
    take_in(station, tmp_path / "film.dcm")

    assert send_all(sender(station)) == 2
    report = read_report(next(one for one in held_by(orthanc) if one.Modality == "SR"))
    assert report.outcome.code == "child"


def test_a_picture_without_a_header_gets_a_study_of_its_own(orthanc, open_station, take_in, sender, tmp_path):
    """A PNG from a page goes to the PACS under the worklist's UID and the patient that was typed in."""
    station = open_station(f"sr={orthanc.peer}")
    study_id = take_in(station, write_film(tmp_path / "film.png", has_spot=True), patient_id="P9")

    assert send_all(sender(station)) == 1
    (held,) = held_by(orthanc)
    assert held.StudyInstanceUID == whole(station, study_id).study_uid
    assert held.PatientID == "P9"


def test_a_film_without_a_study_uid_gets_the_worklists(orthanc, open_station, take_in, sender, tmp_path):
    """An anonymised file names no study; what it makes stands in the study that the worklist made of it."""
    station = open_station(f"sr={orthanc.peer}")
    study_id = take_in(station, write_dicom_film(tmp_path / "film.dcm"))

    assert send_all(sender(station)) == 1
    (held,) = held_by(orthanc)
    assert held.StudyInstanceUID == whole(station, study_id).study_uid


def test_an_object_that_cannot_be_made_is_given_up_with_its_reason(
    orthanc, open_station, take_in, sender, tmp_path
):
    """Bytes that are gone make no report, and no try will bring them back."""
    film_of_study(tmp_path / "film.dcm")
    station = open_station(f"sr={orthanc.peer}")
    study_id = take_in(station, tmp_path / "film.dcm")
    station.originals.path(whole(station, study_id).films[0].sha256).unlink()

    assert send_all(sender(station)) == 1
    (delivery,) = whole(station, study_id).deliveries
    assert delivery.state is DeliveryState.GIVEN_UP
    assert "header" in delivery.last_error
    assert "Doe" not in delivery.last_error


class Engine(threading.Thread):
    """An HL7 engine that acknowledges each message with one code."""

    def __init__(self, code: str) -> None:
        super().__init__(daemon=True)
        self.code, self.messages = code, []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                link, _ = self.listening.accept()
            except OSError:
                return
            with link:
                self._serve(link)

    def _serve(self, link: socket.socket) -> None:
        received = b""
        while b"\x1c\r" not in received:
            received += link.recv(65536)
        self.messages.append(received[1:-2].decode("utf-8"))
        control = self.messages[-1].split("|")[9]
        link.sendall(b"\x0bMSH|^~\\&|X\rMSA|" + self.code.encode())  # in two pieces, as engines may
        link.sendall(f"|{control}\r".encode() + b"\x1c\r")


@pytest.mark.parametrize(
    ("code", "state"),
    [("AA", DeliveryState.SENT), ("AE", DeliveryState.WAITING), ("AR", DeliveryState.GIVEN_UP)],
)
def test_an_engine_decides_by_its_acknowledgement(open_station, take_in, sender, tmp_path, code, state):
    """AA: there; AE: later; AR: never."""
    film_of_study(tmp_path / "film.dcm")
    engine = Engine(code)
    engine.start()
    station = open_station(f"hl7=mllp://127.0.0.1:{engine.port}")
    study_id = take_in(station, tmp_path / "film.dcm")

    send_all(sender(station))
    engine.listening.close()

    (delivery,) = whole(station, study_id).deliveries
    assert delivery.state is state
    assert len(engine.messages) == 1
    assert engine.messages[0].startswith("MSH|")
    assert "P7" in engine.messages[0]


def test_a_web_server_gets_report_and_token(open_station, take_in, sender, tmp_path, monkeypatch):
    """FHIR by PUT with the bearer token of the environment."""
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_PUT(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_args):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HILUM_DELIVERY_TOKEN", "secret")
    film_of_study(tmp_path / "film.dcm")
    station = open_station(f"fhir=fhir+http://127.0.0.1:{server.server_port}/fhir")
    study_id = take_in(station, tmp_path / "film.dcm")

    send_all(sender(station))
    server.shutdown()
    server.server_close()

    ((path, token),) = asked
    assert path.startswith("/fhir/DiagnosticReport/")
    assert token == "Bearer secret"
    assert whole(station, study_id).state is State.DELIVERED


def test_a_worker_that_another_program_started_plans_what_the_node_sends(
    orthanc, open_station, take_in, sender, tmp_path
):
    """`hilum node --workers 0 --send-to …` beside a station whose own settings name no place."""
    station = open_station()
    settings = NodeSettings(station.settings, send_to=(str(orthanc.peer),), send=("sr",), reads=False, port=0)
    node = DicomNode(settings)
    node.station.close()
    film_of_study(tmp_path / "film.dcm")
    take_in(station, tmp_path / "film.dcm")

    assert send_all(sender(station)) == 1
    assert orthanc.count() == 1


def test_a_node_that_sends_nowhere_ends_what_an_earlier_one_planned(open_station, take_in, tmp_path):
    """The newest settings hold."""
    station = open_station()
    for send_to in (("PACS@127.0.0.1:1",), ()):
        DicomNode(NodeSettings(station.settings, send_to=send_to, port=0)).station.close()
    film_of_study(tmp_path / "film.dcm")
    study_id = take_in(station, tmp_path / "film.dcm")

    assert whole(station, study_id).deliveries == []
