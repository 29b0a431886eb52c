"""Profiles of every kind that is read, and what littleCMS makes of colours through them.

Writes `tests/data/color`: `NAME.icc`, made here from formulas, and `NAME.to-srgb` and `NAME.from-srgb`, the bytes of the
converted colours. `tests/color.rs` makes the same colours and compares. The pictures are those of `tests/color_files.rs`,
each with `FILE.rgb`, its pixels in sRGB. Relative colorimetric, with black point
compensation, by littleCMS without its optimisations.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install pillow==13.0.0 numpy && /tmp/v/bin/python tests/oracles/color.py
"""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

OUT = pathlib.Path(__file__).parent.parent / "data" / "color"
NO_OPTIMISATION, BLACK_POINT = 0x0100, 0x2000
FLAGS = NO_OPTIMISATION | BLACK_POINT

# ---- writing profiles ----------------------------------------------------------------------------------------------------

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def fixed(*values):
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def xyz(values):
    return b"XYZ \0\0\0\0" + fixed(*values)


def gamma_curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def table_curve(function, entries=1024):
    values = [round(min(max(function(i / (entries - 1)), 0), 1) * 65535) for i in range(entries)]
    return b"curv\0\0\0\0" + struct.pack(f">I{entries}H", entries, *values)


def para(kind, *values):
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*values)


def text(version, value):
    if version >= 4:
        units = value.encode("utf-16-be")
        return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(units), 28) + units
    raw = value.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(raw)) + raw + b"\0" * (4 + 4 + 2 + 1 + 67)


def profile(name, tags, space, pcs=b"XYZ ", kind=b"mntr", version=4, white=None):
    right = text(4, "CC0") if version >= 4 else b"text\0\0\0\0CC0\0"
    tags = [(b"desc", text(version, name)), (b"cprt", right), (b"wtpt", white or xyz(D50)), *tags]
    header = bytearray(128)
    header[8:12] = bytes([version, 0x40 if version >= 4 else 0x20, 0, 0])
    header[12:24] = kind + space + pcs
    header[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    header[36:40] = b"acsp"
    header[68:80] = fixed(*D50)
    table, content, known = struct.pack(">I", len(tags)), b"", {}
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        # Equal tags share their bytes.
        at = known.setdefault(data, start + len(content))
        table += tag + struct.pack(">II", at, len(data))
        if at == start + len(content):
            content += data + b"\0" * (-len(data) % 4)
    header[0:4] = struct.pack(">I", start + len(content))
    return bytes(header) + table + content


def colorants(red, green, blue, white):
    to_xyz = lambda x, y: np.array([x / y, 1, (1 - x - y) / y])
    columns = np.stack([to_xyz(*p) for p in (red, green, blue)], axis=1)
    white = to_xyz(*white)
    columns = columns * np.linalg.solve(columns, white)
    cone = np.diag((BRADFORD @ D50) / (BRADFORD @ white))
    return np.linalg.inv(BRADFORD) @ cone @ BRADFORD @ columns


def matrix(name, primaries, curves, version=4, **others):
    curves = curves if isinstance(curves, list) else [curves] * 3
    columns = colorants(*primaries)
    tags = [(c + b"XYZ", xyz(columns[:, i])) for i, c in enumerate((b"r", b"g", b"b"))]
    tags += [(c + b"TRC", curves[i]) for i, c in enumerate((b"r", b"g", b"b"))]
    return profile(name, tags, b"RGB ", version=version, **others)


D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65)
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65)
BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65)
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585))
APPLE = ((0.625, 0.34), (0.28, 0.595), (0.155, 0.07), D65)
SRGB_PARA = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def srgb_light(v):
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def lightness(v):
    """L* of 100 v as Y."""
    return v * 100 / 903.2963 if v <= 0.08 else ((v * 100 + 16) / 116) ** 3


# ---- tables --------------------------------------------------------------------------------------------------------------


def to_lab(value):
    ratio = value / D50
    f = np.where(ratio > 216 / 24389, np.cbrt(np.maximum(ratio, 0)), ratio * 841 / 108 + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def from_lab(lab):
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    return np.where(f > 24 / 116, f**3, (f - 16 / 116) * 108 / 841) * D50


def lattice(side, inputs):
    axes = np.meshgrid(*[np.linspace(0, 1, side)] * inputs, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


def lab16_old(lab):
    return np.clip(np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], axis=1).round(), 0, 65535)


def lab_unit(lab):
    return np.clip(np.stack([lab[:, 0] / 100, (lab[:, 1] + 128) / 255, (lab[:, 2] + 128) / 255], axis=1), 0, 1)


def xyz_unit(value):
    return np.clip(value / (1 + 32767 / 32768), 0, 1)


def mft2(inputs, outputs, side, nodes, before, after):
    """Nodes from 0 to 65535; curves as lists of numbers from 0 to 65535."""
    head = b"mft2\0\0\0\0" + bytes([inputs, outputs, side, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    head += struct.pack(">HH", len(before[0]), len(after[0]))
    words = lambda values: np.asarray(values).round().astype(">u2").tobytes()
    return head + words(before) + words(nodes) + words(after)


def mft1(inputs, outputs, side, nodes, before, after):
    head = b"mft1\0\0\0\0" + bytes([inputs, outputs, side, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    octets = lambda values: np.asarray(values).round().astype("u1").tobytes()
    return head + octets(before) + octets(nodes) + octets(after)


def parts(kind, inputs, outputs, side, nodes, a, m, rows, b, words=True):
    """`mAB ` or `mBA `: curves as bytes of tags, nodes and rows as numbers from 0 to 1."""
    padded = lambda curves: b"".join(curve + b"\0" * (-len(curve) % 4) for curve in curves)
    scale, form = (65535, ">u2") if words else (255, "u1")
    grid = bytes([side] * inputs + [0] * (16 - inputs)) + bytes([2 if words else 1, 0, 0, 0])
    grid += (np.asarray(nodes) * scale).round().astype(form).tobytes()
    grid += b"\0" * (-len(grid) % 4)
    blocks = [padded(b), fixed(*np.asarray(rows).ravel()), padded(m), grid, padded(a)]
    places, at = [], 32
    for block in blocks:
        places.append(at)
        at += len(block)
    return kind + b"\0\0\0\0" + bytes([inputs, outputs, 0, 0]) + struct.pack(">5I", *places) + b"".join(blocks)


def ramp(function, entries, top):
    return [function(i / (entries - 1)) * top for i in range(entries)]


def rgb_to_xyz(rgb, columns, light):
    return np.vectorize(light)(rgb) @ columns.T


WIDE = colorants(*ADOBE)


def xyz_to_rgb(value, columns, code):
    return np.vectorize(code)(np.clip(value @ np.linalg.inv(columns).T, 0, 1))


# Inks: what paper with all combinations of four inks in full reflects, a press by Neugebauer with some dot gain.
INKS = {
    "": (95, 0, -2), "c": (55, -37, -50), "m": (48, 74, -3), "y": (89, -5, 93), "cm": (24, 22, -46), "cy": (50, -68, 25),
    "my": (47, 68, 48), "cmy": (23, 0, 0), "k": (16, 0, 0), "ck": (10, -4, -6), "mk": (9, 8, -1), "yk": (14, -1, 8),
    "cmk": (6, 2, -4), "cyk": (8, -5, 2), "myk": (8, 5, 4), "cmyk": (5, 0, 0),
}


def press(cmyk):
    coverage = np.clip(cmyk + 0.6 * cmyk * (1 - cmyk), 0, 1)
    total = np.zeros((len(cmyk), 3))
    for inks, lab in INKS.items():
        weight = np.ones(len(cmyk))
        for index, ink in enumerate("cmyk"):
            weight *= coverage[:, index] if ink in inks else 1 - coverage[:, index]
        total += weight[:, None] * from_lab(np.array(lab, float))
    # Relative to the paper.
    return to_lab(total * D50 / from_lab(np.array(INKS[""], float)))


def separation(lab):
    """Roughly what inks a colour takes, no more than 300 % in all; only its black matters here."""
    rgb = xyz_to_rgb(from_lab(lab), colorants(*SRGB), lambda v: v ** (1 / 2.2))
    cmy = 1 - rgb
    black = cmy.min(axis=1, keepdims=True) ** 2
    cmy = cmy - 0.35 * black
    return np.concatenate([cmy, 0.95 * black], axis=1)


def lab_lattice(side):
    cube = lattice(side, 3)
    return np.stack([cube[:, 0] * 65535 / 652.8, cube[:, 1] * 65535 / 256 - 128, cube[:, 2] * 65535 / 256 - 128], axis=1)


def unit_lab_lattice(side):
    cube = lattice(side, 3)
    return np.stack([cube[:, 0] * 100, cube[:, 1] * 255 - 128, cube[:, 2] * 255 - 128], axis=1)


line16, line8 = [0, 65535], list(range(256))


def make():
    yield "adobe-rgb", matrix("Adobe RGB", ADOBE, gamma_curve(563 / 256), version=2)
    yield "display-p3", matrix("Display P3", P3, SRGB_PARA)
    yield "prophoto", matrix("ProPhoto", PROPHOTO, gamma_curve(1.8), version=2)
    yield "bt2020", matrix("BT.2020", BT2020, para(3, 1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081))
    yield "apple", matrix("Apple", APPLE, gamma_curve(1.8), version=2)
    yield "lightness", matrix("L*", ADOBE, table_curve(lightness), version=2)
    yield "linear", matrix("Linear", SRGB, b"curv\0\0\0\0\0\0\0\0")
    yield "swapped", matrix("Green, blue, red", (SRGB[1], SRGB[2], SRGB[0], D65), SRGB_PARA)
    uneven = [gamma_curve(1.9), para(4, 2.4, 0.9, 0.05, 0.08, 0.05, 0.00048, 0.0), table_curve(lambda v: v**2.1, 33)]
    yield "uneven", matrix("Three curves", SRGB, uneven)
    yield "srgb-table", matrix("A table", SRGB, table_curve(srgb_light), version=2)
    yield "srgb-formula", matrix("A formula", SRGB, SRGB_PARA)

    gray = lambda name, curve, pcs=b"XYZ ": profile(name, [(b"kTRC", curve)], b"GRAY", pcs, version=2)
    yield "gray-gamma", gray("Gray 1.75", gamma_curve(1.75))
    yield "gray-dot-gain", gray("Gray 20 %", table_curve(lambda v: (v**1.75 * 0.9 + v * 0.1), 256))
    yield "gray-lightness", gray("Gray L*", b"curv\0\0\0\0\0\0\0\0", b"Lab ")
    yield "gray-srgb", gray("Gray sRGB", table_curve(srgb_light))

    # RGB by tables: a bent copy of Adobe RGB whose black is not quite black.
    light = lambda v: 0.004 + 0.996 * v**2.0
    code = lambda v: max((v - 0.004) / 0.996, 0) ** (1 / 2.0)
    bent = lambda rgb: to_lab(rgb_to_xyz(rgb, WIDE, light))
    bend16 = ramp(lambda v: v**1.1, 256, 65535)
    into = mft2(3, 3, 17, lab16_old(bent(lattice(17, 3) ** (1 / 1.1))), [bend16] * 3, [line16] * 3)
    back = mft2(3, 3, 15, xyz_to_rgb(from_lab(lab_lattice(15)), WIDE, code) * 65535, [line16] * 3, [line16] * 3)
    yield "rgb-mft2", profile("Tables", [(b"A2B0", into), (b"A2B1", into), (b"B2A0", back), (b"B2A1", back)], b"RGB ", b"Lab ", version=2)
    into = mft1(3, 3, 17, lab_unit(bent(lattice(17, 3))) * 255, [line8] * 3, [line8] * 3)
    yield "rgb-mft1", profile("A scanner", [(b"A2B0", into), (b"A2B1", into)], b"RGB ", b"Lab ", kind=b"scnr", version=2)
    into = mft2(3, 3, 17, xyz_unit(rgb_to_xyz(lattice(17, 3), WIDE, light)) * 65535, [line16] * 3, [line16] * 3)
    yield "rgb-xyz", profile("Tables to XYZ", [(b"A2B0", into), (b"A2B1", into)], b"RGB ", b"XYZ ", kind=b"scnr", version=2)
    straight = b"curv\0\0\0\0\0\0\0\0"
    rows = [[0.9, 0.02, 0.0], [0.0, 0.95, 0.0], [0.01, 0.0, 0.9], [0.02, 0.02, 0.03]]
    into = parts(
        b"mAB ", 3, 3, 15, lab_unit(bent(lattice(15, 3))),
        [gamma_curve(1.1)] * 3, [straight] * 3, rows, [straight, para(0, 1.0), straight],
    )  # fmt: skip
    back = parts(
        b"mBA ", 3, 3, 15, xyz_to_rgb(from_lab(unit_lab_lattice(15)), WIDE, code),
        [gamma_curve(1 / 1.1)] * 3, [straight] * 3, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], [straight] * 3,
    )  # fmt: skip
    yield "rgb-mab", profile("Parts", [(b"A2B1", into), (b"B2A1", back)], b"RGB ", b"Lab ", version=4)

    gain16 = ramp(lambda v: v**0.9, 64, 65535)
    into = mft2(4, 3, 7, lab16_old(press(lattice(7, 4) ** (1 / 0.9))), [gain16] * 4, [line16] * 3)
    back = mft2(3, 4, 9, separation(lab_lattice(9)) * 65535, [line16] * 3, [line16] * 4)
    tags = [(b"A2B0", into), (b"A2B1", into), (b"B2A0", back), (b"B2A1", back)]
    yield "cmyk-mft2", profile("A press", tags, b"CMYK", b"Lab ", kind=b"prtr", version=2)
    into = mft1(4, 3, 7, lab_unit(press(lattice(7, 4))) * 255, [line8] * 4, [line8] * 3)
    yield "cmyk-mft1", profile("Another press", [(b"A2B0", into)], b"CMYK", b"Lab ", kind=b"prtr", version=2)
    into = parts(
        b"mAB ", 4, 3, 7, lab_unit(press(lattice(7, 4))),
        [straight] * 4, [straight] * 3, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], [straight] * 3,
    )  # fmt: skip
    back = parts(
        b"mBA ", 3, 4, 9, separation(unit_lab_lattice(9)),
        [straight] * 4, [straight] * 3, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], [straight] * 3,
    )  # fmt: skip
    tags = [(b"A2B0", into), (b"A2B1", into), (b"B2A0", back), (b"B2A1", back)]
    yield "cmyk-mab", profile("A press of version 4", tags, b"CMYK", b"Lab ", kind=b"prtr", version=4)


def with_intents():
    """Profiles whose tables differ by intent, and whose white is not that of the eye."""
    light = lambda v: 0.004 + 0.996 * v**2.0
    colors = lattice(9, 3)
    exact = to_lab(rgb_to_xyz(colors, WIDE, light))
    tables = {
        b"A2B0": exact * [0.94, 0.85, 0.85] + [4.0, 0.0, 0.0],
        b"A2B1": exact,
        b"A2B2": exact * [1.0, 1.15, 1.15],
    }
    identity = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    straight = b"curv\0\0\0\0\0\0\0\0"
    old = [(name, mft2(3, 3, 9, lab16_old(lab), [line16] * 3, [line16] * 3)) for name, lab in tables.items()]
    new = [
        (name, parts(b"mAB ", 3, 3, 9, lab_unit(lab), [straight] * 3, [straight] * 3, identity, [straight] * 3))
        for name, lab in tables.items()
    ]
    paper = xyz([0.9, 0.92, 0.70])
    yield "scanner-v2", profile("A scanner", old, b"RGB ", b"Lab ", kind=b"scnr", version=2, white=paper)
    yield "scanner-v4", profile("A scanner", new, b"RGB ", b"Lab ", kind=b"scnr", version=4, white=paper)
    yield "screen-v2", matrix("A screen", PROPHOTO, gamma_curve(1.8), version=2, white=xyz([0.95, 1.0, 1.09]))
    dark = [para(4, 2.0, 0.98, 0.02, 0.0, 0.0, 0.03, 0.03)] * 3
    yield "camera-v4", matrix("A camera", ADOBE, dark, kind=b"scnr", white=paper)


# ---- converting colours --------------------------------------------------------------------------------------------------


def colors(channels, count=1200):
    """The same numbers as in `tests/color.rs`: corners, a ramp, then any."""
    state, values = 1, []
    for corner in range(2**channels):
        values.append([255 * (corner >> i & 1) for i in range(channels)])
    for step in range(64):
        values.append([step * 4] * channels if channels < 4 else [0, 0, 0, step * 4])
    while len(values) < count:
        pixel = []
        for _ in range(channels):
            state = (state * 1664525 + 1013904223) % 2**32
            pixel.append(state >> 24)
        values.append(pixel)
    return np.array(values, dtype=np.uint8)


def converted(values, mode, from_profile, to_profile, to_mode="RGB", intent=1, flags=FLAGS):
    picture = Image.frombytes(mode, (len(values), 1), values.tobytes())
    transform = ImageCms.buildTransform(from_profile, to_profile, mode, to_mode, ImageCms.Intent(intent), flags)
    return ImageCms.applyTransform(picture, transform).tobytes()


def picture(mode):
    """A slope in each direction, a block and a line, as in other tests."""
    width, height = 40, 24
    y, x = np.mgrid[0:height, 0:width]
    red, green, blue = x * 255 // (width - 1), y * 255 // (height - 1), (x * 5 + y * 7) % 256
    block = (x < 9) & (y < 6)
    rgb = np.stack([np.where(block, 250, red), np.where(block, 240, green), np.where(block, 20, blue)], axis=2)
    return Image.fromarray(rgb.astype(np.uint8)).convert(mode)


def pictures(profiles, srgb):
    def write(name, mode, profile, **options):
        picture(mode).save(OUT / name, icc_profile=profiles[profile], **options)
        with Image.open(OUT / name) as stored:
            expect(name, stored, profile)

    def expect(name, stored, profile):
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profiles[profile]))
        values = np.frombuffer(stored.tobytes(), dtype=np.uint8).reshape(-1, len(stored.getbands()))
        (OUT / f"{name}.rgb").write_bytes(converted(values, stored.mode, opened, srgb))

    write("adobe-rgb.png", "RGB", "adobe-rgb")
    write("adobe-rgb.jpg", "RGB", "adobe-rgb", quality=95, subsampling="4:4:4")
    write("gray-gamma.png", "L", "gray-gamma")
    write("gray-dot-gain.jpg", "L", "gray-dot-gain", quality=95)
    write("tables.png", "RGB", "rgb-mft2")
    write("press.jpg", "CMYK", "cmyk-mft2", quality=95)
    # The same file, taken for YCCK: Adobe's marker says so.
    data = bytearray((OUT / "press.jpg").read_bytes())
    data[data.index(b"Adobe") + 11] = 2
    (OUT / "press-ycck.jpg").write_bytes(data)
    with Image.open(OUT / "press-ycck.jpg") as stored:
        expect("press-ycck.jpg", stored, "cmyk-mft2")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values, before):
    """RGB of 8 or 16 bits, with chunks before the pixels."""
    height, width, _ = values.shape
    depth = 8 * values.dtype.itemsize
    rows = b"".join(b"\0" + row.astype(values.dtype.newbyteorder(">")).tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tone_mapped(light, peak):
    """Light in BT.2020, 1 being 203 cd/m²: the largest of three follows x (1 + x / peak²) / (1 + x)."""
    most = light.max(axis=-1, keepdims=True)
    light = light * (1 + most / peak**2) / (1 + most)
    linear = np.clip(light @ (np.linalg.inv(colorants(*SRGB)) @ colorants(*BT2020)).T, 0, 1)
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.floor(coded * 255 + 0.5).astype(np.uint8)


def high_dynamic_range():
    rgb = np.asarray(picture("RGB")).astype(float) / 255
    pq = (rgb * 0.75 * 65535).round().astype(np.uint16)
    root = (pq / 65535) ** (32 / 2523)
    nits = 10000 * (np.maximum(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)
    for name, peak, extra in (
        ("hdr-pq.png", 1000, []),
        ("hdr-pq-level.png", 600, [chunk(b"cLLI", struct.pack(">II", 600 * 10000, 100 * 10000))]),
    ):
        (OUT / name).write_bytes(png(pq, [chunk(b"cICP", bytes([9, 16, 0, 1])), *extra]))
        (OUT / f"{name}.rgb").write_bytes(tone_mapped(nits / 203, peak / 203).tobytes())
    hlg = (rgb * 255).round().astype(np.uint8)
    e, a = hlg / 255, 0.17883277
    scene = np.where(e <= 0.5, e * e / 3, (np.exp((e - 0.55991073) / a) + 1 - 4 * a) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    light = scene * np.power(luminance, 0.2, where=luminance > 0, out=np.zeros_like(luminance))[..., None] * 1000 / 203
    (OUT / "hdr-hlg.png").write_bytes(png(hlg, [chunk(b"cICP", bytes([9, 18, 0, 1]))]))
    (OUT / "hdr-hlg.png.rgb").write_bytes(tone_mapped(light, 1000 / 203).tobytes())


def intents():
    """`intents/NAME.icc`, and for each target a file with the colours of all intents, without and with black point compensation."""
    folder = OUT / "intents"
    folder.mkdir(exist_ok=True)
    targets = {
        "srgb": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        "display-p3": ImageCms.ImageCmsProfile(io.BytesIO(matrix("Display P3", P3, SRGB_PARA))),
        "adobe-rgb": ImageCms.ImageCmsProfile(io.BytesIO(matrix("Adobe RGB", ADOBE, para(0, 563 / 256)))),
    }
    for name, data in with_intents():
        (folder / f"{name}.icc").write_bytes(data)
        opened = ImageCms.ImageCmsProfile(io.BytesIO(data))
        for target, to in targets.items():
            found = b""
            for intent in range(4):
                for flags in (NO_OPTIMISATION, FLAGS):
                    found += converted(colors(3, 400), "RGB", opened, to, intent=intent, flags=flags)
            (folder / f"{name}.{target}").write_bytes(found)


def main():
    OUT.mkdir(exist_ok=True)
    intents()
    high_dynamic_range()
    pictures(dict(make()), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for name, data in make():
        (OUT / f"{name}.icc").write_bytes(data)
        opened = ImageCms.ImageCmsProfile(io.BytesIO(data))
        mode, channels = {b"GRAY": ("L", 1), b"RGB ": ("RGB", 3), b"CMYK": ("CMYK", 4)}[data[16:20]]
        values = colors(channels, 256 if channels == 1 else 1200)
        if channels == 1:
            values = np.arange(256, dtype=np.uint8)[:, None]
        (OUT / f"{name}.to-srgb").write_bytes(converted(values, mode, opened, srgb))
        if channels == 3 and b"scnr" not in data[:20]:
            (OUT / f"{name}.from-srgb").write_bytes(converted(colors(3), "RGB", srgb, opened))


main()
