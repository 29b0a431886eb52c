"""The picture's opacity, blurred by SciPy and doubled, in one colour behind the picture."""

import numpy as np

from common import blur, color, over, with_alpha


def run(picture, p):
    radius = p.get("radius", 24)
    room = int(np.ceil(radius))
    wide = np.pad(with_alpha(picture), ((room, room), (room, room), (0, 0)))
    fill = color(p.get("color", "#ffffff"))
    glow = np.empty_like(wide)
    glow[..., :3] = fill[:3]
    glow[..., 3] = np.minimum(2 * blur(wide[..., 3], radius / 3), 255) * p.get("opacity", 0.75) * fill[3] / 255
    return over(wide, glow)
