"""Writes what the animations of more than 8 bits in tests/data/animation show: the `.frames16` files, which are as the `.frames` files that
`animations.py` describes, but for samples of 16 bits, little endian. APNG is composed here, in double precision; AVIF and JPEG XL are
read by avifdec and djxl. Makes `deep.jxl`, with its `.frames` too.

Run it with Pillow 13, numpy and the programs cjxl and djxl of libjxl 0.7 and avifdec of libavif 0.11:
python tests/oracles/deep_animations.py
"""
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np

FOLDER = Path(__file__).parent.parent / "data" / "animation"


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def chunks(data):
    at = 8
    while at < len(data):
        length, = struct.unpack_from(">I", data, at)
        yield data[at + 4:at + 8], data[at + 8:at + 8 + length]
        at += 12 + length


def unfiltered(data, height, stride, step):
    """The rows of a picture, by the filters of PNG (third edition, chapter 9)."""
    raw, rows, above = zlib.decompress(data), [], bytes(stride)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], raw[y * (stride + 1) + 1:][:stride]
        row = bytearray(stride)
        for x in range(stride):
            left, up, corner = (row[x - step] if x >= step else 0), above[x], (above[x - step] if x >= step else 0)
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda value: abs(guess - value))
            row[x] = (line[x] + [0, left, up, (left + up) // 2, nearest][kind]) % 256
        rows.append(bytes(row))
        above = bytes(row)
    return b"".join(rows)


def over(above, below):
    above, below = above / 65535, below / 65535
    front, back = above[..., 3:], below[..., 3:]
    alpha = front + back * (1 - front)
    colors = (above[..., :3] * front + below[..., :3] * back * (1 - front)) / np.where(alpha == 0, 1, alpha)
    return np.floor(np.where(alpha == 0, 0, np.concatenate([colors, alpha], axis=2)) * 65535 + 0.5)


def read_apng(data):
    """Of 16 bits with colours: delays in microseconds, and what a viewer shows."""
    frames, plays, size, channels = [], 0, None, 0
    for kind, body in chunks(data):
        if kind == b"IHDR":
            size, channels = struct.unpack(">II", body[:8]), {2: 3, 6: 4}[body[9]]
            assert body[8] == 16
        elif kind == b"acTL":
            plays = struct.unpack(">II", body)[1]
        elif kind == b"fcTL":
            frames.append([struct.unpack(">IIIIHHBB", body[4:]), b""])
        elif kind in (b"IDAT", b"fdAT") and frames:
            frames[-1][1] += body[4 if kind == b"fdAT" else 0:]
    canvas, shown = np.zeros((size[1], size[0], 4)), []
    for at, ((width, height, left, top, number, unit, disposal, blend), body) in enumerate(frames):
        stored = np.frombuffer(unfiltered(body, height, width * channels * 2, channels * 2), ">u2")
        stored = stored.reshape(height, width, channels).astype(np.float64)
        if channels == 3:
            stored = np.dstack([stored, np.full((height, width), 65535.0)])
        place, before = (slice(top, top + height), slice(left, left + width)), canvas.copy()
        canvas[place] = over(stored, canvas[place]) if blend else stored
        shown.append((number * 1_000_000 // (unit or 100), canvas.copy()))
        if disposal == 1 or disposal == 2 and at == 0:
            canvas[place] = 0
        elif disposal == 2:
            canvas = before
    return plays, shown


def read_avif(path):
    eight = (FOLDER / f"{path.name}.frames").read_bytes()
    count, plays = struct.unpack_from("<II", eight)
    length = (len(eight) - 8) // count
    shown = []
    with tempfile.TemporaryDirectory() as folder:
        for at in range(count):
            run("avifdec", "-d", 16, "-u", "bilinear", "--index", at, path, Path(folder, "a.png"))
            colors = cv2.imread(str(Path(folder, "a.png")), cv2.IMREAD_UNCHANGED)[..., 2::-1]
            assert colors.dtype == np.uint16 and colors.shape[2] == 3
            delay, = struct.unpack_from("<I", eight, 8 + at * length)
            shown.append((delay, np.dstack([colors, np.full(colors.shape[:2], 65535)])))
    return plays, shown


def read_jxl(path):
    with tempfile.TemporaryDirectory() as folder:
        run("djxl", path, Path(folder, "a.apng"), "--bits_per_sample", 16)
        return read_apng(Path(folder, "a.apng").read_bytes())


def write(name, plays, shown, bits=16):
    out = struct.pack("<II", len(shown), plays)
    for delay, pixels in shown:
        samples = pixels.astype("<u2") if bits == 16 else np.floor(pixels / 257 + 0.5).astype("u1")
        out += struct.pack("<I", delay) + samples.tobytes()
    (FOLDER / f"{name}.frames{'16' if bits == 16 else ''}").write_bytes(out)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep_apng():
    """Three frames of 26 × 18 pixels with colours that 8 bits do not have. It is opaque, because cjxl 0.7 gives opacity 8 bits."""
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 26, 18, 16, 2, 0, 0, 0)) + chunk(b"acTL", struct.pack(">II", 3, 0))
    for at in range(3):
        y, x = np.mgrid[0:18, 0:26]
        planes = [9000 + x * 401 + at * 3001, 5000 + y * 1027 + x * 13, 40000 - x * 777 + at * 19]
        rows = b"".join(b"\0" + row.tobytes() for row in np.dstack(planes).astype(">u2"))
        out += chunk(b"fcTL", struct.pack(">IIIIIHHBB", max(2 * at - 1, 0), 26, 18, 0, 0, 1, 10, 0, 0))
        data = zlib.compress(rows)
        out += chunk(b"fdAT", struct.pack(">I", 2 * at) + data) if at else chunk(b"IDAT", data)
    return out + chunk(b"IEND", b"")


write("deep.png", *read_apng((FOLDER / "deep.png").read_bytes()))
write("10-bits.avif", *read_avif(FOLDER / "10-bits.avif"))
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "a.png").write_bytes(deep_apng())
    run("cjxl", Path(folder, "a.png"), FOLDER / "deep.jxl", "-d", 0)
    original = read_apng(deep_apng())
plays, shown = read_jxl(FOLDER / "deep.jxl")
assert all(np.array_equal(one[1], other[1]) for one, other in zip(shown, original[1], strict=True)), "it is without loss"
write("deep.jxl", plays, shown)
write("deep.jxl", plays, shown, 8)
