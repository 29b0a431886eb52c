"""Every pixel is sampled 64 x 64 times: a sample is inside if it is no further than the radius from the rectangle of the circles'
centres."""

import numpy as np

from common import with_alpha


def run(picture, p):
    height, width = picture.shape[:2]
    radius = p.get("radius", 0.1)
    if p.get("unit", "share") == "share":
        radius *= min(width, height)
    radius = min(radius, min(width, height) / 2)
    count = 64
    x, y = ((np.arange(side * count) + 0.5) / count for side in (width, height))
    across = np.maximum(np.maximum(radius - x, x - (width - radius)), 0)
    down = np.maximum(np.maximum(radius - y, y - (height - radius)), 0)
    inside = across[None, :] ** 2 + down[:, None] ** 2 <= radius**2
    share = inside.reshape(height, count, width, count).mean(axis=(1, 3))
    out = with_alpha(picture).copy()
    out[..., 3] *= share
    return out
