"""multipart/related messages (RFC 2387): parts read from a stream as they come, and parts written to one.

Trap: `python_multipart` is a parser by callbacks, and a form's other rules (a name for every part) do not
hold here; only its grammar is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from hilum.web.problems import InvalidRequest, WebProblem
from hilum.worklist.originals import Incoming, Originals

MOST_PARTS = 5000  # of one request; a study of films has a handful
MOST_HEADER_BYTES = 8192  # of one part


class BrokenMessage(InvalidRequest):
    """A message that cannot be taken apart."""

    status = WebProblem.status  # 400, PS3.18 10.5.3.1
    code = "broken-message"


@dataclass(slots=True)
class Part:
    """One part of a message, its bytes where the originals arrive."""

    incoming: Incoming
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> tuple[str, str, bytes]:
    """The media type, the type of its parts (both lower case), and its boundary, empty without one."""
    kind, parameters = parse_options_header(content_type)
    inner = parameters.get(b"type", b"").decode("latin-1").lower()
    return kind.decode("latin-1").lower(), inner, parameters.get(b"boundary", b"")


class PartReader:
    """Takes a message apart, block by block, with one part in hand at a time.

    Args:
        originals: where each part's bytes go.
        boundary: of the message.
        take: is given each part once it is whole, and keeps its bytes or does not.

    Raises:
        BrokenMessage: at once, or from `write` and `close`.
    """

    def __init__(self, originals: Originals, boundary: bytes, take: Callable[[Part], None]) -> None:
        if not boundary:
            raise BrokenMessage("the Content-Type names no boundary")
        self.n_parts = 0
        self._originals = originals
        self._take = take
        self._part: Part | None = None
        self._name = self._value = b""
        self._n_header_bytes = 0
        self._is_ended = False
        callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._take_name,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_part_data": self._take_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise BrokenMessage(f"the boundary cannot be used: {error}") from None

    def write(self, block: bytes) -> None:
        """Take in more.

        Raises:
            BrokenMessage: it is not as RFC 2046 has it.
            OSError: the disk is full.
        """
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise BrokenMessage(f"the message cannot be taken apart: {error}") from None

    def close(self) -> None:
        """All has come.

        Raises:
            BrokenMessage: the message ended early, or has no part.
        """
        if not self._is_ended:
            raise BrokenMessage("the message ends before its last boundary")
        if not self.n_parts:
            raise BrokenMessage("the message has no part")

    def give_up(self) -> None:
        """Leave nothing behind of a part that did not come to its end."""
        if self._part is not None:
            self._part.incoming.give_up()

    def _begin(self) -> None:
        if self.n_parts == MOST_PARTS:
            raise BrokenMessage(f"a message has at most {MOST_PARTS} parts")
        self.n_parts += 1
        self._n_header_bytes = 0
        self._part = Part(self._originals.incoming())

    def _take_name(self, block: bytes, start: int, end: int) -> None:
        self._name += self._counted(block[start:end])

    def _take_value(self, block: bytes, start: int, end: int) -> None:
        self._value += self._counted(block[start:end])

    def _counted(self, block: bytes) -> bytes:
        self._n_header_bytes += len(block)
        if self._n_header_bytes > MOST_HEADER_BYTES:
            raise BrokenMessage("a part's header is too long")
        return block

    def _end_header(self) -> None:
        assert self._part is not None
        self._part.headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name = self._value = b""

    def _take_data(self, block: bytes, start: int, end: int) -> None:
        assert self._part is not None
        self._part.incoming.write(block[start:end])

    def _end_part(self) -> None:
        assert self._part is not None
        try:
            self._take(self._part)
        finally:
            self._part.incoming.give_up()
            self._part = None

    def _end(self) -> None:
        self._is_ended = True


@dataclass(frozen=True, slots=True)
class Reply:
    """A part to be sent."""

    content_type: str
    content: bytes
    location: str  # where the part can be fetched by itself


@dataclass(frozen=True, slots=True)
class Message:
    """A multipart/related answer; its parts are made one at a time, while it is sent."""

    kind: str  # of all parts, as in "application/dicom"
    replies: Iterable[Reply]
    boundary: str = field(default_factory=lambda: f"hilum-{secrets.token_hex(12)}")

    @property
    def content_type(self) -> str:
        return f'multipart/related; type="{self.kind}"; boundary={self.boundary}'

    def blocks(self) -> Iterator[bytes]:
        for reply in self.replies:
            head = f"--{self.boundary}\r\nContent-Type: {reply.content_type}\r\n"
            yield f"{head}Content-Location: {reply.location}\r\n\r\n".encode()
            yield reply.content
            yield b"\r\n"
        yield f"--{self.boundary}--\r\n".encode()
