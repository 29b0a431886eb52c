import numpy as np
from PIL import Image, ImageOps


def run(picture, p):
    """Pillow's own, which rounds down: hence a tolerance of one."""
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(
        ImageOps.autocontrast(image, cutoff=p.get("clip", 0.5), preserve_tone=p.get("by", "luma") == "luma")
    ).astype(float)
