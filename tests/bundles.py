"""A bundle small enough to be made in a test, from ONNX operators by hand, and films that it can read.

Its lungs are whatever is dark; its score rises with what is bright inside them. It knows nothing of disease.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.imaging.recipe import Recipe
from hilum.inference.bundle import (
    Bundle,
    BundleFacts,
    Calibration,
    IntendedUse,
    OperatingPoint,
    TrainingData,
    write_bundle,
)

TINY = Recipe(film_side=128, lungs_side=32, crop_side=64)
CELL = 8  # pixels of the crop in one cell of the map

FACTS = BundleFacts(
    name="tiny",
    version="0.1",
    created="2026-11-24",
    commit="0" * 40,
    findings=("tuberculosis",),
    recipe=TINY,
    classifiers=("classifier-0.onnx",),
    lungs="lungs.onnx",
    calibration=(Calibration(slope=2.0, intercept=-1.0),),
    operating_points=(
        OperatingPoint("screening", "tuberculosis", 0.5, "set by hand, for tests"),
        OperatingPoint("strict", "tuberculosis", 0.9, "set by hand, for tests"),
    ),
    default_operating_point="screening",
    intended_use=IntendedUse("Tests of Hilum.", 15.0, ("PA", "AP")),
    training_data=TrainingData("Nothing.", 0, 0, "0" * 64),
    licence="Apache-2.0",
)


def write_tiny_bundle(folder: Path, *, biases: tuple[float, ...] = (-1.0,), **changes) -> Bundle:
    """Write the tiny bundle, one member a bias, with changed facts where given."""
    drafts = folder.with_name(f"{folder.name}-graphs")
    drafts.mkdir(parents=True)
    members = tuple(f"classifier-{place}.onnx" for place in range(len(biases)))
    facts = replace(FACTS, **({"classifiers": members} | changes))
    files = {name: drafts / name for name in members}
    for name, bias in zip(members, biases, strict=True):
        write_classifier(files[name], bias=bias, recipe=facts.recipe)
    if facts.lungs is not None:
        files[facts.lungs] = drafts / facts.lungs
        write_lungs(files[facts.lungs], recipe=facts.recipe)
    return write_bundle(folder, facts=facts, files=files)


def write_classifier(path: Path, *, bias: float, recipe: Recipe = TINY, n_outputs: int = 1) -> None:
    """map = 4 x the mean of each cell's bright part + bias; logit = mean of the map."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Relu", ["film"], ["bright"]),
        helper.make_node("AveragePool", ["bright"], ["cells"], kernel_shape=[CELL] * 2, strides=[CELL] * 2),
        helper.make_node("Mul", ["cells", "gain"], ["raised"]),
        helper.make_node("Add", ["raised", "bias"], ["one"]),
        helper.make_node("Concat", ["one"] * n_outputs, ["map"], axis=1),
        helper.make_node("ReduceMean", ["map", "plane"], ["logits"], keepdims=0),
        helper.make_node("Flatten", ["one"], ["features"], axis=1),
    ]
    constants = [
        helper.make_tensor("gain", TensorProto.FLOAT, [], [4.0]),
        helper.make_tensor("bias", TensorProto.FLOAT, [], [bias]),
        helper.make_tensor("plane", TensorProto.INT64, [2], [2, 3]),
    ]
    side = recipe.crop_side // CELL
    _save(
        path,
        nodes,
        constants,
        film=[None, 1, recipe.crop_side, recipe.crop_side],
        outputs={
            "logits": [None, n_outputs],
            "map": [None, n_outputs, side, side],
            "features": [None, side * side],
        },
    )


def write_lungs(path: Path, *, recipe: Recipe = TINY) -> None:
    """lungs = -10 x the film, which lies on -1..1: dark is lung."""
    from onnx import TensorProto, helper

    nodes = [helper.make_node("Mul", ["film", "gain"], ["lungs"])]
    constants = [helper.make_tensor("gain", TensorProto.FLOAT, [], [-10.0])]
    shape = [None, 1, recipe.lungs_side, recipe.lungs_side]
    _save(path, nodes, constants, film=shape, outputs={"lungs": shape})


def _save(path, nodes, constants, *, film, outputs) -> None:
    import onnx
    from onnx import TensorProto, helper

    def port(name: str, shape: list[int | None]):
        return helper.make_tensor_value_info(
            name, TensorProto.FLOAT, ["N" if size is None else size for size in shape]
        )

    graph = helper.make_graph(nodes, path.stem, [port("film", film)],
                              [port(name, shape) for name, shape in outputs.items()], constants)  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def draw_film(side: int = 200, *, has_spot: bool = False) -> np.ndarray:
    """A square (side, side) uint8: two dark ovals on grey; the spot is in the upper one on the left."""
    y, x = np.mgrid[0:side, 0:side] / side
    film = np.full((side, side), 180.0)
    for centre in (0.28, 0.72):
        inside = ((x - centre) / 0.16) ** 2 + ((y - 0.5) / 0.34) ** 2 < 1
        film[inside] = 60 + 20 * np.sin(40 * y[inside])
    if has_spot:
        film[((x - 0.28) / 0.07) ** 2 + ((y - 0.34) / 0.07) ** 2 < 1] = 110
    return film.astype(np.uint8)


def write_film(path: Path, *, side: int = 200, has_spot: bool = False) -> Path:
    """Write `draw_film` as PNG or JPEG, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_film(side, has_spot=has_spot)).save(path)
    return path


def write_dicom_film(path: Path, **elements) -> Path:
    """Write `draw_film` as DICOM of computed radiography, with elements of the header by keyword."""
    from pydicom import uid
    from pydicom.dataset import Dataset, FileMetaDataset

    pixels = draw_film(has_spot=True)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = uid.ComputedRadiographyImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality, dataset.PhotometricInterpretation = "CR", "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = pixels.tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a header may be as wrong as a test wants
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
    return path
