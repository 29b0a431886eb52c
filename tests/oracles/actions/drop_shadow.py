"""The shadow of CSS's drop-shadow: the picture's opacity, moved and blurred by SciPy, in one colour behind the picture."""

import numpy as np

from common import blur, color, over, with_alpha


def run(picture, p):
    picture = with_alpha(picture)
    height, width = picture.shape[:2]
    dx, dy, sigma = p.get("dx", 8), p.get("dy", 8), p.get("blur", 16) / 2
    reach = int(np.ceil(3 * sigma))
    room = reach + 60  # Enough for any distance here.
    wide = np.pad(picture, ((room, room), (room, room), (0, 0)))
    alpha = np.roll(wide[..., 3], (dy, dx), axis=(0, 1))
    if sigma > 0:
        alpha = blur(alpha, sigma)
    fill = color(p.get("color", "#000000"))
    shadow = np.empty_like(wide)
    shadow[..., :3] = fill[:3]
    shadow[..., 3] = alpha * p.get("opacity", 0.5) * fill[3] / 255
    out = over(wide, shadow)
    grow = p.get("expand", True)
    before = lambda shift: room - (max(reach - shift, 0) if grow else 0)
    after = lambda side, shift: room + side + (max(reach + shift, 0) if grow else 0)
    return out[before(dy) : after(height, dy), before(dx) : after(width, dx)]
