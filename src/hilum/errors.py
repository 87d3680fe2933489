"""Every error Hilum raises on purpose.

HilumError                    one line and exit 2 in the command line; all else is a bug and crashes
├── UnreadableImage           a file is not a radiograph we can read; carries a refusal code
├── DatasetMissing            a public dataset is not where it was said to be
├── ArchiveRefused            a zip, or one of its entries, is unsafe or damaged
├── ManifestInvalid           a manifest, or a row of it, breaks its schema
├── SplitLeak                 a film or a patient stands on both sides of a split
├── TokenMissing              Kaggle's token is not there
├── FetchFailed               a download broke off or came damaged
│   └── FetchInterrupted      the same, and it may work when tried again
├── SettingsInvalid           a TOML file has an unknown, missing, or mistyped key
├── NameUnknown               no network, dataset, or bundle of that name
├── TrainingRefused           the data would teach the wrong thing: one class, a class of one site
├── RunInvalid                a run folder is not one, is unfinished, or belongs to other settings
├── BundleInvalid             a bundle is incomplete, altered, or of another format
├── IndexInvalid              an index of reference films is none, or of another bundle
├── ThresholdRefused          a threshold was chosen for another reader's scores
├── TableInvalid              a prediction table names its bad row and column
├── MessageInvalid            an HL7 message or its frame is malformed
├── ReportInvalid             a structured report is not one of Hilum's, or something was lost from it
├── ObjectImpossible          no DICOM object of this kind can be made of this film
├── OutputRefused             the place to write to is not usable, or holds something we will not overwrite
├── StateRefused              a study's state cannot follow the one it has
├── StudyUnknown              no study of that number
├── FilterInvalid             a list was asked for in a way that it cannot be given
├── DatabaseRefused           a database that Hilum cannot run on, or that another version has written
├── PeerFailed                another DICOM program, or a server of results, cannot be reached or says no
│   └── ServiceRefused        it takes none of the services or objects that were offered
├── StationRefused            a station's settings or folder that it cannot start with
├── BackupInvalid             a back-up of a station is none, is incomplete, or was altered
├── FilmMissing               a film's bytes are not where the station keeps them
├── DiskShort                 the station's disk is too full to take another film
└── ExtraMissing              an optional part of Hilum is not installed
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class HilumError(Exception):
    """Something the person at the keyboard can act on; the message says what, where, and what to do next."""


class UnreadableImage(HilumError):
    """A file that cannot become pixels.

    Args:
        code: the refusal code, one of `hilum.records.RefusalCode`'s values.
        reason: a sentence for the radiographer.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class DatasetMissing(HilumError):
    """A dataset's files are not in the folder given, or none of them can be used.

    Args:
        name: of the dataset.
        folder: that was looked through.
        missing: what is not there, as in "a film named so-and-so".
        refused: what is there and cannot be used, as in "film.png (its reason)".
    """

    SHOWN = 5  # of the refused; a set may have thousands

    def __init__(self, name: str, folder: Path, missing: str, *, refused: Sequence[str] = ()) -> None:
        more = [f"and {len(refused) - self.SHOWN} more"] if len(refused) > self.SHOWN else []
        told = f"; refused: {', '.join([*refused[: self.SHOWN], *more])}" if refused else ""
        super().__init__(
            f"{name}: {missing} not found in {folder}{told}; see docs/datasets/{name}.md for the download"
        )
        self.missing = missing
        self.refused = tuple(refused)


class ArchiveRefused(HilumError):
    """A zip file, or an entry of it, that will not be unpacked."""


class ManifestInvalid(HilumError):
    """A manifest that breaks its schema."""


class SplitLeak(HilumError):
    """A film or a patient on both sides of a split."""


class TokenMissing(HilumError):
    """No Kaggle token was found."""


class FetchFailed(HilumError):
    """A download that broke off or came damaged."""


class FetchInterrupted(FetchFailed):
    """A download that may go on when tried again.

    Args:
        reason: what happened, without a full stop.
        wait_s: seconds that the server asks to wait, where it says so.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class SettingsInvalid(HilumError):
    """A settings file with an unknown, missing, or mistyped key."""


class NameUnknown(HilumError):
    """A name that no registry holds."""


class TrainingRefused(HilumError):
    """Data that would teach a network the wrong thing."""


class RunInvalid(HilumError):
    """A run folder that is not one, is unfinished, or belongs to other settings."""


class BundleInvalid(HilumError):
    """A bundle that is incomplete, altered, or of another format."""


class ThresholdRefused(HilumError):
    """A threshold that was chosen for another reader's scores."""


class TableInvalid(HilumError):
    """A prediction table with a bad row or column."""


class IndexInvalid(HilumError):
    """An index of reference films that is none, is empty, or was built by another bundle."""


class MessageInvalid(HilumError):
    """An HL7 message, or its MLLP frame, that is malformed."""


class ReportInvalid(HilumError):
    """A structured report that is not one of Hilum's, or that something was lost from."""


class ObjectImpossible(HilumError):
    """A DICOM object of a kind that cannot be made of a film."""


class OutputRefused(HilumError):
    """A place that cannot be written to, or holds something that will not be overwritten."""


class StateRefused(HilumError):
    """A change of a study's state that may not be."""


class StudyUnknown(HilumError):
    """No study of a number.

    Args:
        study_id: the number.
    """

    def __init__(self, study_id: int) -> None:
        super().__init__(f"there is no study {study_id}")
        self.study_id = study_id


class FilterInvalid(HilumError):
    """A filter, an order, or a page of a list that there is not."""


class DatabaseRefused(HilumError):
    """A database that Hilum cannot run on, or that another version has written."""


class PeerFailed(HilumError):
    """Another program on the network that cannot be reached, or says no."""


class ServiceRefused(PeerFailed):
    """Another DICOM program that takes no service or object of the kind that was offered."""


class StationRefused(HilumError):
    """Settings, a folder, or a port that a station cannot start with."""


class BackupInvalid(HilumError):
    """A back-up of a station that is none, is incomplete, or was altered."""


class FilmMissing(HilumError):
    """A film whose bytes are not where they were kept.

    Args:
        sha256: of the bytes.
    """

    def __init__(self, sha256: str) -> None:
        super().__init__(f"the film of SHA-256 {sha256} is not in the station's folder; send it again")
        self.sha256 = sha256


class DiskShort(HilumError):
    """A film that is turned away because the station's disk is too full; the sender may try again later.

    Args:
        free: bytes.
        needed: bytes that must stay free.
    """

    def __init__(self, free: int, needed: int) -> None:
        super().__init__(
            f"the disk is short: {free / 1e9:.1f} GB are free and {needed / 1e9:.1f} GB must stay free; "
            "make room, or let the station remove old films (docs/worklist.md)"
        )
        self.free = free
        self.needed = needed


class ExtraMissing(HilumError):
    """An optional part of Hilum is not installed.

    The command is the one that the README gives: Hilum is installed from its clone, at the tested versions.

    Args:
        what: needs it.
        extra: one of pyproject.toml's.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed; in Hilum's clone run: "
            f"pip install -c constraints.txt -e '.[{extra}]'"
        )
