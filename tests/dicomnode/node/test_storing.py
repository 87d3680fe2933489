"""Films sent to the node: kept byte for byte, filed once, and acknowledged only when both are safe."""

from __future__ import annotations

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from nodes import codes
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context
from sqlalchemy.exc import OperationalError

from hilum.dicomnode.contexts import TRANSFER_SYNTAXES
from hilum.imaging.read import read_radiograph
from hilum.worklist.states import Origin, State


def test_a_film_is_on_disk_and_in_the_worklist_when_it_is_acknowledged(node, make_film):
    """A C-STORE of a CR film ends in one row, one file, and a study that waits for more films."""
    film = make_film()
    (status,) = node.send(film)

    (study,) = node.studies()
    (row,) = study.films
    assert status.Status == 0x0000
    assert "ErrorComment" not in status
    assert (study.study_uid, study.state, study.origin) == (
        film.StudyInstanceUID,
        State.RECEIVED,
        Origin.DICOM,
    )
    assert (study.patient.patient_id, study.age_years, row.view, row.source) == ("P-1", 44, "PA", "CR1")
    assert node.station.originals.path(row.sha256).stat().st_size == row.n_bytes


def test_the_data_set_is_kept_byte_for_byte(node, make_film, tmp_path):
    """What is kept after the file meta is what was sent, and the hash in the row is the file's."""
    film = make_film()
    node.send(film)
    (row,) = node.films()
    kept = node.station.originals.path(row.sha256).read_bytes()

    film.save_as(tmp_path / "sent.dcm", enforce_file_format=True)
    sent = (tmp_path / "sent.dcm").read_bytes()
    length = len(sent) - sent.index(b"\x08\x00", 144)  # from the first element of group 8 on
    assert kept[-length:] == sent[-length:]
    assert hashlib.sha256(kept).hexdigest() == row.sha256
    assert dcmread(node.station.originals.path(row.sha256)).PatientID == "P-1"


def test_a_film_sent_twice_is_one_film(node, make_film):
    """The second sending is acknowledged and changes nothing."""
    film = make_film()

    assert codes(node.send(film)) == codes(node.send(film)) == [0x0000]
    assert len(node.films()) == 1


def test_a_film_sent_twice_by_another_program_is_one_film(node, make_film):
    """The file meta that is kept is ours, so what another program writes there makes no second film."""
    film = make_film()
    node.send(film)
    film.file_meta.ImplementationVersionName = "OTHER"
    film.file_meta.SourceApplicationEntityTitle = "ELSEWHERE"
    node.send(film, ae_title="GATEWAY")

    assert len(node.films()) == 1


def test_films_of_one_study_come_in_any_order_by_several_associations(node, make_film):
    """Four films sent by four associations, the last first, are one study."""
    for number in (4, 2, 3, 1):
        node.send(make_film(number))

    (study,) = node.studies()
    assert len(study.films) == 4


def test_eight_senders_at_once_lose_and_double_nothing(node, make_film):
    """Each of eight associations sends five studies, two of them common to all: 26 studies."""
    own = [range(100 + 3 * sender, 103 + 3 * sender) for sender in range(8)]
    sent = [[make_film(1, study=study) for study in (1, 2, *studies)] for studies in own]
    with ThreadPoolExecutor(8) as senders:
        answers = [codes(each) for each in senders.map(lambda films: node.send(*films), sent)]

    assert answers == [[0x0000] * 5] * 8
    assert len(node.studies()) == len(node.films()) == 2 + 8 * 3


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES, ids=lambda syntax: syntax.name)
def test_every_transfer_syntax_is_taken(node, syntax):
    """The node agrees on each transfer syntax of its table for a film."""
    with node.called(build_context(uid.ComputedRadiographyImageStorage, syntax)) as link:
        assert [context.transfer_syntax for context in link.accepted_contexts] == [[syntax]]


BY_DCMTK = {  # the tool and its option; an encoder that is not ours
    uid.ImplicitVRLittleEndian: "dcmconv +ti",
    uid.ExplicitVRBigEndian: "dcmconv +tb",
    uid.DeflatedExplicitVRLittleEndian: "dcmconv +td",
    uid.JPEGBaseline8Bit: "dcmcjpeg +eb +un",
    uid.JPEGExtended12Bit: "dcmcjpeg +ee +un",
    uid.JPEGLossless: "dcmcjpeg +el +un",
    uid.JPEGLosslessSV1: "dcmcjpeg +e1 +un",
    uid.JPEGLSLossless: "dcmcjpls +el",
    uid.JPEGLSNearLossless: "dcmcjpls +en",
}
BY_PYDICOM = (uid.RLELossless, uid.JPEG2000Lossless)
LOSSY = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless)


@pytest.mark.parametrize("syntax", [*BY_DCMTK, *BY_PYDICOM], ids=lambda syntax: syntax.name)
def test_a_film_of_this_transfer_syntax_is_kept_so_that_it_can_be_read(node, make_film, syntax, tmp_path):
    """What was kept reads as the film that was sent, up to the loss that its packing has."""
    film = make_film()
    plain = film.pixel_array / 255  # of the file's whole range
    repacked = _in_syntax(film, syntax, tmp_path)

    assert codes(node.send(repacked)) == [0x0000]
    (row,) = node.films()
    pixels = read_radiograph(node.station.originals.path(row.sha256)).pixels
    assert row.transfer_syntax_uid == syntax
    if syntax in LOSSY:
        assert np.corrcoef(pixels.ravel(), plain.ravel())[0, 1] > 0.99  # dcmcjpeg stretches the grey levels
    else:
        assert np.abs(pixels - plain).max() < 1e-6


def _in_syntax(film: Dataset, syntax: uid.UID, folder: Path) -> Dataset:
    if syntax in BY_PYDICOM:
        film.compress(syntax, generate_instance_uid=False)
        return film
    film.save_as(folder / "plain.dcm", enforce_file_format=True)
    call = [*BY_DCMTK[syntax].split(), str(folder / "plain.dcm"), str(folder / "packed.dcm")]
    subprocess.run(call, check=True, capture_output=True)
    return dcmread(folder / "packed.dcm")


def test_dcmtk_sends_a_film(node, make_film, tmp_path):
    """storescu of dcmtk gets a success, twice, for one film."""
    path = tmp_path / "film.dcm"
    make_film().save_as(path, enforce_file_format=True)
    call = ["storescu", "-v", "-aec", "HILUM", "127.0.0.1", str(node.port), str(path), str(path)]
    sent = subprocess.run(call, capture_output=True, text=True, check=True)

    assert sent.stderr.count("Received Store Response (Success)") == 2
    assert len(node.films()) == 1


def test_dcmtk_gets_an_echo(node):
    """echoscu of dcmtk is answered."""
    call = ["echoscu", "-v", "-aec", "HILUM", "127.0.0.1", str(node.port)]
    asked = subprocess.run(call, capture_output=True, text=True, check=True)

    assert "Received Echo Response (Success)" in asked.stderr


def test_nothing_is_acknowledged_before_its_row_is_committed(node, make_film, monkeypatch):
    """A database that fails makes the sender try again, and then the film is filed."""
    film = make_film()
    with monkeypatch.context() as broken:
        broken.setattr("hilum.dicomnode.on_c_store.accept", _database_away)
        (status,) = node.send(film)

    assert (status.Status, status.ErrorComment) == (0xA701, "could not be written; send again later")
    assert node.films() == []
    assert codes(node.send(film)) == [0x0000]


def _database_away(*_):
    raise OperationalError("INSERT INTO patient VALUES ('DOE^JANE')", {}, Exception("locked"))


def test_nothing_is_acknowledged_before_its_bytes_are_synced(node, make_film, monkeypatch):
    """A disk that fails at fsync makes the sender try again, and leaves nothing behind."""
    film = make_film()
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _disk_away)
        (status,) = node.send(film)

    assert status.Status == 0xA701
    assert node.films() == node.arriving() == []


def _disk_away(_handle):
    raise OSError(5, "Input/output error")


def test_a_short_disk_turns_films_away_until_there_is_room(start_node, make_film):
    """Below the watermark the answer is A700, which senders take as "later"."""
    node = start_node(low_disk_bytes=1 << 60)
    (status,) = node.send(make_film())

    assert (status.Status, status.ErrorComment) == (0xA700, "the disk is nearly full; send again later")
    assert node.films() == node.arriving() == []


def test_a_fault_of_ours_is_told_and_the_association_goes_on(node, make_film, monkeypatch):
    """A bug in filing one film answers that film and leaves the others alone."""
    with monkeypatch.context() as broken, node.called() as link:
        broken.setattr("hilum.dicomnode.on_c_store.read_film_facts", _bug)
        first = link.send_c_store(make_film(1))
        broken.undo()
        second = link.send_c_store(make_film(2))

    assert codes([first, second]) == [0xC1FF, 0x0000]


def _bug(_path):
    raise ZeroDivisionError("of DOE^JANE")
