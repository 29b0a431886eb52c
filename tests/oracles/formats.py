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
import tiff_file
import tifffile
from PIL import Image, ImageCms
from scene import HEIGHT, WIDTH, base


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


def jpeg(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


# Each plane is in strips of its own.
strips = [jpeg(np.ascontiguousarray(base()[top:top + 16, :, plane]), quality=80) for plane in range(3) for top in range(0, HEIGHT, 16)]
tiff_file.write("jpeg-planes.tif", "<", tiff_file.kind((WIDTH, HEIGHT), [8] * 3, 2, 7, (284, 3, [2]), (278, 3, [16])), strips)
planes = [np.concatenate([np.asarray(Image.open(io.BytesIO(strip))) for strip in strips[plane * 3:plane * 3 + 3]]) for plane in range(3)]
expect("jpeg-planes.tif", np.stack(planes, axis=-1))

# Numbers of other kinds. The expected pixels are round(255 × value), halves up.
small = (21, 13)
light = base(*small) / 255.0


def to_8(values):
    return np.floor(np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)


def numbers(name, values, meant, **options):
    tifffile.imwrite(name, values, metadata=None, photometric="rgb" if values.ndim == 3 else "minisblack", **options)
    assert np.array_equal(tifffile.imread(name), values)
    expect(name, to_8(meant))


deflate = {"compression": "zlib", "predictor": 3}
numbers("float-32-predicted.tif", light.astype(np.float32), light, **deflate)
numbers("float-32-predicted-big.tif", light.astype(">f4"), light, byteorder=">", rowsperstrip=5, **deflate)
beyond = (light * 1.6 - 0.3).astype(np.float32)
numbers("float-32-beyond.tif", beyond, beyond.astype(float))
numbers("float-16.tif", light.astype(np.float16), light.astype(np.float16))
# Differences of the bits as whole numbers, as libtiff has them.
steps = light[:, :, 0].copy().view(np.uint64)
steps[:, 1:] -= steps[:, :-1].copy()
tiff_file.write("float-64-predicted.tif", "<", tiff_file.kind(small, [64], 1, 8, (317, 3, [2]), (339, 3, [3])), [zlib.compress(steps.tobytes())])
expect("float-64-predicted.tif", to_8(light[:, :, 0]))
wide = np.floor(light * 4294967295.0).astype(np.uint32)
numbers("rgb-32-big.tif", wide.astype(">u4"), wide / 4294967295.0, byteorder=">")
numbers("gray-32-predicted.tif", wide[:, :, 1], wide[:, :, 1] / 4294967295.0, compression="zlib", predictor=2)

# L*a*b*. The expected pixels come from littleCMS; rounding may differ.
lab = ImageCms.createProfile("LAB")
srgb = ImageCms.createProfile("sRGB")
colors = ImageCms.profileToProfile(Image.fromarray(base(*small)), srgb, lab, ImageCms.Intent.RELATIVE_COLORIMETRIC, "LAB")
meant = ImageCms.profileToProfile(colors, lab, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB")
# In Pillow a* and b* have a sign.
signed = np.asarray(colors).astype(np.uint16)
stored = signed ^ np.array([0, 128, 128], np.uint16)
tiff_file.write("lab.tif", "<", tiff_file.kind(small, [8] * 3, 8), [signed.astype(np.uint8).tobytes()])
tiff_file.write("lab-icc.tif", ">", tiff_file.kind(small, [8] * 3, 9), [stored.astype(np.uint8).tobytes()])
wide = np.stack([stored[:, :, 0] * 257, signed[:, :, 1] << 8, signed[:, :, 2] << 8], axis=-1).astype("<u2")
tiff_file.write("lab-16.tif", "<", tiff_file.kind(small, [16] * 3, 8), [wide.tobytes()])
wide = np.stack([stored[:, :, 0] * 256, stored[:, :, 1] << 8, stored[:, :, 2] << 8], axis=-1).astype(">u2")
tiff_file.write("lab-icc-16.tif", ">", tiff_file.kind(small, [16] * 3, 9), [wide.tobytes()])
for name in ["lab", "lab-icc", "lab-16", "lab-icc-16"]:
    expect(f"{name}.tif", meant)

# Photoshop documents. psd-tools 1.26 confirms the pixels, and Pillow those of most (in bitmap mode it has 1 for white).


def psd(name, mode, bits, planes, packed=False, palette=b"", opacity=False, flattened=1, large=False):
    """`planes`: each channel as rows of numbers."""
    resource = lambda id, content: b"8BIM" + struct.pack(">HBBI", id, 0, 0, len(content)) + content + b"\0" * (len(content) % 2)
    resources = resource(1057, struct.pack(">IB", 1, flattened) + bytes(12)) + resource(1005, b"\0" * 16)
    height, width = planes[0].shape
    kind = {8: ">u1", 16: ">u2"}.get(bits)
    rows = [np.packbits(row).tobytes() if bits == 1 else row.astype(kind).tobytes() for plane in planes for row in plane]
    if packed:
        pixels = [pack_bits(row) for row in rows]
        pixels = b"".join(struct.pack(">I" if large else ">H", len(row)) for row in pixels) + b"".join(pixels)
    else:
        pixels = b"".join(rows)
    # A negative number of layers says that the first further channel is the opacity. The layer is empty.
    long = ">Q" if large else ">I"
    info = struct.pack(">h4iH4s4s4BI", -1, 0, 0, 0, 0, 0, b"8BIM", b"norm", 255, 0, 0, 0, 12) + bytes(12) if opacity else bytes(2)
    layers = struct.pack(long, len(info)) + info + bytes(4)
    with open(name, "wb") as file:
        file.write(struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, len(planes), height, width, bits, mode))
        file.write(struct.pack(">I", len(palette)) + palette + struct.pack(">I", len(resources)) + resources)
        file.write(struct.pack(long, len(layers)) + layers + struct.pack(">H", int(packed)) + pixels)


def pack_bits(row):
    out, at = b"", 0
    while at < len(row):
        run = 1
        while run < 128 and at + run < len(row) and row[at + run] == row[at]:
            run += 1
        if run > 2:
            out, at = out + bytes([257 - run, row[at]]), at + run
            continue
        end = at + 1
        while end < len(row) and end - at < 128 and row[end:end + 3] != row[end:end + 1] * 3:
            end += 1
        out, at = out + bytes([end - at - 1]) + row[at:end], end
    return out


size = (29, 17)
picture = base(*size)
channels = [picture[:, :, i] for i in range(3)]
with_pillow = lambda name: np.asarray(Image.open(name).convert("RGB"))
for name, packed in [("rgb.psd", False), ("rgb-packed.psd", True)]:
    psd(name, 3, 8, channels, packed)
    assert np.array_equal(with_pillow(name), picture)
    expect(name, picture)
gray = picture[:, :, 1]
psd("gray-16.psd", 1, 16, [gray.astype(np.uint16) * 257], True)
expect("gray-16.psd", gray)
psd("large.psb", 3, 8, channels, True, large=True)
expect("large.psb", picture)
dots = (picture[:, :, 0] > 128).astype(np.uint8)
psd("bitmap.psd", 0, 1, [dots])
expect("bitmap.psd", 255 - dots * 255)
steps = [(i * 7 % 256, 255 - i, i * 3 % 256) for i in range(256)]
psd("indexed.psd", 2, 8, [gray], palette=bytes(step[i] for i in range(3) for step in steps))
expect("indexed.psd", np.array(steps, np.uint8)[gray])
assert np.array_equal(with_pillow("indexed.psd"), np.array(steps, np.uint8)[gray])
inks = Image.fromarray(picture).convert("CMYK")
psd("cmyk.psd", 4, 8, [255 - np.asarray(inks)[:, :, i] for i in range(4)], True)
expect("cmyk.psd", inks.convert("RGB"))
assert np.array_equal(with_pillow("cmyk.psd"), np.asarray(inks.convert("RGB")))
# Colours that were blended with white are told from the opacity; psd-tools does the same.
opacity = np.tile(np.linspace(0, 255, size[0]).round().astype(np.uint8), (size[1], 1))
share = opacity[:, :, None] / 255.0
blended = np.round(picture * share + 255 * (1 - share)).astype(np.uint8)
psd("opacity.psd", 3, 8, [blended[:, :, i] for i in range(3)] + [opacity], True, opacity=True)
# 255 × (blended - 255 + opacity) / opacity, rounded halves up.
light, most = np.maximum(blended.astype(int) - 255 + opacity[:, :, None], 0) * 255, np.maximum(opacity[:, :, None].astype(int), 1)
own = np.where(opacity[:, :, None] == 0, 255, np.minimum((2 * light + most) // (2 * most), 255)).astype(np.uint8)
expect("opacity.psd", np.dstack([own, opacity]))

# Camera raw files: a thumbnail and a larger preview, both JPEG, around data that stands for the sensor's. ExifTool 12
# finds the same previews (`exiftool -b -JpgFromRaw`, `-PreviewImage`).
large, thumbnail = jpeg(base(40, 27), quality=90), jpeg(base(16, 11), quality=70)
sensor = bytes(range(256)) * 2


def decoded(file, turn=None):
    picture = Image.open(io.BytesIO(file)).convert("RGB")
    return picture.transpose(turn) if turn else picture


def camera(name, order, chain, parts, signature=None):
    """`chain`: lists of entries (tag, type, numbers), one for each directory; the later ones are the parts of the first where
    `parts` says so, and otherwise follow it. A number may be a pair: a directory's index, or bytes to be put into the file."""
    codes = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B", 13: "I"}
    lengths = [2 + 12 * len(entries) + 4 for entries in chain]
    starts = [8 + sum(lengths[:index]) for index in range(len(chain))]
    data, base_of_data = b"", 8 + sum(lengths)

    def place(content):
        nonlocal data
        at = base_of_data + len(data)
        data += content + bytes(len(content) % 2)
        return at

    directories = b""
    for index, entries in enumerate(chain):
        packed_entries = b""
        for tag, kind, numbers in sorted(entries):
            numbers = [starts[number[1]] if isinstance(number, tuple) else place(number) if isinstance(number, bytes) else number
                       for number in ([numbers] if isinstance(numbers, tuple) else numbers)]
            packed = struct.pack(f"{order}{len(numbers)}{codes[kind]}", *numbers)
            if len(packed) > 4:
                packed = struct.pack(f"{order}I", place(packed))
            packed_entries += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
        after = starts[index + 1] if not parts and index + 1 < len(chain) else 0
        directories += struct.pack(f"{order}H", len(entries)) + packed_entries + struct.pack(f"{order}I", after)
    head = signature or (b"II*\0" if order == "<" else b"MM\0*")
    with open(name, "wb") as file:
        file.write(head + struct.pack(f"{order}I", 8) + directories + data)


raw = [(254, 4, [0]), (256, 4, [40]), (257, 4, [27]), (259, 3, [1]), (262, 3, [32803]), (273, 4, [sensor]), (279, 4, [512])]
jpeg_part = lambda content: [(513, 4, [content]), (514, 4, [len(content)])]
strip = lambda content, size, compression=7: [(254, 4, [1]), (256, 4, [size[0]]), (257, 4, [size[1]]), (259, 3, [compression]), (262, 3, [6]),
                                              (273, 4, [content]), (279, 4, [len(content)])]
maker = (271, 2, list(b"Maker\0"))
# DNG: the parts are directories of the first, the last one has the preview.
camera("preview.dng", "<", [[(254, 4, [1]), maker, (274, 3, [6]), (330, 4, [("at", 1), ("at", 2)]), (50706, 1, [1, 4, 0, 0])] + strip(thumbnail, (16, 11))[1:],
                            raw, strip(large, (40, 27))], True)
expect("preview.dng", decoded(large, Image.Transpose.ROTATE_270))
# NEF: big endian, with the preview in a directory of its own.
camera("preview.nef", ">", [[(254, 4, [1]), maker, (330, 4, [("at", 1), ("at", 2)])], jpeg_part(large), raw], True)
expect("preview.nef", decoded(large))
# PEF and ARW: directories one after the other.
camera("chain.arw", "<", [[(254, 4, [1]), maker, (259, 3, [32767]), (256, 4, [400]), (257, 4, [270])], jpeg_part(thumbnail)], False)
expect("chain.arw", decoded(thumbnail))
# RW2: the preview is a value.
camera("preview.rw2", "<", [[(2, 3, [27]), (3, 3, [40]), maker, (274, 3, [1]), (46, 7, list(large))]], True, b"IIU\0")
expect("preview.rw2", decoded(large))
# ORF: in the notes of the camera, relative to where they begin.
settings = struct.pack("<HHHIIHHIII", 2, 0x0101, 4, 1, 12 + 18 + 30, 0x0102, 4, 1, len(large), 0)
notes = b"OLYMPUS\0II\3\0" + struct.pack("<HHHIII", 1, 0x2020, 13, 1, 30, 0) + settings + large
camera("preview.orf", "<", [[maker, (34665, 4, [("at", 1)]), (256, 4, [40]), (257, 4, [27])], [(37500, 7, list(notes))]], True, b"IIRO")
expect("preview.orf", decoded(large))
with open("preview.raf", "wb") as file:
    file.write(b"FUJIFILMCCD-RAW 0201FF000000".ljust(84, b"\0") + struct.pack(">II", 100, len(large)) + bytes(8) + large + sensor)
expect("preview.raf", decoded(large))
