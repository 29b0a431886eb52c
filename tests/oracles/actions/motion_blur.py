import numpy as np
from scipy.ndimage import map_coordinates

from common import premultiplied


def run(picture, p):
    """The mean of samples along the line, interpolated linearly by SciPy, a quarter of a pixel apart."""
    length, angle = p.get("length", 20), np.radians(p.get("angle", 0))
    count = int(np.ceil(length * 4)) + 1
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(float)

    def blur(values):
        total = np.zeros_like(values)
        for along in np.linspace(-0.5, 0.5, count) * length:
            places = [y + along * np.sin(angle), x + along * np.cos(angle)]
            for channel in range(values.shape[-1]):
                total[..., channel] += map_coordinates(values[..., channel], places, order=1, mode="nearest")
        return total / count

    return premultiplied(picture, blur) if picture.shape[-1] == 4 else blur(picture)
