"""`hilum node` and `hilum serve --node` as programs: they start, read what they take, and end in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from pydicom import dcmread
from sqlalchemy import select

from bundles import write_dicom_film, write_tiny_bundle
from hilum.cli.main import cli
from hilum.cli.node import read_node_settings
from hilum.dicomnode.on_c_store import OWN_DEVICE
from hilum.dicomnode.outputs.marks import MANUFACTURER, MODEL
from hilum.errors import SettingsInvalid, StationRefused
from hilum.worklist.folder_lock import folder_lock
from hilum.worklist.states import State
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.tables import Study
from orthanc import ORTHANC, Orthanc, free_port

PATIENCE_S = 180  # on a busy machine


@contextmanager
def running(words: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A program and what it says; ended by SIGTERM if it still runs."""
    said = folder / "said.txt"
    with said.open("w") as out, (folder / "log.txt").open("w") as log:
        program = subprocess.Popen([sys.executable, "-m", "hilum.cli.main", *words], stdout=out, stderr=log,
                                   text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    try:
        yield program, said
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGTERM)
        program.wait(PATIENCE_S)


def port_of(said: Path, what: str = "listens") -> int:
    """The port that a program says it listens at."""
    found: list[str] = []
    until = time.monotonic() + PATIENCE_S
    while not found:
        assert time.monotonic() < until, said.read_text()
        found = re.findall(rf"{what} at .*:(\d+)\n", said.read_text())
        time.sleep(0.1)
    return int(found[0])


def states(folder: Path) -> list[State]:
    station = Station(StationSettings(folder=folder, low_disk_bytes=0))
    with station.database.reading() as session:
        found = list(session.scalars(select(Study.state).order_by(Study.id)).all())
    station.close()
    return found


def wait_for(is_so) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.fixture
def film(tmp_path) -> Path:
    """A film as a modality would send it."""
    told = {"StudyInstanceUID": "1.2.3.4", "SeriesInstanceUID": "1.2.3.5", "SOPInstanceUID": "1.2.3.6"}
    return write_dicom_film(
        tmp_path / "film.dcm", PatientID="P-1", PatientAge="044Y", ViewPosition="PA", **told
    )


@pytest.fixture
def tiny(tmp_path) -> Path:
    """The bundle of tests."""
    return write_tiny_bundle(tmp_path / "bundle").folder


def storescu(port: int, film: Path) -> None:
    subprocess.run(["storescu", "-aec", "HILUM", "127.0.0.1", str(port), str(film)], check=True, timeout=60)


@pytest.mark.slow
def test_a_film_sent_by_dcmtk_and_by_orthanc_is_read_once(film, tiny, tmp_path):
    """storescu → Orthanc → `hilum node`, and storescu → `hilum node`: one study, one film, scored."""
    if not Path(ORTHANC).exists():
        pytest.skip("Orthanc is not installed (Debian: apt install orthanc)")
    data = tmp_path / "data"
    words = ["node", "--port", "0", "--data", str(data), "--bundle", str(tiny), "--closes-after", "1"]
    (tmp_path / "orthanc").mkdir()
    orthanc = Orthanc(tmp_path / "orthanc", free_port(), free_port())
    orthanc.start()
    with running(words, tmp_path) as (program, said):
        try:
            port = port_of(said)
            httpx.put(f"{orthanc.url}/modalities/hilum", json=["HILUM", "127.0.0.1", port]).raise_for_status()
            kept = httpx.post(f"{orthanc.url}/instances", content=film.read_bytes()).json()["ID"]
            hilum = f"{orthanc.url}/modalities/hilum"
            wait_for(lambda: httpx.post(f"{hilum}/store", content=kept, timeout=60).is_success)
            wait_for(lambda: httpx.post(f"{hilum}/echo", content="{}", timeout=60).is_success)
        finally:
            orthanc.stop()
        storescu(port, film)
        wait_for(lambda: states(data) == [State.SCORED])
        program.send_signal(signal.SIGTERM)
        status = program.wait(PATIENCE_S)

    assert status == 0
    assert said.read_text().endswith("node stopped\n")


@pytest.mark.slow
def test_serve_with_node_takes_films_and_both_end_together(film, tiny, tmp_path):
    """One command, one process group: pages answer, the node takes a film, the server's worker reads it."""
    settings = tmp_path / "node.toml"
    settings.write_text("port = 0\ncloses_after_s = 0.5\n", encoding="utf-8")
    data = tmp_path / "data"
    words = ["serve", "--port", "0", "--data", str(data), "--bundle", str(tiny), "--node",
             "--node-settings", str(settings)]  # fmt: skip
    with running(words, tmp_path) as (program, said):
        web, dicom = port_of(said, "answers"), port_of(said)
        storescu(dicom, film)
        wait_for(lambda: states(data) == [State.SCORED])
        with pytest.raises(StationRefused, match=f"process {program.pid}"), folder_lock(data, "node"):
            raise AssertionError("a second node beside the server's")
        health = httpx.get(f"http://127.0.0.1:{web}/api/v1/health", timeout=60)
        program.send_signal(signal.SIGTERM)
        status = program.wait(PATIENCE_S)

    assert health.is_success
    assert status == 0
    assert "node stopped" in said.read_text()


@pytest.mark.slow
def test_the_node_goes_when_the_server_is_killed(tiny, tmp_path):
    """A server that is killed leaves no node behind that nobody watches."""
    settings = tmp_path / "node.toml"
    settings.write_text("port = 0\n", encoding="utf-8")
    words = ["serve", "--port", "0", "--data", str(tmp_path / "data"), "--bundle", str(tiny), "--node",
             "--node-settings", str(settings)]  # fmt: skip
    with running(words, tmp_path) as (program, said):
        port_of(said)
        program.kill()
        program.wait(PATIENCE_S)
        wait_for(lambda: "node stopped" in said.read_text())


def test_flags_come_before_the_settings_file(tmp_path):
    """What is given on the command line wins, key by key; paths of the file are relative to it."""
    path = tmp_path / "node.toml"
    path.write_text(
        'port = 104\nae_title = "FILE"\nallow = ["CR1"]\n[station]\nfolder = "there"\nsite = "A"\n'
    )
    settings = read_node_settings(
        path, {"port": 11113, "allow": ("CR2",), "workers": 3, "send_to": (), "host": None}
    )

    assert (settings.port, settings.ae_title, settings.allow) == (11113, "FILE", ("CR2",))
    assert settings.station.folder == tmp_path / "there"
    assert (settings.station.site, settings.station.n_workers, settings.reads) == ("A", 3, True)


def test_no_workers_means_that_another_program_reads(tmp_path):
    """`--workers 0` is for a node beside `hilum serve`."""
    settings = read_node_settings(None, {"folder": tmp_path, "workers": 0})

    assert not settings.reads
    assert settings.station.folder == tmp_path


def test_results_go_to_each_place_in_each_kind(tmp_path):
    """Two kinds of DICOM object to an archive, one message to an HL7 engine."""
    given = {"send_to": ("PACS@127.0.0.1:104", "mllp://127.0.0.1:2575"), "send": ("sr", "pdf")}
    settings = read_node_settings(None, {"folder": tmp_path, **given})

    assert settings.targets == (
        "sr=PACS@127.0.0.1:104", "pdf=PACS@127.0.0.1:104", "hl7=mllp://127.0.0.1:2575",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prot = 104", "node.toml: unknown key 'prot'; did you mean 'port'"),
        ('port = "104"', "node.toml: port must be int"),
        ('send = ["fhir"]', "node.toml: send must be one of 'sr', 'picture', 'softcopy', 'pdf', not 'fhir'"),
        ('secondary_capture = "maybe"', "must be one of 'read', 'refuse'"),
        ("station = 3", "station must be a table"),
        ('[tls]\ncertificate = "a.pem"', "missing key 'key'"),
        ("port = ", "not TOML"),
    ],
)
def test_a_settings_file_that_is_wrong_is_told_by_its_key(tmp_path, text, reason):
    """Unknown, mistyped, and missing keys are refused by name."""
    path = tmp_path / "node.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsInvalid, match=re.escape(reason)):
        read_node_settings(path, {})


@pytest.mark.parametrize("words", [["node", "--port", "0"], ["serve", "--port", "0", "--node"]])
def test_a_folder_that_another_node_has_is_told(tmp_path, words):
    """By `hilum node` and `hilum serve --node`, in one line with its process; nothing is made there."""
    with folder_lock(tmp_path / "data", "node"):
        told = CliRunner().invoke(cli, [*words, "--data", str(tmp_path / "data")])

    where = f"another hilum node (process {os.getpid()}) runs on {tmp_path / 'data'}"
    assert (told.exit_code, told.stderr) == (2, f"error: {where}; stop it, or choose with --data\n")
    assert not (tmp_path / "data" / "hilum.sqlite").exists()


@pytest.mark.slow
def test_a_killed_node_keeps_no_folder(tiny, tmp_path):
    """A running node holds its folder, and once it is killed the next one starts."""
    words = ["node", "--port", "0", "--data", str(tmp_path / "data"), "--bundle", str(tiny), "--workers", "0"]
    with running(words, tmp_path) as (program, said):
        port_of(said)
        with (
            pytest.raises(StationRefused, match=f"process {program.pid}"),
            folder_lock(tmp_path / "data", "node"),
        ):
            raise AssertionError("two nodes on one folder")
        program.kill()
        program.wait(PATIENCE_S)

    with folder_lock(tmp_path / "data", "node"):
        assert (tmp_path / "data" / "node.lock").read_text() == f"{os.getpid()}\n"


def test_an_open_door_is_one_line_and_exit_status_two(tmp_path):
    """The command refuses to listen for everyone without being told so."""
    told = CliRunner().invoke(cli, ["node", "--host", "0.0.0.0", "--data", str(tmp_path)])

    assert told.exit_code == 2
    assert told.stderr.startswith("error: 0.0.0.0 can be reached from other machines: say who may call")


def test_our_results_are_known_by_their_maker():
    """What the node turns away is what its objects carry."""
    assert f"{MANUFACTURER} {MODEL}" == OWN_DEVICE


def test_the_film_of_these_tests_is_one_that_the_node_takes(film):
    """It names its study and what it is."""
    assert dcmread(film).StudyInstanceUID == "1.2.3.4"
