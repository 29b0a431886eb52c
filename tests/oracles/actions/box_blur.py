import cv2

from common import premultiplied


def run(picture, p):
    side = 2 * p.get("radius", 5) + 1

    def blur(values):
        return cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE)

    return premultiplied(picture, blur) if picture.shape[-1] == 4 else blur(picture)
