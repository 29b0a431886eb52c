"""What the definitions of several actions have in common."""

import pathlib

import struct
import zlib

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

FOLDER = pathlib.Path(__file__).parent.parent.parent / "data" / "actions"


def read(name):
    """Levels from 0 to 255, with fractions for samples of 16 bits."""
    deep = read_deep((FOLDER / name).read_bytes())
    return np.asarray(Image.open(FOLDER / name)).astype(np.float64) if deep is None else deep / 257


def read_deep(file):
    """The samples of a file that `write_deep` wrote, or None for one of 8 bits. Pillow reduces colours of 16 bits."""
    width, height, depth, kind = struct.unpack(">IIBB", file[16:26])
    if depth != 16:
        return None
    channels, start, packed = {0: 1, 2: 3, 6: 4}[kind], 8, b""
    while start < len(file):
        (length,) = struct.unpack(">I", file[start : start + 4])
        if file[start + 4 : start + 8] == b"IDAT":
            packed += file[start + 8 : start + 8 + length]
        start += length + 12
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels * 2)
    assert not rows[:, 0].any()
    samples = rows[:, 1:].copy().view(">u2").astype(np.float64)
    return samples.reshape((height, width) if channels == 1 else (height, width, channels))


def write_deep(name, values):
    samples = np.clip(np.floor(values * 257 + 0.5), 0, 65535).astype(">u2")
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    rows = np.zeros((height, 1 + width * channels * 2), np.uint8)
    rows[:, 1:] = samples.reshape(height, -1).view(np.uint8).reshape(height, -1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
    (FOLDER / name).write_bytes(file + chunk(b"IEND", b""))


def write(name, values):
    # Half is rounded up, as the contract has it; NumPy's round would take the even one.
    Image.fromarray(np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)).save(FOLDER / name, optimize=True)


def luma(rgb):
    """As in Y'CbCr of JPEG, BT.601."""
    return rgb @ np.array([0.299, 0.587, 0.114])


def blur(values, sigma):
    axes = (sigma, sigma) + (0,) * (values.ndim - 2)
    return gaussian_filter(values, axes, mode="nearest", truncate=8)


def premultiplied(picture, work):
    """Runs `work` on colour times alpha, and divides afterwards."""
    alpha = picture[..., 3:] / 255
    done = work(np.concatenate([picture[..., :3] * alpha, picture[..., 3:]], axis=2))
    share = np.clip(done[..., 3:] / 255, 0, 1)
    colour = np.divide(done[..., :3], share, out=np.zeros_like(done[..., :3]), where=share > 0)
    return np.concatenate([np.clip(colour, 0, 255), done[..., 3:]], axis=2)


def cubic(b, c):
    """Mitchell and Netravali's family, from the paper's formula."""

    def weight(x):
        x = abs(x)
        if x < 1:
            return ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b) / 6
        if x < 2:
            return ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c) / 6
        return 0

    return weight


FILTERS = {
    "bilinear": (1, lambda x: max(0, 1 - abs(x))),
    "bicubic": (2, cubic(0, 0.5)),
    "mitchell": (2, cubic(1 / 3, 1 / 3)),
    "lanczos3": (3, lambda x: np.sinc(x) * np.sinc(x / 3) if abs(x) < 3 else 0),
}


def resample_axis(values, axis, size, name):
    support, weight = FILTERS[name]
    old = values.shape[axis]
    scale = old / size
    wide = max(scale, 1)
    matrix = np.zeros((size, old))
    for new in range(size):
        centre = (new + 0.5) * scale
        for x in range(old):
            if abs(x + 0.5 - centre) < support * wide:
                matrix[new, x] = weight((x + 0.5 - centre) / wide)
        matrix[new] /= matrix[new].sum()
    return np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)


def resample(values, width, height, name):
    def work(v):
        return resample_axis(resample_axis(v, 0, height, name), 1, width, name)

    return premultiplied(values, work) if values.shape[-1] == 4 else work(values)


def half_up(value):
    return max(1, int(np.floor(value + 0.5)))


def color(text):
    """Red, green, blue and opacity, 0 to 255."""
    digits = text[1:] + ("ff" if len(text) == 7 else "")
    return np.array([int(digits[at : at + 2], 16) for at in (0, 2, 4, 6)], float)


def over(above, below):
    """Source-over of two pictures with straight alpha."""
    a, b = above[..., 3:] / 255, below[..., 3:] / 255
    alpha = a + b * (1 - a)
    weighed = above[..., :3] * a + below[..., :3] * b * (1 - a)
    colour = np.divide(weighed, alpha, out=np.zeros_like(weighed), where=alpha > 0)
    return np.concatenate([colour, alpha * 255], axis=2)


def with_alpha(picture):
    if picture.shape[2] == 4:
        return picture
    return np.concatenate([picture, np.full(picture.shape[:2] + (1,), 255.0)], axis=2)
