import numpy as np

from base import base
from common import luma


def run(picture, p):
    shapes = base(picture, p.get("radius", 30))
    change = p.get("amount", 30) / 100 * (luma(picture[..., :3]) - shapes * 255) * 4 * shapes * (1 - shapes)
    return np.concatenate([picture[..., :3] + change[..., None], picture[..., 3:]], axis=2)
