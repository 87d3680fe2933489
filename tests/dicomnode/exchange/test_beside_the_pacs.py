"""The whole way, as at a hospital: storescu sends to `hilum node`, and Orthanc gets the results."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.uid import generate_uid

from bundles import write_dicom_film
from hilum.dicomnode.outputs.sr_reading import read_report
from orthanc import ORTHANC, Orthanc, free_port

KINDS = ("sr", "picture", "softcopy", "pdf")
PATIENCE_S = 120  # on a busy machine

pytestmark = pytest.mark.slow


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something to become so."""
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, what
        time.sleep(0.2)


@pytest.fixture
def pacs(tmp_path):
    """An Orthanc of the test's own, which it may switch off."""
    if not ORTHANC.exists() or shutil.which("storescu") is None:
        pytest.skip("Orthanc or dcmtk is not installed (Debian: apt install orthanc dcmtk)")
    folder = tmp_path / "pacs"
    folder.mkdir()
    server = Orthanc(folder, free_port(), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def node(pacs, exchange_bundle, tmp_path):
    """A running `hilum node` that sends every kind of object to that Orthanc; its port."""
    words = [sys.executable, "-m", "hilum.cli.main", "node", "--port", "0", "--closes-after", "0.5",
             "--data", str(tmp_path / "node"), "--bundle", str(exchange_bundle.folder),
             "--send-to", str(pacs.peer)]  # fmt: skip
    for kind in KINDS:
        words += ["--send", kind]
    log = (tmp_path / "node.log").open("w")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r":(\d+)\s*$", said)
        assert found, (tmp_path / "node.log").read_text()
        yield int(found.group(1))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    log.close()


def film_file(path: Path, study_uid: str) -> Path:
    """A readable film of a study."""
    return write_dicom_film(path, StudyInstanceUID=study_uid, SeriesInstanceUID=generate_uid(),
                            SOPInstanceUID=generate_uid(), PatientID="P7", PatientName="Doe^Jane",
                            PatientAge="040Y", StudyDate="20260301", ViewPosition="PA")  # fmt: skip


def send(port: int, *paths: Path) -> None:
    """By dcmtk, as a modality does; it fails where one film is not acknowledged."""
    subprocess.run(["storescu", "-aec", "HILUM", "127.0.0.1", str(port), *map(str, paths)],
                   check=True, capture_output=True, timeout=PATIENCE_S)  # fmt: skip


def instances(pacs: Orthanc) -> list[pydicom.Dataset]:
    """Every instance that the archive holds."""
    names = httpx.get(f"{pacs.url}/instances").json()
    return [
        pydicom.dcmread(io.BytesIO(httpx.get(f"{pacs.url}/instances/{name}/file").content)) for name in names
    ]


def errors_of(path: Path) -> list[str]:
    """What dicom3tools finds wrong with an object."""
    checked = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (checked.stdout + checked.stderr).splitlines() if line.startswith("Error")]


def test_results_come_back_into_the_films_study(pacs, node, tmp_path):
    """The film and four results stand in one study; each is valid, and the report gives numbers back."""
    study_uid = generate_uid()
    film = film_file(tmp_path / "film.dcm", study_uid)
    pacs.put(film)

    send(node, film)
    wait_until(lambda: pacs.count() == 1 + len(KINDS), "the results did not come")
    held = instances(pacs)

    assert {one.StudyInstanceUID for one in held} == {study_uid}
    assert pacs.count("studies") == 1
    report = read_report(next(one for one in held if one.Modality == "SR"))
    assert 0 < report.outcome.probability < 1
    if shutil.which("dciodvfy") is None:
        pytest.skip("dicom3tools is not installed (Debian: apt install dicom3tools)")
    for number, one in enumerate(one for one in held if one.Modality != "CR"):
        one.save_as(tmp_path / f"result{number}.dcm")
        assert errors_of(tmp_path / f"result{number}.dcm") == []


def test_an_archive_that_was_off_gets_everything_once(pacs, node, tmp_path):
    """Sent while Orthanc is down, tried again when it is back, and never twice."""
    pacs.stop()
    for number in range(3):
        send(node, film_file(tmp_path / f"{number}.dcm", generate_uid()))
    time.sleep(2)
    pacs.start()

    wait_until(lambda: pacs.count() == 3 * len(KINDS), "not everything was delivered")
    time.sleep(3)

    assert pacs.count() == 3 * len(KINDS)
    assert pacs.count("studies") == 3
