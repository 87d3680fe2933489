"""The picture of a reading as pixels: the film with its heat map, the scale, and the words around them.

Words stand beside the film and never on it, so that nothing of the film is hidden. Trap: Pillow's built-in
font, which needs no file of ours, knows plain Latin letters only; what it lacks is told as "?".
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hilum.dicomnode.outputs.marks import NOT_ALONE
from hilum.dicomnode.outputs.reading import Reading
from hilum.inference.heat_map import FAINTEST, Grey, draw_overlay, scale_colours
from hilum.inference.sentence import outcome_sentence
from hilum.records import Pixels, Refused, Scored

MARGIN = 24  # pixels, and so below
LEAST_SIDE = 640  # of the film's longer side; a smaller one is enlarged
SCALE_WIDTH, SCALE_ROOM = 16, 104  # the bar, and the column beside the film that it stands in
HEAD_ROOM = 64
LETTER, SMALL_LETTER = 22, 16
LINE, SMALL_LINE = 30, 23
MOST_LINES = 8  # of the sentence; a refusal's reason may be long
OWN_PEAK = "The colours are scaled to this film's own peak: they compare places on it, never two films."
INK, SOFT, WARN, PAPER = (235, 238, 242), (160, 168, 178), (255, 196, 110), (12, 14, 17)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Words:
    """Lines under the film."""

    lines: tuple[str, ...]
    font: Font
    line: int  # pixels
    colour: Colour

    @property
    def height(self) -> int:
        return len(self.lines) * self.line


def draw_result(reading: Reading) -> Grey:
    """The picture (H, W, 3), 0..255, of a scored film or of a refusal and its reason."""
    heat = None if isinstance(reading.outcome, Refused) else reading.outcome.heat_map
    film = _film(reading.preview, heat)
    width = 2 * MARGIN + (film.width if film else LEAST_SIDE) + SCALE_ROOM
    words = _words(reading, width - 2 * MARGIN)
    film_height = film.height if film else 0
    height = HEAD_ROOM + film_height + MARGIN + sum(part.height for part in words) + 2 * MARGIN
    picture = Image.new("RGB", (width, height), PAPER)
    _draw_head(picture, reading)
    if film is not None:
        picture.paste(film, (MARGIN, HEAD_ROOM))
        _draw_scale(
            picture,
            left=MARGIN + film.width + MARGIN,
            bottom=HEAD_ROOM + film_height,
            has_map=heat is not None,
        )
    top = HEAD_ROOM + film_height + MARGIN
    for part in words:
        _draw_lines(picture, part, top)
        top += part.height + MARGIN // 2
    return np.asarray(picture)


def plain_letters(text: str) -> str:
    """A text in the letters that the font has; accents fall away, other scripts become "?"."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )
    return "".join(letter if " " <= letter <= "~" else " " if letter.isspace() else "?" for letter in bare)


def _film(preview: Grey | None, heat: Pixels | None) -> Image.Image | None:
    if preview is None:
        return None
    with Image.open(io.BytesIO(draw_overlay(preview, heat))) as overlay:
        film = overlay.convert("RGB")
    longest = max(film.size)
    if longest >= LEAST_SIDE:
        return film
    scale = LEAST_SIDE / longest
    size = (max(1, round(film.width * scale)), max(1, round(film.height * scale)))
    return film.resize(size, Image.Resampling.BICUBIC)


def _words(reading: Reading, width: int) -> tuple[_Words, ...]:
    large, small = ImageFont.load_default(LETTER), ImageFont.load_default(SMALL_LETTER)
    sentence = _wrapped(outcome_sentence(reading.outcome), large, width)
    if len(sentence) > MOST_LINES:
        sentence = [*sentence[: MOST_LINES - 1], "..."]
    reader = reading.reader
    made = reading.made_at.strftime("%Y-%m-%d %H:%M %z")
    facts = [
        f"Threshold {100 * reader.threshold:.1f} ({reader.operating_point}). Made {made}.",
        f"{reader.label}, bundle {reader.sha256[:16]}.",
    ]
    if isinstance(reading.outcome, Scored) and reading.outcome.heat_map is not None:
        facts.append(OWN_PEAK)
    told = [line for fact in facts for line in _wrapped(fact, small, width)]
    return (_Words(tuple(sentence), large, LINE, INK), _Words(tuple(told), small, SMALL_LINE, SOFT))


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Lines of whole words that fit a width in pixels; a word that is too long for a line is cut."""
    lines = [""]
    for word in _short_words(plain_letters(text), font, width):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _short_words(text: str, font: Font, width: int) -> Iterator[str]:
    for word in text.split():
        while font.getlength(word) > width:
            n_letters = max(1, int(len(word) * width / font.getlength(word)) - 1)
            yield word[:n_letters]
            word = word[n_letters:]
        yield word


def _draw_head(picture: Image.Image, reading: Reading) -> None:
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(LETTER)
    warning = f"{NOT_ALONE.upper()} - RESEARCH USE"
    place = picture.width - MARGIN - font.getlength(warning)
    pen.text((place, MARGIN - 4), warning, WARN, font=font)
    room = place - 2 * MARGIN
    name = f"Hilum {plain_letters(reading.reader.label)}"
    while name and font.getlength(name) > room:
        name = name[:-1]
    pen.text((MARGIN, MARGIN - 4), name, INK, font=font)


def _draw_scale(picture: Image.Image, *, left: int, bottom: int, has_map: bool) -> None:
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(SMALL_LETTER)
    if not has_map:
        pen.multiline_text((left, HEAD_ROOM), "No place\nmarked", SOFT, font=font)
        return
    height = min(260, bottom - HEAD_ROOM - 2 * SMALL_LINE)
    bar = np.repeat(scale_colours(max(2, height))[::-1][:, None], SCALE_WIDTH, axis=1)
    top = HEAD_ROOM + SMALL_LINE
    picture.paste(Image.fromarray(bar), (left, top))
    pen.text((left, HEAD_ROOM - 2), "peak", SOFT, font=font)
    pen.text((left, top + bar.shape[0] + 4), f"{FAINTEST:.0%} of it", SOFT, font=font)


def _draw_lines(picture: Image.Image, words: _Words, top: int) -> None:
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(words.lines):
        pen.text((MARGIN, top + number * words.line), line, words.colour, font=words.font)
