"""What all sources share: walking a folder, one film of a name, and masks by film name.

Films are told by their own names, never by their folder, with one exception that the data force: Montgomery's
manual masks bear their film's very name, so whatever lies in a folder with "mask" in its name, below the
folder given, is a mask.
Trap: a tree may hold one film twice. Equal bytes count once, different bytes not at all: nobody knows which
is true.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from hilum.data.source import Problem, ProblemKind
from hilum.imaging.hashing import file_sha256

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".dcm", ".dicom"})
MASK_SUFFIX = ".png"


def walk_files(folder: Path) -> Iterator[Path]:
    """All plain files under `folder` in a fixed order; hidden files and macOS's shadows are left out.

    Links to folders are not followed, so that a loop of links ends.
    """
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_shadow(name))
        for name in sorted(files):
            path = Path(parent, name)
            if not is_shadow(name) and path.is_file():
                yield path


def is_shadow(name: str) -> bool:
    """`__MACOSX`, `._film.png`, and hidden things hold nothing of the dataset."""
    return name == "__MACOSX" or name.startswith(".")


def has_shadow(entry: PurePath) -> bool:
    """Whether any part of a zip entry's name is a shadow."""
    return any(is_shadow(part) for part in entry.parts)


def is_in_mask_folder(entry: PurePath) -> bool:
    """Whether a path, relative to the set's folder, lies in a folder of masks."""
    return any("mask" in part.lower() for part in entry.parts[:-1])


def is_storable(path: Path) -> bool:
    """Whether the path is valid Unicode; a manifest cannot hold another."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def unstorable_problem(path: Path) -> Problem:
    """The refusal of a file whose name no manifest can hold."""
    shown = path.name.encode(errors="backslashreplace").decode()
    return Problem(ProblemKind.REFUSED, shown, "its path is not valid UTF-8; rename the file")


def one_of_each(paths: Iterable[tuple[str, Path]], problems: list[Problem], *, what: str) -> dict[str, Path]:
    """One file a name, by name.

    Args:
        paths: (name, file) pairs, in any order.
        problems: takes a line for each name with several files.
        what: the word for such a file, as in "film".
    """
    by_name: dict[str, list[Path]] = {}
    for name, path in paths:
        by_name.setdefault(name, []).append(path)
    kept: dict[str, Path] = {}
    for name, candidates in sorted(by_name.items()):
        if len(candidates) == 1 or len({file_sha256(path) for path in candidates}) == 1:
            kept[name] = min(candidates, key=lambda path: (len(path.parts), path))
        if len(candidates) > 1:
            problems.append(_several(name, candidates, is_kept=name in kept, what=what))
    return kept


def _several(name: str, candidates: list[Path], *, is_kept: bool, what: str) -> Problem:
    n = len(candidates)
    if is_kept:
        return Problem(
            ProblemKind.COPY, name, f"{n} files with equal bytes bear this {what}'s name; one was taken"
        )
    places = ", ".join(str(path) for path in candidates[:3])
    reason = f"{n} different files bear this {what}'s name ({places}); keep the true one and import again"
    return Problem(ProblemKind.REFUSED, name, reason)


@dataclass(frozen=True, slots=True)
class MaskShelf:
    """Lung masks by film name."""

    left: dict[str, Path]
    right: dict[str, Path]
    whole: dict[str, Path]

    def __bool__(self) -> bool:
        return bool(self.left or self.right or self.whole)

    def masks_of(self, film: str) -> tuple[Path, ...]:
        """Left and right, or one mask of both lungs, or nothing; half a pair is nothing."""
        if film in self.left and film in self.right:
            return self.left[film], self.right[film]
        return (self.whole[film],) if film in self.whole else ()

    def problem_of(self, film: str) -> Problem | None:
        """Why a film has no mask; None where it has one."""
        if self.masks_of(film):
            return None
        half = "left" if film in self.left else "right" if film in self.right else None
        reason = (
            f"only the {half} lung has a mask; half a mask is not used"
            if half
            else "no lung mask of its name"
        )
        return Problem(ProblemKind.MISSING_MASK, film, reason)


def shelve_masks(files: Iterable[Path], problems: list[Problem]) -> MaskShelf:
    """Sort mask files by side, told by their folder, and by film, told by name (`F.png` or `F_mask.png`)."""
    sides: dict[str, list[tuple[str, Path]]] = {"left": [], "right": [], "whole": []}
    for path in files:
        if path.suffix.lower() == MASK_SUFFIX and is_storable(path):
            film = path.stem.removesuffix("_mask").removesuffix("_MASK")
            sides[_side(path)].append((film.upper(), path))
    shelves = {side: one_of_each(found, problems, what="mask") for side, found in sides.items()}
    return MaskShelf(**shelves)


def _side(path: Path) -> str:
    folder = path.parent.name.lower()
    if "mask" not in folder:
        return "whole"
    return "left" if "left" in folder else "right" if "right" in folder else "whole"
