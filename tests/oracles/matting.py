"""Makes the expected values of tests/data/matting by the definitions, in double precision. Shares no code with the
program: NumPy for arithmetic, Pillow for resampling and PNG.

    pip install numpy pillow
    python tests/oracles/matting.py

photo.png    part of tests/data/actions/photo.png: the picture that all of it is about
mask.png     a soft disc: the rough mask, and the opacity, for the picture
input.f32    the network's input for the picture (rembg's preprocessing), every 16th value of every 16th row
guided.f32   the mask after the guided filter with a colour guide
fusion.png   the subject's colour after blur fusion in two passes
Values are little-endian, row by row.
"""

import pathlib

import numpy as np
from PIL import Image

TESTS = pathlib.Path(__file__).parent.parent
FOLDER = TESTS / "data" / "matting"
SIDE = 320


def window_means(values, radius):
    """The mean over the part of each square window that lies inside the picture."""
    height, width = values.shape[:2]
    means = np.empty_like(values)
    for y in range(height):
        for x in range(width):
            window = values[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
            means[y, x] = window.mean(axis=(0, 1))
    return means


def network_input(picture):
    """rembg, sessions/base.py: normalize()."""
    small = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.LANCZOS)).astype(np.float64)
    small = small / max(small.max(), 1e-6)
    small = (small - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return small.transpose(2, 0, 1)


def guided(guide, mask, radius=8, epsilon=1e-4):
    """He, Sun and Tang 2010, equations 14 to 16."""
    height, width = mask.shape
    a, b = np.empty((height, width, 3)), np.empty((height, width))
    for y in range(height):
        for x in range(width):
            rows, columns = slice(max(0, y - radius), y + radius + 1), slice(max(0, x - radius), x + radius + 1)
            colours, values = guide[rows, columns].reshape(-1, 3), mask[rows, columns].ravel()
            mean = colours.mean(axis=0)
            covariance = np.cov(colours.T, bias=True) + epsilon * np.eye(3)
            a[y, x] = np.linalg.solve(covariance, (colours * values[:, None]).mean(axis=0) - mean * values.mean())
            b[y, x] = values.mean() - a[y, x] @ mean
    return (window_means(a, radius) * guide).sum(axis=2) + window_means(b, radius)


def fusion(picture, alpha, sides=(91, 7)):
    """Forte 2021, section 3; the paper's code has even windows of 90 and 6 pixels."""
    alpha = alpha[..., None]
    foreground = background = picture
    for side in sides:
        mean_alpha = window_means(alpha, side // 2)
        mean_foreground = window_means(foreground * alpha, side // 2) / (mean_alpha + 1e-5)
        background = window_means(background * (1 - alpha), side // 2) / (1 - mean_alpha + 1e-5)
        composed = alpha * mean_foreground + (1 - alpha) * background
        foreground = np.clip(mean_foreground + alpha * (picture - composed), 0, 1)
    return foreground


def main():
    FOLDER.mkdir(exist_ok=True)
    picture = Image.open(TESTS / "data" / "actions" / "photo.png").convert("RGB").crop((20, 10, 100, 70))
    picture.save(FOLDER / "photo.png", optimize=True)
    network_input(picture)[:, ::16, ::16].astype("<f4").tofile(FOLDER / "input.f32")

    colours = np.asarray(picture) / 255
    y, x = np.mgrid[0 : picture.height, 0 : picture.width]
    disc = np.clip((24 - np.hypot(x - 38, y - 29)) / 10 + 0.5, 0, 1)
    mask = np.round(disc * 255).astype(np.uint8)
    Image.fromarray(mask).save(FOLDER / "mask.png", optimize=True)
    guided(colours, mask / 255).astype("<f4").tofile(FOLDER / "guided.f32")
    subject = fusion(colours, mask / 255)
    Image.fromarray(np.floor(subject * 255 + 0.5).astype(np.uint8)).save(FOLDER / "fusion.png", optimize=True)


main()
