"""Makes JPEG XL pictures in `tests/data/codecs`, and beside each the pixels that libjxl reads, as `formats.py` does. Run in that
folder with Pillow 13.0 and the programs `cjxl` and `djxl` of libjxl 0.7.
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
    """The pixels that a file must give: an array of RGBA, or what djxl reads as 8 bits."""
    with open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", pixels.shape[1], pixels.shape[0]) + pixels.astype(np.uint8).tobytes())
    sys.stdout.write(f"{name}: {pixels.shape}\n")


def by_djxl(name):
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        run("djxl", name, png.name, "--bits_per_sample", 8)
        with Image.open(png.name) as stored:
            return np.asarray(stored.convert("RGBA"))


def by_cjxl(name, picture, *options, **kept):
    """Written by cjxl."""
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        picture.save(png.name, "PNG", **kept)
        run("cjxl", png.name, name, *options)
    expect(name, by_djxl(name))


y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
opacity = (x * 255 / WIDTH).astype(np.uint8)
rgb, gray = Image.fromarray(base()), Image.fromarray(base()).convert("L")
rgba, gray_alpha = Image.fromarray(np.dstack([base(), opacity])), Image.fromarray(np.dstack([np.asarray(gray), opacity]))

lossless = ("-d", 0)
by_cjxl("lossless.jxl", rgb, *lossless)
by_cjxl("lossy.jxl", rgb, "-d", 1)
by_cjxl("alpha.jxl", rgba, *lossless)
by_cjxl("alpha-lossy.jxl", rgba, "-d", 0.5)
by_cjxl("gray.jxl", gray, *lossless)
by_cjxl("gray-lossy.jxl", gray, "-d", 0.5)
by_cjxl("gray-alpha.jxl", gray_alpha, *lossless)
by_cjxl("progressive.jxl", Image.fromarray(base(300, 40)), "-d", 1, "-p")
by_cjxl("container.jxl", rgb, *lossless, "--container=1")

by_cjxl("profile.jxl", rgb, *lossless, icc_profile=open("../color/adobe-rgb.icc", "rb").read())
# In the coding's own colours, so that the decoder has to convert to the profile; brighter greens than sRGB has.
by_cjxl("profile-lossy.jxl", rgb, "-d", 0.2, icc_profile=open("../color/adobe-rgb.icc", "rb").read())
# djxl converts the latter to other colours, so it must give about what was written.
expect("profile-lossy.jxl", np.asarray(rgb.convert("RGBA")))
by_cjxl("display-p3.jxl", rgb, "-d", 0.2, "-x", "color_space=RGB_D65_DCI_Rel_SRG")

# High dynamic range: the samples of a PNG picture and what other tests expect of them.
for name, space in [("pq", "RGB_D65_202_Rel_PeQ"), ("hlg", "RGB_D65_202_Rel_HLG")]:
    run("cjxl", f"../color/hdr-{name}.png", f"hdr-{name}.jxl", *lossless, "-x", f"color_space={space}")
    with open(f"../color/hdr-{name}.png.rgb", "rb") as file, Image.open(f"../color/hdr-{name}.png") as stored:
        colors = np.frombuffer(file.read(), np.uint8).reshape(stored.size[1], stored.size[0], 3)
    expect(f"hdr-{name}.jxl", np.dstack([colors, np.full(colors.shape[:2], 255, np.uint8)]))

# 16 bits: each sample is rounded.
deep = np.tile(np.linspace(0, 65535, 60).astype(np.uint16).reshape(1, 20, 3), (10, 1, 1))
with tempfile.NamedTemporaryFile(suffix=".ppm") as ppm:
    ppm.write(b"P6 20 10 65535\n" + deep.astype(">u2").tobytes())
    ppm.flush()
    run("cjxl", ppm.name, "deep.jxl", *lossless)
rounded = np.rint(deep / 257)
expect("deep.jxl", np.dstack([rounded, np.full(rounded.shape[:2], 255)]))

# Orientation of the codestream; djxl turns the picture.
for orientation in range(2, 9):
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        exif = Image.Exif()
        exif[0x0112] = orientation
        rgb.save(png.name, "PNG", exif=exif.tobytes())
        run("cjxl", png.name, f"orientation-{orientation}.jxl", *lossless)
    expect(f"orientation-{orientation}.jxl", by_djxl(f"orientation-{orientation}.jxl"))

# An animation, of which the first frame is read.
frames = [rgb, rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
with tempfile.NamedTemporaryFile(suffix=".png") as apng:
    frames[0].save(apng.name, "PNG", save_all=True, append_images=frames[1:], duration=200)
    run("cjxl", apng.name, "animated.jxl", *lossless)
expect("animated.jxl", np.asarray(rgb.convert("RGBA")))
