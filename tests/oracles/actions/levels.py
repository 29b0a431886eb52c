import numpy as np


def run(picture, p):
    low, high = p.get("black", 0), p.get("white", 255)
    out = picture.copy()
    channels = {"rgb": [0, 1, 2], "red": [0], "green": [1], "blue": [2]}[p.get("channel", "rgb")]
    for channel in channels:
        share = np.clip((picture[..., channel] - low) / (high - low), 0, 1)
        out[..., channel] = share ** (1 / p.get("gamma", 1)) * 255
    return out
