import numpy as np


def mixed(bits):
    bits = bits ^ (bits >> 16)
    bits = (bits * 0x7FEB352D) & 0xFFFFFFFF
    bits = bits ^ (bits >> 15)
    bits = (bits * 0x846CA68B) & 0xFFFFFFFF
    return bits ^ (bits >> 16)


def run(picture, p):
    seed = 0x811C9DC5
    for value in np.floor(picture[..., :3] + 0.5).astype(np.uint8).tobytes():
        seed = ((seed ^ value) * 0x01000193) & 0xFFFFFFFF
    height, width = picture.shape[:2]
    y, x = np.mgrid[0 : height + 1, 0 : width + 1].astype(np.uint64)
    bits = mixed(mixed((mixed(seed ^ x) + y) & 0xFFFFFFFF))
    noise = (sum((bits >> shift) & 255 for shift in (0, 8, 16, 24)).astype(float) - 510) / 147.8
    size = p.get("size", 1)
    v, u = np.arange(height)[:, None] / size, np.arange(width)[None] / size
    top, left = v.astype(int), u.astype(int)
    down, across = v - top, u - left
    above = noise[top, left] * (1 - across) + noise[top, left + 1] * across
    below = noise[top + 1, left] * (1 - across) + noise[top + 1, left + 1] * across
    grain = (above * (1 - down) + below * down) * p.get("amount", 20) / 100 * 48
    return np.concatenate([picture[..., :3] + grain[..., None], picture[..., 3:]], axis=2)
