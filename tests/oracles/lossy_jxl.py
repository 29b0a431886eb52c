"""Writes the pixels that libjxl reads from each file in `tests/data/jxl/written`, which `tests/jxl.rs` wrote, beside it, and checks what it says
of the file. Run in that folder with Pillow 13.0, OpenCV and the programs `djxl` and `jxlinfo` of libjxl 0.7.
"""

import pathlib
import struct
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from PIL import Image


def said_by(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


for path in sorted(pathlib.Path().glob("*.jxl")):
    name = path.name
    if name.startswith("rgba16"):
        with tempfile.TemporaryDirectory() as folder:
            said_by("djxl", name, f"{folder}/a.png", "--bits_per_sample", "16")
            deep = cv2.cvtColor(cv2.imread(f"{folder}/a.png", cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
        assert deep.dtype == np.uint16 and "16-bit RGBA" in said_by("jxlinfo", name)
        pathlib.Path(f"{name}.rgba16").write_bytes(struct.pack("<II", deep.shape[1], deep.shape[0]) + deep.astype("<u2").tobytes())
        continue
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        said_by("djxl", name, png.name, "--bits_per_sample", "8")
        with Image.open(png.name) as stored:
            mode, pixels = stored.mode, np.asarray(stored.convert("RGBA"))
    kind = name.split("-")[0]
    assert mode == {"gray": "L", "rgb": "RGB", "rgba": "RGBA"}[kind], (name, mode)
    about = said_by("jxlinfo", name)
    assert ("(possibly) lossless" if "-100" in name else " lossy") in about, about
    assert ("Grayscale" if kind == "gray" else "RGB, D65, sRGB primaries") in about, about
    with open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", pixels.shape[1], pixels.shape[0]) + pixels.tobytes())
    sys.stdout.write(f"{name}: {mode}\n")
