"""Public datasets come from Kaggle with the user's own token: found, downloaded, checked, only then named.

The trap: a zip can be whole and hold damaged films, so besides size and MD5 every entry's checksum is read.
"""

from __future__ import annotations

import difflib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hilum.data.archive import damaged_entries
from hilum.data.download import Part, Retries, download
from hilum.data.kaggle import ANSWER_S, KaggleDataset, find_dataset
from hilum.errors import ArchiveRefused, FetchFailed, NameUnknown, OutputRefused

DATASETS = {
    "montgomery-shenzhen": KaggleDataset(
        "kmader",
        "pulmonary-chest-xray-abnormalities",
        "the Montgomery County (138) and Shenzhen (662) films, readings, and Montgomery's lung masks",
    )
}
N_NAMED = 5  # damaged entries that a message names

Progress = Callable[[str, int, int], None]  # what is going on, bytes done, bytes in all (0 where not known)


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """How to fetch; the defaults suit a person who waits."""

    retries: Retries = field(default_factory=Retries)
    answer_s: float = ANSWER_S  # seconds that Kaggle's API may take to answer
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Fetched:
    """A dataset's zip, checked."""

    zip_path: Path
    n_bytes: int
    is_new: bool  # False where it was there already
    checks: tuple[str, ...]  # what was compared: "size", "MD5", "checksum of every entry"


def find_known(name: str) -> KaggleDataset:
    """The dataset called `name`, or NameUnknown with the nearest."""
    if name not in DATASETS:
        nearest = difflib.get_close_matches(name, DATASETS, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        known = ", ".join(sorted(DATASETS))
        raise NameUnknown(f"no dataset to fetch is called {name!r}{hint} (known: {known})")
    return DATASETS[name]


def fetch_dataset(
    name: str, out: Path, *, progress: Progress | None = None, plan: FetchPlan | None = None
) -> Fetched:
    """Download the dataset's zip into the folder `out`, or finish one that broke off, and check it.

    A zip that is there already is checked and kept; Kaggle is not asked.

    Raises:
        NameUnknown: no such dataset.
        TokenMissing, ExtraMissing: no Kaggle token, or no Kaggle library.
        FetchFailed: see `hilum.data.kaggle` and `hilum.data.download`; or the zip is damaged.
        OutputRefused: `out` cannot be written to, or the disk is too small.
    """
    dataset, told, plan = find_known(name), progress or _silent, plan or FetchPlan()
    target = out / dataset.file_name
    _make_folder(out)
    if target.exists():
        _check_zip(target, told, what_to_do=f"move it away and run again; {target} is not overwritten")
        return Fetched(target, target.stat().st_size, is_new=False, checks=("checksum of every entry",))
    part = Part(target)
    remote = download(
        partial(find_dataset, dataset, answer_s=plan.answer_s),
        part,
        retries=plan.retries,
        progress=lambda done, total: told("downloading", done, total),
        sleep=plan.sleep,
    )
    try:
        _check_md5(part.path, remote.md5, told)
        _check_zip(part.path, told, what_to_do="what came was removed; run the same command again")
    except FetchFailed:
        part.clear()
        raise
    part.become(target)
    checks = (["size"] if remote.n_bytes else []) + (["MD5"] if remote.md5 else [])
    return Fetched(target, target.stat().st_size, is_new=True, checks=(*checks, "checksum of every entry"))


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputRefused(f"{out}: cannot be made: {error.strerror}") from None


def _check_md5(path: Path, md5: bytes | None, told: Progress) -> None:
    if md5 is None:
        return
    digest, done, total = hashlib.md5(usedforsecurity=False), 0, path.stat().st_size
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            done += len(chunk)
            told("checking the download", done, total)
    if digest.digest() != md5:
        raise FetchFailed(
            "the file came damaged: its MD5 is not the one that the server states; "
            "what came was removed; run the same command again"
        )


def _check_zip(path: Path, told: Progress, *, what_to_do: str) -> None:
    name = path.name.removesuffix(".part")
    try:
        damaged = damaged_entries(path, progress=lambda done, total: told("checking the films", done, total))
    except ArchiveRefused:
        raise FetchFailed(f"{name} is no whole zip; {what_to_do}") from None
    if damaged:
        named = ", ".join(entry.name for entry in damaged[:N_NAMED])
        more = f" and {len(damaged) - N_NAMED} more" if len(damaged) > N_NAMED else ""
        raise FetchFailed(f"{len(damaged)} entries of {name} are damaged ({named}{more}); {what_to_do}")


def _silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""
