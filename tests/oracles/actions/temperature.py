import colour
import numpy as np


def white(temperature, tint):
    """Daylight, moved in CIE 1960 uv at a right angle to the locus."""
    mired = 1e6 / 6504 + 0.895 * temperature

    def uv(mired):
        return colour.UCS_to_uv(colour.XYZ_to_UCS(colour.xy_to_XYZ(colour.temperature.CCT_to_xy_CIE_D(1e6 / mired))))

    along = uv(mired + 0.01) - uv(mired - 0.01)
    along /= np.linalg.norm(along)
    moved = uv(mired) + np.array([along[1], -along[0]]) * 0.0002 * tint
    return colour.xy_to_XYZ(colour.UCS_uv_to_xy(moved))


def run(picture, p):
    """With the library "colour" (colour-science)."""
    adapt = colour.adaptation.matrix_chromatic_adaptation_VonKries(
        white(0, 0), white(p.get("temperature", 0), p.get("tint", 0)), transform="Bradford"
    )
    linear = colour.cctf_decoding(picture[..., :3] / 255, function="sRGB")
    space = colour.RGB_COLOURSPACES["sRGB"]
    to_xyz = colour.normalised_primary_matrix(space.primaries, space.whitepoint)
    matrix = np.linalg.inv(to_xyz) @ adapt @ to_xyz
    rgb = colour.cctf_encoding(np.clip(linear @ matrix.T, 0, 1), function="sRGB")
    return np.concatenate([rgb * 255, picture[..., 3:]], axis=2)
