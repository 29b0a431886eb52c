import numpy as np
from scipy.ndimage import minimum_filter

from base import box_mean
from common import luma


def run(picture, p):
    """The dark channel prior as in the paper, at full size."""
    rgb = picture[..., :3] / 255
    dark = minimum_filter(rgb.min(axis=2), 15, mode="nearest")
    count = max(dark.size // 1000, 1)
    haze = rgb.reshape(-1, 3)[np.argsort(-dark.ravel(), kind="stable")[:count]].mean(axis=0)
    share = 1 - p.get("strength", 0.7) * 0.95 * minimum_filter((rgb / haze).min(axis=2), 15, mode="nearest")
    guide = luma(rgb)
    mean, mean_share = box_mean(guide, 30), box_mean(share, 30)
    factor = (box_mean(guide * share, 30) - mean * mean_share) / (box_mean(guide**2, 30) - mean**2 + 0.001)
    offset = mean_share - factor * mean
    share = np.clip(box_mean(factor, 30) * guide + box_mean(offset, 30), 0.1, 1)[..., None]
    return np.concatenate([((rgb - haze) / share + haze) * 255, picture[..., 3:]], axis=2)
