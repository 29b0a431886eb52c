"""Writes the animations of tests/data/animation, and what they show: by Pillow for GIF and WebP. Pillow does not blend
translucent frames of APNG as the standard says, so those are composed here, in double precision.

Beside each file is <name>.frames: the number of frames and how often they are played (0 means without end), both as
32 bits, little endian; then for every frame its delay in microseconds, and its pixels as RGBA.

Run it with Pillow 13: python tests/oracles/animations.py
"""
import io
import random
import struct
import sys
import zlib
from pathlib import Path

from PIL import GifImagePlugin, Image

GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_ALWAYS
FOLDER = Path(__file__).parent.parent / "data" / "animation"
WIDTH, HEIGHT = 13, 9
random.seed(7)


# GIF, block by block.

def lzw(indices, bits):
    """Clear code before every pixel: simple, and no table is needed."""
    clear, width = 1 << bits, bits + 1
    codes = [code for index in indices for code in (clear, index)] + [clear + 1]
    number = sum(code << (width * at) for at, code in enumerate(codes))
    data = number.to_bytes((width * len(codes) + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[at:at + 255])]) + data[at:at + 255] for at in range(0, len(data), 255))
    return bytes([bits]) + blocks + b"\0"


PALETTE = [(255, 255, 255), (200, 30, 30), (30, 160, 60), (40, 60, 220)]


def gif_frame(place, delay, disposal, transparent=None, palette=None):
    left, top, width, height = place
    out = b"\x21\xf9\x04" + bytes([disposal << 2 | (transparent is not None)]) + struct.pack("<H", delay)
    out += bytes([transparent or 0, 0])
    out += b"\x2c" + struct.pack("<4H", left, top, width, height) + bytes([0x81 if palette else 0])
    out += b"".join(bytes(color) for color in palette or [])
    return out + lzw([random.randrange(4) for _ in range(width * height)], 2)


def gif(frames, repetitions=None):
    out = b"GIF89a" + struct.pack("<HH", WIDTH, HEIGHT) + b"\x81\0\0" + b"".join(bytes(color) for color in PALETTE)
    if repetitions is not None:
        out += b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repetitions) + b"\0"
    return out + b"".join(frames) + b"\x3b"


WHOLE, PART, CORNER = (0, 0, WIDTH, HEIGHT), (3, 2, 6, 5), (8, 5, 5, 4)
OTHER = [(10, 10, 10), (250, 240, 20), (90, 90, 250), (240, 120, 0)]
GIFS = {
    "keep": gif([gif_frame(WHOLE, 7, 1), gif_frame(PART, 10, 1), gif_frame(CORNER, 3, 0)], 0),
    "transparent": gif([gif_frame(WHOLE, 10, 1, 0), gif_frame(PART, 10, 1, 2), gif_frame(CORNER, 20, 1, 1, OTHER)], 2),
    "background": gif([gif_frame(WHOLE, 10, 1, 0), gif_frame(PART, 10, 2, 0), gif_frame(CORNER, 10, 2, 0), gif_frame(PART, 10, 1, 0)]),
    "previous": gif([gif_frame(WHOLE, 10, 1, 0), gif_frame(PART, 10, 3, 0), gif_frame(CORNER, 10, 3, 0), gif_frame(PART, 0, 1, 0)], 1),
    "part-first": gif([gif_frame(PART, 10, 1, 0), gif_frame(CORNER, 10, 1, 0)], 0),
}


# APNG, chunk by chunk.

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


OPACITIES = [255, 0, 128, 255]


def png(color, depth, frames, plays=0, hidden=False, extra=b""):
    """A file, and its frames as RGBA."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    drawn = []

    def rgba(pixel):
        sample = [value // 257 + (value % 257 > 128) for value in struct.unpack(f">{samples}H", pixel)] if depth == 16 else list(pixel)
        return {0: lambda g: (g, g, g, 255), 2: lambda r, g, b: (r, g, b, 255), 3: lambda i: (*PALETTE[i], OPACITIES[i]),
                4: lambda g, a: (g, g, g, a), 6: lambda r, g, b, a: (r, g, b, a)}[color](*sample)

    def data(width, height):
        size = samples * depth // 8
        pixels = [bytes([random.randrange(4)]) if color == 3 else random.randbytes(size) for _ in range(width * height)]
        drawn.append([rgba(pixel) for pixel in pixels])
        rows = (pixels[y * width:][:width] for y in range(height))
        return zlib.compress(b"".join(b"\0" + b"".join(row) for row in rows))

    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, 0))
    out += extra + chunk(b"acTL", struct.pack(">II", len(frames), plays))
    if hidden:
        out += chunk(b"IDAT", data(WIDTH, HEIGHT))
    sequence = 0
    for at, (place, delay, disposal, blend) in enumerate(frames):
        left, top, width, height = place
        out += chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, width, height, left, top, *delay, disposal, blend))
        sequence += 1
        if at == 0 and not hidden:
            out += chunk(b"IDAT", data(width, height))
        else:
            out += chunk(b"fdAT", struct.pack(">I", sequence) + data(width, height))
            sequence += 1
    return out + chunk(b"IEND", b""), composed(frames, drawn[int(hidden):], plays)


def over(above, below):
    front, back = above[3] / 255, below[3] / 255
    alpha = front + back * (1 - front)
    if alpha == 0:
        return (0, 0, 0, 0)
    colors = [(above[i] * front + below[i] * back * (1 - front)) / alpha for i in range(3)]
    return tuple(int(value + 0.5) for value in (*colors, alpha * 255))


def composed(frames, drawn, plays):
    """What a viewer shows (W3C PNG, third edition, 11.3.6.2)."""
    canvas = {(x, y): (0, 0, 0, 0) for y in range(HEIGHT) for x in range(WIDTH)}
    out = struct.pack("<II", len(frames), plays)
    for at, ((place, (number, unit), disposal, blend), pixels) in enumerate(zip(frames, drawn)):
        left, top, width, height = place
        before = dict(canvas)
        for position, pixel in enumerate(pixels):
            place = left + position % width, top + position // width
            canvas[place] = over(pixel, canvas[place]) if blend else pixel
        delay = number * 1_000_000 // (unit or 100)
        out += struct.pack("<I", delay) + bytes(value for y in range(HEIGHT) for x in range(WIDTH) for value in canvas[x, y])
        for place in ((left + x, top + y) for y in range(height) for x in range(width)):
            if disposal == 1 or disposal == 2 and at == 0:
                canvas[place] = (0, 0, 0, 0)
            elif disposal == 2:
                canvas[place] = before[place]
    return out


TENTH = (1, 10)
FRAMES = [(WHOLE, TENTH, 0, 0), (PART, (40, 1000), 0, 1), (CORNER, (3, 0), 1, 0), (PART, TENTH, 2, 1), (CORNER, (1, 30), 0, 1)]
PLTE = chunk(b"PLTE", b"".join(bytes(color) for color in PALETTE))
PNGS = {
    "rgba": png(6, 8, FRAMES),
    "rgb": png(2, 8, [(place, delay, 0, 0) for place, delay, _, _ in FRAMES], plays=3),
    "rgb-cleared": png(2, 8, FRAMES, plays=1),
    "gray": png(0, 8, [(WHOLE, TENTH, 0, 0), (CORNER, TENTH, 0, 0)]),
    "gray-alpha": png(4, 8, FRAMES),
    "deep": png(6, 16, FRAMES),
    "palette": png(3, 8, FRAMES, extra=PLTE + chunk(b"tRNS", bytes(OPACITIES))),
    "hidden-first": png(6, 8, FRAMES, hidden=True),
}


# WebP, by libwebp.

def webp(lossless, alpha, loop):
    frames = []
    for at in range(4):
        frame = Image.new("RGBA", (WIDTH, HEIGHT), (250, 250, 250, 255))
        for y in range(HEIGHT):
            for x in range(WIDTH):
                opacity = 60 * ((x + at) % 5) if alpha else 255
                if x // 4 == at or at == 0:
                    frame.putpixel((x, y), (x * 19, y * 27, at * 60, opacity))
        frames.append(frame)
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=[40, 55, 100, 8], loop=loop,
                   lossless=lossless, exact=True, quality=90, kmin=0, kmax=0)
    return out.getvalue()


WEBPS = {"lossless": webp(True, True, 0), "opaque": webp(True, False, 5)}


def expected(data, plays):
    picture = Image.open(io.BytesIO(data))
    frames = []
    for at in range(picture.n_frames):
        picture.seek(at)
        picture.load()
        delay = picture.info.get("duration", 0)
        frames.append(struct.pack("<I", round(delay * 1000)) + picture.convert("RGBA").tobytes())
    return struct.pack("<II", len(frames), plays) + b"".join(frames)


def repetitions(data):
    """The number of plays, as browsers count them."""
    info = Image.open(io.BytesIO(data)).info
    if data.startswith(b"GIF"):
        loop = info.get("loop")
        return 1 if loop is None else 0 if loop == 0 else loop + 1
    return info.get("loop", 0)


FILES = {f"{name}.png": made for name, made in PNGS.items()}
FILES |= {f"{name}.gif": (data, expected(data, repetitions(data))) for name, data in GIFS.items()}
FILES |= {f"{name}.webp": (data, expected(data, repetitions(data))) for name, data in WEBPS.items()}
for name, (data, frames) in FILES.items():
    (FOLDER / name).write_bytes(data)
    (FOLDER / f"{name}.frames").write_bytes(frames)
    sys.stdout.write(f"{name}: {len(data)} bytes\n")
