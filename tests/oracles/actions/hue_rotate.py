import colour
import numpy as np


def run(picture, p):
    """With the library "colour" (colour-science), by its own matrices of Oklab."""
    xyz = colour.sRGB_to_XYZ(picture[..., :3] / 255)
    lab = colour.XYZ_to_Oklab(xyz)
    angle = np.radians(p.get("degrees", 30))
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1] = a * np.cos(angle) - b * np.sin(angle)
    lab[..., 2] = a * np.sin(angle) + b * np.cos(angle)
    rgb = colour.XYZ_to_RGB(colour.Oklab_to_XYZ(lab), "sRGB")
    rgb = colour.cctf_encoding(np.clip(rgb, 0, 1), function="sRGB")
    return np.concatenate([rgb * 255, picture[..., 3:]], axis=2)
