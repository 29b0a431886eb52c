import numpy as np

from common import luma


def run(picture, p):
    v = picture / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) * 2 ** p.get("exposure", 0)
    v = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    v = v + 2.55 * p.get("brightness", 0)
    v = (v - 127.5) * (1 + p.get("contrast", 0) / 100) + 127.5
    y = luma(v)[..., None]
    return y + (v - y) * (1 + p.get("saturation", 0) / 100)
