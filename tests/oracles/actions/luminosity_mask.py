import numpy as np

from common import with_alpha


def run(picture, p):
    out = with_alpha(picture).copy()
    # Luma is a sample, as in a gray picture.
    parts = 257 if (picture % 1).any() else 1
    luma = np.floor(out[..., :3] @ np.array([0.2126, 0.7152, 0.0722]) * parts + 0.5) / parts
    low, high = p.get("low", 0), p.get("high", 255)
    share = np.clip((luma - low) / (high - low), 0, 1)
    out[..., 3] *= 1 - share if p.get("invert", False) else share
    return out
