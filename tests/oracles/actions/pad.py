"""copyMakeBorder of OpenCV; for `blur`, the picture on a copy that Pillow scales to cover the canvas and SciPy blurs."""

import cv2
import numpy as np
from PIL import Image

from common import blur, color, over, premultiplied

BORDERS = {"color": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE, "mirror": cv2.BORDER_REFLECT_101}


def cover(values, width, height):
    old_height, old_width = values.shape[:2]
    scale = max(width / old_width, height / old_height)
    across, down = width / scale, height / scale
    left, top = (old_width - across) / 2, (old_height - down) / 2
    box = (left, top, left + across, top + down)
    bands = [
        Image.fromarray(values[..., band].astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR, box)
        for band in range(values.shape[2])
    ]
    return np.dstack([np.asarray(band) for band in bands]).astype(float)


def run(picture, p):
    height, width = picture.shape[:2]
    to_width, to_height = max(p.get("width", 0), width), max(p.get("height", 0), height)
    left, top = (to_width - width) // 2, (to_height - height) // 2
    fill = p.get("fill", "color")
    if fill != "blur":
        value = color(p.get("color", "#ffffff"))[: picture.shape[2]].tolist()
        sides = (top, to_height - height - top, left, to_width - width - left)
        return cv2.copyMakeBorder(picture, *sides, BORDERS[fill], value=value)
    sigma = 0.03 * min(to_width, to_height)

    def behind(values):
        return blur(cover(values, to_width, to_height), sigma)

    has_alpha = picture.shape[2] == 4
    out = premultiplied(picture, behind) if has_alpha else behind(picture)
    part = out[top : top + height, left : left + width]
    part[...] = over(picture, part) if has_alpha else picture
    return out
