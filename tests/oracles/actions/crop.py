"""The score by the formula, with arrays, only for pictures of up to 100 pixels a side, which are not reduced."""

import numpy as np

from common import luma

COLUMN = {"west": 0, "east": 2}
ROW = {"north": 0, "south": 2}


def above(share, threshold):
    return np.maximum((share - threshold) / (1 - threshold), 0)


def scores(picture):
    assert max(picture.shape[:2]) <= 100
    rgb = picture[..., :3] / 255
    bright = luma(rgb)
    edged = np.pad(bright, 1, mode="edge")
    around = edged[:-2, 1:-1] + edged[2:, 1:-1] + edged[1:-1, :-2] + edged[1:-1, 2:]
    edge = np.minimum(np.abs(4 * bright - around), 1)
    direction = rgb / np.maximum(np.linalg.norm(rgb, axis=2, keepdims=True), 1e-9)
    skin = above(1 - np.linalg.norm(direction - [0.78, 0.57, 0.44], axis=2), 0.8) * (bright >= 0.2)
    high, low = rgb.max(axis=2), rgb.min(axis=2)
    base = np.where(high + low > 1, 2 - high - low, high + low)
    saturation = np.divide(high - low, base, out=np.zeros_like(base), where=high > low)
    saturation = above(saturation, 0.4) * (bright >= 0.05) * (bright <= 0.9)
    return 0.2 * edge + 1.8 * skin * (edge + 0.01) + 0.1 * saturation * (edge + 0.2)


def best(profile, inner):
    outer = len(profile)
    places = (np.arange(outer) + 0.5 - np.arange(outer - inner + 1)[:, None]) / inner * 2 - 1
    return int(np.argmax((profile * np.maximum(1 - places**2, 0)).sum(axis=1)))


def run(picture, p):
    height, width = picture.shape[:2]
    across, down = (float(part) for part in p["ratio"].split(":"))
    new_width = min(width, int(np.floor(height * across / down + 0.5)))
    new_height = min(height, int(np.floor(width * down / across + 0.5)))
    x, y = (width - new_width) // 2, (height - new_height) // 2
    if "focus" in p:
        x = int(np.clip(np.floor(p["focus"]["x"] * width - new_width / 2 + 0.5), 0, width - new_width))
        y = int(np.clip(np.floor(p["focus"]["y"] * height - new_height / 2 + 0.5), 0, height - new_height))
    elif p.get("gravity") == "attention":
        score = scores(picture)
        x, y = best(score.sum(axis=0), new_width), best(score.sum(axis=1), new_height)
    return picture[y : y + new_height, x : x + new_width]
