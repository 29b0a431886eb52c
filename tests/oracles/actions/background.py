"""Source-over; gradients as CSS Images defines linear-gradient."""

import numpy as np

from common import blur, color, over, premultiplied, resample, with_alpha


def gradient(shape, degrees, stops):
    height, width = shape
    angle = np.radians(degrees)
    direction = np.array([np.sin(angle), -np.cos(angle)])
    length = abs(width * np.sin(angle)) + abs(height * np.cos(angle))
    y, x = np.mgrid[0:height, 0:width] + 0.5
    t = np.clip(((x - width / 2) * direction[0] + (y - height / 2) * direction[1]) / length + 0.5, 0, 1)[..., None]
    weigh = lambda c: np.append(c[:3] * c[3] / 255, c[3])
    places = np.array([place for place, _ in stops], dtype=np.float64)
    weighed = np.array([weigh(stop) for _, stop in stops], dtype=np.float64)
    mixed = np.stack([np.interp(t[..., 0], places, weighed[:, channel]) for channel in range(4)], axis=-1)
    alpha = mixed[..., 3:] / 255
    colour = np.divide(mixed[..., :3], alpha, out=np.zeros_like(mixed[..., :3]), where=alpha > 0)
    return np.concatenate([colour, mixed[..., 3:]], axis=2)


def run(picture, p, *others):
    if picture.shape[2] < 4:
        return picture
    shape, fill = picture.shape[:2], p.get("fill", "color")
    first, last = color(p.get("color", "#ffffff")), color(p.get("color2", "#d0d0d0"))
    stops = [(place, color(text)) for place, text in p.get("stops", [])] or [(0, first), (1, last)]
    behind = np.broadcast_to(first, shape + (4,))
    if fill == "gradient":
        behind = gradient(shape, p.get("angle", 180), stops)
    elif fill == "blur":
        behind = over(premultiplied(picture, lambda v: blur(v, p.get("sigma", 20))), behind)
    elif fill == "picture":
        behind = over(with_alpha(cover(others[0], shape)), behind)
    out = over(picture, behind)
    opaque = all(stop[3] == 255 for _, stop in stops) if fill == "gradient" else first[3] == 255
    return out[..., :3] if opaque else out


def cover(picture, shape):
    """Only for pictures that cover without a part of a pixel being cut off."""
    height, width = picture.shape[:2]
    scale = max(shape[0] / height, shape[1] / width)
    across, down = shape[1] / scale, shape[0] / scale
    left, top = (width - across) / 2, (height - down) / 2
    assert left % 1 == top % 1 == across % 1 == down % 1 == 0
    part = picture[int(top) : int(top + down), int(left) : int(left + across)]
    return resample(part, shape[1], shape[0], "lanczos3")
