"""Writes docs/conformance.md, the DICOM conformance statement, from the tables that the node itself works by.

The order and the headings are those of PS3.2 Annex A. What the objects hold is found by making each kind of
two films and two readings: what both share is fixed, what is the film's comes from the film. A test compares
the page with what this would write; `make docs` writes it again.
"""

# ruff: noqa: E501 - the page has a sentence a line, and so has its text here

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ColorSoftcopyPresentationStateStorage,
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.presentation import PresentationContext

from hilum.dicomnode import statuses
from hilum.dicomnode.archive.find import FIND_CONTEXTS, RADIOGRAPHS
from hilum.dicomnode.archive.modality_worklist import WORKLIST_CONTEXTS
from hilum.dicomnode.archive.retrieve import FILM_CLASSES, GET_CONTEXTS, MOVE_CONTEXTS
from hilum.dicomnode.contexts import AGREED_FILMS, TRANSFER_SYNTAXES, supported_contexts
from hilum.dicomnode.delivery.store import UNCOMPRESSED
from hilum.dicomnode.outputs import codes
from hilum.dicomnode.outputs.objects import build_object, case_of
from hilum.dicomnode.outputs.reading import Reading, reading_of
from hilum.dicomnode.peer import Requestor
from hilum.dicomnode.receiving import IMPLEMENTATION_UID, IMPLEMENTATION_VERSION
from hilum.dicomnode.settings import NodeSettings
from hilum.dicomnode.tls import CIPHERS
from hilum.findings import Zone
from hilum.records import Certainty, Scored
from hilum.reports.reader_facts import ReaderFacts
from hilum.worklist.deliveries import FIRST_WAIT_S, GIVE_UP_AFTER, LONGEST_WAIT_S
from hilum.worklist.states import OBJECT_KINDS, ResultKind
from hilum.worklist.station import StationSettings

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs/conformance.md"
SETTINGS = NodeSettings(StationSettings(Path("hilum-data")))
NAMES = {
    ResultKind.REPORT: "Measurement report (`sr`)",
    ResultKind.PICTURE: "Picture (`picture`)",
    ResultKind.SOFTCOPY: "Presentation state (`softcopy`)",
    ResultKind.PDF: "Case report (`pdf`)",
}
LONGEST_VALUE = 48  # characters of a fixed value in a table
NOT_LISTED = {"PixelData", "EncapsulatedDocument", "ICCProfile"}


def page() -> str:
    """The whole statement."""
    parts = [
        *_overview(),
        *_implementation(),
        *_acceptance(),
        *_initiation(),
        *_rest(),
        *_objects(),
        *_codes(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield "# DICOM conformance statement\n"
    yield "<!-- Written by `make docs` from the node's own tables: change those, not this page. -->\n"
    yield ("`hilum node` takes chest radiographs from modalities and archives, has them scored, and sends the "
           "results back as DICOM objects.\nThe order of this page is that of PS3.2 Annex A.\n"
           "It is for research and decision support, not a cleared medical device.\n")  # fmt: skip
    yield "## 1 Overview\n"
    services = [
        ("Verification", "no", "yes"),
        *((UID(name).name, "no", "yes") for name in AGREED_FILMS),
        *((_object_class(kind), "yes", "no") for kind in OBJECT_KINDS),
        (f"{ColorSoftcopyPresentationStateStorage.name}, of films in colour", "yes", "no"),
        *((context.abstract_syntax.name, "no", "yes") for context in _services()),
        *((context.abstract_syntax.name, "yes", "no") for context in _asked()),
    ]
    yield _table(("service", "as user (SCU)", "as provider (SCP)"), services)


def _implementation() -> Iterator[str]:
    yield "## 2 Implementation model\n"
    yield ("One application entity takes films, sends results, and asks a modality worklist; the command `hilum archive "
           "screen` queries and retrieves, under the same title or another.\nA film that is taken stands in the worklist; a worker scores it once its study is whole, "
           "and the results are sent.\n")  # fmt: skip
    facts = [
        ("AE title", f"`{SETTINGS.ae_title}`, settable"),
        ("Implementation Class UID", f"`{IMPLEMENTATION_UID}`"),
        ("Implementation Version Name", f"`{IMPLEMENTATION_VERSION}`"),
        ("Application context", "`1.2.840.10008.3.1.1.1`"),
        ("Asynchronous operations", "none: one operation at a time"),
        ("Port", f"{SETTINGS.port}, settable"),
    ]
    yield _table(("", ""), facts)


def _acceptance() -> Iterator[str]:
    yield "## 3 Association acceptance\n"
    limits = [
        ("associations at once", f"{SETTINGS.most_associations}"),
        ("maximum PDU length", f"{SETTINGS.most_pdu_bytes} bytes"),
        ("largest object", f"{SETTINGS.most_object_bytes} bytes"),
        ("silence before an abort", f"{SETTINGS.idle_s:g} s"),
        ("time for TLS and for the association's request", f"{SETTINGS.handshake_s:g} s each"),
    ]
    yield "The called AE title must be ours; callers may be limited to a list of AE titles and addresses.\n"
    yield _table(("limit (default)", "value"), limits)
    yield "### 3.1 Presentation contexts\n"
    yield _table(("abstract syntax", "UID", "transfer syntaxes", "role"), _context_rows())
    yield "### 3.2 Transfer syntaxes of films\n"
    yield ("Of those that a caller offers in a presentation context the first that stands here is agreed on, in "
           "the caller's order: it is mostly what the caller holds.\n")  # fmt: skip
    yield _table(("transfer syntax", "UID"), [(UID(one).name, f"`{one}`") for one in TRANSFER_SYNTAXES])
    yield "### 3.3 C-STORE\n"
    yield ("Level 2 (full) storage: every element is kept, as the bytes that came (PS3.4 B.4.1).\n"
           "A film is answered with success once its bytes are synced to disk and its row is committed.\n"
           "The same instance sent again is answered with success and kept once.\n")  # fmt: skip
    yield _status_table(statuses.STORE_STATUSES)
    yield "### 3.4 Storage commitment, as provider\n"
    yield ("N-ACTION is written down before it is answered; N-EVENT-REPORT follows on the same association while it "
           f"is open, else on one of ours, for {SETTINGS.commitment_days:g} days.\n")  # fmt: skip
    yield _status_table(statuses.COMMITMENT_STATUSES)
    yield "Failure Reason (0008,1197):\n"
    yield _status_table(statuses.FAILURE_REASONS)
    yield "### 3.5 Modality performed procedure step, as provider\n"
    yield ("N-CREATE and N-SET are kept with state, study, and images; a completed step whose images are all here "
           "makes the study whole at once.\n")  # fmt: skip
    yield _status_table(statuses.PROCEDURE_STEP_STATUSES)


def _initiation() -> Iterator[str]:
    requestor = Requestor()
    yield "## 4 Association initiation\n"
    yield f"Connecting, association, and each message have {requestor.timeout_s:g} s.\n"
    yield "### 4.1 Storage of results, as user\n"
    syntaxes = " or ".join(one.name for one in UNCOMPRESSED)
    yield (f"Each object is sent on an association of its own, in {syntaxes}.\n"
           "Success and warning statuses end a delivery; A7xx, 0110, 0210, 0213, and no answer are tried again, first "
           f"after {FIRST_WAIT_S:g} s, doubled to {LONGEST_WAIT_S:g} s at most, for {GIVE_UP_AFTER.days} days; any "
           "other failure is given up, and shown.\n"
           "UIDs are computed, so a re-send has the same.\n")  # fmt: skip
    yield "### 4.2 Query and retrieve, as user (`hilum archive screen`)\n"
    yield (f"Study root C-FIND at the levels STUDY (Study Date, Modalities in Study of {' and '.join(RADIOGRAPHS)}, "
           "a query each), SERIES (Modality), and IMAGE; then C-GET, or C-MOVE to a node, a film at a time.\n"
           f"C-GET takes {', '.join(UID(one).name for one in FILM_CLASSES)}, in the transfer syntaxes of 3.2, "
           "one to a presentation context.\n")  # fmt: skip
    yield "### 4.3 Modality worklist, as user\n"
    yield ("Matching keys: Accession Number, else Patient ID. Return keys: Patient's Sex, Patient's Birth Date, Study "
           "Instance UID.\nAn answer fills in age, sex, and accession that the films lack, where it is the only one "
           "that fits.\n")  # fmt: skip


def _rest() -> Iterator[str]:
    yield "## 5 Configuration\n"
    yield _table(("setting", "default"), [(f"`{one.name}`", _default(one)) for one in fields(NodeSettings)])
    yield "## 6 Character sets\n"
    yield (
        "Films in any character set of PS3.3 C.12.1.1.2 are taken; results are written in UTF-8 (`ISO_IR 192`).\n"
    )
    yield "## 7 Security\n"
    yield ("TLS by PS3.15 B.12, the BCP 195 profile, for callers and for what the node sends and asks; client "
           "certificates by setting.\n`hilum archive screen` calls an archive without TLS.\n"
           f"Versions 1.2 and 1.3; ciphers of 1.2 in OpenSSL's words: `{CIPHERS}`.\n"
           "Every film taken, state changed, and result sent has a row in an append-only audit trail.\n"
           "De-identification by PS3.15 Annex E for those who may not see identity is the station's: "
           "[DICOMweb](dicomweb.md).\n")  # fmt: skip


def _objects() -> Iterator[str]:
    first, second = _reading("1"), _reading("2")
    yield "## 8 Objects that are made\n"
    yield ("*fixed*: the value of every object; *film*: repeated from the film that was read; *made*: computed from "
           "film, reading, or time.\nSequences are named, and not unrolled; [what goes back](dicom-outputs.md) says "
           "what they hold.\n")  # fmt: skip
    for kind in OBJECT_KINDS:
        made = [build_object(kind, one, case_of(one, study=1)) for one in (first, second)]
        yield f"### {NAMES[kind]}: {made[0].SOPClassUID.name}\n"
        rows = [_element_row(made[0], made[1], element.keyword, first.film) for element in made[0]]
        yield _table(("tag", "attribute", "source", "value"), [row for row in rows if row])


def _codes() -> Iterator[str]:
    yield "## 9 Private codes\n"
    yield f"Coding Scheme Designator `{codes.SCHEME}`, Coding Scheme UID `{codes.SCHEME_UID}`.\n"
    own = (*codes.CONCEPTS, *codes.OUTCOMES, *codes.CERTAINTIES.values(), *codes.REFUSALS.values())
    yield _table(("code value", "code meaning"), [(f"`{one.value}`", one.meaning) for one in own])


def _element_row(first: Dataset, second: Dataset, keyword: str, film: Dataset) -> tuple[str, ...] | None:
    element = first[keyword] if keyword else None
    if element is None:
        return None
    tag = f"({element.tag.group:04X},{element.tag.elem:04X})"
    if element.VR == "SQ" or keyword in NOT_LISTED:
        return tag, element.name, "made", ""
    if keyword in film and film.get(keyword) == element.value and keyword not in ("SOPClassUID", "Modality"):
        return tag, element.name, "film", ""
    if second.get(keyword) != element.value or keyword == "SoftwareVersions":
        return tag, element.name, "made", ""
    return tag, element.name, "fixed", _shown(element.value)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    text = str(value.name) if isinstance(value, UID) and value.name != value else str(value)
    return f"`{text[:LONGEST_VALUE]}{'…' if len(text) > LONGEST_VALUE else ''}`"


def _reading(mark: str) -> Reading:
    """A reading of a made-up film; two of them share nothing that is not fixed."""
    film = Dataset()
    film.SOPClassUID = ComputedRadiographyImageStorage
    film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID = (
        f"1.2.{mark}",
        f"1.3.{mark}",
        f"1.4.{mark}",
    )
    film.PatientName, film.PatientID, film.PatientSex = f"Person^{mark}", f"P{mark}", "FM"[int(mark) - 1]
    film.PatientBirthDate, film.StudyDate, film.StudyTime = f"198{mark}0101", f"2026030{mark}", f"10101{mark}"
    film.AccessionNumber, film.StudyID, film.ReferringPhysicianName = f"A{mark}", f"S{mark}", f"Doctor^{mark}"
    film.Rows, film.Columns = 60 + int(mark), 70 + int(mark)
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 8, 8, 7, 0
    shape = (30 + int(mark), 35 + int(mark))
    heat = np.zeros(shape, np.float32)
    heat[5:15, 5 : 14 + int(mark)] = 1
    outcome = Scored(
        image_path=Path("film"), score=80.0 + int(mark), probability=0.8 + int(mark) / 100, threshold=0.5,
        is_flagged=True, spread=0.01, bundle=f"bundle {mark}", seconds=0.1, zones=dict.fromkeys(Zone, 0.5),
        certainty=Certainty.ABNORMAL, error_rate=0.1, heat_map=heat,
    )  # fmt: skip
    facts = ReaderFacts(f"bundle{mark}", mark, mark * 64, 0.5)
    made_at = datetime(2026, 3, int(mark), 12, int(mark), tzinfo=UTC)
    return reading_of(film, outcome, facts, made_at=made_at, preview=np.zeros(shape, np.uint8))


def _object_class(kind: ResultKind) -> str:
    reading = _reading("1")
    return str(build_object(kind, reading, case_of(reading, study=1)).SOPClassUID.name)


def _services() -> list[PresentationContext]:
    """What the node provides beside storage and verification."""
    films = {*AGREED_FILMS, "1.2.840.10008.1.1"}
    return [one for one in supported_contexts(SETTINGS) if one.abstract_syntax not in films]


def _asked() -> list[PresentationContext]:
    return [FIND_CONTEXTS[0], GET_CONTEXTS[0], MOVE_CONTEXTS[0], WORKLIST_CONTEXTS[0]]


def _context_rows() -> list[tuple[str, ...]]:
    films = f"the {len(TRANSFER_SYNTAXES)} of 3.2"
    plain = {ExplicitVRLittleEndian, ImplicitVRLittleEndian}
    return [
        (
            one.abstract_syntax.name,
            f"`{one.abstract_syntax}`",
            "explicit and implicit little endian" if {*one.transfer_syntax} == plain else films,
            "SCP",
        )
        for one in supported_contexts(SETTINGS)
    ]


def _status_table(table: Sequence[statuses.Status]) -> str:
    rows = [(f"`{one.code:04X}`", one.reason, one.source) for one in table]
    return _table(("status", "meaning", "source"), rows)


def _default(setting: Any) -> str:
    if setting.default is MISSING:
        return "none; it must be given"
    value = [str(one) for one in setting.default] if isinstance(setting.default, tuple) else setting.default
    return "not set" if value is None or value == [] else f"`{value}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(re.sub(r"\|", r"\\|", cell) for cell in line) + " |" for line in lines)
        + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
