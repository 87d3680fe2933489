"""Bytes that no honest program sends: each ends in a status, an abort, or a closed connection."""

from __future__ import annotations

import logging
import socket
import sys
import time
import zlib
from pathlib import Path

import pytest
from nodes import codes

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks" / "node"))
from conversations import conversations
from hostile import case, hold

NAME = "VERYSECRETNAME"


@pytest.fixture(scope="module")
def about(tmp_path_factory):
    """Whole conversations, films first, to be broken."""
    return conversations(tmp_path_factory.mktemp("conversations"))


def test_unbroken_conversations_are_taken(node, about):
    """What is broken below is taken when it is whole, so the breaking is what is answered."""
    answers = [
        hold(one.renumbered(number).pdus(), node.port, hangs_up=False) for number, one in enumerate(about)
    ]

    assert answers[:3] == ["0000"] * 3


def test_a_hundred_broken_conversations_are_all_answered(start_node, make_film, about):
    """A part of what benchmarks/node/hostile.py does ten thousand times; the node lives and takes a film."""
    node = start_node(idle_s=2.0, handshake_s=2.0)
    answers = {case(number, 7, about, node.port).answer for number in range(100)}

    assert "no answer" not in answers
    assert {"abort", "0000"} < answers
    assert codes(node.send(make_film())) == [0x0000]
    assert node.arriving() == []


def test_a_film_that_breaks_off_leaves_nothing_behind(node, about):
    """Half the fragments and then silence: the bytes that came are gone from the disk."""
    pdus = about[0].pdus(longest=1000)

    assert hold(pdus[: len(pdus) // 2], node.port, hangs_up=True) == "closed"
    assert _soon(lambda: node.arriving() == [])
    assert node.films() == []


def test_a_command_set_without_an_end_is_aborted(node, about):
    """Fragments of a command set that never ends are cut off at 64 KB."""
    fragment = about[0]._p_data(bytes(8000), 0x01)

    assert hold([about[0].association, *[fragment] * 20], node.port, hangs_up=False) == "abort"


def test_a_message_that_is_no_film_has_a_limit(node, about):
    """Seventeen megabytes of storage commitment are cut off, and held by nobody."""
    asked = about[-3]
    fragment = asked._p_data(bytes(100_000), 0x00)
    pdus = [asked.association, asked._p_data(asked.command, 0x03), *[fragment] * 180]

    assert hold(pdus, node.port, hangs_up=False) in ("abort", "closed")


def test_messages_that_nobody_waits_for_do_not_pile_up(node, about):
    """A thousand echoes without waiting for an answer: some are answered, then the caller is told to stop."""
    echo = about[-4].pdus()[1]
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as link:
        link.sendall(about[-4].association)
        link.recv(1 << 16)
        with pytest.raises(OSError, match="."):
            _flood(link, echo)


def _flood(link: socket.socket, pdu: bytes) -> None:
    """Send without reading until the other side has had enough."""
    for _ in range(100_000):
        link.sendall(pdu * 10)
    raise AssertionError("a million messages were taken")


def test_a_deflated_film_that_unpacks_to_more_than_a_film_is_refused(node, about, monkeypatch):
    """A few kilobytes that would become megabytes are not unpacked; the test lowers the limit."""
    monkeypatch.setattr("hilum.imaging.dicom._MAX_INFLATED", 1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(8 << 20)) + packer.flush()
    deflated = next(one for one in about if one.data and one.renumbered(1) == one)

    assert len(bomb) < 10_000
    assert hold(deflated.pdus(data=bomb), node.port, hangs_up=False) == "C000"
    assert node.films() == node.arriving() == []


def test_no_name_of_a_patient_comes_into_the_log(node, make_film, caplog, capfd):
    """Films, good and broken, with a name wherever one fits; the log has none of it."""
    caplog.set_level(logging.DEBUG, logger="hilum")
    film = make_film(PatientName=f"{NAME}^A", PatientID=NAME, StudyDescription=NAME)
    node.send(film)
    film.PatientBirthDate = NAME
    node.send(film)
    film.StudyInstanceUID = NAME
    node.send(film)
    film.SOPInstanceUID = NAME
    node.send(film)
    ours = [record for record in caplog.records if record.name.startswith("hilum")]

    assert ours
    assert not any(NAME in record.getMessage() for record in ours)
    assert NAME not in "".join(capfd.readouterr())


def test_what_pynetdicom_says_is_passed_on_without_its_words(node, caplog):
    """Place and kind of an exception stay; its text, which may quote a header, does not."""
    caplog.set_level(logging.INFO, logger="hilum")  # a command that ran before may have left it higher
    logger = logging.getLogger("pynetdicom.somewhere")
    try:
        raise ValueError(NAME)
    except ValueError as error:
        logger.exception(error)  # as pynetdicom does
    logger.error("Received %s", NAME)
    told = [record.getMessage() for record in caplog.records if record.name == "hilum.dicomnode.privacy"]

    assert "pynetdicom.somewhere, line" in told[-2]
    assert told[-2].endswith("(ValueError)")
    assert not any(NAME in line for line in told)


def _soon(is_so, *, within_s: float = 5.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until and not is_so():
        time.sleep(0.05)
    return is_so()
