"""find_trim of libvips, from its documentation: the picture on its background, a median filter of 3 x 3 (edges repeated), and
the box around all that differs from the background by more than the tolerance. The background is the colour of most corners;
with alpha, the box around all that is more opaque than the tolerance."""

import numpy as np
from scipy.ndimage import median_filter


def background(picture, tolerance):
    corners = [picture[y, x, :3] for y, x in [(0, 0), (0, -1), (-1, 0), (-1, -1)]]
    counts = [sum(np.abs(one - other).max() <= tolerance for other in corners) for one in corners]
    return corners[int(np.argmax(counts))]


def run(picture, p):
    by, tolerance, margin = p.get("by", "auto"), p.get("tolerance", 10), p.get("margin", 0)
    has_alpha = picture.shape[2] == 4
    if by == "auto":
        edge = np.ones(picture.shape[:2], bool)
        edge[1:-1, 1:-1] = False
        by = "alpha" if has_alpha and (picture[..., 3][edge] < 255).any() else "color"
    if by == "alpha":
        content = picture[..., 3] > tolerance
    else:
        colour = background(picture, tolerance)
        flat = picture[..., :3]
        if has_alpha:
            share = picture[..., 3:] / 255
            flat = flat * share + colour * (1 - share)
        content = (np.abs(median_filter(flat, (3, 3, 1), mode="nearest") - colour) > tolerance).any(axis=2)
    rows, columns = np.flatnonzero(content.any(axis=1)), np.flatnonzero(content.any(axis=0))
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    return picture[top : rows[-1] + 1 + margin, left : columns[-1] + 1 + margin]
