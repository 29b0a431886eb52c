import numpy as np


def run(picture, p):
    height, width = picture.shape[:2]
    y = (np.arange(height) + 0.5) / height * 2 - 1
    x = (np.arange(width) + 0.5) / width * 2 - 1
    far = np.sqrt((x[None] ** 2 + y[:, None] ** 2) / 2)
    start = p.get("start", 0.4)
    share = np.clip((far - start) / (1 - start), 0, 1)
    share = (share**2 * (3 - 2 * share) * p.get("strength", 0.5))[..., None]
    text = p.get("color", "#000000")
    colour = np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)], float)
    return np.concatenate([picture[..., :3] * (1 - share) + colour * share, picture[..., 3:]], axis=2)
