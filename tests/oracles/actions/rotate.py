"""warpAffine of OpenCV, whose cubic has a = -0.75 where ours has -0.5; np.rot90 for quarter turns."""

import cv2
import numpy as np

from common import color, premultiplied


def run(picture, p):
    angle = p.get("angle", 90)
    if angle % 90 == 0:
        return np.rot90(picture, -angle // 90)
    height, width = picture.shape[:2]
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    to_width, to_height = width, height
    if p.get("expand", True):
        to_width = int(np.ceil(width * abs(cosine) + height * abs(sine) - 1e-6))
        to_height = int(np.ceil(width * abs(sine) + height * abs(cosine) - 1e-6))
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    # Pixel centres lie at whole numbers.
    shift = np.array([to_width / 2 - 0.5, to_height / 2 - 0.5]) - matrix @ np.array([width / 2 - 0.5, height / 2 - 0.5])
    background = color(p.get("background", "#ffffff"))

    def work(values):
        fill = background * (np.append(np.repeat(background[3] / 255, 3), 1) if values.shape[2] == 4 else 1)
        return cv2.warpAffine(
            values, np.column_stack([matrix, shift]), (to_width, to_height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT, borderValue=fill[: values.shape[2]].tolist(),
        )

    return premultiplied(picture, work) if picture.shape[2] == 4 else work(picture)
