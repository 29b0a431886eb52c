"""copyMakeBorder of OpenCV."""

import cv2

from common import color


def run(picture, p):
    width = p.get("width", 10)
    fill = color(p.get("color", "#ffffff"))[: picture.shape[2]]
    return cv2.copyMakeBorder(picture, width, width, width, width, cv2.BORDER_CONSTANT, value=fill.tolist())
