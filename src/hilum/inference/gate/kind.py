"""What a picture is of, by a small network of the bundle's: a chest film, or which other thing.

The network, `gate.onnx`, answers with a logit for each kind of picture, and with how far the picture lies
from the chest films that it knows (Mahalanobis distance of its features; K. Lee et al., NeurIPS 2018). The
distance is judged by its conformal p-value (V. Vovk et al., Algorithmic Learning in a Random World, 2005):
the share of chest films, not used to set the distance, that lie as far or farther.
Trap: a bundle without the file is read all the same, and its gate knows chests by their lungs alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hilum.errors import BundleInvalid, UnreadableImage
from hilum.imaging.chest import whole_picture
from hilum.imaging.recipe import Canvas
from hilum.inference.bundle import Bundle
from hilum.inference.gate.limits import GateLimits
from hilum.inference.gate.lungs import turn_words
from hilum.inference.session import Graph, Port
from hilum.records import RefusalCode

GRAPH_NAME = "gate.onnx"  # in the bundle's folder
NOTE = "hilum.gate"  # the key of the graph's metadata under which its facts are kept, as JSON
SIDE = 128  # pixels of the picture that it looks at
CHEST = "chest"
MIRRORED = "mirrored"  # a chest film all the same: it may be dextrocardia
# The kinds that a network may know, and what a picture is refused as where it is one of them
CODES = {
    "turned": RefusalCode.TURNED,
    "inverted": RefusalCode.INVERTED,
    "part": RefusalCode.CUT_OFF,
    "collage": RefusalCode.COLLAGE,
    "other X-ray": RefusalCode.NOT_A_CHEST,
    "no X-ray": RefusalCode.NOT_AN_XRAY,
}
# Kinds that are of a chest film; the least that they must hold together for their words to be used. Chosen on
# half A of benchmarks/gate: bones and hands have 0.63 at most, and half of a chest film 0.84 as a median
OF_A_CHEST = ("turned", "inverted", "part", "collage")
LEAST_OF_A_CHEST = 0.65
SENTENCES = {
    "turned": "The picture looks like a chest film that is upside down or on its side; turn it upright.",
    "inverted": "The picture looks like a chest film with bone dark; invert it.",
    "part": "The picture looks like a part of a chest film; send the whole film.",
    "collage": "The picture looks like several films in one; send each by itself.",
    "other X-ray": "The picture looks like an X-ray of something other than the chest from the front.",
    "no X-ray": "The picture does not look like an X-ray film.",
}


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What gate.onnx says of itself."""

    kinds: tuple[str, ...]  # in the order of its logits
    least_chest: float  # probability of a chest film, of 1; below it a picture is refused
    least_p: float  # conformal p-value; below it a picture is refused
    distances: tuple[float, ...]  # of chest films that did not set the distance, ascending
    data: str  # what it learnt from, as a sentence


@dataclass(frozen=True, slots=True)
class Kind:
    """What a picture is taken for."""

    probabilities: dict[str, float]  # by kind; they sum to 1
    distance: float  # from the chest films, in spreads
    p_value: float  # share of chest films that lie as far, 0..1

    @property
    def chest(self) -> float:
        """Of an upright chest film, mirrored or not."""
        return self.probabilities[CHEST] + self.mirrored

    @property
    def turned(self) -> float:
        return self.probabilities.get("turned", 1.0)

    @property
    def mirrored(self) -> float:
        return self.probabilities.get(MIRRORED, 0.0)


class KindFinder:
    """Tells what a picture is of; safe to share between threads.

    Raises:
        BundleInvalid: the graph cannot be opened, has other ports, or says nothing valid of itself.
    """

    def __init__(self, path: Path, *, n_threads: int = 0) -> None:
        self._graph = Graph(
            path,
            input_port=Port("film", (None, 1, SIDE, SIDE)),
            output_ports=[Port("kinds", (None, None)), Port("distance", (None,))],
            n_threads=n_threads,
        )
        self.facts = read_facts(self._graph.metadata.get(NOTE, ""), where=str(path))

    def look(self, canvas: Canvas) -> Kind:
        """What a film's canvas shows.

        Raises:
            ArithmeticError: the network answers with something that is not a number.
        """
        logits, distances = self._graph.run(whole_picture(canvas, SIDE)[None])
        if not (np.isfinite(logits).all() and np.isfinite(distances).all()):
            raise ArithmeticError("the gate's network answers with what is not a number")
        shares = _softmax(np.asarray(logits[0], np.float64))
        distance = float(distances[0])
        return Kind(
            dict(zip(self.facts.kinds, map(float, shares), strict=True)),
            distance,
            p_value(distance, self.facts.distances),
        )


def kind_finder(bundle: Bundle, *, n_threads: int = 0) -> KindFinder | None:
    """The bundle's own, or None where it has none."""
    if GRAPH_NAME not in bundle.sha256:
        return None
    return KindFinder(bundle.folder / GRAPH_NAME, n_threads=n_threads)


def check_kind(kind: Kind, facts: GateFacts) -> None:
    """Let a chest film through, or say what the picture looks like.

    Raises:
        UnreadableImage: turned, inverted, cut off, collage, not a chest, not an X-ray, or unfamiliar.
    """
    if kind.chest < facts.least_chest:
        likeliest = _likeliest_other(kind)
        raise UnreadableImage(
            CODES[likeliest],
            f"{SENTENCES[likeliest]} The probability of an upright chest film is {kind.chest:.4f}, "
            f"where {facts.least_chest:.4f} is the least.",
        )
    if kind.p_value < facts.least_p:
        raise UnreadableImage(
            RefusalCode.UNFAMILIAR,
            f"The picture is unlike the chest films that the bundle knows: {kind.p_value:.4f} of them are as "
            f"unlike the others (distance {kind.distance:.1f}), where {facts.least_p:.4f} is the least.",
        )


def _likeliest_other(kind: Kind) -> str:
    """What a picture is most likely of, if not a chest film that lies as it should."""
    others = {name: share for name, share in kind.probabilities.items() if name in CODES}
    of_a_chest = sum(share for name, share in others.items() if name in OF_A_CHEST)
    foreign = {name: share for name, share in others.items() if name not in OF_A_CHEST}
    if foreign and of_a_chest < LEAST_OF_A_CHEST:
        others = foreign
    return max(others, key=others.__getitem__)


def check_as_turned(kind: Kind, quarters: int, limits: GateLimits) -> None:
    """Refuse a picture as turned where, turned by so many quarters, it is plainly a chest film.

    Raises:
        UnreadableImage: turned.
    """
    if kind.chest >= limits.min_plain_chest:
        raise UnreadableImage(
            RefusalCode.TURNED,
            f"Turned by {turn_words(quarters)} the picture is a chest film (probability {kind.chest:.4f}, "
            f"where {limits.min_plain_chest} is the least to say so); turn it upright.",
        )


def check_as_inverted(kind: Kind, limits: GateLimits) -> None:
    """Refuse a picture as inverted where, with black and white changed, it is plainly a chest film.

    Raises:
        UnreadableImage: inverted.
    """
    if kind.chest >= limits.min_plain_chest:
        raise UnreadableImage(
            RefusalCode.INVERTED,
            f"With black and white changed the picture is a chest film (probability {kind.chest:.4f}, where "
            f"{limits.min_plain_chest} is the least to say so); invert it.",
        )


def warnings_of_kind(kind: Kind, least_mirrored: float) -> tuple[str, ...]:
    """What a reader is told of a film that passes, as sentences; a mirrored heart is no error."""
    if kind.mirrored < least_mirrored:
        return ()
    return (
        f"The heart seems to lie on the patient's right (probability {kind.mirrored:.2f}, told from "
        f"{least_mirrored:.2f} on): a mirrored film, dextrocardia, or disease; check the side marker.",
    )


def p_value(distance: float, known: tuple[float, ...]) -> float:
    """The share of chest films, this one counted among them, that lie as far or farther."""
    n_farther = len(known) - int(np.searchsorted(known, distance, side="left"))
    return (1 + n_farther) / (1 + len(known))


def facts_as_text(facts: GateFacts) -> str:
    """The note for the graph's metadata."""
    return json.dumps({name: getattr(facts, name) for name in GateFacts.__dataclass_fields__})


def read_facts(text: str, *, where: str) -> GateFacts:
    """The graph's note, checked.

    Raises:
        BundleInvalid: it is no valid note.
    """
    try:
        table = json.loads(text)
        facts = GateFacts(
            kinds=tuple(str(name) for name in table["kinds"]),
            least_chest=float(table["least_chest"]),
            least_p=float(table["least_p"]),
            distances=tuple(float(value) for value in table["distances"]),
            data=str(table["data"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BundleInvalid(f"{where}: the note {NOTE} in it cannot be read: {error}") from None
    known = {CHEST, MIRRORED, *CODES}
    are_kinds = CHEST in facts.kinds and bool(set(facts.kinds) & set(CODES)) and set(facts.kinds) <= known
    are_limits = 0 <= facts.least_chest <= 1 and 0 <= facts.least_p <= 1
    if not are_kinds or not are_limits or list(facts.distances) != sorted(facts.distances):
        raise BundleInvalid(f"{where}: the note {NOTE} in it contradicts itself")
    return facts


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum())
