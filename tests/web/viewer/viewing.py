"""Films made for the viewer, the page that shows them under a strict content policy, and what is seen there.

The trap: the policy forbids strings as code, and with them Playwright's `wait_for_function`; `until` asks
again and again instead.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.dataset import FileDataset, FileMetaDataset

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; object-src 'none'; base-uri 'none'"
)
PROCESSOR = ("--no-sandbox", "--disable-gpu")
SOFTWARE_CARD = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
NO_CARD = ("--no-sandbox", "--disable-gpu", "--disable-3d-apis")
_PAGE = """<!doctype html>
<html lang="en"{direction}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Viewer</title><link rel="icon" href="data:,"><link rel="stylesheet" href="page.css">
<script type="module" src="{root}static/viewer/film-viewer.js"></script></head><body>{body}</body></html>"""
_STYLE = """body { margin: 0; font-family: sans-serif; background: #fff; color: #000 }
film-viewer { --film-height: 400px; }
.dark { --ink: #e6e9ec; --paper: #14171a; --accent: #6db3f2; --line: #454c54; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }"""


def write_film(
    path: Path, pixels: np.ndarray, *, syntax: str = uid.ExplicitVRLittleEndian, **header: Any
) -> None:
    """Write stored values (H, W) or colours (H, W, 3) as a DX film of 12 bits; `header` adds by keyword."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    film = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.Modality = "DX"
    film.Rows, film.Columns = pixels.shape[:2]
    film.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.ndim == 3:
        film.PlanarConfiguration = 0
    film.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    film.BitsAllocated = 8 * pixels.dtype.itemsize
    film.BitsStored = min(12, film.BitsAllocated)
    film.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in header.items():
        setattr(film, keyword, value)
    film.HighBit = film.BitsStored - 1
    film.PixelData = pixels.tobytes()
    if syntax != uid.ExplicitVRLittleEndian:
        film.compress(syntax, generate_instance_uid=False)
    film.save_as(path, enforce_file_format=True)


def write_overlay(path: Path, colours: np.ndarray) -> None:
    """Write an overlay (H, W, 4) as PNG."""
    Image.fromarray(colours, "RGBA").save(path)


class _Pages(SimpleHTTPRequestHandler):
    """Serves a folder, and the built viewer as static/viewer, with the policy on every answer."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".wasm": "application/wasm",
        ".js": "text/javascript",
    }

    def __init__(self, *args: Any, built: Path, folder: Path) -> None:
        self.built = built
        super().__init__(*args, directory=str(folder))

    def translate_path(self, path: str) -> str:
        name = path.partition("?")[0].partition("static/viewer/")[2]
        return str(self.built / name) if name else super().translate_path(path)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(built: Path, folder: Path) -> Iterator[str]:
    """The address under which `folder` is served on the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, built=built, folder=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def until(condition: Callable[[], Any], *, timeout_s: float = 60) -> Any:
    """The first true answer of `condition`, asked for `timeout_s` at the most."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout_s} s")


class Viewing:
    """One page of a browser with viewers on it."""

    def __init__(self, page: Any, address: str, folder: Path) -> None:
        self.page = page
        self._address = address
        self._folder = folder
        self.complaints: list[str] = []  # of the browser: errors, and what the policy forbade
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda m: m.type == "error" and self.complaints.append(m.text))

    def open(self, body: str, *, direction: str = "", root: str = "/") -> Viewing:
        """Show a page and wait until each of its viewers shows a film or says why not.

        The viewer is fetched from `root`/static/viewer.
        """
        html = _PAGE.format(body=body, root=root, direction=f' dir="{direction}"' if direction else "")
        (self._folder / "page.html").write_text(html, encoding="utf-8")
        (self._folder / "page.css").write_text(_STYLE, encoding="utf-8")
        self.page.goto(f"{self._address}/page.html")
        until(lambda: self.page.evaluate(_ALL_SETTLED))
        return self

    def show(self, film: str, **attributes: str) -> Viewing:
        """Show one film; attributes of the viewer by name."""
        given = "".join(f" {name}='{value}'" for name, value in attributes.items())
        return self.open(f"<film-viewer film='{film}'{given}></film-viewer>")

    def state(self, index: int = 0) -> dict[str, Any]:
        found = self.page.evaluate("i => document.querySelectorAll('film-viewer')[i].state", index)
        return dict(found)

    def seen(self, index: int = 0) -> np.ndarray:
        """The stage as it is on the screen, (H, W, 3) uint8, in device pixels."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        shot = self.page.locator("film-viewer .stage").nth(index).screenshot(scale="device")
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))

    def tone(self, across: float, down: float, index: int = 0) -> int:
        """The grey on the screen at a point of the film, in film pixels."""
        seen, state = self.seen(index), self.state(index)
        height, width = seen.shape[:2]
        x = width / 2 + (across - state["centre"][0]) * state["zoom"]
        y = height / 2 + (down - state["centre"][1]) * state["zoom"]
        return int(seen[int(y), int(x), 1])

    def press(self, *keys: str, index: int = 0) -> None:
        """Type keys while the stage has the focus."""
        stage = self.page.locator("film-viewer .stage").nth(index)
        for key in keys:
            stage.press(key)

    def click(self, command: str) -> None:
        self.page.locator(f"film-viewer [data-command={command}]").first.click()

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """Drag with the left button, in CSS pixels of the first stage."""
        box = self.page.locator("film-viewer .stage").first.bounding_box()
        x, y = box["x"] + start[0], box["y"] + start[1]
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + by[0] / 2, y + by[1] / 2)
        self.page.mouse.move(x + by[0], y + by[1])
        self.page.mouse.up()

    def alert(self) -> str:
        return str(self.page.locator("film-viewer [role=alert]").inner_text())


def words(**given: str) -> str:
    """The attribute `words`."""
    return json.dumps(given)


_ALL_SETTLED = """() => [...document.querySelectorAll('film-viewer')].every(viewer => viewer.state?.shown
    || (viewer.shadowRoot && !viewer.shadowRoot.querySelector('[role=alert]').hidden))"""
