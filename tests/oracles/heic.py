"""Makes HEIC pictures in `tests/data/codecs`, and beside each the pixels that libheif reads, as `formats.py` does. Run in that
folder with Pillow 13.0 and pillow-heif 1.8 (libheif 1.23 with x265 and libde265).

Where chroma is halved the pictures are smooth, because libheif repeats samples of chroma and others interpolate them.
"""

import struct
import sys

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

WIDTH, HEIGHT = 45, 37


def base():
    """A smooth picture with an edge, asymmetric."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    inside = np.hypot(x - WIDTH * 0.4, y - HEIGHT * 0.5) < HEIGHT * 0.3
    red = 120 + 90 * np.sin(x / 9)
    green = np.where(inside, 200, 90 + 60 * y / HEIGHT)
    blue = 60 + 150 * x * y / WIDTH / HEIGHT
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def smooth():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    return np.stack([120 + 2 * x, 200 - 2 * y, 90 + x + y], axis=-1).round().astype(np.uint8)


def save(name, pixels, orientation=None, **options):
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if orientation:
        exif = picture.getexif()
        exif[0x0112] = orientation
        options["exif"] = exif.tobytes()
    pillow_heif.register_heif_opener()
    picture.save(name, quality=options.pop("quality", 90), **options)
    with Image.open(name) as stored, open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", *stored.size) + stored.convert("RGBA").tobytes())
        sys.stdout.write(f"{name}: {stored.size}, {stored.mode}\n")


alpha = np.dstack([base(), (np.mgrid[0:HEIGHT, 0:WIDTH][1] * 255 / WIDTH).astype(np.uint8)])
save("444.heic", base(), chroma=444)
save("420.heic", smooth())
save("alpha.heic", alpha, chroma=444)
save("gray.heic", Image.fromarray(base()).convert("L"))
save("turned.heic", base(), orientation=6, chroma=444)
save("mirrored.heic", base(), orientation=5, chroma=444)
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
save("profile.heic", base(), chroma=444, icc_profile=profile)
# Ten bits.
deep = pillow_heif.from_bytes("RGB;16", (20, 10), np.tile(np.linspace(0, 65535, 60, dtype="<u2"), 10).tobytes())
pillow_heif.options.SAVE_HDR_TO_12_BIT = False
deep.save("deep.heic", quality=-1, chroma=444)
with Image.open("deep.heic") as stored, open("deep.heic.rgba", "wb") as file:
    file.write(struct.pack("<II", *stored.size) + stored.convert("RGBA").tobytes())
    sys.stdout.write(f"deep.heic: {stored.size}, {stored.mode}, {stored.info.get('bit_depth')} bits\n")
