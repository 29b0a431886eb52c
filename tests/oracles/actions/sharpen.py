import numpy as np

from common import blur, luma


def run(picture, p):
    y = luma(picture[..., :3])
    difference = y - blur(y, p.get("sigma", 1))
    delta = np.where(np.abs(difference) > p.get("threshold", 0), p.get("amount", 0.5) * difference, 0)
    return picture + delta[..., None]
