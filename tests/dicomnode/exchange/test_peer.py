"""Other programs' addresses, and what is said where one does not answer."""

from __future__ import annotations

import pytest

from hilum.dicomnode.archive.find import FIND_CONTEXTS
from hilum.dicomnode.peer import Peer, Requestor, associated, parse_peer
from hilum.errors import PeerFailed, SettingsInvalid
from orthanc import free_port


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("ORTHANC@127.0.0.1:4242", Peer("ORTHANC", "127.0.0.1", 4242)),
        ("MY PACS@pacs.example:104", Peer("MY PACS", "pacs.example", 104)),
        ("A@[::1]:11112", Peer("A", "::1", 11112)),
        ("A@B@host:1", Peer("A@B", "host", 1)),
    ],
)
def test_an_address_is_read_and_written_alike(text, peer):
    """What the settings say and what the worklist shows is the same line."""
    assert parse_peer(text) == peer
    assert str(peer) == text


@pytest.mark.parametrize(
    "text",
    ["", "ORTHANC", "@host:1", "A@host", "A@host:", "A@host:0", "A@host:65536", "A@:104", "A@host:1x",
     "SEVENTEENLETTERS1@host:1", "A\\B@host:1", "Ä@host:1", "   @host:1", "A@host:١"],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_its_text(text):
    """The person sees what she typed, and the form that it should have."""
    with pytest.raises(SettingsInvalid, match="AE@HOST:PORT"):
        parse_peer(text)


# pynetdicom forgets to close the socket that found nobody.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_program_that_does_not_run_is_named():
    """The worklist shows which place cannot be reached."""
    peer = Peer("NOBODY", "127.0.0.1", free_port())

    with pytest.raises(PeerFailed, match="NOBODY@127.0.0.1"), associated(peer, Requestor(), FIND_CONTEXTS):
        pass
