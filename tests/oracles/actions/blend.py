"""Compositing and Blending Level 1 (W3C), sections 9 and 10, in double precision."""

import numpy as np

from common import half_up, resample, with_alpha


def hard_light(b, s):
    return np.where(s <= 0.5, b * 2 * s, b + (2 * s - 1) - b * (2 * s - 1))


def soft_light(b, s):
    d = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(b))
    return np.where(s <= 0.5, b - (1 - 2 * s) * b * (1 - b), b + (2 * s - 1) * (d - b))


def dodge(b, s):
    rest = np.where(s < 1, 1 - s, 1)
    return np.where(b == 0, 0, np.where(s == 1, 1, np.minimum(1, b / rest)))


def burn(b, s):
    source = np.where(s > 0, s, 1)
    return np.where(b == 1, 1, np.where(s == 0, 0, 1 - np.minimum(1, (1 - b) / source)))


def lum(c):
    return (c @ np.array([0.3, 0.59, 0.11]))[..., None]


def sat(c):
    return c.max(axis=-1, keepdims=True) - c.min(axis=-1, keepdims=True)


def clip_color(c):
    light, low, high = lum(c), c.min(axis=-1, keepdims=True), c.max(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        c = np.where(low < 0, light + (c - light) * light / (light - low), c)
        return np.where(high > 1, light + (c - light) * (1 - light) / (high - light), c)


def set_lum(c, light):
    return clip_color(c + light - lum(c))


def set_sat(c, saturation):
    low, span = c.min(axis=-1, keepdims=True), sat(c)
    return np.where(span > 0, (c - low) * saturation / np.where(span > 0, span, 1), 0)


MODES = {
    "normal": lambda b, s: s,
    "multiply": lambda b, s: b * s,
    "screen": lambda b, s: b + s - b * s,
    "overlay": lambda b, s: hard_light(s, b),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": dodge,
    "color-burn": burn,
    "hard-light": hard_light,
    "soft-light": soft_light,
    "difference": lambda b, s: np.abs(b - s),
    "exclusion": lambda b, s: b + s - 2 * b * s,
    "hue": lambda b, s: set_lum(set_sat(s, sat(b)), lum(b)),
    "saturation": lambda b, s: set_lum(set_sat(b, sat(s)), lum(b)),
    "color": lambda b, s: set_lum(s, lum(b)),
    "luminosity": lambda b, s: set_lum(b, lum(s)),
}


def run(picture, p, overlay):
    height, width = picture.shape[:2]
    down, across = height, width
    fit = p.get("fit", "cover")
    if fit == "contain":
        scale = min(height / overlay.shape[0], width / overlay.shape[1])
        down, across = half_up(overlay.shape[0] * scale), half_up(overlay.shape[1] * scale)
    elif fit == "cover":
        # The cases have the same size.
        assert overlay.shape[:2] == picture.shape[:2]
    # As pictures in memory have it.
    parts = 257 if (picture % 1).any() else 1
    overlay = resample(with_alpha(overlay), across, down, "lanczos3")
    overlay = np.clip(np.floor(overlay * parts + 0.5) / parts, 0, 255)
    placed = np.zeros((height, width, 4))
    top, left = (height - down) // 2, (width - across) // 2
    placed[top : top + down, left : left + across] = overlay
    backdrop = with_alpha(picture) / 255
    b, s = backdrop[..., :3], placed[..., :3] / 255
    below, above = backdrop[..., 3:], placed[..., 3:] / 255 * p.get("opacity", 1)
    blended = MODES[p.get("mode", "normal")](b, s)
    alpha = above + below * (1 - above)
    sum = above * (1 - below) * s + above * below * blended + (1 - above) * below * b
    colour = np.divide(sum, alpha, out=np.zeros_like(sum), where=alpha > 0)
    out = np.concatenate([colour, alpha], axis=2) * 255
    return out if picture.shape[2] == 4 else out[..., :3]
