"""Makes the expected masks of tests/data/network: what onnxruntime gives for the built-in network on three photographs
of tests/data/photos. Shares no code with the program.

    pip install numpy==2.4.6 pillow==13.0.0 onnxruntime==1.32.0
    python tests/oracles/network.py

A photograph is brought to 320 × 320 by taking the sample at floor(x · width / 320), floor(y · height / 320), so that
nobody's interpolation is compared. The mask is the first output as it comes, times 65535 and rounded, in a gray PNG of
16 bits. inputs.json has the SHA-256 of each sampled picture (RGB bytes, row by row), which tells a decoder's difference
from the network's.
"""

import hashlib
import json
import pathlib

import numpy as np
import onnxruntime
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent
SIDE = 320
PHOTOGRAPHS = ["cat", "portrait", "tulips"]

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(str(ROOT / "src/network/u2netp/u2netp.onnx"), options, ["CPUExecutionProvider"])

digests = {}
for name in PHOTOGRAPHS:
    picture = np.asarray(Image.open(ROOT / f"tests/data/photos/{name}.jpg").convert("RGB"))
    height, width, _ = picture.shape
    rows, columns = np.arange(SIDE) * height // SIDE, np.arange(SIDE) * width // SIDE
    sampled = np.ascontiguousarray(picture[rows][:, columns])
    digests[name] = hashlib.sha256(sampled.tobytes()).hexdigest()

    scaled = sampled.astype(np.float64) / sampled.max()
    normalised = (scaled - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    tensor = normalised.transpose(2, 0, 1)[None].astype(np.float32)
    first = session.run(None, {session.get_inputs()[0].name: tensor})[0]
    assert first.shape == (1, 1, SIDE, SIDE)
    mask = np.floor(first[0, 0].astype(np.float64) * 65535 + 0.5).astype(np.uint16)
    Image.fromarray(mask).save(ROOT / f"tests/data/network/{name}.png", optimize=True)

(ROOT / "tests/data/network/inputs.json").write_text(json.dumps(digests, indent=2) + "\n")
