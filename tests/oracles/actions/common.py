"""What the definitions of several actions have in common."""

import pathlib

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

FOLDER = pathlib.Path(__file__).parent.parent.parent / "data" / "actions"


def read(name):
    return np.asarray(Image.open(FOLDER / name)).astype(np.float64)


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
