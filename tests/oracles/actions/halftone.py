"""The print as a function of the place: the extent of a dot that covers the share of the ink is looked up in the area of the
shape, which is counted on a fine grid of points; its edge is one pixel wide."""

import numpy as np

from common import luma

DISTANCES = {
    "round": lambda u, v: np.hypot(u, v),
    "square": lambda u, v: np.maximum(np.abs(u), np.abs(v)),
    "diamond": lambda u, v: (np.abs(u) + np.abs(v)) / np.sqrt(2),
    "line": lambda u, v: np.abs(v) + 0 * u,
}


def half_up(values):
    return np.floor(values + 0.5)


def run(picture, p):
    size, angle = p.get("size", 8), p.get("angle", 45)
    distance = DISTANCES[p.get("shape", "round")]
    grid = (np.arange(1500) + 0.5) / 1500 - 0.5
    sorted_distances = np.sort(distance(*np.meshgrid(grid, grid)).ravel())
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]] + 0.5

    def printed(ink, degrees):
        turned = (x + 1j * y) * np.exp(-1j * np.radians(degrees)) / size
        extent = np.quantile(sorted_distances, ink / 255)
        covered = np.clip(0.5 + (extent - distance(turned.real % 1 - 0.5, turned.imag % 1 - 0.5)) * size, 0, 1)
        return np.where(ink == 0, 0, np.where(ink == 255, 1, covered))

    colours = picture[..., :3]
    if p.get("inks", "cmyk") == "black":
        out = np.repeat((1 - printed(255 - half_up(luma(colours)), angle))[..., None], 3, axis=2)
    else:
        white = colours.max(axis=2)
        cmy = half_up(255 * (1 - colours / np.maximum(white, 1)[..., None])) * (white > 0)[..., None]
        paper = [1 - printed(cmy[..., at], angle + turn) for at, turn in enumerate([-30, 30, 45])]
        out = np.stack(paper, axis=2) * (1 - printed(255 - white, angle))[..., None]
    return np.concatenate([255 * out, picture[..., 3:]], axis=2)
