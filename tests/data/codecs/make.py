"""Makes the pictures of this folder and, beside each, the pixels that it must give: `<name>.rgba`, eight bytes of
width and height (little endian), then straight RGBA, upright. Run with Pillow 13.0 (libjpeg-turbo, libwebp).

The expected pixels come from Pillow's decoders, or, for files that are written here and 16-bit samples, from the numbers that were written.
"""

import struct
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

sys.path.insert(0, str(Path(__file__).parents[2] / "oracles"))
import tiff_file

WIDTH, HEIGHT = 37, 23


def pixel(x, y):
    """An asymmetric picture: gradients, a bright block at the top left, a dark line at the right."""
    if x < 9 and y < 6:
        return 250, 240, 20
    if x == 33:
        return 10, 20, 60
    return x * 255 // (WIDTH - 1), y * 255 // (HEIGHT - 1), (x * 5 + y * 7) % 256


def base(width=WIDTH, height=HEIGHT):
    picture = Image.new("RGB", (width, height))
    picture.putdata([pixel(x, y) for y in range(height) for x in range(width)])
    return picture


def expect(name, picture):
    picture = picture.convert("RGB" if picture.mode == "CMYK" else "RGBA").convert("RGBA")
    with open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", *picture.size) + picture.tobytes())


def save(name, picture, **options):
    picture.save(name, **options)
    with Image.open(name) as stored:
        expect(name, ImageOps.exif_transpose(stored))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(name, depth, color, sample, expected, interlaced=False, extra=b""):
    """Writes a PNG sample by sample: `sample(x, y)` gives the tuple to store, `expected(x, y)` the RGBA it means."""

    def rows(left, top, step_x, step_y):
        for y in range(top, HEIGHT, step_y):
            bits = "".join(f"{value:0{depth}b}" for x in range(left, WIDTH, step_x) for value in sample(x, y))
            if bits:
                bits += "0" * (-len(bits) % 8)
                yield b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")

    passes = PASSES if interlaced else [(0, 0, 1, 1)]
    data = b"".join(row for one in passes for row in rows(*one))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, int(interlaced))
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra)
        file.write(chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))
    picture = Image.new("RGBA", (WIDTH, HEIGHT))
    picture.putdata([expected(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
    expect(name, picture)


def to_8(value):
    return round(value * 255 / 65535)


# JPEG
save("baseline-420.jpg", base(), quality=90, subsampling="4:2:0")
save("baseline-422.jpg", base(), quality=90, subsampling="4:2:2")
save("baseline-444.jpg", base(), quality=90, subsampling="4:4:4")
save("progressive-420.jpg", base(), quality=90, subsampling="4:2:0", progressive=True)
save("restarts-420.jpg", base(), quality=90, subsampling="4:2:0", restart_marker_blocks=2)
save("gray.jpg", base().convert("L"), quality=90)
save("rgb.jpg", base(), quality=90, keep_rgb=True)
save("cmyk.jpg", base().convert("CMYK"), quality=90)
# The same planes, taken for YCCK: Adobe's marker says so.
with open("cmyk.jpg", "rb") as file:
    inks = bytearray(file.read())
inks[inks.index(b"Adobe") + 11] = 2
with open("ycck.jpg", "wb") as file:
    file.write(inks)
with Image.open("ycck.jpg") as stored:
    expect("ycck.jpg", stored.convert("RGB"))
UNDO = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
for orientation, undo in UNDO.items():
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = base(36, 22) if undo is None else base(36, 22).transpose(Image.Transpose(undo))
    save(f"orientation-{orientation}.jpg", stored, quality=92, subsampling="4:2:0", exif=exif)

# PNG
png("gray-1.png", 1, 0, lambda x, y: ((x + y) % 2,), lambda x, y: ((x + y) % 2 * 255,) * 3 + (255,))
png("gray-2-transparent.png", 2, 0, lambda x, y: ((x + y) % 4,),
    lambda x, y: ((x + y) % 4 * 85,) * 3 + (0 if (x + y) % 4 == 2 else 255,), extra=chunk(b"tRNS", struct.pack(">H", 2)))
png("gray-4.png", 4, 0, lambda x, y: ((x + y) % 16,), lambda x, y: ((x + y) % 16 * 17,) * 3 + (255,))
png("gray-8-interlaced.png", 8, 0, lambda x, y: (pixel(x, y)[2],), lambda x, y: (pixel(x, y)[2],) * 3 + (255,), True)
png("gray-16.png", 16, 0, lambda x, y: (x * 1700 + y * 113,), lambda x, y: (to_8(x * 1700 + y * 113),) * 3 + (255,))
png("gray-alpha-8.png", 8, 4, lambda x, y: (x * 6, y * 11), lambda x, y: (x * 6, x * 6, x * 6, y * 11))
png("rgb-8-interlaced.png", 8, 2, pixel, lambda x, y: (*pixel(x, y), 255), True)
png("rgb-8-transparent.png", 8, 2, pixel,
    lambda x, y: (*pixel(x, y), 0 if pixel(x, y) == (250, 240, 20) else 255),
    extra=chunk(b"tRNS", struct.pack(">HHH", 250, 240, 20)))
WIDE = lambda x, y: (x * 1771, y * 2849, (x * 911 + y * 1301) % 65536)
png("rgb-16.png", 16, 2, WIDE, lambda x, y: (*map(to_8, WIDE(x, y)), 255))
png("rgba-16-interlaced.png", 16, 6, lambda x, y: (*WIDE(x, y), 65535 - x * 1500),
    lambda x, y: (*map(to_8, WIDE(x, y)), to_8(65535 - x * 1500)), True)
png("rgba-8.png", 8, 6, lambda x, y: (*pixel(x, y), y * 11), lambda x, y: (*pixel(x, y), y * 11))
PALETTE = [(i * 16, 255 - i * 16, i * 5) for i in range(16)]
ALPHAS = [255, 128, 0]
png("palette-4-transparent-interlaced.png", 4, 3, lambda x, y: ((x + y) % 16,),
    lambda x, y: (*PALETTE[(x + y) % 16], (ALPHAS + [255] * 16)[(x + y) % 16]), True,
    chunk(b"PLTE", bytes(sum(PALETTE, ()))) + chunk(b"tRNS", bytes(ALPHAS)))
png("palette-1.png", 1, 3, lambda x, y: ((x // 3 + y) % 2,), lambda x, y: (*PALETTE[(x // 3 + y) % 2], 255), False,
    chunk(b"PLTE", bytes(sum(PALETTE[:2], ()))))
exif = Image.Exif()
exif[0x0112] = 6
save("orientation-6.png", base(), exif=exif)

# WebP
faded = base()
faded.putalpha(Image.linear_gradient("L").resize(base().size))
save("lossy.webp", base(), quality=80)
save("lossy-alpha.webp", faded, quality=80, exact=True)
save("lossless-alpha.webp", faded, lossless=True, exact=True)
save("lossless.webp", base(), lossless=True)
save("orientation-8.webp", base(), lossless=True, exif=(lambda e: (e.__setitem__(0x0112, 8), e)[1])(Image.Exif()))
save("animated.webp", base(), save_all=True, append_images=[base().rotate(180)], lossless=True, duration=100)

# GIF: an animation whose first frame is smaller than its screen and has a transparent color
save("opaque.gif", base().quantize(32))


def gif_block(data):
    return bytes([len(data)]) + data


def gif_offset():
    """A 6×5 screen with a 3×2 frame at (2, 1), colors 0…3 of which 3 is transparent, then a second frame."""

    def frame(left, top, pixels):
        # Code size 2: a clear code (4) before each pixel keeps codes three bits wide.
        codes = [code for value in pixels for code in (4, value)] + [5]
        number = sum(code << (3 * index) for index, code in enumerate(codes))
        data = number.to_bytes((len(codes) * 3 + 7) // 8, "little")
        control = b"\x21\xf9\x04\x05\x0a\x00\x03\x00"
        return control + b"\x2c" + struct.pack("<HHHHB", left, top, 3, 2, 0) + b"\x02" + gif_block(data) + b"\0"

    colors = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    unknown = b"\x21\x42" + gif_block(b"what is this") + b"\0"
    with open("offset-animated.gif", "wb") as file:
        file.write(b"GIF89a" + struct.pack("<HHBBB", 6, 5, 0x81, 0, 0) + colors + unknown)
        file.write(frame(2, 1, [0, 1, 2, 2, 3, 0]) + frame(0, 0, [1] * 6) + b"\x3b")
    picture = Image.new("RGBA", (6, 5))
    for index, value in enumerate([0, 1, 2, 2, 3, 0]):
        color = (*colors[value * 3: value * 3 + 3], 0 if value == 3 else 255)
        picture.putpixel((2 + index % 3, 1 + index // 3), color)
    expect("offset-animated.gif", picture)


gif_offset()

# BMP
save("rgb.bmp", base())
save("palette.bmp", base().quantize(16))


def bmp_with_alpha():
    """Version 4 header with a mask for alpha, the only kind of bitmap whose alpha everybody honors."""
    rows = [[(*faded.getpixel((x, y))[:3], x * 6) for x in range(WIDTH)] for y in range(HEIGHT)]
    data = b"".join(bytes((blue, green, red, alpha)) for row in reversed(rows) for red, green, blue, alpha in row)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, WIDTH, HEIGHT, 1, 32, 3, len(data), 2835, 2835, 0, 0)
    header += masks + b"BGRs" + bytes(48)
    with open("alpha.bmp", "wb") as file:
        file.write(b"BM" + struct.pack("<IHHI", 14 + 108 + len(data), 0, 0, 14 + 108) + header + data)
    picture = Image.new("RGBA", (WIDTH, HEIGHT))
    picture.putdata([pixel for row in rows for pixel in row])
    expect("alpha.bmp", picture)


bmp_with_alpha()


def bmp_of_runs_from_the_top():
    """Run lengths with a negative height: not allowed by the format, but read by Pillow and browsers."""
    colors = [(250, 240, 20), (10, 20, 60), (200, 40, 90)]
    rows = [[0 if x < 9 and y < 6 else 1 if x == 33 else 2 for x in range(WIDTH)] for y in range(HEIGHT)]
    data = b""
    for row in rows:
        start = 0
        for x in range(1, WIDTH + 1):
            if x == WIDTH or row[x] != row[start]:
                data += bytes((x - start, row[start]))
                start = x
        data += b"\0\0"
    data += b"\0\1"
    table = b"".join(bytes((blue, green, red, 0)) for red, green, blue in colors)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT, 1, 8, 1, len(data), 2835, 2835, len(colors), 0)
    begin = 14 + len(header) + len(table)
    with open("runs-top-down.bmp", "wb") as file:
        file.write(b"BM" + struct.pack("<IHHI", begin + len(data), 0, 0, begin) + header + table + data)
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    picture.putdata([colors[index] for row in rows for index in row])
    with Image.open("runs-top-down.bmp") as stored:
        assert stored.convert("RGB").tobytes() == picture.tobytes()
    expect("runs-top-down.bmp", picture)


bmp_of_runs_from_the_top()

# QOI: every kind of instruction


def picture(size, pixels, mode="RGB"):
    made = Image.new(mode, size)
    made.putdata(pixels)
    return made


save("rgb.qoi", base())
steps = [(x * 3 % 256, (x * 3 + y // 4) % 256, 40 + y % 9, 255 if x < 20 else 200 - y) for y in range(HEIGHT) for x in range(WIDTH)]
save("rgba.qoi", picture((WIDTH, HEIGHT), steps, "RGBA"))

# PNM, sample by sample


def pnm(name, header, data, pixels):
    with open(name, "wb") as file:
        file.write(header + data)
    expect(name, picture((WIDTH, HEIGHT), pixels, "RGBA" if len(pixels[0]) == 4 else "RGB"))


ALL = [(x, y) for y in range(HEIGHT) for x in range(WIDTH)]
dots = [(x * y + x) % 3 == 0 for x, y in ALL]
pnm("text.pbm", b"P1\n# one digit beside the other\n37 23\n", "".join("1" if dot else "0" for dot in dots).encode(),
    [(0 if dot else 255,) * 3 for dot in dots])
bits = b"".join(int("".join("1" if dot else "0" for dot in dots[y * WIDTH:][:WIDTH]).ljust(40, "0"), 2).to_bytes(5, "big")
                for y in range(HEIGHT))
pnm("raw.pbm", b"P4 37 23\n", bits, [(0 if dot else 255,) * 3 for dot in dots])
few = [(x + y) % 8 for x, y in ALL]
pnm("text.pgm", b"P2 37\t23\r\n7\n", "\n".join(map(str, few)).encode(), [(round(value * 255 / 7),) * 3 for value in few])
pnm("raw-16.pgm", b"P5\n37 23\n65535\n", b"".join(struct.pack(">H", x * 1700 + y * 113) for x, y in ALL),
    [(to_8(x * 1700 + y * 113),) * 3 for x, y in ALL])
pnm("raw-10-bits.ppm", b"P6\n37 23 # wide, but not the widest\n1023\n",
    b"".join(struct.pack(">HHH", x * 28, y * 46, (x * y) % 1024) for x, y in ALL),
    [tuple(round(value * 255 / 1023) for value in (x * 28, y * 46, (x * y) % 1024)) for x, y in ALL])
tens = [tuple(value * 100 // 256 for value in pixel(x, y)) for x, y in ALL]
tens[-1] = (7, 8, 9)
pnm("text.ppm", b"P3 37 23 100 ", " ".join(f"{r} {g} {b}" for r, g, b in tens).encode(),
    [tuple(int(value * 255 / 100 + 0.5) for value in one) for one in tens])
pnm("raw.ppm", b"P6 37 23 255 ", bytes(value for x, y in ALL for value in pixel(x, y)), [pixel(x, y) for x, y in ALL])
PAM = "P7\nWIDTH 37\nHEIGHT 23\nDEPTH {}\nMAXVAL 255\nTUPLTYPE {}\nENDHDR\n"
pnm("rgba.pam", PAM.format(4, "RGB_ALPHA").encode(), bytes(value for x, y in ALL for value in (*pixel(x, y), y * 11)),
    [(*pixel(x, y), y * 11) for x, y in ALL])
pnm("gray-alpha.pam", PAM.format(2, "GRAYSCALE_ALPHA").encode(), bytes(value for x, y in ALL for value in (x * 6, y * 11)),
    [(x * 6, x * 6, x * 6, y * 11) for x, y in ALL])

# TIFF: by libtiff through Pillow, and of other kinds entry by entry
for name, mode, options in [
    ("rgb", "RGB", {}),
    ("rgb-lzw", "RGB", {"compression": "tiff_lzw"}),
    ("rgb-lzw-predicted-strips", "RGB", {"compression": "tiff_lzw", "tiffinfo": {317: 2, 278: 5}}),
    ("rgb-deflate-predicted", "RGB", {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2}}),
    ("rgb-packbits", "RGB", {"compression": "packbits"}),
    ("gray", "L", {}),
    ("rgba-deflate", "RGBA", {"compression": "tiff_deflate"}),
]:
    save(f"{name}.tif", faded.convert(mode), **options)
save("palette-lzw.tif", base().quantize(16), compression="tiff_lzw")
exif = Image.Exif()
exif[0x0112] = 6
save("orientation-6.tif", base(), exif=exif, compression="tiff_lzw")
save("pages.tif", base(), save_all=True, append_images=[base(30, 20), base(9, 8)])
# A page of text, in a way: runs of every length.
text = Image.new("1", (131, 47), 1)
text.putdata([0 if (x * x // 9 + y * y // 5) % 11 < 4 or x < 3 or y == 7 else 255 for y in range(47) for x in range(131)])
for kind in ["tiff_ccitt", "group3", "group4"]:
    save(f"{kind.removeprefix('tiff_')}.tif", text, compression=kind)
save("group3-mixed.tif", text, compression="group3", tiffinfo={292: 5})
save("group4-strips.tif", text, compression="group4", tiffinfo={278: 10})


def tiff(name, order, entries, parts, pixels):
    tiff_file.write(name, order, entries, parts)
    expect(name, picture((WIDTH, HEIGHT), pixels, "RGBA" if len(pixels[0]) == 4 else "RGB"))


def kind(bits, photometric, compression=1, *more):
    return tiff_file.kind((WIDTH, HEIGHT), bits, photometric, compression, *more)


def tiles(side, sample, columns=WIDTH, rows=HEIGHT):
    """Bytes of each tile; beyond the edges the picture is repeated."""
    return [b"".join(sample(min(x, columns - 1), min(y, rows - 1)) for y in range(top, top + side) for x in range(left, left + side))
            for top in range(0, rows, side) for left in range(0, columns, side)]


def packed_rows(depth, sample):
    rows = ("".join(f"{sample(x, y):0{depth}b}" for x in range(WIDTH)) for y in range(HEIGHT))
    return [int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in rows]


for order, name in [("<", "little"), (">", "big")]:
    wide = [struct.pack(f"{order}HHH", *WIDE(x, y)) for x, y in ALL]
    tiff(f"rgb-16-{name}.tif", order, kind([16] * 3, 2), [b"".join(wide)], [tuple(map(to_8, WIDE(x, y))) for x, y in ALL])
    # Differences from the pixel on the left.
    rows = [[WIDE(x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
    data = b"".join(struct.pack(f"{order}HHH", *((value - (row[x - 1][i] if x else 0)) % 65536 for i, value in enumerate(row[x])))
                    for row in rows for x in range(WIDTH))
    tiff(f"rgb-16-predicted-{name}.tif", order, kind([16] * 3, 2, 8, (317, 3, [2])), [zlib.compress(data)],
         [tuple(map(to_8, WIDE(x, y))) for x, y in ALL])
tiff("tiles.tif", "<", kind([8] * 3, 2, 1, (322, 3, [16]), (323, 3, [16])), tiles(16, lambda x, y: bytes(pixel(x, y))),
     [pixel(x, y) for x, y in ALL])
tiff("tiles-deflate.tif", ">", kind([8] * 3, 2, 8, (322, 3, [32]), (323, 3, [32])),
     [zlib.compress(tile) for tile in tiles(32, lambda x, y: bytes(pixel(x, y)))], [pixel(x, y) for x, y in ALL])
tiff("planes.tif", "<", kind([8] * 3, 2, 1, (284, 3, [2]), (278, 3, [10])),
     [bytes(pixel(x, y)[plane] for y in range(top, min(top + 10, HEIGHT)) for x in range(WIDTH))
      for plane in range(3) for top in range(0, HEIGHT, 10)], [pixel(x, y) for x, y in ALL])
tiff("planes-tiles-alpha.tif", ">", kind([8] * 4, 2, 1, (284, 3, [2]), (322, 3, [16]), (323, 3, [16]), (338, 3, [2])),
     [tile for plane in range(4) for tile in tiles(16, lambda x, y: bytes([(*pixel(x, y), y * 11)[plane]]))],
     [(*pixel(x, y), y * 11) for x, y in ALL])
tiff("gray-alpha-white-zero.tif", "<", kind([8] * 2, 0, 1, (338, 3, [2])), [bytes(value for x, y in ALL for value in (x * 6, y * 11))],
     [(255 - x * 6,) * 3 + (y * 11,) for x, y in ALL])
tiff("premultiplied.tif", "<", kind([8] * 4, 2, 1, (338, 3, [1])),
     [bytes(value for x, y in ALL for value in (*(v * (y * 11) // 255 for v in pixel(x, y)), y * 11))],
     [(*(min(255, int((v * (y * 11) // 255) * 255 / (y * 11) + 0.5)) if y else 0 for v in pixel(x, y)), y * 11) for x, y in ALL])
for depth in [1, 2, 4, 6, 12]:
    most = 2 ** depth - 1
    tiff(f"gray-{depth}.tif", ">", kind([depth], 1), [b"".join(packed_rows(depth, lambda x, y: (x * 3 + y * 7) % (most + 1)))],
         [(int((x * 3 + y * 7) % (most + 1) * 255 / most + 0.5),) * 3 for x, y in ALL])
colors = [(i * 16, 255 - i * 16, i * 5) for i in range(16)]
tiff("palette-4-shifted.tif", "<", kind([4], 3, 1, (320, 3, [color[i] << 8 for i in range(3) for color in colors])),
     [b"".join(packed_rows(4, lambda x, y: (x + y) % 16))], [colors[(x + y) % 16] for x, y in ALL])
tiff("rows-reversed.tif", "<", kind([8], 1, 1, (266, 3, [2])), [bytes(int(f"{x * 6:08b}"[::-1], 2) for x, y in ALL)],
     [(x * 6,) * 3 for x, y in ALL])

# ICO: pictures of several sizes and depths
icon = faded.resize((48, 48))
icon.save("png.ico", sizes=[(16, 16), (48, 48)], bitmap_format="png")
expect("png.ico", icon)


def ico(name, pictures, largest, kind=1):
    at, directory, data = 6 + 16 * len(pictures), b"", b""
    for width, height, bits, content in pictures:
        fields = (1, bits) if kind == 1 else (width // 2, height // 2)
        directory += struct.pack("<BBBBHHII", width % 256, height % 256, 0, 0, *fields, len(content), at + len(data))
        data += content
    with open(name, "wb") as file:
        file.write(struct.pack("<HHH", 0, kind, len(pictures)) + directory + data)
    size, pixels = largest
    expect(name, picture(size, pixels, "RGBA"))


def dib(width, height, bits, palette, row, mask):
    """`row(y)` gives the samples of a row as one number each, `mask(x, y)` whether a pixel is transparent."""
    def packed(values, bits):
        text = "".join(f"{value:0{bits}b}" for value in values)
        text = text.ljust(-(-len(text) // 32) * 32, "0")
        return int(text, 2).to_bytes(len(text) // 8, "big")
    data = struct.pack("<IiiHHIIiiII", 40, width, height * 2, 1, bits, 0, 0, 0, 0, len(palette), 0)
    data += b"".join(bytes((blue, green, red, 0)) for red, green, blue in palette)
    data += b"".join(packed(row(y), bits) for y in reversed(range(height)))
    return data + b"".join(packed([int(mask(x, y)) for x in range(width)], 1) for y in reversed(range(height)))


def bgra(red, green, blue, alpha=None):
    return blue << 16 | green << 8 | red if alpha is None else blue << 24 | green << 16 | red << 8 | alpha


round_mask = lambda x, y: (x - 16) ** 2 + (y - 9) ** 2 > 80
small = (8, 8, 4, dib(8, 8, 4, colors, lambda y: [(x + y) % 16 for x in range(8)], lambda x, y: False))
seen = lambda x, y: (*pixel(x, y), 0 if round_mask(x, y) else 255)
SIZE, PLACES = (33, 21), [(x, y) for y in range(21) for x in range(33)]
ico("rgb-mask.ico", [small, (33, 21, 24, dib(33, 21, 24, [], lambda y: [bgra(*pixel(x, y)) for x in range(33)], round_mask))],
    (SIZE, [seen(x, y) for x, y in PLACES]))
ico("rgba.ico", [(33, 21, 32, dib(33, 21, 32, [], lambda y: [bgra(*pixel(x, y), y * 12) for x in range(33)], round_mask)), small],
    (SIZE, [(*pixel(x, y), y * 12) for x, y in PLACES]))
ico("rgb-32-mask.ico", [(33, 21, 32, dib(33, 21, 32, [], lambda y: [bgra(*pixel(x, y), 0) for x in range(33)], round_mask))],
    (SIZE, [seen(x, y) for x, y in PLACES]))
ico("palette-4.ico", [(33, 21, 4, dib(33, 21, 4, colors, lambda y: [(x + y) % 16 for x in range(33)], round_mask))],
    (SIZE, [(*colors[(x + y) % 16], 0 if round_mask(x, y) else 255) for x, y in PLACES]))
ico("bits.cur", [(33, 21, 1, dib(33, 21, 1, colors[3:5], lambda y: [(x * y) % 2 for x in range(33)], round_mask))],
    (SIZE, [(*colors[3 + x * y % 2], 0 if round_mask(x, y) else 255) for x, y in PLACES]), 2)

# TGA
save("rgb.tga", base())
save("rgb-runs.tga", base(), compression="tga_rle")
save("gray-runs.tga", base().convert("L"), compression="tga_rle")
save("palette-runs.tga", base().quantize(16), compression="tga_rle")
save("rgba-top.tga", faded, orientation=1)
with open("bits5-right.tga", "wb") as file:
    file.write(struct.pack("<BBBHHBHHHHBB", 4, 0, 2, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 16, 0x31) + b"note")
    file.write(b"".join(struct.pack("<H", (y > 3) << 15 | x % 32 << 10 | y << 5 | (x + y) % 32)
                        for y in range(HEIGHT) for x in reversed(range(WIDTH))))
fifth = lambda value: int(value * 255 / 31 + 0.5)
expect("bits5-right.tga", picture((WIDTH, HEIGHT), [(fifth(x % 32), fifth(y), fifth((x + y) % 32), 255 if y > 3 else 0) for x, y in ALL], "RGBA"))

# Profiles
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
with open("srgb.icc", "wb") as file:
    file.write(profile)
save("profile.jpg", base(), quality=90, icc_profile=profile)
save("profile.png", base(), icc_profile=profile)
save("profile.webp", faded, quality=80, icc_profile=profile)
save("profile.tif", base(), compression="tiff_lzw", icc_profile=profile)
