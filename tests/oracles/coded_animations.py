"""Writes the animations in AVIF and JPEG XL of tests/data/animation, and what they show, in the form that `animations.py` describes:
by libavif (as Pillow and avifdec read them) and libjxl (djxl).

Run it with Pillow 13 and the programs cjxl and djxl of libjxl 0.7, avifenc and avifdec of libavif 0.11:
python tests/oracles/coded_animations.py
"""
import io
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

FOLDER = Path(__file__).parent.parent / "data" / "animation"
WIDTH, HEIGHT = 26, 18
# JPEG XL files of the usual level have at most 120 frames a second.
DELAYS = [40, 55, 100, 9, 120]
random.seed(11)


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def frame(at, alpha=False):
    """A bright block moves over a gradient, which is translucent in stripes if it has alpha."""
    picture = Image.new("RGBA", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            block = at * 4 <= x < at * 4 + 6 and 5 <= y < 12
            color = (230, 200, 60) if block else (40 + x * 5, 60 + y * 6, 150 - x * 2)
            picture.putpixel((x, y), (*color, 255 - 50 * ((x // 5 + at) % 4) if alpha else 255))
    return picture if alpha else picture.convert("RGB")


def frames(alpha=False):
    return [frame(at, alpha) for at in range(len(DELAYS))]


def expected(shown, delays, plays):
    """`delays` in microseconds."""
    pixels = (picture.convert("RGBA").tobytes() for picture in shown)
    return struct.pack("<II", len(shown), plays) + b"".join(struct.pack("<I", delay) + one for delay, one in zip(delays, pixels))


# AVIF.

def read_avif(data, plays):
    """Delays by Pillow, with libavif; pixels by avifdec, whose interpolation of chroma can be chosen."""
    stored = Image.open(io.BytesIO(data))
    orientation = stored.getexif().get(0x0112, 1)
    shown, delays = [], []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a.avif"), Path(folder, "a.png")
        source.write_bytes(data)
        for at in range(stored.n_frames):
            stored.seek(at)
            stored.load()
            delays.append(stored.info["duration"] * 1000)
            run("avifdec", "-d", 8, "-u", "bilinear", "--index", at, source, target)
            with Image.open(target) as picture:
                picture.load()
                # Neither program turns the picture.
                picture.getexif()[0x0112] = orientation
                shown.append(ImageOps.exif_transpose(picture) if orientation != 1 else picture.copy())
    return expected(shown, delays, plays)


def by_pillow(pictures, **options):
    out = io.BytesIO()
    pictures[0].save(out, "AVIF", save_all=True, append_images=pictures[1:], duration=DELAYS, speed=6, **options)
    return out.getvalue()


def by_avifenc(pictures, *options):
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for at, (picture, delay) in enumerate(zip(pictures, DELAYS)):
            picture.save(Path(folder, f"{at}.png"))
            files += ["--duration", delay, Path(folder, f"{at}.png")]
        run("avifenc", "--timescale", 1000, "--min", 5, "--max", 10, *options, *files, "-o", Path(folder, "a.avif"))
        return Path(folder, "a.avif").read_bytes()


def boxes(data, kind):
    """Where boxes of a kind begin."""
    at = -1
    while (at := data.find(kind, at + 1)) >= 0:
        yield at


def played(data, plays):
    """With an edit list that says how often it is played (ISO/IEC 23008-12, 9.6.1), where libavif says "without end"."""
    data = bytearray(data)
    for header, edits in zip(boxes(data, b"tkhd"), boxes(data, b"elst"), strict=True):
        # Both of version 1: the duration of a track comes 28 bytes behind the kind and the version, that of an edit 8.
        assert data[header + 4] == data[edits + 4] == 1
        data[edits + 7] = 0 if plays == 1 else 1
        length, = struct.unpack_from(">Q", data, edits + 12)
        struct.pack_into(">Q", data, header + 32, length * plays)
    return bytes(data)


def chunked(data):
    """The same with a chunk for every picture: their places (`stco`) and numbers (`stsc`) change."""
    data = bytes(data)
    start = data.index(b"moov") - 4
    length, = struct.unpack_from(">I", data, start)
    old = data[start:start + length]
    added = [0]

    def moved(box, by):
        kind, body = box[4:8], box[8:]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            parts, at = [], 0
            while at < len(body):
                size, = struct.unpack_from(">I", body, at)
                parts.append(body[at:at + size])
                at += size
            lengths = next((struct.unpack_from(f">{len(DELAYS)}I", part, 20) for part in parts if part[4:8] == b"stsz"), None)
            out = []
            for part in parts:
                if part[4:8] == b"stsc":
                    body = struct.pack(">II", 0, 2) + struct.pack(">6I", 1, 1, 1, 3, 1, 1)
                    part = struct.pack(">I", len(body) + 8) + b"stsc" + body
                elif part[4:8] == b"stco":
                    place, = struct.unpack_from(">I", part, 16)
                    places = [place + by + sum(lengths[:at]) for at in range(len(lengths))]
                    body = struct.pack(">II", 0, len(places)) + struct.pack(f">{len(places)}Q", *places)
                    part = struct.pack(">I", len(body) + 8) + b"co64" + body
                else:
                    part = moved(part, by)
                out.append(part)
            body = b"".join(out)
        return struct.pack(">I", len(body) + 8) + kind + body

    by = len(moved(old, 0)) - len(old)
    # The picture that stands for the animation is the first one, at the same place, which `iloc` names.
    file = bytearray(data[:start] + moved(old, by) + data[start + length:])
    first, = struct.unpack_from(">I", data, data.index(b"stco") + 12)
    location = file.index(b"iloc")
    at = file.index(struct.pack(">I", first), location)
    struct.pack_into(">I", file, at, first + by)
    alpha = data.index(b"stco", data.index(b"stco") + 1) if data.count(b"stco") > 1 else None
    if alpha:
        second, = struct.unpack_from(">I", data, alpha + 12)
        struct.pack_into(">I", file, file.index(struct.pack(">I", second), location), second + by)
    return bytes(file)


AVIFS = {
    "alpha": (by_pillow(frames(True), quality=100, subsampling="4:4:4"), 0),
    "opaque": (played(by_pillow(frames(), quality=90, subsampling="4:2:0"), 3), 3),
    "once": (played(by_pillow(frames(), quality=80, subsampling="4:2:0", range="limited"), 1), 1),
    "gray": (by_avifenc([picture.convert("L") for picture in frames()], "-y", 400), 0),
    "turned": (by_avifenc(frames(), "-y", 444, "--irot", 1), 0),
    "chunks": (chunked(by_pillow(frames(True), quality=95, subsampling="4:4:4")), 0),
    # Does not say how often it is played.
    "10-bits": (by_avifenc(frames(), "-d", 10, "-y", 444), 0),
    "multiplied": (by_avifenc(frames(True), "-y", 444, "--premultiply"), 0),
    "lossless": (by_avifenc(frames(), "-l"), 0),
}


# JPEG XL.

def read_jxl(data, plays):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a.jxl"), Path(folder, "a.apng")
        source.write_bytes(data)
        run("djxl", source, target, "--bits_per_sample", 8)
        picture = Image.open(target)
        shown, delays = [], []
        for at in range(getattr(picture, "n_frames", 1)):
            picture.seek(at)
            shown.append(picture.convert("RGBA"))
            delays.append(round(picture.info["duration"] * 1000))
        return expected(shown, delays, plays)


def by_cjxl(data, suffix, *options):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"a.{suffix}"), Path(folder, "a.jxl")
        source.write_bytes(data)
        run("cjxl", source, target, *options)
        return target.read_bytes()


def played_jxl(data, plays):
    """With a number of plays up to 7, which cjxl does not write: three more bits in the header (ISO/IEC 18181-1, D.3.2), of which only
    djxl knows where it ends."""
    assert data[:2] == b"\xff\x0a"
    bits = [data[at // 8] >> at % 8 & 1 for at in range(len(data) * 8)]
    # A size of two sides of up to 512, a ratio of 0; not all as usual; orientation, size, preview; ticks a second: 100 / 1.
    place = 16 + 1 + 11 + 3 + 11 + 2 + 3 + 2 + 1 + 2 + 2
    # A number of 3 bits instead of 0.
    assert bits[place:place + 2] == [0, 0]
    longer = bits[:place] + [1, 0] + [plays >> at & 1 for at in range(3)] + bits[place + 2:]
    for end in range(place // 8 + 1, place // 8 + 40):
        before, after = longer[:end * 8 + 3], bits[end * 8:]
        for head in ([before[:-3]] if not any(before[-3:]) else []) + [before + [0] * 5]:
            every = head + after
            file = bytes(sum(bit << at for at, bit in enumerate(every[start:start + 8])) for start in range(0, len(every), 8))
            try:
                if read_jxl(file, plays) == read_jxl(data, plays) and loops(file) == plays:
                    return file
            except (subprocess.CalledProcessError, OSError, SyntaxError):
                pass
    raise AssertionError("no such header")


def loops(data):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a.jxl"), Path(folder, "a.apng")
        source.write_bytes(data)
        run("djxl", source, target)
        written = target.read_bytes()
        return struct.unpack_from(">I", written, written.index(b"acTL") + 8)[0]


def apng(pictures):
    out = io.BytesIO()
    pictures[0].save(out, "PNG", save_all=True, append_images=pictures[1:], duration=DELAYS)
    return out.getvalue()


def gif(parts, repetitions):
    """Frames at places on the canvas, with hundredths of a second."""
    out = b"GIF89a" + struct.pack("<HH", WIDTH, HEIGHT) + b"\x81\0\0" + bytes(random.randrange(256) for _ in range(12))
    out += b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repetitions) + b"\0"
    for (left, top, width, height), delay, disposal in parts:
        out += b"\x21\xf9\x04" + bytes([disposal << 2 | 1]) + struct.pack("<H", delay) + b"\3\0"
        out += b"\x2c" + struct.pack("<4H", left, top, width, height) + b"\0\2"
        # A clear code before every pixel.
        codes = [code for _ in range(width * height) for code in (4, random.randrange(4))] + [5]
        number = sum(code << (3 * at) for at, code in enumerate(codes))
        packed = number.to_bytes((3 * len(codes) + 7) // 8, "little")
        out += b"".join(bytes([len(packed[at:at + 255])]) + packed[at:at + 255] for at in range(0, len(packed), 255)) + b"\0"
    return out + b"\x3b"


WHOLE = (0, 0, WIDTH, HEIGHT)
PARTS = [(WHOLE, 7, 1), ((3, 2, 9, 8), 10, 1), ((15, 9, 11, 9), 3, 1), ((8, 4, 12, 12), 20, 1)]
# Frames without a duration are layers of the next one.
LAYERS = [(WHOLE, 0, 1), ((3, 2, 9, 8), 10, 1), ((15, 9, 11, 9), 0, 1), ((8, 4, 12, 12), 0, 1), ((1, 1, 5, 5), 25, 1), ((9, 9, 5, 5), 4, 1)]
JXLS = {
    "alpha": (by_cjxl(apng(frames(True)), "png", "-d", 0), 0),
    "lossy": (by_cjxl(apng(frames()), "png", "-d", 0.5), 0),
    "parts": (played_jxl(by_cjxl(gif(PARTS, 3), "gif", "-d", 0), 3), 3),
    "layers": (by_cjxl(gif(LAYERS, 0), "gif", "-d", 0, "--container=1"), 0),
}

FILES = {f"{name}.avif": (data, read_avif(data, plays)) for name, (data, plays) in AVIFS.items()}
FILES |= {f"{name}.jxl": (data, read_jxl(data, plays)) for name, (data, plays) in JXLS.items()}
for name, (data, shown) in FILES.items():
    (FOLDER / name).write_bytes(data)
    (FOLDER / f"{name}.frames").write_bytes(shown)
    count, plays, delay = struct.unpack_from("<III", shown)
    sys.stdout.write(f"{name}: {len(data)} bytes, {count} frames, {plays} plays, the first for {delay} µs\n")
