import numpy as np


def colour(text):
    return np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)], float)


def run(picture, p):
    luma = picture[..., :3] @ np.array([0.2126, 0.7152, 0.0722]) / 255
    low, high = colour(p.get("shadows", "#1b1f4b")), colour(p.get("highlights", "#ffe3c2"))
    tone = low * (1 - luma[..., None]) + high * luma[..., None]
    strength = p.get("strength", 1)
    return np.concatenate([picture[..., :3] * (1 - strength) + tone * strength, picture[..., 3:]], axis=2)
