"""Renders the product pictures among the samples: signed distance fields, sphere tracing, one area light and a sky.

    python3 render.py FOLDER        (needs numpy and Pillow)
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 1500, 1200
F = np.float32


def length(v):
    return np.sqrt((v * v).sum(-1))


def normal(v):
    return v / np.maximum(length(v), 1e-6)[..., None]


def cylinder(p, centre, radius, half, rounding):
    q = p - np.array(centre, F)
    d = np.stack([np.hypot(q[..., 0], q[..., 2]) - radius + rounding, np.abs(q[..., 1]) - half + rounding], -1)
    return np.minimum(d.max(-1), 0) + length(np.maximum(d, 0)) - rounding


def torus(p, centre, ring, tube):
    q = p - np.array(centre, F)
    return np.hypot(np.hypot(q[..., 0], q[..., 1]) - ring, q[..., 2]) - tube


def smooth(a, b, k):
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def mug(p):
    """A mug: 0 the floor, 1 the glaze, 2 its inside, 3 the unglazed foot."""
    body = cylinder(p, (0, 0.95, 0), 0.8, 0.95, 0.12)
    handle = np.maximum(torus(p, (0.86, 0.98, 0), 0.46, 0.12), -(p[..., 0] - 0.62))
    outer = smooth(body, handle, 0.08)
    hole = cylinder(p, (0, 1.25, 0), 0.7, 0.95, 0.1)
    d = np.maximum(outer, -hole)
    inside = (hole < 0.012) & (p[..., 1] > 0.3)
    return d, np.where(inside, 2, np.where(p[..., 1] < 0.1, 3, 1))


def bottle(p):
    """A bottle with a wooden cap: 1 the body, 2 the cap, 3 a band."""
    body = cylinder(p, (0, 0.9, 0), 0.72, 0.9, 0.22)
    neck = cylinder(p, (0, 1.9, 0), 0.26, 0.25, 0.05)
    glass = smooth(body, neck, 0.22)
    cap = cylinder(p, (0, 2.3, 0), 0.34, 0.3, 0.06)
    d = np.minimum(glass, cap)
    band = (np.abs(p[..., 1] - 0.95) < 0.36) & (glass < cap)
    return d, np.where(cap < glass, 2, np.where(band, 3, 1))


PRODUCTS = {
    "mug": (mug, {1: (0.05, 0.33, 0.36), 2: (0.86, 0.83, 0.76), 3: (0.55, 0.38, 0.26)}, {1: 0.9, 2: 0.35, 3: 0.05}, (0.80, 0.79, 0.77)),
    "bottle": (bottle, {1: (0.62, 0.20, 0.11), 2: (0.50, 0.33, 0.19), 3: (0.90, 0.87, 0.80)}, {1: 0.8, 2: 0.15, 3: 0.25}, (0.74, 0.78, 0.81)),
}


def trace(scene, origin, direction, far, steps):
    """Distances along rays to what they hit; `far` if nothing."""
    t = np.full(direction.shape[:-1], 0.01, F)
    active = np.ones(t.shape, bool)
    for _ in range(steps):
        index = np.nonzero(active)
        if len(index[0]) == 0:
            break
        o = origin[index] if origin.ndim > 1 else origin
        d, _ = scene(o + direction[index] * t[index][..., None])
        t[index] += d * F(0.9)
        active[index] = (d > 0.0008) & (t[index] < far)
    return t


def render(name):
    product, colors, gloss, floor_color = PRODUCTS[name]

    def scene(p):
        d, material = product(p)
        floor = p[..., 1]
        return np.minimum(d, floor), np.where(floor < d, 0, material)

    eye, target = np.array([0.9, 2.5, 6.2], F), np.array([0.12, 1.0, 0], F)
    forward = normal(target - eye)
    right = normal(np.cross(forward, np.array([0, 1, 0], F)))
    up = np.cross(right, forward)
    x = (np.arange(WIDTH, dtype=F) + 0.5) / HEIGHT * 2 - WIDTH / HEIGHT
    y = 1 - (np.arange(HEIGHT, dtype=F) + 0.5) / HEIGHT * 2
    grid = np.stack(np.meshgrid(x, y), -1) * F(0.30)
    direction = normal(forward + grid[..., :1] * right + grid[..., 1:] * up).astype(F).reshape(-1, 3)
    far = 40.0
    t = trace(scene, eye, direction, far, 140)
    hit = t < far
    p = eye + direction * t[..., None]
    _, material = scene(p)
    e = F(0.002)
    offsets = np.eye(3, dtype=F) * e
    n = normal(np.stack([scene(p + offset)[0] - scene(p - offset)[0] for offset in offsets], -1))
    n = np.where(hit[..., None], n, np.array([0, 1, 0], F))
    material = np.where(hit, material, 0)

    rng = np.random.default_rng(7)
    centre, light = np.array([-4.5, 7.0, 4.0], F), np.zeros(len(t), F)
    samples = 12
    start = p + n * F(0.01)
    near = hit & (length(p) < 9)
    for _ in range(samples):
        place = centre + rng.normal(0, 0.9, (len(t), 3)).astype(F)
        ray = place - start
        distance = length(ray)
        ray = ray / distance[..., None]
        free = np.ones(len(t), bool)
        index = np.nonzero(near)[0]
        free[index] = trace(scene, start[index], ray[index], 6.0, 40) > 5.9
        light += np.maximum((ray * n).sum(-1), 0) * free
    light /= samples
    # How much of the sky a point sees, from a few steps along its normal.
    sky = np.ones(len(t), F)
    for step in (0.08, 0.2, 0.45, 0.8):
        sky -= np.maximum(F(step) - scene(p + n * F(step))[0], 0) * F(0.55 / step) * F(0.5)
    sky = np.clip(sky, 0.1, 1)

    albedo = np.full((len(t), 3), floor_color, F)
    shine = np.zeros(len(t), F)
    for number, color in colors.items():
        albedo[material == number] = color
        shine[material == number] = gloss[number]
    if name == "bottle":
        wood = material == 2
        grain = 0.85 + 0.15 * np.sin(p[wood][:, 1] * 90 + np.sin(p[wood][:, 0] * 9) * 3)
        albedo[wood] *= grain[:, None]
        label = (material == 3) & (np.abs(p[..., 1] - 0.98) < 0.045) & (np.abs(p[..., 0] + 0.05) < 0.34)
        albedo[label] = (0.2, 0.2, 0.2)
    view = -direction
    reflected = normal(2 * (n * view).sum(-1)[..., None] * n - view)
    to_light = normal(centre - p)
    window = np.clip(((reflected * to_light).sum(-1) - 0.93) / 0.03, 0, 1)
    fresnel = 0.04 + 0.96 * (1 - np.clip((n * view).sum(-1), 0, 1)) ** 5
    strip = np.exp(-(((reflected[..., 0] - 0.75) / 0.10) ** 2)) * (reflected[..., 2] > 0) * 0.35
    fill = 0.5 + 0.5 * n[..., 1]
    color = albedo * (1.15 * light + 0.42 * sky * fill + 0.12)[..., None]
    color += (shine * (window * 0.75 + strip * 0.5 + fresnel * 0.4 * sky))[..., None]
    # A backdrop that curves up behind the product and gets darker.
    back = np.clip((length(p[..., [0, 2]]) - 3) / 14, 0, 1)[..., None]
    backdrop = np.array(floor_color, F) * (1.12 - 0.28 * np.clip(grid[..., 1].reshape(-1, 1) / 0.3 + 0.3, 0, 1))
    is_floor = (material == 0)[..., None]
    color = np.where(is_floor, color * (1 - back) + backdrop * back, color)
    color += rng.normal(0, 0.006, color.shape)
    color = color / (1 + 0.12 * color)
    encoded = np.where(color <= 0.0031308, color * 12.92, 1.055 * np.maximum(color, 1e-6) ** (1 / 2.4) - 0.055)
    picture = (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)
    return Image.fromarray(picture)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name in PRODUCTS:
        render(name).save(folder / f"{name}.jpg", quality=86, subsampling=2, optimize=True)
