"""What the scripts that make pictures in `tests/data/codecs` share."""

import numpy as np

WIDTH, HEIGHT = 45, 37


def base(width=WIDTH, height=HEIGHT):
    """A smooth picture with an edge, asymmetric."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    inside = np.hypot(x - width * 0.4, y - height * 0.5) < height * 0.3
    red = 120 + 90 * np.sin(x / 9)
    green = np.where(inside, 200, 90 + 60 * y / height)
    blue = 60 + 150 * x * y / width / height
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)
