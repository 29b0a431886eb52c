"""Compares the files of each picture in `tests/data/written`, which `tests/codecs.rs` and `tests/avif.rs` write, as Pillow, tifffile and libvips
read them: pixels, mode, profile and resolution. Run in that folder with Pillow 13.0, pillow-jxl-plugin 1.3, tifffile 2026.3 and pyvips 3.2.
"""

import numpy as np
import pillow_jxl  # noqa: F401
import pyvips
import tifffile
from PIL import Image

MODES = {"gray": "L", "rgb": "RGB", "rgba": "RGBA", "profile": "RGB"}
for name, mode in MODES.items():
    png = Image.open(f"{name}.png")
    assert png.convert(mode).size == (61, 37)
    pixels = np.asarray(png.convert(mode))
    for extension in ["tif", "bmp", "qoi", "jxl", "avif"]:
        file = f"{name}.{extension}"
        with Image.open(file) as stored:
            stored.load()
            # QOI has no gray.
            assert stored.mode == ("RGB" if extension == "qoi" and mode == "L" else mode), (file, stored.mode)
            assert np.array_equal(np.asarray(stored.convert(mode)), pixels), file
            if extension in ["tif", "avif"]:
                assert stored.info.get("icc_profile") == png.info.get("icc_profile"), file
            if extension == "tif":
                assert stored.info["dpi"] == (72, 72), stored.info
        print(file, "as expected")
    assert np.array_equal(tifffile.imread(f"{name}.tif"), pixels)
    bands = pyvips.Image.new_from_file(f"{name}.tif").numpy()
    assert np.array_equal(bands.reshape(pixels.shape), pixels)
