"""Makes pictures of TIFF's rarer kinds, of camera raw files' previews and of Photoshop documents in `tests/data/codecs`, and
beside each the pixels that it must give: `<name>.rgba`, as `tests/data/codecs/make.py` does. Run in that folder with Pillow
13.0, tifffile 2026.3 and imagecodecs 2026.3.

The expected pixels come from libtiff and libjpeg-turbo (through Pillow), from littleCMS, or from the numbers that were
written.
"""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image, ImageCms

WIDTH, HEIGHT = 45, 37


def base(width=WIDTH, height=HEIGHT):
    """A smooth picture with an edge, asymmetric."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    inside = np.hypot(x - width * 0.4, y - height * 0.5) < height * 0.3
    red = 120 + 90 * np.sin(x / 9)
    green = np.where(inside, 200, 90 + 60 * y / height)
    blue = 60 + 150 * x * y / width / height
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def expect(name, pixels):
    """`pixels`: gray, RGB or RGBA as rows of numbers, or a picture."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels, np.uint8))
    with open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", *picture.size) + picture.convert("RGBA").tobytes())


def as_libtiff_reads(name):
    with Image.open(name) as stored:
        expect(name, stored.convert("RGB") if stored.mode in ("CMYK", "YCbCr") else stored)


# JPEG in TIFF
picture = Image.fromarray(base())
picture.save("jpeg-ycc-strips.tif", compression="jpeg", quality=85, tiffinfo={278: 16})
picture.convert("L").save("jpeg-gray.tif", compression="jpeg", quality=85)
picture.convert("CMYK").save("jpeg-cmyk.tif", compression="jpeg", quality=85)
for name in ["jpeg-ycc-strips", "jpeg-gray", "jpeg-cmyk"]:
    as_libtiff_reads(f"{name}.tif")
options = {"compression": "jpeg", "compressionargs": {"level": 85}, "metadata": None}
tifffile.imwrite("jpeg-rgb-tiles.tif", base(), photometric="rgb", tile=(32, 32), **options)
tifffile.imwrite("jpeg-ycc-tiles.tif", base(), photometric="ycbcr", subsampling=(2, 1), tile=(32, 16), byteorder=">", **options)
for name in ["jpeg-rgb-tiles", "jpeg-ycc-tiles"]:
    as_libtiff_reads(f"{name}.tif")


def tiff(name, order, entries, parts):
    """Writes a TIFF of one page; `entries` are (tag, type, numbers or bytes) apart from those of the parts."""
    codes = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I"}
    at, places, data = 8, [], b""
    for part in parts:
        places.append(at + len(data))
        data += part
    tiled = any(tag == 322 for tag, _, _ in entries)
    entries = entries + [(324 if tiled else 273, 4, places), (325 if tiled else 279, 4, [len(part) for part in parts])]
    start = 8 + len(data)
    directory, values, after = b"", b"", start + 2 + 12 * len(entries) + 4
    for tag, kind, numbers in sorted(entries):
        packed = struct.pack(f"{order}{len(numbers)}{codes[kind]}", *numbers)
        if len(packed) > 4:
            packed, values = struct.pack(f"{order}I", after + len(values)), values + packed
        directory += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
    with open(name, "wb") as file:
        file.write((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start) + data)
        file.write(struct.pack(f"{order}H", len(entries)) + directory + bytes(4) + values)


def kind(size, bits, photometric, compression=1, *more):
    return [(256, 3, [size[0]]), (257, 3, [size[1]]), (258, 3, bits), (277, 3, [len(bits)]), (262, 3, [photometric]), (259, 3, [compression]), *more]


def jpeg(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


# Each plane is in strips of its own.
strips = [jpeg(np.ascontiguousarray(base()[top:top + 16, :, plane]), quality=80) for plane in range(3) for top in range(0, HEIGHT, 16)]
tiff("jpeg-planes.tif", "<", kind((WIDTH, HEIGHT), [8] * 3, 2, 7, (284, 3, [2]), (278, 3, [16])), strips)
planes = [np.concatenate([np.asarray(Image.open(io.BytesIO(strip))) for strip in strips[plane * 3:plane * 3 + 3]]) for plane in range(3)]
expect("jpeg-planes.tif", np.stack(planes, axis=-1))
