"""TorchXRayVision's documented path over films: load, normalise, crop, resize, DenseNet121 at 224 pixels.

After the usage example in its README; the weights are random, which takes the same time. Run by run.py with
the peers' own Python, because torchvision has no place beside Hilum's torch.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

STARTED = time.perf_counter()


def define_torchvision_schemas() -> object | None:
    """Declare the operators that PyPI's torchvision misses beside a CPU build of torch, so that it imports.

    The library object must live as long as they are used.
    """
    if "+cpu" not in version("torch") or "+cpu" in version("torchvision"):
        return None
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def main(paths: list[str]) -> None:
    """Score each film and print what it took."""
    schemas = define_torchvision_schemas()
    import skimage.io
    import torch
    import torchvision
    import torchxrayvision as xrv

    transform = torchvision.transforms.Compose([xrv.datasets.XRayCenterCrop(), xrv.datasets.XRayResizer(224)])
    torch.manual_seed(0)
    model = xrv.models.DenseNet(weights=None).eval()
    ready = time.perf_counter()
    scores = []
    for path in paths:
        film = xrv.datasets.normalize(skimage.io.imread(path), 255)
        film = torch.from_numpy(transform(film[None, ...]))
        with torch.no_grad():
            scores.append(float(model(film[None, ...])[0, 0]))
    print(json.dumps({"startup_s": ready - STARTED, "n": len(scores), "schemas": schemas is not None}))


main(sys.argv[1:])
