"""What a modality worklist tells of a study, asked of dcmtk's own worklist server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from datetime import date

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from hilum.dicomnode.archive.modality_worklist import Scheduled, scheduled
from hilum.dicomnode.peer import Peer, Requestor
from orthanc import free_port

START_S = 15
REQUESTOR = Requestor(timeout_s=10)


@pytest.fixture(scope="module")
def worklist(tmp_path_factory):
    """A worklist server that knows three studies of two people."""
    program = shutil.which("wlmscpfs")
    if program is None:
        pytest.skip("dcmtk's wlmscpfs is not installed (Debian: apt install dcmtk)")
    folder = tmp_path_factory.mktemp("worklist")
    entries = folder / "WORKLIST"
    entries.mkdir()
    (entries / "lockfile").touch()
    write_entry(entries / "1.wl", "1.2.3.1", "A1", "P1", sex="F", birth="19800615")
    write_entry(entries / "2.wl", "1.2.3.2", "A2", "P1", sex="F", birth="19800615")
    write_entry(entries / "3.wl", "1.2.3.3", "A3", "P2", sex="O", birth="")
    port = free_port()
    with subprocess.Popen(
        [program, "-dfp", str(folder), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        wait_for(port)
        yield Peer("WORKLIST", "127.0.0.1", port)
        server.terminate()


def write_entry(path, study_uid: str, accession: str, patient_id: str, *, sex: str, birth: str) -> None:
    """One scheduled study, as wlmscpfs keeps it."""
    entry = Dataset()
    entry.file_meta = FileMetaDataset()
    entry.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    entry.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"  # dcmtk's own, for such files
    entry.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    entry.AccessionNumber, entry.PatientID, entry.PatientName = accession, patient_id, "Doe^Jane"
    entry.PatientBirthDate, entry.PatientSex, entry.StudyInstanceUID = birth, sex, study_uid
    entry.RequestedProcedureID, entry.RequestedProcedureDescription = "R1", "Chest"
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = "CR", "CR1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20260301", "100000"
    step.ScheduledPerformingPhysicianName, step.ScheduledProcedureStepID = "", "S1"
    step.ScheduledProcedureStepDescription = "Chest"
    entry.ScheduledProcedureStepSequence = [step]
    entry.save_as(path, enforce_file_format=True)


def wait_for(port: int) -> None:
    """Until someone listens there."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the worklist server did not start")


def test_the_accession_finds_the_person(worklist):
    """Age and sex come from the entry of that accession."""
    found = scheduled(worklist, REQUESTOR, study_uid="9.9", accession="A2", patient_id="P1")

    assert found == Scheduled("1.2.3.2", "A2", "P1", "F", date(1980, 6, 15))
    assert found.age_years(date(2020, 6, 15)) == pytest.approx(40, abs=0.01)


def test_the_study_decides_between_two_of_one_person(worklist):
    """A film without an accession is of the entry that has its study's UID."""
    found = scheduled(worklist, REQUESTOR, study_uid="1.2.3.1", accession="", patient_id="P1")

    assert found is not None
    assert found.accession == "A1"


@pytest.mark.parametrize(
    ("study_uid", "accession", "patient_id"),
    [
        ("9.9", "", "P1"),  # two studies of hers, neither with this UID
        ("9.9", "A1", "P2"),  # the accession is another person's
        ("9.9", "A9", "P1"),
        ("9.9", "", ""),
    ],
)
def test_what_does_not_fit_fills_nothing_in(worklist, study_uid, accession, patient_id):
    """No age at all is better than another person's."""
    found = scheduled(worklist, REQUESTOR, study_uid=study_uid, accession=accession, patient_id=patient_id)

    assert found is None


def test_what_the_entry_does_not_tell_is_not_known(worklist):
    """A sex that is neither, and no birth date."""
    found = scheduled(worklist, REQUESTOR, study_uid="9.9", accession="A3", patient_id="P2")

    assert found is not None
    assert (found.sex, found.birth_date, found.age_years(date(2026, 1, 1))) == (None, None, None)
