import colour
import numpy as np

SPACES = {"display-p3": "Display P3", "adobe-rgb": "Adobe RGB (1998)", "srgb": "sRGB"}


def run(picture, p):
    """With the library "colour" (colour-science)."""
    linear = colour.cctf_decoding(picture[..., :3] / 255, function="sRGB")
    to = colour.RGB_COLOURSPACES[SPACES[p.get("to", "srgb")]]
    source = colour.RGB_COLOURSPACES["sRGB"]
    matrix = np.linalg.inv(colour.normalised_primary_matrix(to.primaries, to.whitepoint))
    matrix = matrix @ colour.normalised_primary_matrix(source.primaries, source.whitepoint)
    rgb = to.cctf_encoding(np.clip(linear @ matrix.T, 0, 1))
    return np.concatenate([rgb * 255, picture[..., 3:]], axis=2)
