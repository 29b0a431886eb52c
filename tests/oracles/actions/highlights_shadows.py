import numpy as np

from base import base


def smooth(share):
    share = np.clip(share, 0, 1)
    return share**2 * (3 - 2 * share)


def run(picture, p):
    from_middle = base(picture, p.get("radius", 30)) * 2 - 1
    stops = p.get("shadows", 0) / 100 * 1.5 * smooth(-from_middle) + p.get("highlights", 0) / 100 * smooth(from_middle)
    rgb = picture[..., :3] / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) * 2 ** stops[..., None]
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.concatenate([np.clip(rgb * 255, 0, 255), picture[..., 3:]], axis=2)
