"""How the exploration's figures and page name things, and text that a figure can draw.

Trap: a film's name or a reading's word may hold anything: `$` starts a formula in matplotlib, and a letter
that the font lacks draws a box with a warning.
"""

from __future__ import annotations

import functools

from matplotlib.font_manager import findfont, get_font

from hilum.reports.figures import GREY, NEGATIVE, POSITIVE

LABEL_NAMES: dict[int | None, str] = {0: "normal", 1: "tuberculosis", None: "no label"}
LABEL_COLOURS: dict[int | None, str] = {0: NEGATIVE, 1: POSITIVE, None: GREY}
LABEL_HATCHES: dict[int | None, str] = {0: "", 1: "///", None: "..."}
MEASURE_TITLES = {"brightness": "Brightness: mean grey level", "contrast": "Contrast: SD of grey levels"}


def site_name(site: str) -> str:
    """The site, or words where the manifest states none."""
    return site or "(site not stated)"


def group_name(site: str, label: int | None, *, several_sites: bool) -> str:
    """A group of films in a figure's row."""
    return drawable(f"{site_name(site)}, {LABEL_NAMES[label]}" if several_sites else LABEL_NAMES[label])


def drawable(text: str, longest: int = 40) -> str:
    """The text on one line, at most `longest` letters, that matplotlib draws as it stands."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= longest else flat[: longest - 1] + "…"
    known = _letters()
    return "".join(letter if ord(letter) in known else "?" for letter in flat).replace("$", r"\$")


def target_name(target: str) -> str:
    """What a control tells, in words: `label at Shenzhen` is asked of every film there."""
    return target.replace("label", "tuberculosis or normal", 1) if target.startswith("label") else target


def n_films(n: int) -> str:
    """ "1 film", "550 films"."""
    return f"{n:,} film{'' if n == 1 else 's'}"


@functools.cache
def _letters() -> frozenset[int]:
    return frozenset(get_font(findfont("sans")).get_charmap())
