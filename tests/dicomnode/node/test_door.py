"""Who may call the node, how many at once, and what is done about those who keep it waiting."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import ExitStack

import pytest
from nodes import codes

from hilum.dicomnode.callers import may_call, parse_caller
from hilum.dicomnode.settings import NodeSettings
from hilum.errors import SettingsInvalid, StationRefused
from hilum.worklist.station import StationSettings

ASSOCIATION_REJECTED, ABORT = 0x03, 0x07  # PDU types, PS3.8 9.3


def test_a_wrong_called_ae_title_is_rejected(node):
    """Who calls another name is told "called AE title not recognised"."""
    with node.called(called="PACS") as link:
        answer = link.acceptor.primitive

    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 7)


def test_a_caller_that_is_not_on_the_list_is_rejected(start_node):
    """Who is not among those that may call is told "calling AE title not recognised"."""
    node = start_node(allow=("CR1", "CR2@127.0.0.1"))
    with node.called(ae_title="CR3") as link:
        answer = link.acceptor.primitive

    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 3)


def test_a_caller_from_another_address_is_rejected(start_node):
    """An AE title that belongs to one address does not open the door from another."""
    node = start_node(allow=("CR1@10.0.0.0/8",))
    with node.called(ae_title="CR1") as link:
        assert link.is_rejected


@pytest.mark.parametrize("allow", ["CR1", "CR1@127.0.0.1", "*@127.0.0.0/8", "*"])
def test_a_caller_on_the_list_comes_in(start_node, make_film, allow):
    """A title, a title at its address, any title of a network, and anyone."""
    node = start_node(allow=("OTHER", allow))

    assert codes(node.send(make_film())) == [0x0000]


@pytest.mark.parametrize(
    ("line", "title", "address", "comes_in"),
    [
        ("CR1@192.168.1.0/24", "CR1", "192.168.1.77", True),
        ("CR1@192.168.1.0/24", "CR1", "192.168.2.77", False),
        ("CR1@192.168.1.0/24", "CR1", "::ffff:192.168.1.77", True),
        ("*@fe80::/10", "ANY", "fe80::1%eth0", True),
        ("*@fe80::/10", "ANY", "192.168.1.1", False),
        ("CR1", " CR1 ", "10.0.0.1", True),
        ("CR1", "CR10", "10.0.0.1", False),
    ],
)  # fmt: skip
def test_a_line_of_the_list_covers(line, title, address, comes_in):
    """Networks of both kinds, an IPv4 address written as IPv6, zones, and padded titles."""
    assert may_call([parse_caller(line)], title, address) is comes_in


@pytest.mark.parametrize(
    "line", ["", "@10.0.0.1", "CR1@", "CR1@nowhere", "CR1@10.0.0.1/8", "A" * 17, "A\\B", "é"]
)
def test_a_line_that_names_no_caller_is_refused(line):
    """What is no AE title, or no address, is refused with the form that it should have."""
    with pytest.raises(SettingsInvalid, match="names no caller; it looks like"):
        parse_caller(line)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": "0.0.0.0"}, "can be reached from other machines"),
        ({"host": "192.168.1.5"}, "can be reached from other machines"),
        ({"ae_title": "SEVENTEEN LETTERS"}, "is no AE title"),
        ({"port": 70000}, "port must be from 0 to 65535, not 70000"),
        ({"most_pdu_bytes": 100}, "most_pdu_bytes must be from 4096"),
        ({"idle_s": float("nan")}, "idle_s must be from 1"),
        ({"peers": ("ORTHANC",)}, "is no DICOM address"),
        ({"send_to": ("ORTHANC",)}, "is no DICOM address"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_cannot_work_are_refused(tmp_path, changes, reason):
    """An open door, a name, a number, or an address that is none is refused before anything starts."""
    with pytest.raises(SettingsInvalid, match=reason):
        NodeSettings(StationSettings(folder=tmp_path), **changes)


@pytest.mark.parametrize(
    "changes", [{"host": "0.0.0.0", "allow": ("*",)}, {"host": "::1"}, {"host": "localhost"}]
)
def test_a_door_that_is_open_on_purpose_or_local_is_not_refused(tmp_path, changes):
    """A list, if only of anyone, or an address of this machine alone is enough."""
    assert NodeSettings(StationSettings(folder=tmp_path), **changes).host == changes["host"]


def test_an_address_that_is_taken_is_told(start_node):
    """A second node on the same port is refused in words."""
    first = start_node()

    with pytest.raises(
        StationRefused, match=f"127.0.0.1:{first.port} cannot be listened at: Address already in use"
    ):
        start_node(port=first.port)


def test_one_association_more_than_may_be_is_rejected_for_now(start_node, make_film):
    """The third of at most two is told "local limit exceeded", and comes in once a place is free."""
    node = start_node(most_associations=2)
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(node.called())
        with node.called() as third:
            answer = third.acceptor.primitive

    assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
    assert _soon(lambda: codes(node.send(make_film())) == [0x0000])


def test_the_longest_pdu_is_the_settings(start_node):
    """Callers are told it when they associate (PS3.8 D.1), so that they send none longer."""
    with start_node(most_pdu_bytes=8192).called() as link:
        assert link.acceptor.maximum_length == 8192


def test_connections_that_say_nothing_are_closed(start_node):
    """A hundred silent connections are closed after the time for a request, and a caller still comes in."""
    node = start_node(handshake_s=1.0, most_associations=2)
    silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(100)]
    began = time.monotonic()
    for connection in silent:
        connection.settimeout(20)
        assert _hangs_up(connection)
        connection.close()

    assert time.monotonic() - began < 15
    assert _soon(lambda: _is_let_in(node))


def test_an_idle_association_is_aborted(start_node):
    """An association that is silent for longer than allowed is aborted by us."""
    node = start_node(idle_s=1.0)
    with node.called() as link:
        assert _soon(lambda: link.is_aborted)


def test_half_a_pdu_does_not_hold_its_association_for_ever(start_node):
    """A PDU that stops midway is aborted after its time, though a byte comes now and then."""
    node = start_node(idle_s=1.0)
    with socket.create_connection(("127.0.0.1", node.port)) as caller:
        caller.sendall(struct.pack(">BBL", 0x01, 0, 1000) + b"\0" * 10)
        began = time.monotonic()
        caller.settimeout(0.3)
        answer = _drip(caller, until=began + 10)

    assert answer[:1] == bytes([ABORT])
    assert time.monotonic() - began < 5


def _hangs_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def _drip(caller: socket.socket, *, until: float) -> bytes:
    """Send a byte every 0.3 s until an answer comes."""
    while time.monotonic() < until:
        try:
            return caller.recv(100)
        except TimeoutError:
            caller.sendall(b"\0")
    return b""


def test_a_pdu_of_four_gigabytes_is_aborted_before_it_is_read(node):
    """A length beyond any that was agreed on is answered at once."""
    with socket.create_connection(("127.0.0.1", node.port)) as caller:
        caller.sendall(struct.pack(">BBL", 0x01, 0, 0xFFFFFFFF))
        caller.settimeout(5)

        assert caller.recv(100)[:1] == bytes([ABORT])


def _is_let_in(node) -> bool:
    with node.called() as link:
        return link.is_established


def _soon(is_so, *, within_s: float = 5.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.05)
    return False
