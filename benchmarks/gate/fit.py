"""Fit a bundle's gate.onnx: what a picture is of, by the features of its lungs network and by its edges.

The trunk is the lungs network down to its narrowest layer, pooled over the four quarters of the picture, with
the strength of edges in eight directions over sixteen cells beside it. On the square roots of these lie a
multinomial logistic for the kinds and a Mahalanobis distance from chest films.
Limits come from chest films of hospitals that the fit did not see, each left out in turn.

    python benchmarks/gate/fit.py --chest shenzhen=FOLDER --other FOLDER --half A --out gate.onnx
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from halves import half_a
from onnx import TensorProto, helper, numpy_helper
from pictures import Picture, altered_films, drawings, kind_of_folder, read_folder
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression

from hilum.imaging.chest import whole_picture
from hilum.inference.bundle import read_bundle
from hilum.inference.gate.kind import CHEST, MIRRORED, NOTE, SIDE, GateFacts, facts_as_text
from hilum.inference.session import Graph, Port

NARROWEST = "relu_9"  # the lungs network's tensor of 8 x 8 cells
PENALTY = 1e-3  # sklearn's C; of 3e-4 to 1e-2, what missed least of kinds left out
OTHER_WEIGHT = 6.0  # of a real picture of no chest, for they are few
N_AXES = 64  # principal axes of the distance
LEAST_CHEST = 0.007  # share of chest films of other hospitals that may fall below the limit on probability
LEAST_P = 0.004  # and on the conformal p-value
N_EDGES = 8  # directions


@dataclass(frozen=True)
class Fitted:
    """A logistic over kinds and a distance, both of standardised features."""

    kinds: tuple[str, ...]
    mean: np.ndarray  # (F,)
    scale: np.ndarray  # (F,)
    weights: np.ndarray  # (F, K)
    bias: np.ndarray  # (K,)
    axes: np.ndarray  # (F, N_AXES), whitening
    centre: np.ndarray  # (N_AXES,)

    def chest(self, features: np.ndarray) -> np.ndarray:
        """Probability of a chest film, upright, mirrored or not."""
        logits = (features - self.mean) / self.scale @ self.weights + self.bias
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = raised / raised.sum(axis=1, keepdims=True)
        return shares[:, [self.kinds.index(CHEST), self.kinds.index(MIRRORED)]].sum(axis=1)

    def distance(self, features: np.ndarray) -> np.ndarray:
        """In spreads, over the square root of the number of axes."""
        placed = (features - self.mean) / self.scale @ self.axes - self.centre
        return np.sqrt((placed**2).mean(axis=1))


def main() -> None:
    """Read, fit, leave out, write."""
    options = parse()
    bundle = read_bundle(options.bundle)
    trunk = options.out.with_suffix(".trunk.onnx")
    write_trunk(bundle.lungs_path, trunk)
    pictures = read_all(options)
    features = features_of(trunk, pictures)
    chests = [place for place, one in enumerate(pictures) if one.is_plain and one.kind == CHEST]
    left_out = {
        name: [place for place in chests if pictures[place].group == name] for name, _ in options.chest
    }
    probability, distance = np.full(len(pictures), np.nan), np.full(len(pictures), np.nan)
    for name, judged in left_out.items():
        fitted = fit(pictures, features, without=name)
        probability[judged], distance[judged] = (
            fitted.chest(features[judged]),
            fitted.distance(features[judged]),
        )
    judged = [place for place in chests if np.isfinite(distance[place])]
    least = float(np.quantile(probability[judged], LEAST_CHEST))
    fitted = fit(pictures, features, without=None)
    sites = ", ".join(f"{len(places)} of {name}" for name, places in left_out.items())
    n_other = sum(one.is_plain and one.kind != CHEST for one in pictures)
    data = (
        f"chest films: {sites}; {n_other} other pictures (half {options.half}); {len(pictures)} with "
        f"those made of them; limits from {len(judged)} chest films, each hospital judged by a fit without it"
    )
    known = tuple(float(round(value, 4)) for value in np.sort(distance[judged]))
    facts = GateFacts(fitted.kinds, least, LEAST_P, known, data)
    write_gate(trunk, fitted, facts, options.out)
    print(f"{data}\nleast chest {least:.4f}, written {options.out}")
    if options.leave_kinds:
        for line in kinds_left_out(pictures, features, least):
            print(line)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="hilum-base", help="whose lungs network the trunk is of")
    parser.add_argument("--chest", type=named, action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--phantoms", type=Path, help="made films; learnt from, never judged")
    parser.add_argument("--other", type=Path, required=True, help="pictures of no chest, a folder a kind")
    parser.add_argument("--half", choices=("A", "both"), default="A", help="of the other pictures")
    parser.add_argument("--leave-kinds", action="store_true", help="judge each kind by a fit without it, too")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def named(text: str) -> tuple[str, Path]:
    """NAME=FOLDER as the two."""
    name, _, folder = text.partition("=")
    return name, Path(folder)


def read_all(options: argparse.Namespace) -> list[Picture]:
    """Everything to learn from, and what is made of it."""
    rng = np.random.default_rng(7)
    films = [one for name, folder in options.chest for one in read_folder(folder, group=name, kind=CHEST)]
    if options.phantoms is not None:
        films += read_folder(options.phantoms, group="phantoms", kind=CHEST)
    others = [one for folder in sorted(options.other.iterdir()) if folder.is_dir()
              for one in read_folder(folder, group=folder.name, kind=kind_of_folder(folder))]  # fmt: skip
    if options.half == "A":
        kept = half_a([one.path for one in others if one.path is not None])
        others = [one for one in others if one.path in kept]
    print(f"{len(films)} films, {len(others)} others", file=sys.stderr)
    return [*films, *others, *altered_films(films, rng), *drawings(120, rng)]


def features_of(trunk: Path, pictures: Sequence[Picture]) -> np.ndarray:
    """(N, F)."""
    graph = Graph(trunk, input_port=Port("film", (None, 1, SIDE, SIDE)),
                  output_ports=[Port("features", (None, None))], n_threads=1)  # fmt: skip
    seen = (whole_picture(one.canvas, SIDE)[None] for one in pictures)
    return np.concatenate([graph.run(array)[0] for array in seen]).astype(np.float64)


def fit(pictures: Sequence[Picture], features: np.ndarray, *, without: str | None) -> Fitted:
    """On all pictures but those of one group, and those made of them."""
    used = [place for place, one in enumerate(pictures) if one.group != without]
    kinds = np.array([pictures[place].kind for place in used])
    weight = [
        OTHER_WEIGHT if pictures[place].is_plain and pictures[place].kind != CHEST else 1.0 for place in used
    ]
    mean, scale = features[used].mean(axis=0), features[used].std(axis=0) + 1e-3
    placed = (features[used] - mean) / scale
    model = LogisticRegression(C=PENALTY, max_iter=300).fit(placed, kinds, sample_weight=weight)
    chests = placed[kinds == CHEST]
    values, vectors = np.linalg.eigh(LedoitWolf().fit(chests).covariance_)
    axes = vectors[:, ::-1][:, :N_AXES] / np.sqrt(values[::-1][:N_AXES])
    return Fitted(tuple(map(str, model.classes_)), mean, scale, model.coef_.T, model.intercept_, axes,
                  (chests @ axes).mean(axis=0))  # fmt: skip


def kinds_left_out(pictures: Sequence[Picture], features: np.ndarray, least: float) -> list[str]:
    """How many pictures of each kind of folder pass a fit that saw none of them, as lines of a table."""
    groups = sorted({one.group for one in pictures if one.is_plain and one.kind != CHEST})
    lines = ["| kind left out | n | passed |", "| --- | --- | --- |"]
    for group in groups:
        places = [place for place, one in enumerate(pictures) if one.group == group]
        passed = fit(pictures, features, without=group).chest(features[places]) >= least
        lines.append(f"| {group} | {len(places)} | {int(passed.sum())} |")
    return lines


def write_trunk(lungs: Path | None, path: Path) -> None:
    """The lungs network down to `NARROWEST`, with edges beside it; output `features` (N, F)."""
    if lungs is None:
        sys.exit("the bundle has no lungs network to take a trunk of")
    onnx.utils.extract_model(str(lungs), str(path), ["film"], [NARROWEST])
    model = onnx.load(path)
    graph = model.graph
    angles = np.arange(N_EDGES) * np.pi / N_EDGES
    slopes = np.zeros((N_EDGES, 1, 3, 3), np.float32)
    slopes[:, 0, 1, 0], slopes[:, 0, 1, 2] = -np.cos(angles), np.cos(angles)
    slopes[:, 0, 0, 1], slopes[:, 0, 2, 1] = -np.sin(angles), np.sin(angles)
    graph.initializer.extend([constant("slopes", slopes), constant("tiny", np.float32(1e-3)),
                              constant("all", np.array([1, 2, 3], np.int64))])  # fmt: skip
    graph.node.extend([
        helper.make_node("AveragePool", [NARROWEST], ["quarters"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["quarters"], ["deep"]),
        helper.make_node("Conv", ["film", "slopes"], ["slope"]),
        helper.make_node("Mul", ["slope", "slope"], ["steep"]),
        helper.make_node("Sqrt", ["steep"], ["edge"]),
        helper.make_node("AveragePool", ["edge"], ["cells"], kernel_shape=[31, 31], strides=[31, 31]),
        helper.make_node("ReduceMean", ["cells", "all"], ["usual"], keepdims=1),
        helper.make_node("Add", ["usual", "tiny"], ["above"]),
        helper.make_node("Div", ["cells", "above"], ["even"]),
        helper.make_node("Flatten", ["even"], ["edges"]),
        helper.make_node("Concat", ["deep", "edges"], ["both"], axis=1),
        helper.make_node("Sqrt", ["both"], ["features"]),
    ])  # fmt: skip
    save(model, "features", [None, 96 * 4 + N_EDGES * 16], path)


def write_gate(trunk: Path, fitted: Fitted, facts: GateFacts, path: Path) -> None:
    """The trunk with what was fitted on it; outputs `kinds` (N, K) and `distance` (N,)."""
    model = onnx.load(trunk)
    bias = fitted.bias - (fitted.mean / fitted.scale) @ fitted.weights
    centre = fitted.centre + (fitted.mean / fitted.scale) @ fitted.axes
    model.graph.initializer.extend([
        constant("weights", fitted.weights / fitted.scale[:, None]), constant("bias", bias),
        constant("axes", fitted.axes / fitted.scale[:, None]), constant("centre", -centre),
        constant("across", np.array([1], np.int64)),
    ])  # fmt: skip
    model.graph.node.extend([
        helper.make_node("Gemm", ["features", "weights", "bias"], ["kinds"]),
        helper.make_node("Gemm", ["features", "axes", "centre"], ["placed"]),
        helper.make_node("Mul", ["placed", "placed"], ["squares"]),
        helper.make_node("ReduceMean", ["squares", "across"], ["square"], keepdims=0),
        helper.make_node("Sqrt", ["square"], ["distance"]),
    ])  # fmt: skip
    save(model, "kinds", [None, len(fitted.kinds)], path, more=("distance", [None]))
    model = onnx.load(path)
    helper.set_model_props(model, {NOTE: facts_as_text(facts)})
    onnx.save(model, path)
    json.loads(facts_as_text(facts))


def constant(name: str, values: np.ndarray | np.generic) -> TensorProto:
    """A named tensor; floats become float32."""
    array = np.asarray(values)
    return numpy_helper.from_array(array if array.dtype == np.int64 else array.astype(np.float32), name)


def save(model: onnx.ModelProto, name: str, shape: list[int | None], path: Path, *,
         more: tuple[str, list[int | None]] | None = None) -> None:  # fmt: skip
    """Write the model with other outputs."""
    del model.graph.output[:], model.graph.value_info[:]
    for output, sizes in [(name, shape), *([more] if more else [])]:
        axes = ["n_films", *sizes[1:]]
        model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, axes))
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    main()
