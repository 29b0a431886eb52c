import numpy as np

from common import with_alpha


def run(picture, p):
    out = with_alpha(picture).copy()
    # Luma is a whole number, as in a gray picture.
    luma = np.floor(out[..., :3] @ np.array([0.2126, 0.7152, 0.0722]) + 0.5)
    low, high = p.get("low", 0), p.get("high", 255)
    share = np.clip((luma - low) / (high - low), 0, 1)
    out[..., 3] *= 1 - share if p.get("invert", False) else share
    return out
