import numpy as np

from common import resample, with_alpha


def run(picture, p, mask):
    mask = with_alpha(mask)
    gray = mask[..., :3] @ np.array([0.2126, 0.7152, 0.0722]) * mask[..., 3] / 255
    gray = resample(gray[..., None], picture.shape[1], picture.shape[0], "bilinear")[..., 0]
    out = with_alpha(picture).copy()
    out[..., 3] *= (255 - gray if p.get("invert", False) else gray) / 255
    return out
