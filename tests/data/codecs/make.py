"""Makes the pictures of this folder and, beside each, the pixels that it must give: `<name>.rgba`, eight bytes of
width and height (little endian), then straight RGBA, upright. Run with Pillow 13.0 (libjpeg-turbo, libwebp).

The expected pixels come from Pillow's decoders, or, for PNG and 16-bit samples, from the numbers that were written.
"""

import struct
import zlib

from PIL import Image, ImageCms, ImageOps

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

# Profiles
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
with open("srgb.icc", "wb") as file:
    file.write(profile)
save("profile.jpg", base(), quality=90, icc_profile=profile)
save("profile.png", base(), icc_profile=profile)
save("profile.webp", faded, quality=80, icc_profile=profile)
