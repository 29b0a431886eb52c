"""Writes the pixels that libjxl reads from each file in `tests/data/jxl/written`, which `tests/jxl.rs` wrote, beside it, and checks what it says
of the file. Run in that folder with Pillow 13.0 and the programs `djxl` and `jxlinfo` of libjxl 0.7.
"""

import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image


def said_by(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


for path in sorted(pathlib.Path().glob("*.jxl")):
    name = path.name
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
