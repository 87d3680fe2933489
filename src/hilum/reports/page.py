"""HTML pages that stand alone: one base template, pictures inside the file, nothing from the network.

Trap: a page is often opened on a station without internet and mailed as one file, so a template may not name
a script, font, or picture by address; hand pictures over with `data_uri`.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import math
import os
from pathlib import Path
from typing import Any

import jinja2

import hilum
from hilum.errors import OutputRefused
from hilum.records import Estimate

RESEARCH_USE = (
    "For research use only: Hilum is not a medical device; a qualified person reads every film and decides."
)


def render_page(template: str, **context: Any) -> str:
    """The HTML of a template of `reports/templates/`, as in `render_page("evaluation.html", title=...)`.

    Every value is escaped; a name that the template uses and `context` lacks is a bug and raises.
    """
    return _environment().get_template(template).render(**context)


def data_uri(content: bytes, media_type: str = "image/png") -> str:
    """A picture as text for an `src` attribute, so that the page carries it."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def cut_text(threshold: float, digits: int = 6) -> str:
    """A threshold in so many digits, rounded down, so that whoever types it flags no film less."""
    if float(f"{threshold:.{digits}g}") == threshold:
        return f"{threshold:.{digits}g}"
    step = 10.0 ** (math.floor(math.log10(abs(threshold))) - digits + 1)
    for value in (threshold, threshold - step):
        text = f"{value:#.{digits}g}".rstrip(".")
        if float(text) <= threshold:
            return text
    return repr(threshold)


def estimate_text(estimate: Estimate, digits: int = 3) -> str:
    """An estimate as read aloud: `0.912 (0.887 to 0.936)`, or why there is none."""
    if estimate.value is None:
        return f"not estimated: {estimate.why}"
    return f"{estimate.value:.{digits}f} ({interval_text(estimate, digits)})"


def interval_text(estimate: Estimate, digits: int = 3) -> str:
    """The interval alone: `0.887 to 0.936`, `from 0.887`, or why there is none."""
    if estimate.low is None:
        return estimate.why or "no interval"
    if estimate.high is None:
        return f"from {estimate.low:.{digits}f}"
    return f"{estimate.low:.{digits}f} to {estimate.high:.{digits}f}"


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name and rename it, so that a half-written one never stays.

    Raises:
        OutputRefused: the place cannot be written to.
    """
    encoded = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(encoded)
        temporary.replace(path)
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hilum.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["research_use"] = RESEARCH_USE
    environment.globals["hilum_version"] = hilum.__version__
    environment.filters["estimate"] = estimate_text
    environment.filters["interval"] = interval_text
    return environment
