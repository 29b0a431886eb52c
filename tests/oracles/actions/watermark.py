import numpy as np

from common import half_up, resample


def run(picture, p, logo):
    height, width = picture.shape[:2]
    short = min(width, height)
    longer = half_up(short * p.get("scale", 0.2))
    sides = [half_up(side * longer / max(logo.shape[:2])) for side in logo.shape[:2]]
    logo = resample(logo, sides[1], sides[0], "lanczos3")
    margin = int(np.floor(short * p.get("margin", 0.03) + 0.5))
    x, y = width - sides[1] - margin, height - sides[0] - margin
    alpha = np.clip(logo[..., 3:] / 255, 0, 1) * p.get("opacity", 1)
    out = picture.copy()
    part = out[y : y + sides[0], x : x + sides[1]]
    part += (logo[..., :3] - part) * alpha
    return out
