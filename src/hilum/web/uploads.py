"""Films that a person or a program sends, each kept byte for byte and filed; a zip is opened, once.

The bytes are on disk and the film is in the table before its answer says accepted. Trap: a file's own name
may be a patient's, so it is shown to its sender and kept as identity, and never stands in a log.
"""

from __future__ import annotations

import errno
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import IO

from hilum.errors import ArchiveRefused, DiskShort
from hilum.findings import Sex
from hilum.records import RefusalCode
from hilum.web.pages_first import LOOKERS
from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.rights import Right
from hilum.web.uploaded_zip import films_of_zip, is_zip
from hilum.web.visitor import Visitor
from hilum.worklist.audit import record
from hilum.worklist.film_facts import FilmFacts, read_film_facts
from hilum.worklist.intake import Accepted, Arrival, accept
from hilum.worklist.originals import BLOCK, Incoming, Kept
from hilum.worklist.search import LARGEST_NUMBER
from hilum.worklist.states import Origin
from hilum.worklist.station import Station
from hilum.worklist.tables import Upload
from hilum.worklist.wording import as_identifier, as_line

MOST_FILM_BYTES = 1 << 29  # 512 MB; a film of 4020 x 4892 pixels and 16 bit has 39 MB
MOST_FILMS = 5000  # of one upload
# One film is taken in at a time, whoever sends it, a zip's films among them: more threads write no faster, as
# the disk and SQLite take one after another, and make every page wait for the interpreter.
TURN = threading.Lock()
STUDY_CLOSES_AFTER_S = 2.0  # a DICOM study may have a second film in the same hand
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
MOST_NAME = 255  # characters of a file's name
UNSEEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)  # marks that turn a name round, or hide


class Outcome(StrEnum):
    """What became of one file."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """This film was here already; nothing has changed."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file as it was sent."""

    name: str  # whatever the sender calls it
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Beside:
    """What the sender says of all the files; what a file's own header says goes first."""

    origin: Origin = Origin.UPLOAD
    site: str = ""  # "": the station's
    patient_id: str = ""
    age_years: float | None = None
    sex: str | None = None  # findings.Sex
    closes_after_s: float = STUDY_CLOSES_AFTER_S  # of DICOM studies; a picture is whole


@dataclass(frozen=True, slots=True)
class TakenFile:
    """What became of a file, or of a zip's entry."""

    name: str  # fit to be shown
    outcome: Outcome
    study_id: int | None = None
    film_id: int | None = None
    sha256: str | None = None
    code: str | None = None  # of a refusal
    reason: str = ""  # a sentence


@dataclass(frozen=True, slots=True)
class TakenUpload:
    """What became of an upload; the worklist knows its studies by the number."""

    upload_id: int
    files: tuple[TakenFile, ...] = field(default_factory=tuple)

    def count(self, outcome: Outcome) -> int:
        return sum(file.outcome is outcome for file in self.files)


class _Refused(Exception):
    """A file that is turned away at the door."""

    def __init__(self, code: RefusalCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def open_upload(station: Station, visitor: Visitor) -> int:
    """Begin an upload whose files come in several requests; its number goes into `take_upload`."""
    with station.database.writing() as session:
        upload = Upload(who=visitor.login, started_at=station.now())
        session.add(upload)
        session.flush()
        record(session, at=station.now(), who=visitor.login, action="upload", upload=upload.id)
        return upload.id


def take_upload(
    station: Station,
    visitor: Visitor,
    files: Iterable[SentFile],
    *,
    beside: Beside | None = None,
    upload_id: int | None = None,
) -> TakenUpload:
    """Keep and file what was sent; one bad file does not stop the others.

    Args:
        station: that takes them.
        visitor: who has `Right.UPLOAD`; the caller has asked.
        files: read once, in order.
        beside: what the sender says of them all.
        upload_id: to go on with, as `open_upload` gave it; None opens one.

    Raises:
        DiskShort: the disk is too full; what came before is kept, and sending it again changes nothing.
        InvalidRequest: what is said beside the files cannot be.
        NotFound: there is no such upload of this visitor.
    """
    assert visitor.may(Right.UPLOAD), "the caller asks for the right"
    beside = _checked(beside or Beside())
    station.originals.check_room()
    upload_id = (
        open_upload(station, visitor) if upload_id is None else _own_upload(station, visitor, upload_id)
    )
    taking = _Taking(station, visitor, beside, upload_id)
    try:
        return TakenUpload(upload_id, tuple(taken for file in files for taken in taking.take(file)))
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        free = shutil.disk_usage(station.originals.folder).free
        raise DiskShort(free, station.originals.low_disk_bytes) from error


@contextmanager
def _in_turn() -> Iterator[None]:
    """While nobody else's film is taken in, and after those who wait for a page."""
    with TURN:
        LOOKERS.let_pass()
        yield


@dataclass(frozen=True, slots=True)
class _Taking:
    """One upload at work."""

    station: Station
    visitor: Visitor
    beside: Beside
    upload_id: int

    def take(self, file: SentFile) -> Iterator[TakenFile]:
        name = shown_name(file.name)
        self.station.originals.check_room()
        incoming = self.station.originals.incoming()
        try:
            with _in_turn():
                head = _receive(incoming, file.stream)
                taken = () if is_zip(head) else (self._file(incoming, name),)
            yield from taken or self._take_zip(incoming, name)
        except _Refused as refusal:
            yield TakenFile(name, Outcome.REFUSED, code=refusal.code, reason=refusal.reason)
        finally:
            incoming.give_up()

    def _take_zip(self, incoming: Incoming, name: str) -> Iterator[TakenFile]:
        incoming.flush()
        is_empty = True
        try:
            for entry in films_of_zip(incoming.path, entry_bytes=MOST_FILM_BYTES, most_entries=MOST_FILMS):
                is_empty = False
                entry_name = f"{name}/{shown_name(entry.name)}"[-MOST_NAME:]
                if entry.fault:
                    reason = f"The zip's entry is not opened: {entry.fault}."
                    yield _refused(entry_name, RefusalCode.UNSUPPORTED, reason)
                else:
                    with _in_turn():
                        taken = self._take_entry(entry.blocks, entry_name)
                    yield taken
        except ArchiveRefused as error:
            yield _refused(name, RefusalCode.DAMAGED, f"{error}.")
        else:
            if is_empty:
                yield _refused(name, RefusalCode.EMPTY, "The zip holds no films.")

    def _take_entry(self, blocks: Iterable[bytes], name: str) -> TakenFile:
        self.station.originals.check_room()
        incoming = self.station.originals.incoming()
        try:
            for block in blocks:
                incoming.write(block)
            return self._file(incoming, name)
        except ArchiveRefused as error:
            return _refused(name, RefusalCode.DAMAGED, f"The zip's entry is {error}.")
        except _Refused as refusal:
            return _refused(name, refusal.code, refusal.reason)
        finally:
            incoming.give_up()

    def _file(self, incoming: Incoming, name: str) -> TakenFile:
        """Keep what has come, and file it; only then is it accepted."""
        facts = _facts_of(incoming)
        kept = incoming.keep()
        with self.station.database.writing() as session:
            accepted = accept(session, self._arrival(kept, facts, name))
        return _taken(name, kept, accepted)

    def _arrival(self, kept: Kept, facts: FilmFacts, name: str) -> Arrival:
        beside = self.beside
        return Arrival(
            kept=kept,
            facts=facts,
            origin=beside.origin,
            who=self.visitor.login,
            at=self.station.now(),
            source=self.visitor.login,
            file_name=name,
            site=beside.site or self.station.settings.site,
            upload_id=self.upload_id,
            patient_id=beside.patient_id,
            age_years=beside.age_years,
            sex=beside.sex,
            closes_after_s=beside.closes_after_s if facts.study_uid else 0.0,
        )


def shown_name(name: str) -> str:
    """A file's name without its folders on the sender's machine, and without marks that mislead the eye."""
    seen = UNSEEN.sub("", as_line(name.replace("\\", "/"), len(name)))
    last = PurePosixPath(seen).name[-MOST_NAME:]
    return last if last.strip(".") else "unnamed"


def _receive(incoming: Incoming, stream: IO[bytes]) -> bytes:
    """Take the stream in; its first bytes. Raises _Refused for none, or too many."""
    head = b""
    while block := stream.read(BLOCK):
        head = head or block[:4096]
        incoming.write(block)
    if not head:
        raise _Refused(RefusalCode.EMPTY, "The file is empty: it has no bytes. Copy it again.")
    return head


def _facts_of(incoming: Incoming) -> FilmFacts:
    """Raises _Refused for what is no film whatever the gate would say of it."""
    if incoming.n_bytes == 0:
        raise _Refused(RefusalCode.EMPTY, "The file is empty: it has no bytes. Copy it again.")
    if incoming.n_bytes > MOST_FILM_BYTES:
        size, most = incoming.n_bytes / 1e6, MOST_FILM_BYTES / 1e6
        reason = f"The file is too large: {size:,.0f} MB, and the limit is {most:,.0f} MB."
        raise _Refused(RefusalCode.UNSUPPORTED, reason)
    incoming.flush()
    facts = read_film_facts(incoming.path)
    if facts.file_format == "unknown":
        reason = "The file is not a film: Hilum reads PNG, JPEG, and DICOM, and zips of them."
        raise _Refused(RefusalCode.NOT_AN_IMAGE, reason)
    return facts


def _taken(name: str, kept: Kept, accepted: Accepted) -> TakenFile:
    return TakenFile(
        name,
        Outcome.ACCEPTED if accepted.is_new else Outcome.DUPLICATE,
        study_id=accepted.study_id,
        film_id=accepted.film_id,
        sha256=kept.sha256,
        reason="" if accepted.is_new else "This film was here already.",
    )


def _refused(name: str, code: RefusalCode, reason: str) -> TakenFile:
    return TakenFile(name, Outcome.REFUSED, code=code, reason=reason)


def _checked(beside: Beside) -> Beside:
    """Values as the tables take them. Raises InvalidRequest by the field's name."""
    if beside.age_years is not None and not 0 <= beside.age_years <= 130:
        raise InvalidRequest("age_years: an age is 0 to 130 years")
    if beside.sex and beside.sex not in set(Sex):
        raise InvalidRequest(f"sex: one of {', '.join(Sex)}, or nothing")
    return Beside(
        origin=beside.origin,
        site=as_line(beside.site, 64),
        patient_id=as_identifier(beside.patient_id, 64),
        age_years=beside.age_years,
        sex=beside.sex or None,
        closes_after_s=beside.closes_after_s,
    )


def _own_upload(station: Station, visitor: Visitor, upload_id: int) -> int:
    with station.database.reading() as session:
        upload = session.get(Upload, upload_id) if 0 < upload_id <= LARGEST_NUMBER else None
    if upload is None or upload.who != visitor.login:
        raise NotFound(f"you have no upload {upload_id}")
    return upload.id
