"""`hilum data fetch`: a public dataset comes from Kaggle with the user's own token."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import click

JUNK = {"thumbs.db", "desktop.ini", ".ds_store"}


@click.command("fetch", short_help="Download a public set with your own Kaggle token.")
@click.argument("name")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the zip.")
@click.option("--unpack", is_flag=True, help="Unpack it beside the zip afterwards.")
@click.option("--import", "then_import", is_flag=True, help="Import it into --out afterwards.")
def data_fetch(name: str, out: Path, unpack: bool, then_import: bool) -> None:
    """Download the dataset NAME from Kaggle into --out and check it.

    NAME is montgomery-shenzhen: the Montgomery County and Shenzhen tuberculosis sets, about 9 GB on disk.
    It needs your own Kaggle token and the extra `fetch`.
    Run it again after an interruption: it goes on where it stopped.
    """
    from hilum.data.fetch import fetch_dataset

    with Bars() as bars:
        fetched = fetch_dataset(name, out, progress=bars.tell)
    what = "fetched" if fetched.is_new else "there already"
    click.echo(
        f"{what}: {fetched.zip_path} ({fetched.n_bytes / 1e6:,.1f} MB; checked: {', '.join(fetched.checks)})"
    )
    source = _unpacked(fetched.zip_path) if unpack else fetched.zip_path
    if then_import:
        _import(source, out)
    else:
        click.echo(f"next: hilum data import {source} --out DIR")


class Bars:
    """Progress on standard error, a bar a stage on a terminal and a line a tenth elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ("", -1)
        self._is_drawn = sys.stderr.isatty() and find_spec("tqdm") is not None  # Kaggle's library brings it

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def tell(self, what: str, done: int, total: int) -> None:
        if self._is_drawn:
            self._draw(what, done, total)
            return
        tenth = 10 * done // total if total else 0
        if (what, tenth) != self._stage:
            self._stage = (what, tenth)
            click.echo(f"{what}: {done / 1e6:,.1f} of {total / 1e6:,.1f} MB", err=True)

    def _draw(self, what: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None or self._stage[0] != what:
            self._close()
            self._stage = (what, 0)
            self._bar = tqdm(desc=what, total=total or None, initial=done, unit="B", unit_scale=True)
        self._bar.n = done
        self._bar.refresh() if done == total else self._bar.update(0)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _unpacked(zip_path: Path) -> Path:
    """Unpack beside the zip and say what was refused."""
    from hilum.data.archive import unpack_films

    folder = zip_path.with_suffix("")
    with Bars() as bars:
        report = unpack_films(
            zip_path,
            folder,
            wanted=_is_wanted,
            progress=lambda done, total: bars.tell("unpacking", done, total),
        )
    click.echo(f"unpacked: {len(report.unpacked)} files into {folder}, {len(report.kept)} were there already")
    for entry in report.refused:
        click.echo(f"refused: {entry.name}: {entry.reason}")
    return folder


def _is_wanted(name: str) -> bool:
    path = Path(name)
    return path.name.lower() not in JUNK and "__MACOSX" not in path.parts


def _import(source: Path, out: Path) -> None:
    from hilum.cli.data_import import data_import

    click.get_current_context().invoke(
        data_import, path=source, out=out, masks=None, replace=False, source="auto",
        table=None, columns=(), labels=(), site=None,
    )  # fmt: skip
