"""The seed notebook's path over films: Pillow loads and resizes to 256 x 256, a small network scores RGB.

The network is the notebook's model 1 (convolutions 2 x 2 of 16, 32, 64, 'same', each with max-pool 2;
flatten; dense 2; 141,618 parameters). The notebook had it in Keras; here it is in torch with random weights.
"""

from __future__ import annotations

import json
import sys
import time

STARTED = time.perf_counter()


def main(paths: list[str]) -> None:
    """Score each film and print what it took."""
    import numpy as np
    import torch
    from PIL import Image
    from torch import nn

    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(before, after, 2), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 32 * 64, 2), nn.Softmax(dim=1)).eval()
    assert sum(weights.numel() for weights in model.parameters()) == 141_618
    ready = time.perf_counter()
    scores = []
    for path in paths:
        film = np.asarray(Image.open(path).resize((256, 256)).convert("RGB"), np.float32) / 255
        with torch.no_grad():
            scores.append(float(model(torch.from_numpy(film).permute(2, 0, 1)[None])[0, 1]))
    print(json.dumps({"startup_s": ready - STARTED, "n": len(scores)}))


main(sys.argv[1:])
