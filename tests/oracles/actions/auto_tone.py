import numpy as np
from PIL import Image, ImageOps


def spread(values, clip):
    """The levels between which a channel is spread: what is left after a share of both ends, as Pillow counts it."""
    levels = np.sort(np.floor(values + 0.5).ravel())
    cut = int(len(levels) * clip / 100)
    return levels[cut], levels[len(levels) - 1 - cut]


def deep(picture, p):
    """Of samples between levels: the same ends, and a straight line between them, not rounded."""
    colors, clip = picture[..., :3], p.get("clip", 0.5)
    if p.get("by", "luma") == "luma":
        whole = np.floor(colors + 0.5)
        ends = [spread((whole @ [19595, 38470, 7471] + 0x8000) // 65536, clip)] * 3
    else:
        ends = [spread(colors[..., channel], clip) for channel in range(3)]
    return np.dstack([(colors[..., at] - low) * 255 / (high - low) for at, (low, high) in enumerate(ends)])


def run(picture, p):
    """Pillow's own, which rounds down: hence a tolerance of one."""
    if (picture % 1).any():
        return deep(picture, p)
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(
        ImageOps.autocontrast(image, cutoff=p.get("clip", 0.5), preserve_tone=p.get("by", "luma") == "luma")
    ).astype(float)
