import numpy as np


def run(picture, p):
    steps = p.get("levels", 4) - 1
    return np.floor(picture / 255 * steps + 0.5) / steps * 255
