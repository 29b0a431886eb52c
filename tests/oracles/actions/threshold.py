import cv2
import numpy as np


def run(picture, p):
    exact = picture[..., :3] @ np.array([0.2126, 0.7152, 0.0722])
    gray = np.floor(exact + 0.5).astype(np.uint8)
    visible = gray if picture.shape[-1] == 3 else gray[picture[..., 3] > 0]
    level = p.get("level")
    if level is None:
        level, _ = cv2.threshold(visible.reshape(1, -1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Shades between levels are not rounded.
    black_or_white = np.where((exact if (picture % 1).any() else gray) > level, 255.0, 0.0)
    if picture.shape[-1] == 3:
        return black_or_white
    return np.concatenate([np.repeat(black_or_white[..., None], 3, axis=2), picture[..., 3:]], axis=2)
