import numpy as np

from common import luma


def run(picture, p):
    rgb = picture[..., :3]
    spread = (rgb.max(axis=2) - rgb.min(axis=2)) / 255
    factor = 1 + p.get("amount", 30) / 100 * (1 - spread)
    y = luma(rgb)[..., None]
    return np.concatenate([y + (rgb - y) * factor[..., None], picture[..., 3:]], axis=2)
