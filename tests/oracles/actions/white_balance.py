import numpy as np


def run(picture, p):
    rgb, rest = picture[..., :3] / 255, picture[..., 3:]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    visible = linear[rest[..., 0] > 0] if rest.shape[-1] else linear.reshape(-1, 3)
    if p.get("method", "gray-world") == "gray-world":
        found = visible.mean(axis=0)
        target = found @ np.array([0.2126, 0.7152, 0.0722])
    else:
        above = int(len(visible) * 0.01)
        found = np.sort(visible, axis=0)[len(visible) - 1 - above]
        target = found.max()
    linear *= 1 + (target / found - 1) * p.get("strength", 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.concatenate([rgb * 255, rest], axis=2)
