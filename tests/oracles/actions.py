"""Makes the expected pictures of tests/data/actions from cases.json, by the definitions of the actions in double
precision. Shares no code with the program: NumPy for arithmetic, SciPy for Gaussian blur, Pillow for PNG only.

    pip install numpy scipy pillow
    python tests/oracles/actions.py            writes every expected picture
    python tests/oracles/actions.py --input F  regenerates photo.png and logo.png from a photograph (chelsea.png)
"""

import json
import pathlib
import sys

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "actions"


def read(name):
    return np.asarray(Image.open(FOLDER / name)).astype(np.float64)


def write(name, values):
    # Half is rounded up, as the contract has it; NumPy's round would take the even one.
    Image.fromarray(np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)).save(FOLDER / name, optimize=True)


def luma(rgb):
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


def resize(picture, p):
    height, width = picture.shape[:2]
    name = p.get("filter", "lanczos3")
    if p.get("mode", "fit") == "fill":
        scale = max(p["width"] / width, p["height"] / height)
        covered = resample(picture, half_up(width * scale), half_up(height * scale), name)
        x = (covered.shape[1] - p["width"]) // 2 if p.get("gravity", "center") == "center" else 0
        y = (covered.shape[0] - p["height"]) // 2 if p.get("gravity", "center") == "center" else 0
        assert p.get("gravity", "center") in ("center", "northwest")
        return covered[y : y + p["height"], x : x + p["width"]]
    if p["mode"] == "exact":
        return resample(picture, p["width"], p["height"], name)
    scale = p["percent"] / 100
    return resample(picture, half_up(width * scale), half_up(height * scale), name)


def sharpen(picture, p):
    y = luma(picture[..., :3])
    difference = y - blur(y, p.get("sigma", 1))
    delta = np.where(np.abs(difference) > p.get("threshold", 0), p.get("amount", 0.5) * difference, 0)
    return picture + delta[..., None]


def gaussian_blur(picture, p):
    if picture.shape[-1] == 4:
        return premultiplied(picture, lambda v: blur(v, p["sigma"]))
    return blur(picture, p["sigma"])


def adjust(picture, p):
    v = picture / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) * 2 ** p.get("exposure", 0)
    v = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    v = v + 2.55 * p.get("brightness", 0)
    v = (v - 127.5) * (1 + p.get("contrast", 0) / 100) + 127.5
    y = luma(v)[..., None]
    return y + (v - y) * (1 + p.get("saturation", 0) / 100)


def grayscale(picture, p):
    weights = {"rec601": [0.299, 0.587, 0.114], "rec709": [0.2126, 0.7152, 0.0722]}[p.get("standard", "rec709")]
    return picture[..., :3] @ np.array(weights)


def watermark(picture, p, logo):
    height, width = picture.shape[:2]
    short = min(width, height)
    longer = half_up(short * p.get("scale", 0.2))
    sides = [half_up(side * longer / max(logo.shape[:2])) for side in logo.shape[:2]]
    logo = resample(logo, sides[1], sides[0], "lanczos3")
    margin = int(np.floor(short * p.get("margin", 0.03) + 0.5))
    x, y = width - sides[1] - margin, height - sides[0] - margin
    alpha = np.clip(logo[..., 3:] / 255, 0, 1) * p.get("opacity", 1)
    out = picture.copy()
    part = out[y : y + sides[0], x : x + sides[1]]
    part += (logo[..., :3] - part) * alpha
    return out


ACTIONS = {
    "resize": resize,
    "sharpen": sharpen,
    "gaussian-blur": gaussian_blur,
    "adjust": adjust,
    "grayscale": grayscale,
    "watermark": watermark,
}


def make_inputs(path):
    photo = Image.open(path).convert("RGB").crop((90, 30, 380, 225)).resize((97, 65), Image.Resampling.BOX)
    photo.save(FOLDER / "photo.png", optimize=True)
    # A soft disc on a wedge of alpha, with colour hidden where it is transparent.
    y, x = np.mgrid[0:60, 0:80]
    alpha = np.clip((28 - np.hypot(x - 40, y - 30)) * 40, 0, 255) * (0.4 + 0.6 * x / 79)
    write("logo.png", np.dstack([x * 3, 255 - y * 4, (x * y) % 256, alpha]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--input"]:
        make_inputs(sys.argv[2])
    for case in json.loads((FOLDER / "cases.json").read_text()):
        inputs = [read(name) for name in case["inputs"]]
        write(case["name"] + ".png", ACTIONS[case["action"]](inputs[0], case["parameters"], *inputs[1:]))
