"""Writes a set of phantoms to a folder: films with masks and a manifest, or the Kaggle zip's tree.

Everything is written to a folder of another name beside the one asked for and moved at the end, so a set is
there whole or not at all.
The trap: the Kaggle tree holds no finding masks and no truth table, because the real one holds none.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path

from hilum.data.phantom.cohort import FileForm, Mix, Order, plan_films, plan_kaggle
from hilum.data.phantom.files import write_dicom, write_mask, write_png
from hilum.data.phantom.film import Phantom
from hilum.data.phantom.site import Site
from hilum.data.phantom.wording import (
    montgomery_finding,
    montgomery_reading,
    shenzhen_finding,
    shenzhen_reading,
)
from hilum.errors import OutputRefused
from hilum.findings import Sex

TRUTH_NAME = "phantoms.csv"
TRUTH_COLUMNS = ("film", "file", "site", "patient", "label", "pattern", "view", "age_years", "sex",
                 "laterality", "zones", "kinds", "distractors", "pixel_mm")  # fmt: skip
_SHENZHEN = Path("ChinaSet_AllFiles/ChinaSet_AllFiles")
_MONTGOMERY = Path("Montgomery/MontgomerySet")
_THUMBS = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)  # the head of the OLE file that Windows leaves about

_TIED_IN_MONTGOMERY = {113, 117, 162, 166, 170}  # importers know these films for two patients'


class Layout(StrEnum):
    """The trees that phantoms are written in."""

    FILMS = "films"
    KAGGLE = "kaggle"


@dataclass(frozen=True, slots=True)
class _Job:
    folder: Path
    side: int
    seed: int
    mix: Mix


def write_phantoms(
    folder: Path,
    *,
    n: int = 24,
    seed: int = 0,
    side: int = 512,
    layout: str = Layout.FILMS,
    mix: Mix | None = None,
) -> Path:
    """Draw `n` films into `folder`, which must be empty or absent, and return it.

    Args:
        side: pixels along a film's longer edge.
        layout: "films" (films, masks, readings, phantoms.csv, a manifest) or "kaggle" (that zip's tree).
        mix: prevalence and file form; half the films with a finding, each site in its own form, if None.

    Raises:
        OutputRefused: the folder holds something, or cannot be written to.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputRefused(f"{folder}: not an empty folder, and phantoms overwrite nothing; choose another")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as partial:
            job = _Job(Path(partial) / "set", side, seed, mix or Mix())
            job.folder.mkdir()
            _WRITERS[Layout(layout)](job, n)
            if folder.exists():
                folder.rmdir()
            shutil.move(job.folder, folder)
    except OSError as error:
        raise OutputRefused(f"{folder}: cannot be written: {error.strerror or error}") from None
    return folder


def _write_films(job: _Job, n: int) -> None:
    for name in ("films", "readings", "masks/left", "masks/right", "masks/finding"):
        (job.folder / name).mkdir(parents=True)
    rows = []
    for order in plan_films(n, seed=job.seed, mix=job.mix):
        phantom = order.draw(job.side)
        film = f"phantom_{order.number:04d}"
        file = f"{film}.{'dcm' if order.form is FileForm.DICOM else 'png'}"
        _write_film(phantom, order, job.folder / "films" / file)
        write_mask(phantom.left_lung, job.folder / "masks/left" / f"{film}.png")
        write_mask(phantom.right_lung, job.folder / "masks/right" / f"{film}.png")
        if phantom.label:
            write_mask(phantom.finding, job.folder / "masks/finding" / f"{film}.png")
        (job.folder / "readings" / f"{film}.txt").write_bytes(_reading(phantom, order))
        rows.append(_truth(phantom, order, film=film, file=file))
    with (job.folder / TRUTH_NAME).open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, TRUTH_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    _write_manifest(job.folder)


def _write_film(phantom: Phantom, order: Order, path: Path) -> None:
    if order.form is FileForm.DICOM:
        write_dicom(phantom, path, number=order.turn, patient=_patient(order))
    else:
        write_png(phantom, path, number=order.turn)


def _patient(order: Order) -> str:
    return f"PH{order.patient:04d}"


def _reading(phantom: Phantom, order: Order) -> bytes:
    person, number = phantom.person, order.turn
    if order.site is Site.B:
        finding = montgomery_finding(phantom.pattern, phantom.zones, phantom.laterality)
        return montgomery_reading(finding, sex=person.sex, age_years=person.age_years)
    finding = shenzhen_finding(phantom.pattern, phantom.zones, phantom.laterality, number=number)
    return shenzhen_reading(finding, sex=person.sex, age_years=person.age_years, number=number)


def _truth(phantom: Phantom, order: Order, *, film: str, file: str) -> dict[str, object]:
    return {
        "film": film,
        "file": f"films/{file}",
        "site": order.site.value,
        "patient": _patient(order),
        "label": phantom.label,
        "pattern": phantom.pattern or "",
        "view": phantom.setup.view,
        "age_years": f"{phantom.person.age_years:g}",
        "sex": phantom.person.sex.value,
        "laterality": phantom.laterality or "",
        "zones": "; ".join(phantom.zones),
        "kinds": "; ".join(phantom.kinds),
        "distractors": "; ".join(phantom.distractors),
        "pixel_mm": f"{phantom.pixel_mm:.4f}",
    }


def _write_manifest(folder: Path) -> None:
    """Measure the films as an import would, and write the manifest."""
    from hilum.data.manifest import MANIFEST_NAME, write_manifest
    from hilum.data.measuring import MeasureLog, measure_films
    from hilum.data.sources.phantom import PhantomSource

    with tempfile.TemporaryDirectory() as scratch:
        measured = measure_films(PhantomSource().read_films(folder).films, MeasureLog(Path(scratch) / "log"))
    write_manifest(measured.films, folder / MANIFEST_NAME)


def _write_kaggle(job: _Job, n: int) -> None:
    for name in (_SHENZHEN / "CXR_png", _SHENZHEN / "ClinicalReadings", _MONTGOMERY / "CXR_png",
                 _MONTGOMERY / "ClinicalReadings", _MONTGOMERY / "ManualMask/leftMask",
                 _MONTGOMERY / "ManualMask/rightMask"):  # fmt: skip
        (job.folder / name).mkdir(parents=True)
    (job.folder / _SHENZHEN / "CXR_png/Thumbs.db").write_bytes(_THUMBS)
    orders = plan_kaggle(n, seed=job.seed, mix=job.mix)
    for site, write in ((Site.A, _write_shenzhen), (Site.B, _write_montgomery)):
        own = [order for order in orders if order.site is site]
        own.sort(key=lambda order: order.pattern is not None)  # the real sets number the normal films first
        numbers: dict[int, list[str]] = {}
        for k, order in zip(_numbers(site), own, strict=False):
            earlier = numbers.setdefault(order.patient, [])
            write(job, order, k, tuple(earlier))
            earlier.append(f"{k:04d}")


def _numbers(site: Site) -> Iterator[int]:
    """Film numbers from 1, but for those that Montgomery's own notes tie to each other."""
    return (k for k in count(1) if site is not Site.B or k not in _TIED_IN_MONTGOMERY)


def _write_shenzhen(job: _Job, order: Order, k: int, earlier: tuple[str, ...]) -> None:
    phantom, folder = order.draw(job.side), job.folder / _SHENZHEN
    name = f"CHNCXR_{k:04d}_{phantom.label}"
    write_png(phantom, folder / "CXR_png" / f"{name}.png", number=order.turn)
    (folder / "ClinicalReadings" / f"{name}.txt").write_bytes(_reading(phantom, order))


def _write_montgomery(job: _Job, order: Order, k: int, earlier: tuple[str, ...]) -> None:
    phantom, folder = order.draw(job.side), job.folder / _MONTGOMERY
    name = f"MCUCXR_{k:04d}_{phantom.label}"
    write_png(phantom, folder / "CXR_png" / f"{name}.png", number=order.turn)
    write_mask(phantom.left_lung, folder / "ManualMask/leftMask" / f"{name}.png")
    write_mask(phantom.right_lung, folder / "ManualMask/rightMask" / f"{name}.png")
    sex = Sex.OTHER if order.turn % 9 == 3 else phantom.person.sex  # the set holds an O
    finding = montgomery_finding(phantom.pattern, phantom.zones, phantom.laterality)
    text = montgomery_reading(finding, sex=sex, age_years=phantom.person.age_years, same_patient_as=earlier)
    (folder / "ClinicalReadings" / f"{name}.txt").write_bytes(text)


_WRITERS: dict[Layout, Callable[[_Job, int], None]] = {
    Layout.FILMS: _write_films,
    Layout.KAGGLE: _write_kaggle,
}
