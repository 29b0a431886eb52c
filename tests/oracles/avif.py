"""Makes AVIF pictures in `tests/data/codecs`, and beside each the pixels that libavif reads, as `formats.py` does. Run in that
folder with Pillow 13.0 and the programs `avifenc` and `avifdec` of libavif 0.11.
"""

import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from scene import HEIGHT, WIDTH, base


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def expect(name, pixels):
    with open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", pixels.shape[1], pixels.shape[0]) + pixels.astype(np.uint8).tobytes())
    sys.stdout.write(f"{name}: {pixels.shape}\n")


def by_avifdec(name):
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        run("avifdec", "-d", 8, "-u", "bilinear", name, png.name)
        with Image.open(png.name) as stored:
            return np.asarray(stored.convert("RGBA"))


def by_avifenc(name, picture, *options, **kept):
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        picture.save(png.name, "PNG", **kept)
        run("avifenc", "-s", 6, "--min", 5, "--max", 10, *options, png.name, name)
    expect(name, by_avifdec(name))


y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
opacity = (x * 255 / WIDTH).astype(np.uint8)
rgb = Image.fromarray(base())
rgba = Image.fromarray(np.dstack([base(), opacity]))

by_avifenc("444.avif", rgb, "-y", 444)
by_avifenc("422.avif", rgb, "-y", 422)
by_avifenc("420.avif", rgb, "-y", 420)
by_avifenc("limited.avif", rgb, "-y", 420, "-r", "limited")
by_avifenc("gray.avif", rgb.convert("L"), "-y", 400)
by_avifenc("alpha.avif", rgba, "-y", 444)
by_avifenc("alpha-multiplied.avif", rgba, "-y", 444, "--premultiply")
by_avifenc("bt709.avif", rgb, "-y", 444, "--cicp", "1/13/1")
by_avifenc("10-bits.avif", rgb, "-y", 444, "-d", 10)
by_avifenc("12-bits.avif", rgb, "-y", 420, "-d", 12)
by_avifenc("tiles.avif", Image.fromarray(base(128, 192)), "-y", 420, "--grid", "2x3")
by_avifenc("profile.avif", rgb, "-y", 444, icc_profile=open("../color/adobe-rgb.icc", "rb").read())
with tempfile.NamedTemporaryFile(suffix=".png") as png:
    rgb.save(png.name, "PNG")
    run("avifenc", "-l", png.name, "lossless.avif")
expect("lossless.avif", np.asarray(rgb.convert("RGBA")))

# avifdec neither turns nor crops.
for name, options, change in [
    ("turned", ("--irot", 1), lambda pixels: np.rot90(pixels)),
    ("mirrored", ("--imir", 0), np.flipud),
    ("both", ("--irot", 3, "--imir", 1), lambda pixels: np.fliplr(np.rot90(pixels, 3))),
    ("cropped", ("--clap", "21,1,15,1,2,1,-3,1"), lambda pixels: pixels[8:23, 14:35]),
]:
    by_avifenc(f"{name}.avif", rgb, "-y", 444, *options)
    expect(f"{name}.avif", change(by_avifdec(f"{name}.avif")))
