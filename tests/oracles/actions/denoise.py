import cv2
import numpy as np


def run(picture, p):
    strength = p.get("strength", 30)
    colours = np.ascontiguousarray(picture[..., :3]).astype(np.uint8)
    if p.get("method", "bilateral") == "median":
        done = cv2.medianBlur(colours, 3 + 2 * int(strength * 3 / 100.01))
    elif p.get("method") == "nlm":
        done = cv2.fastNlMeansDenoising(colours, None, 0.3 * strength, 5, 15)
    else:
        done = cv2.bilateralFilter(colours, 9, strength, 3, borderType=cv2.BORDER_REPLICATE)
    return np.concatenate([done.astype(float), picture[..., 3:]], axis=2)
