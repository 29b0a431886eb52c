"""The distance to every pixel of the subject, by SciPy's cdist: the least distance to a centre, plus what the pixel there lacks
in opacity."""

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial.distance import cdist

from common import color, over, with_alpha


def run(picture, p):
    line = p.get("width", 8)
    room = int(np.ceil(line))
    wide = np.pad(with_alpha(picture), ((room, room), (room, room), (0, 0)))
    alpha = wide[..., 3]
    seeds = (alpha > 0) & (maximum_filter(alpha, 3) >= 128)
    places = np.argwhere(np.ones(alpha.shape, bool))
    distance = np.full(len(places), np.inf)
    for part in np.array_split(np.argwhere(seeds), 8):
        lack = 1 - alpha[part[:, 0], part[:, 1]] / 255
        distance = np.minimum(distance, (cdist(places, part) + lack).min(axis=1))
    fill = color(p.get("color", "#ffffff"))
    drawn = np.empty_like(wide)
    drawn[..., :3] = fill[:3]
    drawn[..., 3] = np.clip(line + 1 - distance.reshape(alpha.shape), 0, 1) * fill[3]
    return over(wide, drawn)
