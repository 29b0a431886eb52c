import numpy as np

from common import half_up
from common import resample as resample_encoded


def in_linear_light(picture, width, height, name):
    """By the transfer function of sRGB, IEC 61966-2-1."""
    encoded, alpha = picture[..., :3] / 255, picture[..., 3:]
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    light = resample_encoded(np.concatenate([light * 255, alpha], axis=2), width, height, name)
    light, alpha = np.clip(light[..., :3] / 255, 0, 1), light[..., 3:]
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.concatenate([encoded * 255, alpha], axis=2)


def run(picture, p):
    height, width = picture.shape[:2]
    name = p.get("filter", "lanczos3")
    resample = in_linear_light if p.get("linear") else resample_encoded
    if p.get("mode", "fit") == "fill":
        scale = max(p["width"] / width, p["height"] / height)
        covered = resample(picture, half_up(width * scale), half_up(height * scale), name)
        x = (covered.shape[1] - p["width"]) // 2 if p.get("gravity", "center") == "center" else 0
        y = (covered.shape[0] - p["height"]) // 2 if p.get("gravity", "center") == "center" else 0
        assert p.get("gravity", "center") in ("center", "northwest")
        return covered[y : y + p["height"], x : x + p["width"]]
    if p["mode"] == "exact":
        return resample(picture, p["width"], p["height"], name)
    scale = p["percent"] / 100
    return resample(picture, half_up(width * scale), half_up(height * scale), name)
