"""The large shapes of a picture's brightness: the guided filter at full size, as its paper has it."""

import numpy as np

from common import luma


def box_mean(values, radius):
    """Over the part of the square within the picture."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    height, width = values.shape
    y0, y1 = np.clip(np.arange(height) - radius, 0, height), np.clip(np.arange(height) + radius + 1, 0, height)
    x0, x1 = np.clip(np.arange(width) - radius, 0, width), np.clip(np.arange(width) + radius + 1, 0, width)
    total = sums[y1][:, x1] - sums[y0][:, x1] - sums[y1][:, x0] + sums[y0][:, x0]
    return total / ((y1 - y0)[:, None] * (x1 - x0)[None])


def base(picture, radius):
    brightness = luma(picture[..., :3]) / 255
    mean = box_mean(brightness, radius)
    variance = box_mean(brightness**2, radius) - mean**2
    factor = variance / (variance + 0.01)
    return box_mean(factor, radius) * brightness + box_mean(mean - factor * mean, radius)
